import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createSecretMask } from "./mask.ts";

const KEY = 'km_a1+b2/c3"d4 e5é';

const masked = (text: string, key = KEY) => {
  const mask = createSecretMask();
  mask.set("uid", [key]);
  return mask.mask(text);
};

describe("a known secret", () => {
  const forms: readonly (readonly [string, string])[] = [
    ["as it is", KEY],
    ["in JSON", JSON.stringify({ key: KEY })],
    ["in JSON within JSON", JSON.stringify({ message: JSON.stringify({ key: KEY }) })],
    ["in a URL", `https://example.com/?key=${encodeURIComponent(KEY)}`],
    ["in a form", new URLSearchParams({ key: KEY }).toString()],
    ["in base64", Buffer.from(KEY).toString("base64")],
    ["in base64url", Buffer.from(KEY).toString("base64url")],
    ["in Basic credentials", `Basic ${Buffer.from(`user:${KEY}`).toString("base64")}`],
    ["in base64 after one other byte", Buffer.from(`:${KEY}:more`).toString("base64")],
  ];
  it.each(forms)("is hidden %s", (_, text) => {
    const hidden = masked(text);
    expect(hidden).toContain("***");
    expect(hidden).not.toContain("a1+b2");
    expect(hidden).not.toContain("a1%2Bb2");
    expect(hidden).not.toContain(Buffer.from(KEY).toString("base64").slice(4, 16));
  });

  it("leaves a JSON line valid", () => {
    const line = masked(JSON.stringify({ msg: `the platform said: ${KEY}`, level: "info" }));
    expect(JSON.parse(line)).toEqual({ msg: "the platform said: ***", level: "info" });
  });

  it("is hidden without the newline that its Secret ends in", () => {
    expect(masked("key=km_abcdef", "km_abcdef\n")).toBe("key=***");
  });

  it("stays hidden when it is rotated out or its owner is gone, for pods that have it go on talking", () => {
    const mask = createSecretMask();
    mask.set("a", ["first-key"]);
    mask.set("b", ["other-key"]);
    mask.set("a", ["second-key"]);
    mask.set("a", []);
    mask.delete("b");
    expect(mask.mask("first-key second-key other-key")).toBe("*** *** ***");
  });

  it("is forgotten when sixteen newer ones are out of use, and never while it is in use", () => {
    const mask = createSecretMask();
    mask.set("steady", ["steady-key"]);
    for (let turn = 0; turn <= 18; turn++) mask.set("a", [`key-of-turn-${turn}.`]);
    const hidden = (turn: number) => mask.mask(`key-of-turn-${turn}.`) === "***";
    expect(Array.from({ length: 19 }, (_, turn) => turn).filter((turn) => !hidden(turn))).toEqual([0, 1]);
    expect(mask.mask("steady-key")).toBe("***");
  });

  it("that comes back into use stays hidden with all others", () => {
    const mask = createSecretMask();
    for (const key of ["first-key", "second-key", "first-key"]) mask.set("a", [key]);
    expect(mask.mask("first-key second-key")).toBe("*** ***");
  });

  it("is nowhere in the line, whatever it is and whatever surrounds it", () => {
    const secret = fc
      .string({ minLength: 6, maxLength: 60, unit: "binary" })
      .filter((s) => s.trim().length >= 6 && s.isWellFormed());
    fc.assert(
      fc.property(secret, fc.string(), fc.string(), (key, before, after) => {
        fc.pre(!before.includes(key) && !after.includes(key));
        const text = `${before} ${key} ${after}`;
        expect(masked(text, key)).not.toContain(key);
        const json = JSON.stringify({ text });
        const parsed = JSON.parse(masked(json, key)) as { text: string };
        expect(parsed.text).not.toContain(key);
      }),
    );
  });
});

describe("a text without secrets", () => {
  it("stays as it is", () => expect(masked("nothing to hide here")).toBe("nothing to hide here"));
  it("is not spoilt by a value that is too short to be a secret", () => expect(masked("info", "info")).toBe("info"));
});
