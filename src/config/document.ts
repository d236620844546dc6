import { COLLECTION_STYLE, EVENT_ID, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException } from "js-yaml";
import type { Event, MappingEvent, ScalarEvent, SequenceEvent } from "js-yaml";
import { BOUND } from "../api/bounds.ts";
import {
  characterProblem,
  commentProblem,
  frameProblem,
  keyProblem,
  MAX_KEY,
  placeOf,
  scalarProblem,
  tabProblem,
  withoutMark,
} from "./dialects.ts";
import { MAX_FINDINGS } from "./finding.ts";
import type { Finding } from "./finding.ts";
import { plainValue } from "./plain-scalar.ts";
import { isMap, pathOf } from "./yaml-value.ts";
import type { YamlMap, YamlValue } from "./yaml-value.ts";

/** Longest document, in bytes of UTF-8; the platform's and the spec's bound alike. */
export const MAX_BYTES = BOUND.configuration;
/** Deepest nesting; real configurations stay below 12. */
export const MAX_DEPTH = 32;
/**
 * Most characters that part keys and values; a document of the longest size that people write has 20,000. It bounds what the
 * library makes of a text, before it is asked.
 */
const MAX_MARKS = 100_000;
const MARK = /[,:[{\n]/g;
const TOO_DEEP = `is nested deeper than ${MAX_DEPTH} levels`;
/** A text in double quotes that is JSON too. */
const JSON_TEXT = /^"(?:[^\\\t\n]|\\["\\/bfnrtu])*"$/;

/** Outcome of reading a document. */
export type Reading =
  { readonly ok: true; readonly document: YamlMap } | { readonly ok: false; readonly findings: readonly Finding[] };

/**
 * Reads one YAML 1.2 document strictly: a map, without aliases, anchors, tags, duplicate or complex keys, bounded in size and
 * depth. Refused too is what YAML 1.2 and the collector's own parser read differently (`0750`, `1_000`, `<<`), since a check is
 * worth nothing where the two see different documents. Whole numbers stay whole: `1.048576e+06` becomes 1048576.
 */
export function readDocument(given: string): Reading {
  if (byteLength(given) > MAX_BYTES) {
    return refused("size", `is longer than ${MAX_BYTES} bytes`);
  }
  const problem = characterProblem(given);
  if (problem !== undefined) return refused("yaml", problem);
  const text = withoutMark(given);
  if (text.length - text.replace(MARK, "").length > MAX_MARKS) {
    return refused("size", `has more than ${MAX_MARKS} line breaks, commas, colons and opening brackets`);
  }
  let events: Event[];
  try {
    // The library counts what a collection holds, and looks for a key in each value: two levels more.
    events = parseEvents(text, { maxDepth: MAX_DEPTH + 2 });
  } catch (error) {
    return syntaxError(text, error);
  }
  return convert(text, events);
}

/** How far the values have been read: the steps to where it stands, which are spelled out only where something is wrong. */
interface Walk {
  readonly text: string;
  readonly events: readonly Event[];
  /** Index of the event that comes next. */
  next: number;
  /** Whether it stands within `[]` or `{}`. */
  isFlow: boolean;
  readonly path: (string | number)[];
  readonly findings: Finding[];
}

function convert(text: string, events: readonly Event[]): Reading {
  // The first event is the document's own, and the last one its end.
  const top = events[1];
  if (!top) return refused("yaml", "is empty; a collector needs receivers, exporters and a service section");
  const walk: Walk = { text, events, next: 1, isFlow: false, path: [], findings: [] };
  if (top.type === EVENT_ID.MAPPING) {
    complain(walk, "yaml", frameProblem(text, top.start));
    complain(walk, "yaml", tabProblem(text, events, top));
  }
  const value = valueOf(walk);
  if (walk.next < events.length - 1) {
    return refused("yaml", "holds more than one YAML document; remove all after the first");
  }
  if (walk.findings.length > 0) return { ok: false, findings: walk.findings };
  if (!isMap(value)) return refused("yaml", "must be a map with sections such as receivers and service");
  return { ok: true, document: value };
}

/** Reads the node that comes next; the walk then stands behind it. */
function valueOf(walk: Walk): YamlValue {
  const event = walk.events[walk.next++];
  if (event?.type === EVENT_ID.SCALAR) return scalarOf(event, walk);
  if (event?.type !== EVENT_ID.SEQUENCE && event?.type !== EVENT_ID.MAPPING) {
    return report(walk, "yaml-alias", "is an alias; write the value itself");
  }
  if (walk.path.length === MAX_DEPTH) {
    skipRest(walk);
    return report(walk, "depth", TOO_DEEP);
  }
  refuseMarks(event, walk);
  const { isFlow } = walk;
  walk.isFlow = event.style === COLLECTION_STYLE.FLOW;
  const value = event.type === EVENT_ID.SEQUENCE ? listOf(walk) : mapOf(walk);
  walk.isFlow = isFlow;
  return value;
}

function listOf(walk: Walk): YamlValue {
  const items: YamlValue[] = [];
  while (!isAtEnd(walk)) {
    walk.path.push(items.length);
    items.push(valueOf(walk));
    walk.path.pop();
  }
  return items;
}

function mapOf(walk: Walk): YamlValue {
  const entries = new Map<string, YamlValue>();
  for (let isFirst = true; !isAtEnd(walk); isFirst = false) {
    const event = walk.events[walk.next];
    skip(walk);
    const key = event?.type === EVENT_ID.SCALAR ? keyOf(event, walk) : undefined;
    if (event?.type !== EVENT_ID.SCALAR || key === undefined) {
      report(walk, "yaml-key", "has a key that isn't a plain word; merge keys and complex keys aren't allowed");
      skip(walk);
      continue;
    }
    walk.path.push(key);
    refuseMarks(event, walk);
    complain(walk, "yaml-key", keyProblem(walk.text, event, key, { isFlow: walk.isFlow, isFirst }));
    complain(walk, "yaml", scalarProblem(walk.text, event, key, walk.isFlow));
    if (entries.has(key)) report(walk, "yaml-key", "stands here twice; remove one");
    entries.set(key, valueOf(walk));
    walk.path.pop();
  }
  return Object.fromEntries(entries);
}

/** Whether the list or map that is being read ends here; the walk then stands behind its end. */
function isAtEnd(walk: Walk): boolean {
  if (walk.events[walk.next]?.type !== EVENT_ID.POP) return false;
  walk.next++;
  return true;
}

/** Passes over a node, whatever it is. */
function skip(walk: Walk): void {
  const type = walk.events[walk.next++]?.type;
  if (type === EVENT_ID.SEQUENCE || type === EVENT_ID.MAPPING) skipRest(walk);
}

/** Passes over what is left of a list or map. */
function skipRest(walk: Walk): void {
  for (let open = 1; open > 0; walk.next++) {
    const type = walk.events[walk.next]?.type;
    if (type === EVENT_ID.POP) open--;
    else if (type === EVENT_ID.SEQUENCE || type === EVENT_ID.MAPPING) open++;
  }
}

function scalarOf(event: ScalarEvent, walk: Walk): YamlValue {
  refuseMarks(event, walk);
  const text = textOf(event, walk.text);
  complain(walk, "yaml", scalarProblem(walk.text, event, text, walk.isFlow));
  if (event.style !== SCALAR_STYLE.PLAIN) return text;
  if (!walk.isFlow) complain(walk, "yaml", commentProblem(walk.text, event));
  const value = plainValue(text);
  if (value !== undefined) return value;
  return report(
    walk,
    "yaml-number",
    "is a number or time that YAML 1.1 and 1.2 read differently; quote it, or write it in decimal",
  );
}

/**
 * A key such as `200` or `true` as text, for the collector, too, takes keys as text; undefined where it is none, is a merge key, or
 * is too long to be shown.
 */
function keyOf(event: ScalarEvent, walk: Walk): string | undefined {
  const text = textOf(event, walk.text);
  const isNull = event.style === SCALAR_STYLE.PLAIN && plainValue(text) === null;
  return isNull || text === "<<" || text.length > MAX_KEY ? undefined : text;
}

/** The library decodes double quotes by the character; that of JSON, which is the same for most texts, takes a fraction of the time. */
function textOf(event: ScalarEvent, text: string): string {
  if (event.fast || event.style !== SCALAR_STYLE.DOUBLE_QUOTED) return getScalarValue(text, event);
  const quoted = text.slice(event.valueStart - 1, event.valueEnd + 1);
  const read: unknown = JSON_TEXT.test(quoted) ? JSON.parse(quoted) : undefined;
  return typeof read === "string" ? read : getScalarValue(text, event);
}

function refuseMarks({ anchorStart, tagStart }: ScalarEvent | SequenceEvent | MappingEvent, walk: Walk): void {
  if (anchorStart >= 0) report(walk, "yaml-alias", "has an anchor; remove it");
  if (tagStart >= 0) report(walk, "yaml-tag", "has a tag; remove it");
}

function complain(walk: Walk, rule: string, problem: string | undefined): void {
  if (problem !== undefined) report(walk, rule, problem);
}

/** Notes what is wrong where the walk stands; in the place of its value stands nothing. */
function report({ path, findings }: Walk, rule: string, message: string): null {
  if (findings.length < MAX_FINDINGS) findings.push({ rule, path: pathOf(path), message });
  return null;
}

function syntaxError(text: string, error: unknown): Reading {
  if (!(error instanceof YAMLException)) return refused("yaml", "isn't valid YAML 1.2");
  if (error.reason.startsWith("nesting exceeded")) return refused("depth", TOO_DEEP);
  const place = error.mark ? ` at ${placeOf(text, error.mark.position)}` : "";
  // A reason may quote the document after a colon or in quotes.
  return refused("yaml", `isn't valid YAML 1.2: ${error.reason.replace(/(?:: | ").*$/s, "")}${place}`);
}

/** Bytes of a text in UTF-8, counted here because the core has no I/O library. */
function byteLength(text: string): number {
  return text.length > MAX_BYTES ? text.length : new TextEncoder().encode(text).length;
}

/** What is wrong with the document as a whole. */
function refused(rule: string, message: string): Reading {
  return { ok: false, findings: [{ rule, path: "", message }] };
}
