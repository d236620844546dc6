import { Document, isMap, isScalar, visit } from "yaml";
import type { Scalar } from "yaml";
import type { YamlMap } from "./yaml-value.ts";

/** Sections in the order in which people read them; what isn't named here follows by the alphabet. */
const SECTIONS = ["extensions", "receivers", "processors", "connectors", "exporters", "service"];
/** Words that a YAML 1.1 parser may take for something other than text. */
const RESERVED = /^(y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

/**
 * The one text of a document: the same for every order of keys, so that it can be hashed and compared. Texts that a YAML 1.1
 * parser might take for numbers, times or booleans are quoted, so the collector reads what was checked here.
 */
export function writeDocument(document: YamlMap): string {
  const rendered = new Document(document, { version: "1.2", aliasDuplicateObjects: false });
  if (isMap(rendered.contents)) {
    visit(rendered.contents, { Map: (_, node) => void node.items.sort((a, b) => compare(keyOf(a), keyOf(b))) });
    rendered.contents.items.sort((a, b) => rank(keyOf(a)) - rank(keyOf(b)));
  }
  visit(rendered, {
    Scalar: (_, node) => {
      quote(node);
    },
  });
  return rendered.toString({ lineWidth: 0 });
}

function quote(node: Scalar): void {
  const { value } = node;
  if (typeof value !== "string") return;
  const plain = /^[A-Za-z/$][A-Za-z0-9_./${}:-]*$/.test(value) && !value.endsWith(":") && !RESERVED.test(value);
  node.type = plain ? "PLAIN" : /^[\x20-\x7e]+(\n[\x20-\x7e]+)+\n?$/.test(value) ? "BLOCK_LITERAL" : "QUOTE_DOUBLE";
}

function keyOf(pair: { key: unknown }): string {
  return isScalar(pair.key) ? String(pair.key.value) : "";
}

function rank(key: string): number {
  const place = SECTIONS.indexOf(key);
  return place === -1 ? SECTIONS.length : place;
}

/** By code unit and not by language, so that every machine gives the same text. */
function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
