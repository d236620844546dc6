import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { runs } from "../../test/properties.ts";
import { isMap, isScalar, isSeq, parseDocument } from "yaml";
import type { GeneratorValue } from "fast-check";
import { readDocument } from "./document.ts";

/*
 * The library `yaml` is another hand's reader of YAML 1.2. What this reader takes it must take as well, and read the same in it.
 */

describe("a text that is accepted", () => {
  test("is read alike by another reader, whatever pieces it is made of", () => {
    compare(
      fc
        .tuple(
          fc.constantFrom(...STARTS),
          fc.array(fc.constantFrom(...PIECES), { maxLength: 14 }),
          fc.constantFrom(...ENDS),
        )
        .map(([start, pieces, end]) => start + pieces.join("") + end),
    );
  });

  test("is read alike by another reader, whatever number is in it", () => {
    compare(
      fc
        .tuple(
          fc.constantFrom("a: ", "a: [", "a:\n- ", ""),
          fc.array(fc.constantFrom(...Array.from("0123456789.._-+eExXoObBaAfFnNT:"), "inf", "0x", "2001-", "-01"), {
            maxLength: 9,
          }),
          fc.constantFrom("\n", "]", ": b\n"),
        )
        .map(([start, pieces, end]) => start + pieces.join("") + end),
    );
  });

  test("is read alike by another reader, whatever the style", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(fc.gen(), (pick) => expectAlike(mapping(pick, 3, 0))),
      ONCE,
    );
  });

  test("is read alike by another reader after it was damaged", () => {
    expect.hasAssertions();
    fc.assert(
      fc.property(fc.gen(), (pick) => expectAlike(damaged(pick, mapping(pick, 3, 0)))),
      ONCE,
    );
  });
});

const RUNS = runs(1_500);
/** What is chosen on the way can't be made smaller in a reasonable time. */
const ONCE = { numRuns: RUNS, endOnFailure: true };
// prettier-ignore
const PIECES = [
  ...Array.from("ab:-?[]{},&*!|>%@`'\"#~ \n\t\\01._+="), "\n  ", "\n    ", ": ", "- ", "? ", " #", "a: ", "b: ", "a", "---", "...", "\n---\n",
  "|\n", ">\n", "|-\n", ">+\n", "|2\n", "\r\n", "<<", "${env:X}", "\\\n", "{}", "[]", "null", "true", "\ufeff", "é", "😀", "\\x41", "\u2028",
];
const STARTS = [
  "",
  "a: ",
  "{a: ",
  "a: [",
  "a:\n  - ",
  '"a": "',
  "a: '",
  "a: |\n  x",
  "a: >\n  x",
  "? a\n: ",
  "%YAML 1.2\n---\n",
];
const ENDS = ["", "\n", "]", "}", '"', "'"];
// prettier-ignore
const WORDS = [
  "a", "x y", "a:b", "http://x:1/y", "~", "null", "True", "yes", "1", "0x1F", "0o17", "1.5", ".inf", ".nan", "1e3", "<<", "=", "a#b", "a #b", "-",
  "- a", "?a", ":a", "a:", "a,b", "[a", "a]", "{a", "@a", "%a", "&a", "*a", "!a", "|", "'", '"', "a'b", "${env:X}", "\ta", "a\tb", "é", "..", "...",
  "---", "12345678901234567890", "9223372036854775807", "2001-12-14", "0750", "1_000", "", " ", "a ", "line\nline", "a\n\nb", "\n", "a\n", " a\nb",
];

function compare(texts: fc.Arbitrary<string>): void {
  expect.hasAssertions();
  fc.assert(fc.property(texts, expectAlike), { numRuns: RUNS });
}

function expectAlike(text: string): void {
  const reading = readDocument(text);
  const { findings } = reading.ok ? { findings: [] } : reading;
  expect(reading.ok || findings.length > 0).toBe(true);
  if (reading.ok) expect({ text, read: reading.document }).toEqual({ text, read: elsewhere(text) });
}

/** What the other reader makes of a text: its value, or what it has against it. */
function elsewhere(text: string): unknown {
  const document = parseDocument(text, { version: "1.2", schema: "core", uniqueKeys: true, intAsBigInt: true });
  const wrong = [...document.errors, ...document.warnings].map(({ message }) => message);
  return wrong.length > 0 ? wrong : valueOf(document.contents);
}

function valueOf(node: unknown): unknown {
  if (isSeq(node)) return node.items.map(valueOf);
  if (isMap(node)) return Object.fromEntries(node.items.map(({ key, value }) => [keyOf(key), valueOf(value)]));
  if (!isScalar(node)) return node;
  const { value } = node;
  // Beyond 64 bits is floating point, as it is for the collector.
  if (typeof value === "bigint")
    return Number.isSafeInteger(Number(value)) || Math.abs(Number(value)) > 2 ** 64 ? Number(value) : value;
  return value === 0 ? 0 : value;
}

function keyOf(key: unknown): string {
  if (!isScalar(key)) return "no scalar";
  return typeof key.value === "string" ? key.value : (key.source ?? "no source");
}

/*
 * Choices, as the property's own randomness has them. fast-check keeps what it is asked to build for each function that builds: with
 * a function of its own for each choice it would keep every choice that was ever made.
 */

function below(pick: GeneratorValue, end: number): number {
  return pick(fc.nat, end - 1);
}

function one<T>(pick: GeneratorValue, ...things: readonly T[]): T {
  return things[below(pick, things.length)] as T;
}

function chance(pick: GeneratorValue, percent: number): boolean {
  return below(pick, 100) < percent;
}

function times(pick: GeneratorValue, least: number, make: () => string): string[] {
  return Array.from({ length: least + below(pick, 3) }, make);
}

/** A map in block style, at an indentation. */
function mapping(pick: GeneratorValue, depth: number, indent: number): string {
  const margin = " ".repeat(indent);
  return times(pick, 1, () => {
    const key = chance(pick, 70) ? `k${below(pick, 31)}` : scalar(pick, indent, false);
    if (!chance(pick, 8)) return `${margin}${key}${one(pick, "", "", "", " ", "\t")}:${block(pick, depth, indent)}`;
    return `${margin}? ${key}${lineEnd(pick)}${chance(pick, 80) ? `${margin}:${block(pick, depth, indent)}` : ""}`;
  }).join("");
}

function listing(pick: GeneratorValue, depth: number, indent: number): string {
  const margin = " ".repeat(indent);
  return times(pick, 1, () => {
    if (!chance(pick, 35)) return `${margin}-${block(pick, depth, indent)}`;
    const nested = chance(pick, 70) ? mapping(pick, depth - 1, indent + 2) : listing(pick, depth - 1, indent + 2);
    return `${margin}- ${nested.trimStart()}`;
  }).join("");
}

/** What may follow a key's colon or an item's dash, to the end of its line or lines. */
function block(pick: GeneratorValue, depth: number, indent: number): string {
  const kind = depth === 0 ? "scalar" : one(pick, "scalar", "scalar", "flow", "map", "list");
  const deeper = indent + one(pick, 1, 2, 2, 3);
  if (kind === "map") return lineEnd(pick) + mapping(pick, depth - 1, deeper);
  if (kind === "list") return lineEnd(pick) + listing(pick, depth - 1, chance(pick, 30) ? indent : deeper);
  const gap = one(pick, " ", " ", " ", "  ", "\t", "\n   ");
  return gap + (kind === "flow" ? flow(pick, 2, indent + 1) : scalar(pick, indent + 1, true)) + lineEnd(pick);
}

function flow(pick: GeneratorValue, depth: number, indent: number): string {
  const kind = depth === 0 ? "scalar" : one(pick, "scalar", "map", "list");
  if (kind === "scalar") return scalar(pick, indent, false);
  const gap = () => (chance(pick, 80) ? "" : one(pick, " ", "\n  ", " #c\n", "\t", "\n"));
  const entries = times(pick, 0, () => {
    const isPair = chance(pick, kind === "map" ? 90 : 15);
    const key = isPair ? `${scalar(pick, indent, false)}${gap()}:${chance(pick, 85) ? " " : gap()}` : "";
    return `${gap()}${chance(pick, 4) ? "? " : ""}${key}${flow(pick, depth - 1, indent)}${gap()}`;
  }).join(",");
  return kind === "map" ? `{${entries}}` : `[${entries}]`;
}

function scalar(pick: GeneratorValue, indent: number, mayBeBlock: boolean): string {
  const text = one(pick, ...WORDS);
  const margin = " ".repeat(indent);
  const style = one(pick, "plain", "single", "json", "double", ...(mayBeBlock ? ["block", "block"] : []));
  if (style === "plain") return text.replaceAll("\n", `\n${margin}`);
  if (style === "single") return `'${text.replaceAll("'", "''").replaceAll("\n", `\n\n${margin}`)}'`;
  if (style === "json") return JSON.stringify(text);
  if (style === "double") {
    return `"${text.replace(/[\\"]/g, "\\$&").replaceAll("\n", `${one(pick, "", "\\", " ", " \\")}\n${one(pick, "", "\n", "\t")}${margin}`)}"`;
  }
  const lines = (text || "x").split("\n").map((line) => (line === "" ? "" : `${margin}${line}`));
  return `${one(pick, "|", ">", "|-", ">+", "|2", ">1", "| #c")}\n${lines.join("\n")}${one(pick, "", "\n", "\n\n", "\n \n")}`;
}

function lineEnd(pick: GeneratorValue): string {
  return chance(pick, 90) ? "\n" : one(pick, "", " \n", " # c\n", "\n\n", "\n# c\n", "\t\n", "\r\n");
}

/** A text with a few characters added, removed or replaced. */
function damaged(pick: GeneratorValue, text: string): string {
  return times(pick, 1, () => "").reduce((left) => {
    const at = below(pick, left.length + 1);
    return left.slice(0, at) + one(pick, "", ...PIECES) + left.slice(at + one(pick, 0, 1, 1));
  }, text);
}
