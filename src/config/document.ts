import { Composer, isAlias, isMap as isYamlMap, isPair, isScalar, isSeq, Lexer, LineCounter, Parser } from "yaml";
import type { CST, Document, Node } from "yaml";
import type { Finding } from "./finding.ts";
import { isMap, pathOf } from "./yaml-value.ts";
import type { YamlMap, YamlValue } from "./yaml-value.ts";

/** Longest document, in bytes of UTF-8; the platform's and the spec's bound alike. */
export const MAX_BYTES = 262_144;
/** Deepest nesting; real configurations stay below 12. */
export const MAX_DEPTH = 32;
/** Most tokens; a document of the longest size that people write has 90,000. */
const MAX_TOKENS = 100_000;
const TOO_DEEP = `is nested deeper than ${MAX_DEPTH} levels`;
/** As many findings as are worth reading; a hostile document could have thousands. */
const MAX_FINDINGS = 20;

/** Numbers such as `0750`, `1_000` and `0b11`: other values, or no numbers, in YAML 1.1. */
const AMBIGUOUS_NUMBER = /^[-+]?(0[0-9_]+|[0-9][0-9a-fA-FxXoObB.]*_[0-9a-fA-F_.]*|0[bB][01_]+)$/;

/** Outcome of reading a document. */
export type Reading =
  { readonly ok: true; readonly document: YamlMap } | { readonly ok: false; readonly findings: readonly Finding[] };

/**
 * Reads one YAML 1.2 document strictly: a map, without aliases, anchors, tags, duplicate or complex keys, bounded in size and
 * depth. Refused too is what YAML 1.2 and the collector's own parser read differently (`0750`, `1_000`, `<<`), since a check is
 * worth nothing where the two see different documents. Whole numbers stay whole: `1.048576e+06` becomes 1048576.
 */
export function readDocument(text: string): Reading {
  if (byteLength(text) > MAX_BYTES) {
    return refused("size", `is longer than ${MAX_BYTES} bytes`);
  }
  const lines = new LineCounter();
  const tokens = tokenize(text, lines);
  if (!Array.isArray(tokens)) return { ok: false, findings: [tokens] };
  const composer = new Composer({ version: "1.2", schema: "core", uniqueKeys: false, intAsBigInt: true });
  const documents = composer.compose(tokens);
  const document = documents.next().value;
  if (!document) return refused("yaml", "is empty; a collector needs receivers, exporters and a service section");
  if (documents.next().done !== true) {
    return refused("yaml", "holds more than one YAML document; remove all after the first");
  }
  const [error] = [...document.errors, ...document.warnings];
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    return refused("yaml", `isn't valid YAML 1.2: ${describe(error.code)} at line ${line}, column ${col}`);
  }
  return convert(document);
}

/** How far the values have been read: the steps to where it stands, which are spelled out only where something is wrong. */
interface Walk {
  readonly path: (string | number)[];
  readonly findings: Finding[];
}

function convert(document: Document.Parsed): Reading {
  const walk: Walk = { path: [], findings: [] };
  const { version, explicit } = document.directives.yaml;
  if (explicit === true && version !== "1.2") report(walk, "yaml", "must be YAML 1.2; remove the %YAML line");
  const value = valueOf(document.contents, walk);
  if (walk.findings.length > 0) return { ok: false, findings: walk.findings };
  if (!isMap(value)) return refused("yaml", "must be a map with sections such as receivers and service");
  return { ok: true, document: value };
}

function valueOf(node: unknown, walk: Walk): YamlValue {
  if (node === null) return null;
  if (isAlias(node)) return report(walk, "yaml-alias", "is an alias; write the value itself");
  if (isScalar(node)) return scalarOf(node, walk);
  if (walk.path.length === MAX_DEPTH) return report(walk, "depth", TOO_DEEP);
  if (isSeq(node)) {
    refuseMarks(node, walk);
    return node.items.map((item, index) => inside(walk, index, () => valueOf(item, walk)));
  }
  if (!isYamlMap(node)) return null;
  refuseMarks(node, walk);
  // A map of its own: the library's check for duplicates takes a time that grows with the square of their number.
  const entries = new Map<string, YamlValue>();
  for (const pair of node.items) {
    const key = isPair(pair) && isScalar(pair.key) ? keyOf(pair.key.value, pair.key.source) : undefined;
    if (key === undefined || key === "<<") {
      report(walk, "yaml-key", "has a key that isn't a plain word; merge keys and complex keys aren't allowed");
      continue;
    }
    const value = inside(walk, key, () => {
      if (isScalar(pair.key)) refuseMarks(pair.key, walk);
      if (entries.has(key)) report(walk, "yaml-key", "stands here twice; remove one");
      return valueOf(pair.value, walk);
    });
    entries.set(key, value);
  }
  return Object.fromEntries(entries);
}

function inside(walk: Walk, step: string | number, read: () => YamlValue): YamlValue {
  walk.path.push(step);
  const value = read();
  walk.path.pop();
  return value;
}

function scalarOf(node: { value: unknown; source?: string; type?: string }, walk: Walk): YamlValue {
  refuseMarks(node, walk);
  const { value } = node;
  if (node.type === "PLAIN" && AMBIGUOUS_NUMBER.test(node.source ?? "")) {
    report(walk, "yaml-number", "is a number that YAML 1.1 and 1.2 read differently; quote it, or write it in decimal");
  }
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  // -0 would come back as a float; nobody means it.
  if (typeof value === "number") return value === 0 ? 0 : value;
  return report(walk, "yaml", "is of a type that no collector configuration has");
}

function keyOf(value: unknown, source: string | undefined): string | undefined {
  if (typeof value === "string") return value;
  if (value === null || source === undefined) return undefined;
  // Such as `200:` or `true:`; the collector, too, takes keys as text.
  return source;
}

function refuseMarks(node: object, walk: Walk): void {
  const { anchor, tag } = node as Partial<Node> & { anchor?: string; tag?: string };
  if (anchor !== undefined) report(walk, "yaml-alias", "has an anchor; remove it");
  if (tag !== undefined) report(walk, "yaml-tag", "has a tag; remove it");
}

/** Notes what is wrong where the walk stands; in the place of its value stands nothing. */
function report({ path, findings }: Walk, rule: string, message: string): null {
  if (findings.length < MAX_FINDINGS) findings.push({ rule, path: pathOf(path), message });
  return null;
}

/**
 * The concrete syntax tree, or what forbids to go on. It is built token by token, so that a document that is too deep or too
 * fine is given up early, before anything walks it by recursion.
 */
function tokenize(text: string, lines: LineCounter): CST.Token[] | Finding {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens: CST.Token[] = [];
  let count = 0;
  for (const lexeme of new Lexer().lex(text)) {
    if (++count > MAX_TOKENS) return finding("size", `has more than ${MAX_TOKENS} YAML tokens`);
    for (const token of parser.next(lexeme)) tokens.push(token);
    // The parser's stack holds a node for each level, and some of its own. The exact count comes with the values.
    if (parser.stack.length > MAX_DEPTH + 4) return finding("depth", TOO_DEEP);
  }
  tokens.push(...parser.end());
  return tokens;
}

/** Bytes of a text in UTF-8, counted here because the core has no I/O library. */
function byteLength(text: string): number {
  return text.length > MAX_BYTES ? text.length : new TextEncoder().encode(text).length;
}

function describe(code: string): string {
  return code.toLowerCase().replaceAll("_", " ");
}

/** What is wrong with the document as a whole. */
function finding(rule: string, message: string): Finding {
  return { rule, path: "", message };
}

function refused(rule: string, message: string): Reading {
  return { ok: false, findings: [finding(rule, message)] };
}
