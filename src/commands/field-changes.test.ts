import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { runs } from "../../test/properties.ts";
import { fieldChanges } from "./field-changes.ts";

/** Objects whose values can be told from their keys, and from what a path is made of. */
const marked = fc
  .object({
    key: fc.constantFrom("a", "b", "c.d"),
    values: [fc.nat({ max: 999 }).map((of) => `value-${of}!`), fc.integer({ min: 1_000_000, max: 9_999_999 })],
    withNullPrototype: false,
    maxDepth: 3,
  })
  .map((value) => JSON.parse(JSON.stringify(value)) as unknown);

/** Every value at the end of a path, as text. */
function leavesOf(value: unknown): string[] {
  if (typeof value !== "object" || value === null) return [String(value)];
  return Object.values(value).flatMap(leavesOf);
}

describe("the fields in which two objects differ", () => {
  test.each([
    ["nothing where both are equal", { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
    ["the deepest field that differs", { a: { b: 1, c: 2 } }, { a: { b: 1, c: 3 } }, ["changed a.c"]],
    ["a field that one of them lacks", { a: { b: 1 } }, { a: { c: 1 } }, ["removed a.b", "added a.c"]],
    [
      "entries of a list by their names, whatever their order",
      { containers: [{ name: "a", image: "x" }, { name: "b" }] },
      { containers: [{ name: "b" }, { name: "a", image: "y" }, { name: "c" }] },
      ["changed containers[a].image", "added containers[c]"],
    ],
    ["entries without names by their place", { a: ["x", "y"] }, { a: ["x", "z", "w"] }, ["changed a[1]", "added a[2]"]],
    ["a list that becomes a map", { a: [] }, { a: {} }, ["changed a"]],
    ["keys with dots in brackets", { a: {} }, { a: { "b.c/d": 1 } }, ['added a["b.c/d"]']],
  ])("are %s", (_, before, after, expected) => {
    expect(fieldChanges(before, after).map(({ kind, path }) => `${kind} ${path}`)).toEqual(expected);
  });

  test("are none between any value and itself, and as many one way as the other", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        expect(fieldChanges(one, structuredClone(one))).toEqual([]);
        const swapped = fieldChanges(other, one).length;
        expect(fieldChanges(one, other)).toHaveLength(swapped);
      }),
      { numRuns: runs(300) },
    );
  });

  test("hold no value", () => {
    fc.assert(
      fc.property(marked, marked, (one, other) => {
        const told = JSON.stringify(fieldChanges(one, other));
        expect([...leavesOf(one), ...leavesOf(other)].filter((leaf) => told.includes(leaf))).toEqual([]);
      }),
      { numRuns: runs(300) },
    );
  });
});
