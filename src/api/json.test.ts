import { describe, expect, test } from "@jest/globals";
import { isJsonObject, membersOf, textsOf } from "./json.ts";

describe("an object of JSON", () => {
  test("is told from everything else that JSON holds", () => {
    const values = [{}, { a: 1 }, [], [{}], null, "text", 0, true, undefined];
    expect(values.filter(isJsonObject)).toEqual([{}, { a: 1 }]);
  });

  test("has members, and nothing else has any", () => {
    expect([{ a: 1 }, ["a"], null, "text"].map(membersOf)).toEqual([{ a: 1 }, {}, {}, {}]);
  });

  test("gives those of its members that are text", () => {
    expect(textsOf({ a: "text", b: 1, c: null, d: ["x"], e: "" })).toEqual({ a: "text", e: "" });
  });
});
