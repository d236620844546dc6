import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { runs } from "../../test/properties.ts";
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
    ["takes octal and hexadecimal beyond 2^53 exact", "a: 0xffffffffffffffff", { a: 2n ** 64n - 1n }],
    [
      "takes floating point that is written without an exponent",
      "a: 570378046101493250000",
      { a: 570378046101493250000 },
    ],
    ["takes minus zero for zero", "a: [-0, -0.0, 0e5]", { a: [0, 0, 0] }],
    ["takes numbers in every spelling that parsers share", "a: [+1, 1., .5, 08.5, 1e3]", { a: [1, 1, 0.5, 8.5, 1000] }],
    ["takes what is no number", "a: ['1', 1:30, 1.2.3, 60s]", { a: ["1", "1:30", "1.2.3", "60s"] }],
    ["takes a mark of the byte order", "\ufeffa: 1\n", { a: 1 }],
    ["takes a directive for YAML 1.2", "%YAML 1.2\n---\na: 1\n...\n", { a: 1 }],
    ["takes the ends of lines that Windows has", "a: |\r\n  x\r\n  y\r\nb: 1\r\n", { a: "x\ny\n", b: 1 }],
    ["takes JSON that is indented with tabs", '{\n\t"a": [\n\t\t1\n\t]\n}\n', { a: [1] }],
    [
      "takes question marks and colons outside of brackets",
      "a: { b: 1 }\nc: ?x\nd: :y\n",
      { a: { b: 1 }, c: "?x", d: ":y" },
    ],
    ["takes comments between sections", "a:\n# b: 1\n  c: # d\n    e\n# f\ng: h\n", { a: { c: "e" }, g: "h" }],
    ["takes tabs in a block of text", "a: |\n  x\n  \ty\n\n  \tz\n", { a: "x\n\ty\n\n\tz\n" }],
    [
      "takes escapes of every kind",
      String.raw`a: "\x41\u00e9\U0001F600\ud83d\ude00\/\e\\U"`,
      { a: "Aé😀😀/\u001b\\U" },
    ],
    ["takes a list that isn't indented", "a:\n- b: 1\n  c: 2\n- - d\n  - e\n", { a: [{ b: 1, c: 2 }, ["d", "e"]] }],
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
    ["a tag of somebody", "a: { b: !ruby/object x }\n", "yaml-tag", "a.b"],
    ["a number with a leading zero", "a: [1, 0750]\n", "yaml-number", "a[1]"],
    ["a number with underscores", "a: 1_000\n", "yaml-number", "a"],
    ["a binary number", "a: 0b101\n", "yaml-number", "a"],
  ])("refuses %s", (_, text, rule, path) => {
    const reading = readDocument(text);
    expect(reading.ok ? "accepted" : reading.findings[0]).toMatchObject({ rule, path });
  });

  // Where parsers of YAML part ways: each of these the collector's parser or the library yaml reads otherwise, or refuses.
  test.each<[string, string, string, RegExp]>([
    ["an octal number with a sign", "a: -0o17\n", "yaml-number", /quote it/],
    ["an octal number with a sign in it", "a: 0o-17\n", "yaml-number", /quote it/],
    ["a hexadecimal number with a capital", "a: 0X1F\n", "yaml-number", /quote it/],
    ["a number with underscores and an exponent", "a: 1e+3_0\n", "yaml-number", /quote it/],
    ["a number that starts with an underscore", "a: +_1\n", "yaml-number", /quote it/],
    ["a number of more than 64 bits", "a: 18446744073709551616\n", "yaml-number", /quote it/],
    ["a negative number of more than 64 bits", "a: -9223372036854775809\n", "yaml-number", /quote it/],
    ["a number beyond floating point", "a: 1e400\n", "yaml-number", /quote it/],
    ["a day", "a: 2001-12-14\n", "yaml-number", /quote it/],
    ["a time", "a: 2001-12-14T21:59:43Z\n", "yaml-number", /quote it/],
    ["a key with a leading zero", "0750: x\n", "yaml-key", /quote it/],
    ["a key in hexadecimal", "0x10: x\n", "yaml-key", /quote it/],
    ["a key with a decimal point at its end", "1.: x\n", "yaml-key", /quote it/],
    ["a key with a sign", "+1: x\n", "yaml-key", /quote it/],
    ["a key that needs an exponent", "0.00001: x\n", "yaml-key", /quote it/],
    ["a key that is true in capitals", "True: x\n", "yaml-key", /quote it/],
    ["a key that is a day", "2001-12-14: x\n", "yaml-key", /quote it/],
    ["a key that is longer than the collector looks", `${"k".repeat(1_025)}: x\n`, "yaml-key", /plain word/],
    ["a key whose colon is further than the collector looks", `k${" ".repeat(1_024)}: x\n`, "yaml-key", /1024/],
    ["a key on two lines", '{ "a\n b": 1 }\n', "yaml-key", /several lines/],
    ["a key on two lines after a question mark", "? a\n  b\n: 1\n", "yaml-key", /several lines/],
    ["a key behind an item of a list", 'a:\n- "x" b: y\n', "yaml-key", /line of its own/],
    ["a key behind a tab", "? \ta\n: 1\n", "yaml-key", /tab/],
    ["a colon without a space behind it", "{a:}\n", "yaml-key", /colon/],
    ["a colon on the next line", "{a\n : b}\n", "yaml-key", /colon/],
    ["a colon at the start within braces", "{a: :b}\n", "yaml", /starts with/],
    ["a question mark at the start within brackets", "a: [?b]\n", "yaml", /starts with/],
    ["a comment at the left edge within braces", "{a: b\n# c\n}\n", "yaml", /comment/],
    ["a tab as indentation", "a:\n\t\nb: 1\n", "yaml", /tab in the indentation at line 2, column 1/],
    ["a tab after a block of text", "a: |\n  x\n\t\n", "yaml", /tab in the indentation at line 3, column 1/],
    ["a tab before JSON", '\t{"a": 1}\n', "yaml", /tab in the indentation at line 1/],
    ["a tab in a text of several lines", "{a: 'b\n\t\n c'}\n", "yaml", /starts with a tab/],
    ["an empty line after an escaped end of line", 'a: "b\\\n\n c"\n', "yaml", /empty line/],
    ["half of a surrogate pair", 'a: "\\ud800"\n', "yaml", /no character/],
    ["an escape beyond Unicode", 'a: "\\U00110000"\n', "yaml", /no character/],
    ["an escape far beyond Unicode", 'a: "\\UFFFFFFFF"\n', "yaml", /no character/],
    ["a block of text without an end of its last line", "a: |\n  b", "yaml", /end the document with a line break/],
    ["a block of text that ends in spaces", "a: |1\n b\n  \n", "yaml", /line of spaces/],
    ["a comment that ends at U+2028", "a: 1 # x\u2028b: 2\n", "yaml", /character at line 1, column 9/],
    ["a comment that ends at U+0085", "a: 1\nc: 1 # x\u0085b: 2\n", "yaml", /character at line 2, column 9/],
    ["a comment that ends at a carriage return", "a: 1 # x\rb: 2\n", "yaml", /character at line 1, column 9/],
    ["a null byte", "a: 1\0\n", "yaml", /character at line 1, column 5/],
    ["half of a surrogate pair by itself", "a: \ud800\n", "yaml", /character at line 1/],
    ["a mark of the byte order in the middle", "a: 1\n\ufeffb: 2\n", "yaml", /character at line 2/],
    ["a mark of the byte order before spaces", "\ufeff a:\n b: 1\n", "yaml", /byte order mark/],
    ["a value below a comment", "a:\n#c\n  b\nc: d\n", "yaml", /below a comment/],
    ["an item below a comment", "a:\n  -\n #c\n\n    b\n  - c\n", "yaml", /below a comment/],
    ["a directive that nobody knows", "%FOO bar\n---\na: 1\n", "yaml", /directives/],
    ["a directive for tags", "%TAG ! tag:x,2000:\n---\na: 1\n", "yaml", /directives/],
    ["a newer version of YAML", "%YAML 1.3\n---\na: 1\n", "yaml", /directives/],
    ["a directive that is indented", " %YAML 1.1\n---\na: 1\n", "yaml", /directives/],
    ["the end of a document before it", "...\na: 1\n", "yaml", /before the first section/],
    ["two ends of a document", "a: 1\n...\n...\n", "yaml", /more than one end/],
  ])("refuses %s, which parsers read differently", (_, text, rule, message) => {
    const reading = readDocument(text);
    const finding = reading.ok ? undefined : reading.findings[0];
    expect(finding?.message).toMatch(message);
    expect(finding?.rule).toBe(rule);
  });

  test("doesn't quote the document where the YAML is broken", () => {
    for (const text of ["a: !secret!x 1\n", "a: !sec{ret 1\n", "a: !<secret\u007c> 1\n"]) {
      const reading = readDocument(text);
      expect(!reading.ok && reading.findings[0]?.message).toMatch(
        /^isn't valid YAML 1.2: [a-z ]+ at line 1, column \d+$/,
      );
    }
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

  test.each([
    "[",
    "- ",
    "? ",
    '"',
    "&a ",
    "\n",
    "{a: ",
    "a: ",
    "a:\n",
    "[:,",
    "\\",
    "|\n",
    "!a ",
    "%a\n",
    "...\n",
    "\t",
  ])("gives up on a document made of %j alone without throwing", (piece) => {
    expect(readDocument(piece.repeat(MAX_BYTES / piece.length)).ok).toBe(false);
  });

  test("takes a document with as many lines as people write, and refuses one that is mere punctuation", () => {
    const lines = (count: number) => `a:\n${"- 1\n".repeat(count - 1)}`;
    expect(readDocument(lines(60_000)).ok).toBe(true);
    expect(readDocument(`a: [${"1,".repeat(110_000)}]`)).toMatchObject({ ok: false, findings: [{ rule: "size" }] });
  });

  test("shows no key that is longer than a key can be", () => {
    const reading = readDocument(`${"k".repeat(MAX_BYTES - 4)}: x`);
    expect(!reading.ok && reading.findings[0]?.path).toBe("");
  });

  test("never throws, whatever the text", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom(...Array.from("ab:-?[]{},&*!|>%@`'\"#~ \n\t\\01"), "${env:X}", "---\n", "<<", "0x")),
        (pieces) => {
          const reading = readDocument(pieces.join(""));
          expect(reading.ok || reading.findings.length > 0).toBe(true);
        },
      ),
      { numRuns: runs(500) },
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
      { numRuns: runs(500) },
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
