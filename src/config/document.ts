import { Composer, isAlias, isMap as isYamlMap, isPair, isScalar, isSeq, LineCounter, Parser } from "yaml";
import type { CST, Document, Node } from "yaml";
import type { Finding } from "./finding.ts";
import { below, isMap } from "./yaml-value.ts";
import type { YamlMap, YamlValue } from "./yaml-value.ts";

/** Longest document, in bytes of UTF-8; the platform's and the spec's bound alike. */
export const MAX_BYTES = 262_144;
/** Deepest nesting; real configurations stay below 12. */
export const MAX_DEPTH = 32;
/** As many findings as are worth reading; a hostile document could have thousands. */
const MAX_FINDINGS = 20;

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
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  if (tokens.some((token) => depthOf(token) > MAX_DEPTH)) {
    // Before composing, which is recursive and would run out of stack.
    return refused("depth", "", `is nested deeper than ${MAX_DEPTH} levels`);
  }
  const options = { version: "1.2", schema: "core", uniqueKeys: true, intAsBigInt: true } as const;
  const documents = [...new Composer(options).compose(tokens)];
  const [document] = documents;
  if (!document) return refused("yaml", "", "is empty; a collector needs receivers, exporters and a service section");
  if (documents.length > 1) return refused("yaml", "", "holds more than one YAML document; remove all after the first");
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

function valueOf(node: unknown, path: string, findings: Finding[]): YamlValue {
  if (node === null) return null;
  if (isAlias(node)) {
    findings.push(finding("yaml-alias", path, "is an alias; write the value itself"));
    return null;
  }
  if (isScalar(node)) return scalarOf(node, path, findings);
  if (isSeq(node)) {
    refuseMarks(node, path, findings);
    return node.items.map((item, index) => valueOf(item, below(path, index), findings));
  }
  if (!isYamlMap(node)) return null;
  refuseMarks(node, path, findings);
  const entries: [string, YamlValue][] = [];
  for (const pair of node.items) {
    const key = isPair(pair) && isScalar(pair.key) ? keyOf(pair.key.value, pair.key.source) : undefined;
    if (key === undefined || key === "<<") {
      findings.push(
        finding("yaml-key", path, "has a key that isn't a plain word; merge keys and complex keys aren't allowed"),
      );
      continue;
    }
    if (isScalar(pair.key)) refuseMarks(pair.key, below(path, key), findings);
    entries.push([key, valueOf(pair.value, below(path, key), findings)]);
  }
  const keys = new Set(entries.map(([key]) => key));
  if (keys.size < entries.length) findings.push(finding("yaml-key", path, "has the same key twice"));
  return Object.fromEntries(entries);
}

function scalarOf(
  node: { value: unknown; source?: string; type?: string },
  path: string,
  findings: Finding[],
): YamlValue {
  refuseMarks(node, path, findings);
  const { value } = node;
  const ambiguous = node.type === "PLAIN" && /^[-+]?(0[0-9_]+|[0-9][0-9a-fA-FxXoObB.]*_[0-9a-fA-F_.]*|0[bB][01_]+)$/;
  if (ambiguous && ambiguous.test(node.source ?? "")) {
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

/** Nesting of a token of the concrete syntax tree, walked without recursion. */
function depthOf(token: CST.Token): number {
  let deepest = 0;
  const waiting: { token: CST.Token | null | undefined; depth: number }[] = [{ token, depth: 0 }];
  for (let next = waiting.pop(); next; next = waiting.pop()) {
    const { token: current, depth } = next;
    if (!current) continue;
    deepest = Math.max(deepest, depth);
    if (deepest > MAX_DEPTH) return deepest;
    if (current.type === "document") waiting.push({ token: current.value, depth });
    if ("items" in current) {
      for (const item of current.items) {
        waiting.push({ token: item.key, depth: depth + 1 }, { token: item.value, depth: depth + 1 });
      }
    }
  }
  return deepest;
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
