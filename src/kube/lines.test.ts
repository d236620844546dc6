import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { LineSplitter } from "./lines.ts";

function linesOf(chunks: readonly Uint8Array[], maxBytes = 1_000): string[] {
  const splitter = new LineSplitter(maxBytes);
  return chunks.flatMap((chunk) => [...splitter.push(chunk)]);
}

describe("the line splitter", () => {
  test("gives the same lines however the bytes are cut", () => {
    const line = fc
      .string({ unit: "grapheme", minLength: 1 })
      .filter((text) => text.trim() === text && !/[\r\n]/.test(text));
    fc.assert(
      fc.property(fc.array(line, { maxLength: 8 }), fc.array(fc.nat(200)), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(""));
        const ends = [...new Set([...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length])].sort(
          (a, b) => a - b,
        );
        const chunks = ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end));
        expect(linesOf(chunks, 10_000)).toEqual(lines);
      }),
    );
  });

  test("keeps what has no end yet to itself", () => {
    const splitter = new LineSplitter(100);
    expect([...splitter.push(Buffer.from("one\ntw"))]).toEqual(["one"]);
    expect(splitter.held).toBe(2);
  });

  const bounds = [
    { name: "a line of just the bound", chunks: ["12345", "67890\n"], ok: true },
    { name: "a line one byte longer", chunks: ["12345", "678901\n"], ok: false },
    { name: "a line without an end", chunks: ["12345", "67890", "1"], ok: false },
    { name: "many short lines", chunks: ["123\n456\n789\n123\n456\n"], ok: true },
  ];
  test.each(bounds)("takes or refuses $name", ({ chunks, ok }) => {
    const split = () =>
      linesOf(
        chunks.map((text) => Buffer.from(text)),
        10,
      );
    if (ok) expect(split()).not.toEqual([]);
    else expect(split).toThrow("longer than 10 bytes");
  });
});
