import { describe, expect, test } from "@jest/globals";
import { findTraces } from "./secret-search.ts";

const SECRET = 'a+b/c "d"=é';

describe("the search for a secret", () => {
  test.each([
    { name: "plain", text: `key ${SECRET} end` },
    { name: "JSON in JSON", text: JSON.stringify({ error: `key ${SECRET}` }) },
    { name: "in a URL", text: `https://x/?key=${encodeURIComponent(SECRET)}` },
    { name: "base64 of it alone", text: Buffer.from(SECRET).toString("base64") },
    { name: "base64 of a text that it stands in, shifted by one", text: Buffer.from(`k${SECRET};`).toString("base64") },
    {
      name: "base64 of a text that it stands in, shifted by two",
      text: Buffer.from(`k=${SECRET};`).toString("base64"),
    },
    { name: "base64 for URLs", text: Buffer.from(`key${SECRET};`).toString("base64url") },
  ])("finds it $name, and doesn't repeat it", ({ text }) => {
    const found = findTraces(new Map([["a place", text]]), [SECRET]);
    expect(found.length).toBeGreaterThan(0);
    expect(found.join()).toMatch(/^a place: secret 0, /);
    expect(found.join()).not.toContain(SECRET);
  });

  test("finds nothing in other texts", () => {
    expect(findTraces(new Map([["a place", "a+b/c, d=e"]]), [SECRET])).toEqual([]);
  });
});
