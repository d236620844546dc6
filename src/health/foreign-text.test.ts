import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { cleanForeignText, cutMiddle, cutToBytes, layOut, utf8Bytes } from "./foreign-text.ts";

const unmasked = (text: string) => text;
const hideKey = (text: string) => text.replaceAll("s3cr3t", "***");

describe("foreign text", () => {
  it.each([
    { name: "keeps plain text as it is", text: "exit status 1", cleaned: "exit status 1" },
    { name: "takes colours out", text: "\u001b[31mError\u001b[0m: no", cleaned: "Error: no" },
    { name: "takes window titles out", text: "\u001b]0;title\u0007Error", cleaned: "Error" },
    { name: "turns control characters into spaces", text: "a\u0000b\u0007c", cleaned: "a b c" },
    { name: "turns characters that reverse or hide text into spaces", text: "a\u202eb\u200bc", cleaned: "a b c" },
    { name: "keeps lines, whatever ends them", text: "a\r\nb\rc\nd", cleaned: "a\nb\nc\nd" },
    { name: "keeps letters of all scripts", text: "größer – 日本", cleaned: "größer – 日本" },
    { name: "replaces half characters", text: "a\ud800b", cleaned: "a\ufffdb" },
  ])("$name", ({ text, cleaned }) => {
    expect(cleanForeignText(text, unmasked, "head")).toBe(cleaned);
  });

  it("masks a secret before any cut, so that no half of it is left", () => {
    const text = `${"x".repeat(4_093)}s3cr3t`;
    expect(cleanForeignText(text, hideKey, "head")).not.toContain("s3c");
  });

  it("masks a secret that an escape sequence had torn apart", () => {
    expect(cleanForeignText("s3c\u001b[0mr3t", hideKey, "head")).toBe("***");
  });

  it("reads the end of overlong text where the last words matter", () => {
    expect(cleanForeignText(`${"x".repeat(9_000)}\nError: last`, unmasked, "tail")).toMatch(/Error: last$/);
  });

  it("lays out on one line for a condition, and on its own lines for the platform", () => {
    const text = "one\n  two \n\n\n\nthree";
    expect(layOut(text, { bytes: 100, keep: "head", lines: "one" })).toBe("one two three");
    expect(layOut(text, { bytes: 100, keep: "head", lines: "many" })).toBe("one\n  two\n\nthree");
  });
});

describe("a cut", () => {
  it("out of the middle keeps both ends within the bound, and leaves what fits", () => {
    const text = `node-1: it ended: ${"x".repeat(60)} last words`;
    expect(cutMiddle(text, 60)).toBe(`node-1: it e…${"x".repeat(34)} last words`);
    expect(utf8Bytes(cutMiddle(text, 60))).toBe(60);
    expect(cutMiddle(text, 100)).toBe(text);
  });

  it.each([
    { name: "leaves what fits", text: "äöü", bytes: 6, keep: "head" as const, left: "äöü" },
    {
      name: "keeps the head and says that there was more",
      text: "abcdefgh",
      bytes: 6,
      keep: "head" as const,
      left: "abc…",
    },
    {
      name: "keeps the tail and says that there was more",
      text: "abcdefgh",
      bytes: 6,
      keep: "tail" as const,
      left: "…fgh",
    },
    { name: "never splits a character", text: "a😀😀😀", bytes: 8, keep: "head" as const, left: "a😀…" },
    {
      name: "leaves nothing where there is no room for its mark",
      text: "abcdefgh",
      bytes: 2,
      keep: "head" as const,
      left: "",
    },
  ])("$name", ({ text, bytes, keep, left }) => {
    expect(cutToBytes(text, bytes, keep)).toBe(left);
  });

  it("is never longer than its bound, well-formed where the text was, and part of the text", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary", maxLength: 200 }),
        fc.integer({ min: 0, max: 300 }),
        fc.constantFrom("head" as const, "tail" as const),
        (text, bytes, keep) => {
          const left = cutToBytes(text, bytes, keep);
          expect(new TextEncoder().encode(left).length).toBeLessThanOrEqual(bytes);
          expect(left.isWellFormed()).toBe(true);
          expect(text).toContain(left.replace(/^…|…$/, ""));
        },
      ),
    );
  });

  it("counts bytes as UTF-8 has them", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("a", "ä", "€", "😀", "\ud800", "\udc00"), maxLength: 50 }),
        (text) => {
          expect(utf8Bytes(text)).toBe(new TextEncoder().encode(text).length);
        },
      ),
    );
  });
});
