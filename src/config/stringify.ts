import { isList, isMap } from "./yaml-value.ts";
import type { YamlMap, YamlValue } from "./yaml-value.ts";

/** Sections in the order in which people read them; what isn't named here follows by the alphabet. */
const SECTIONS = ["extensions", "receivers", "processors", "connectors", "exporters", "service"];
/** Texts that no parser of any YAML version takes for something else. */
const PLAIN = /^[A-Za-z/$][A-Za-z0-9_./${}:-]*$/;
/** Words that a YAML 1.1 parser may take for something other than text. */
const RESERVED = /^(y|n|yes|no|on|off|true|false|null|nan|inf)$/i;

/**
 * The one text of a document: the same for every order of keys, so that it can be hashed and compared. Texts that a YAML 1.1
 * parser might take for numbers, times or booleans are quoted, so the collector reads what was checked here.
 */
export function writeDocument(document: YamlMap): string {
  return lines(sorted(document, rank), 0);
}

function lines(entries: readonly (readonly [string, YamlValue])[], indent: number): string {
  const margin = " ".repeat(indent);
  return entries.map(([key, value]) => `${margin}${text(key)}:${node(value, indent)}`).join("");
}

/** A value after its key, with the line's end. */
function node(value: YamlValue, indent: number): string {
  if (isMap(value)) {
    const entries = sorted(value);
    return entries.length === 0 ? " {}\n" : `\n${lines(entries, indent + 2)}`;
  }
  if (isList(value)) {
    return value.length === 0 ? " []\n" : `\n${value.map((entry) => item(entry, indent + 2)).join("")}`;
  }
  return ` ${scalar(value)}\n`;
}

/** An entry of a list: what belongs to it stands two further than its dash. */
function item(value: YamlValue, indent: number): string {
  const margin = " ".repeat(indent);
  const nested = (isMap(value) || isList(value)) && Object.keys(value).length > 0;
  if (!nested) return `${margin}-${node(value, indent)}`;
  // The first line of what is nested follows the dash in the place of its margin.
  const block = isMap(value)
    ? lines(sorted(value), indent + 2)
    : value.map((entry) => item(entry, indent + 2)).join("");
  return `${margin}- ${block.slice(indent + 2)}`;
}

function scalar(value: string | number | bigint | boolean | null): string {
  if (typeof value === "string") return text(value);
  if (typeof value !== "number" || Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? ".nan" : value > 0 ? ".inf" : "-.inf";
}

function text(value: string): string {
  if (PLAIN.test(value) && !value.endsWith(":") && !RESERVED.test(value)) return value;
  // JSON's quoting is YAML's, but for characters that YAML doesn't allow to stand by themselves.
  return JSON.stringify(value).replace(
    /[\u007f-\u009f\u2028\u2029\ufeff\ufffe\uffff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** By code unit and not by language, so that every machine gives the same text. */
function sorted(map: YamlMap, weight: (key: string) => number = () => 0): [string, YamlValue][] {
  return Object.entries(map).sort(([a], [b]) => weight(a) - weight(b) || (a < b ? -1 : 1));
}

function rank(key: string): number {
  const place = SECTIONS.indexOf(key);
  return place === -1 ? SECTIONS.length : place;
}
