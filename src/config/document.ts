import { Composer, isAlias, isMap as isYamlMap, isPair, isScalar, isSeq, Lexer, LineCounter, Parser } from "yaml";
import type { CST, Document, Node } from "yaml";
import type { Finding } from "./finding.ts";
import { below, isMap } from "./yaml-value.ts";
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
    return refused("size", "", `is longer than ${MAX_BYTES} bytes`);
  }
  const lines = new LineCounter();
  const tokens = tokenize(text, lines);
  if (!Array.isArray(tokens)) return { ok: false, findings: [tokens] };
  const composer = new Composer({ version: "1.2", schema: "core", uniqueKeys: false, intAsBigInt: true });
  const documents = composer.compose(tokens);
  const document = documents.next().value;
  if (!document) return refused("yaml", "", "is empty; a collector needs receivers, exporters and a service section");
  if (documents.next().done !== true) {
    return refused("yaml", "", "holds more than one YAML document; remove all after the first");
  }
  const [error] = [...document.errors, ...document.warnings];
  if (error) {
    const { line, col } = lines.linePos(error.pos[0]);
    return refused("yaml", "", `isn't valid YAML 1.2: ${describe(error.code)} at line ${line}, column ${col}`);
  }
  return convert(document);
}

function convert(document: Document.Parsed): Reading {
  const findings: Finding[] = [];
  const { version, explicit } = document.directives.yaml;
  if (explicit === true && version !== "1.2")
    findings.push(finding("yaml", "", "must be YAML 1.2; remove the %YAML line"));
  const value = valueOf(document.contents, "", findings);
  if (findings.length > 0) return { ok: false, findings: findings.slice(0, MAX_FINDINGS) };
  if (!isMap(value)) return refused("yaml", "", "must be a map with sections such as receivers and service");
  return { ok: true, document: value };
}

function valueOf(node: unknown, path: string, findings: Finding[], depth = 0): YamlValue {
  if (node === null) return null;
  if (isAlias(node)) {
    findings.push(finding("yaml-alias", path, "is an alias; write the value itself"));
    return null;
  }
  if (isScalar(node)) return scalarOf(node, path, findings);
  if (depth === MAX_DEPTH) {
    findings.push(finding("depth", path, TOO_DEEP));
    return null;
  }
  if (isSeq(node)) {
    refuseMarks(node, path, findings);
    return node.items.map((item, index) => valueOf(item, below(path, index), findings, depth + 1));
  }
  if (!isYamlMap(node)) return null;
  refuseMarks(node, path, findings);
  // A map of its own: the library's check for duplicates takes a time that grows with the square of their number.
  const entries = new Map<string, YamlValue>();
  for (const pair of node.items) {
    const key = isPair(pair) && isScalar(pair.key) ? keyOf(pair.key.value, pair.key.source) : undefined;
    if (key === undefined || key === "<<") {
      findings.push(
        finding("yaml-key", path, "has a key that isn't a plain word; merge keys and complex keys aren't allowed"),
      );
      continue;
    }
    if (isScalar(pair.key)) refuseMarks(pair.key, below(path, key), findings);
    if (entries.has(key)) findings.push(finding("yaml-key", below(path, key), "stands here twice; remove one"));
    entries.set(key, valueOf(pair.value, below(path, key), findings, depth + 1));
  }
  return Object.fromEntries(entries);
}

function scalarOf(
  node: { value: unknown; source?: string; type?: string },
  path: string,
  findings: Finding[],
): YamlValue {
  refuseMarks(node, path, findings);
  const { value } = node;
  if (node.type === "PLAIN" && AMBIGUOUS_NUMBER.test(node.source ?? "")) {
    findings.push(
      finding(
        "yaml-number",
        path,
        "is a number that YAML 1.1 and 1.2 read differently; quote it, or write it in decimal",
      ),
    );
  }
  if (typeof value === "bigint") return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (typeof value === "string" || typeof value === "boolean" || value === null) return value;
  // -0 would come back as a float; nobody means it.
  if (typeof value === "number") return value === 0 ? 0 : value;
  findings.push(finding("yaml", path, "is of a type that no collector configuration has"));
  return null;
}

function keyOf(value: unknown, source: string | undefined): string | undefined {
  if (typeof value === "string") return value;
  if (value === null || source === undefined) return undefined;
  // Such as `200:` or `true:`; the collector, too, takes keys as text.
  return source;
}

function refuseMarks(node: object, path: string, findings: Finding[]): void {
  const { anchor, tag } = node as Partial<Node> & { anchor?: string; tag?: string };
  if (anchor !== undefined) findings.push(finding("yaml-alias", path, "has an anchor; remove it"));
  if (tag !== undefined) findings.push(finding("yaml-tag", path, "has a tag; remove it"));
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
    if (++count > MAX_TOKENS) return finding("size", "", `has more than ${MAX_TOKENS} YAML tokens`);
    tokens.push(...parser.next(lexeme));
    // The parser's stack holds a node for each level, and some of its own. The exact count comes with the values.
    if (parser.stack.length > MAX_DEPTH + 4) return finding("depth", "", TOO_DEEP);
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

function finding(rule: string, path: string, message: string): Finding {
  return { rule, path, message };
}

function refused(rule: string, path: string, message: string): Reading {
  return { ok: false, findings: [finding(rule, path, message)] };
}
