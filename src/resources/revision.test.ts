import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { canonicalJson, revisionOf } from "./revision.ts";
import type { RevisionInput } from "./revision.ts";

const input: fc.Arbitrary<RevisionInput> = fc.record({
  template: fc.jsonValue(),
  configuration: fc.string(),
  apiKeyHmac: fc.constantFrom("00", "01"),
  caBundleHash: fc.constantFrom(null, "00", "01"),
});

describe("a revision", () => {
  test("is the same exactly where content is, whatever the order of keys", () => {
    fc.assert(
      fc.property(input, input, (a, b) => {
        expect(revisionOf(turn(a) as RevisionInput)).toEqual(revisionOf(a));
        expect(revisionOf(a).hash === revisionOf(b).hash).toBe(canonicalJson(a) === canonicalJson(b));
      }),
    );
  });

  test.each<[string, Partial<RevisionInput>]>([
    ["the template", { template: { image: "b" } }],
    ["the configuration", { configuration: "b" }],
    ["the API key", { apiKeyHmac: "01" }],
    ["the CA bundle", { caBundleHash: "00" }],
    ["the order of a list", { template: { image: "a", args: ["2", "1"] } }],
  ])("changes with %s", (_, change) => {
    const before: RevisionInput = {
      template: { image: "a", args: ["1", "2"] },
      configuration: "a",
      apiKeyHmac: "00",
      caBundleHash: null,
    };
    expect(revisionOf({ ...before, ...change })).not.toEqual(revisionOf(before));
  });

  test("is short, holds no dash and spells neither a word nor a number", () => {
    fc.assert(
      fc.property(input, (content) => {
        const { name, hash } = revisionOf(content);
        expect(name).toMatch(/^[bcdfghjklmnpqrstvwxz2456789]{10}$/);
        expect(hash).toMatch(/^[0-9a-f]{64}$/);
      }),
    );
  });
});

function turn(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(turn);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, entry]) => [key, turn(entry)]),
  );
}
