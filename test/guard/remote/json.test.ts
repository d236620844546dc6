import { describe, expect, test } from "@jest/globals";
import { documentOf } from "../../../src/config/json-document.ts";

describe("what the platform sends as JSON", () => {
  test("is read as it is, whole numbers whole", () => {
    expect(documentOf(JSON.parse('{"a": 1.048576e+06, "b": [null, true, "x", 1.5]}'))).toEqual({
      ok: true,
      document: { a: 1_048_576, b: [null, true, "x", 1.5] },
    });
  });

  test.each<[string, unknown, string, string]>([
    ["a list", [], "json", ""],
    ["nothing", null, "json", ""],
    ["a merge key", { a: { "<<": { b: 1 } } }, "yaml-key", "a"],
    ["too long a text", { a: "x".repeat(262_144) }, "size", "a"],
    ["too many texts", { a: Array.from({ length: 200_000 }, () => "x") }, "size", "a[87379]"],
    [
      "too deep a nesting",
      Array.from({ length: 40 }).reduce<unknown>((inner) => ({ a: inner }), 1),
      "depth",
      `a${".a".repeat(31)}`,
    ],
    ["what JSON doesn't have", { a: undefined }, "json", "a"],
  ])("may not be %s", (_, value, rule, path) => {
    const reading = documentOf(value);
    expect(reading.ok ? [] : reading.findings).toMatchObject([{ rule, path }]);
  });
});
