import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { MAX_BYTES, MAX_DEPTH, readDocument } from "./document.ts";
import { writeDocument } from "./stringify.ts";
import type { YamlMap, YamlValue } from "./yaml-value.ts";

describe("reading a document", () => {
  test.each<[string, string, YamlMap]>([
    ["keeps whole numbers that came through floating point whole", "a: 1.048576e+06", { a: 1_048_576 }],
    ["keeps whole numbers beyond 2^53 exact", "a: 9223372036854775807", { a: 9_223_372_036_854_775_807n }],
    ["reads words of YAML 1.1's booleans as text", "a: [yes, no, on, off]", { a: ["yes", "no", "on", "off"] }],
    ["keeps an empty value as null", "receivers:\n  otlp:\n", { receivers: { otlp: null } }],
    ["reads references to the environment as text", "a: ${env:KM_API_KEY}", { a: "${env:KM_API_KEY}" }],
    ["takes keys that look like numbers as text", "200: x", { "200": "x" }],
    ["takes octal only as YAML 1.2 writes it", "a: 0o750", { a: 488 }],
    ["takes a quoted number with a leading zero as text", 'a: "0750"', { a: "0750" }],
    ["takes JSON", '{"a": {"b": [1, true, null, "x"]}}', { a: { b: [1, true, null, "x"] } }],
  ])("%s", (_, text, document) => {
    expect(readDocument(text)).toEqual({ ok: true, document });
  });

  test("takes keys of every object's prototype as keys like others", () => {
    const reading = readDocument("__proto__: { a: 1 }\nconstructor: 2\n");
    expect(reading.ok && Object.keys(reading.document)).toEqual(["__proto__", "constructor"]);
    expect(reading.ok && Object.getPrototypeOf(reading.document)).toBe(Object.prototype);
  });

  test.each<[string, string, string, string]>([
    ["an empty text", "", "yaml", ""],
    ["a list", "- a", "yaml", ""],
    ["a scalar", "hello", "yaml", ""],
    ["what isn't YAML", "a: [1", "yaml", ""],
    ["two documents", "a: 1\n---\nb: 2\n", "yaml", ""],
    ["another version of YAML", "%YAML 1.1\n---\na: 1\n", "yaml", ""],
    ["an alias", "a: &x 1\nb: *x\n", "yaml-alias", "a"],
    ["an anchor", "a: &x { b: 1 }\n", "yaml-alias", "a"],
    ["an anchor on a key", "&x a: 1\n", "yaml-alias", "a"],
    ["a merge key", "a: { <<: { b: 1 } }\n", "yaml-key", "a"],
    ["a key twice", "a: { b: 1, c: 2, b: 3 }\n", "yaml-key", "a.b"],
    ["a key twice in two spellings", 'a: { b: 1, "b": 2 }\n', "yaml-key", "a.b"],
    ["a map as key", "? { a: 1 }\n: 2\n", "yaml-key", ""],
    ["a missing key", "a: { : 1 }\n", "yaml-key", "a"],
    ["a tag of the language", "a: !!str 1\n", "yaml-tag", "a"],
    ["a tag of somebody", "a: { b: !ruby/object x }\n", "yaml", ""],
    ["a number with a leading zero", "a: [1, 0750]\n", "yaml-number", "a[1]"],
    ["a number with underscores", "a: 1_000\n", "yaml-number", "a"],
    ["a binary number", "a: 0b101\n", "yaml-number", "a"],
  ])("refuses %s", (_, text, rule, path) => {
    const reading = readDocument(text);
    expect(reading.ok ? "accepted" : reading.findings[0]).toMatchObject({ rule, path });
  });

  test("says at which line the YAML is broken", () => {
    const reading = readDocument("a: 1\nb: [\n");
    expect(!reading.ok && reading.findings[0]?.message).toMatch(/at line [23], column/);
  });

  test("takes the deepest nesting that is allowed, and refuses one more", () => {
    const nested = (depth: number) => `${"{a: ".repeat(depth)}1${"}".repeat(depth)}`;
    expect(readDocument(nested(MAX_DEPTH)).ok).toBe(true);
    expect(readDocument(nested(MAX_DEPTH + 1))).toMatchObject({ ok: false, findings: [{ rule: "depth" }] });
    const block = (depth: number) => Array.from({ length: depth }, (_, level) => `${" ".repeat(level)}a:`).join("\n");
    expect(readDocument(block(MAX_DEPTH)).ok).toBe(true);
    expect(readDocument(block(MAX_DEPTH + 1))).toMatchObject({ ok: false, findings: [{ rule: "depth" }] });
  });

  test("takes the longest text that is allowed, in bytes, and refuses one more", () => {
    const text = (bytes: number) => `a: ${"x".repeat(bytes - 3)}`;
    expect(readDocument(text(MAX_BYTES)).ok).toBe(true);
    expect(readDocument(text(MAX_BYTES + 1))).toMatchObject({ ok: false, findings: [{ rule: "size" }] });
    expect(readDocument(`a: ${"é".repeat(MAX_BYTES / 2)}`)).toMatchObject({ ok: false, findings: [{ rule: "size" }] });
  });

  test.each(["[", "- ", "? ", '"', "&a ", "\n", "{a: "])(
    "gives up on a document made of %j alone without throwing",
    (piece) => {
      expect(readDocument(piece.repeat(MAX_BYTES / piece.length)).ok).toBe(false);
    },
  );

  test("never throws, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...Array.from("ab:-?[]{},&*!|>%@`'\"#~ \n\t\\01"), "${env:X}", "---\n", "<<", "0x")),
        (pieces) => {
          const reading = readDocument(pieces.join(""));
          expect(reading.ok || reading.findings.length > 0).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });
});

const scalar: fc.Arbitrary<YamlValue> = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    "yes",
    "<<",
    "0750",
    "1_000",
    "2001-12-14",
    "${env:A}",
    "a: b",
    "- x",
    "line\nline",
    "x:",
    "~",
    "",
    " ",
    "null",
    ".inf",
  ),
  fc.integer(),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 63n }),
  // Whole numbers beyond 2^53 come back as bigint.
  fc
    .double({ noNaN: true })
    .filter((number) => !Object.is(number, -0) && (!Number.isInteger(number) || Number.isSafeInteger(number))),
  fc.boolean(),
  fc.constant(null),
);
const key = fc
  .oneof(fc.string(), fc.constantFrom("__proto__", "otlp/a b", "1_0", "no", "?", "-"))
  .filter((text) => text !== "<<");
const { map } = fc.letrec<{ map: YamlMap; value: YamlValue }>((tie) => ({
  map: fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map((entries): YamlMap => Object.fromEntries(entries)),
  value: fc.oneof({ depthSize: "small" }, scalar, tie("map"), fc.array(tie("value"), { maxLength: 3 })),
}));

describe("writing a document", () => {
  test("gives a text that reads back as the same document", () => {
    fc.assert(
      fc.property(map, (document) => {
        expect(readDocument(writeDocument(document) || "{}")).toEqual({ ok: true, document });
      }),
      { numRuns: 500 },
    );
  });

  test("gives the same text for every order of keys", () => {
    fc.assert(
      fc.property(map, (document) => {
        expect(writeDocument(reversed(document))).toBe(writeDocument(document));
      }),
    );
  });

  test("puts sections into the order in which people read them", () => {
    const text = writeDocument({ service: {}, exporters: {}, zoo: {}, receivers: {}, extensions: {} });
    expect(text).toBe("extensions: {}\nreceivers: {}\nexporters: {}\nservice: {}\nzoo: {}\n");
  });

  test("quotes what a YAML 1.1 parser would take for something else", () => {
    expect(writeDocument({ a: ["no", "1_000", "0750", "2001-12-14", "60s", "plain", "https://x:1/y"] })).toBe(
      'a:\n  - "no"\n  - "1_000"\n  - "0750"\n  - "2001-12-14"\n  - "60s"\n  - plain\n  - https://x:1/y\n',
    );
  });
});

function reversed(document: YamlMap): YamlMap {
  return Object.fromEntries(
    Object.entries(document)
      .reverse()
      .map(([name, value]) => [name, turn(value)]),
  );
}

function turn(value: YamlValue): YamlValue {
  if (Array.isArray(value)) return value.map(turn);
  return typeof value === "object" && value !== null ? reversed(value as YamlMap) : value;
}
