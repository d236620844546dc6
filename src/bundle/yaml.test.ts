import { describe, expect, test } from "@jest/globals";
import * as yaml from "yaml";

// Plain JavaScript without types, for the bundler alone.
const MODULE = "./yaml.js";

const TEXTS = [
  ["a configuration", "receivers:\n  otlp: { protocols: { grpc: {} } }\nservice:\n  pipelines: {}\n"],
  ["texts of every kind", "a: 'it''s'\nb: \"\\u00e9\\n\"\nc: |+\n  two\n  lines\n\nd: >-\n  one\n  line\n"],
  ["numbers", "a: 0750\nb: 1_000\nc: 0x1f\nd: 1.048576e+06\ne: .inf\nf: 9007199254740993\n"],
  ["anchors, tags and aliases", "a: &x !!str 1\nb: *x\n<<: *x\n"],
  ["a key that stands twice", "a: 1\na: 2\n"],
  ["several documents", "--- a\n--- b\n...\n"],
  ["what isn't YAML", "a: [1\nb: 'x\n\t- c"],
] as const;

describe("what stands in for yaml in the bundle", () => {
  test.each(TEXTS)("reads %s as the package itself does", async (_, text) => {
    const standIn = (await import(MODULE)) as typeof yaml;
    expect(read(standIn, text)).toEqual(read(yaml, text));
  });

  test("writes as the package itself does", async () => {
    const standIn = (await import(MODULE)) as typeof yaml;
    const value = { a: ["no", "1_000", "line\nline", null], b: { c: 1.5, d: "" } };
    expect(standIn.stringify(value)).toBe(yaml.stringify(value));
  });
});

function read({ parseAllDocuments }: typeof yaml, text: string) {
  const documents = parseAllDocuments(text, { version: "1.2", schema: "core", intAsBigInt: true });
  return Array.from(documents, (document) => ({
    value: document.errors.length === 0 ? (document.toJS() as unknown) : null,
    wrong: [...document.errors, ...document.warnings].map(({ code, pos }) => ({ code, pos })),
  }));
}
