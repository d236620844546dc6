import { CHOMPING_MODE, COLLECTION_STYLE, EVENT_ID, SCALAR_STYLE } from "js-yaml";
import type { Event, MappingEvent, ScalarEvent } from "js-yaml";
import { isPlainKey } from "./plain-scalar.ts";

/*
 * Where parsers of YAML part ways: the one that is used here, the collector's (go-yaml) and the library `yaml`, which the tests ask
 * for a second opinion. Each function looks at one place of a text and says what is wrong there, or nothing. Most of these places were
 * found by random texts that all three read; those that only the collector's parser refuses altogether aren't among them.
 */

/** Longest key, as far as its colon, that the collector's parser finds. */
export const MAX_KEY = 1_024;

/**
 * What YAML doesn't allow, such as control characters, and what its versions take for the end of a line or not: U+0085, U+2028,
 * U+2029, a carriage return by itself. With such a one a comment of one parser goes on as the document of another.
 */
const ODD_CHARACTER =
  /[^\t\n\r -~\u{a0}-\u{2027}\u{202a}-\u{d7ff}\u{e000}-\u{fefe}\u{ff00}-\u{fffd}\u{10000}-\u{10ffff}]|\r(?!\n)/u;

const BYTE_ORDER_MARK = "\ufeff";

/** A text without the mark of the byte order at its start. */
export function withoutMark(text: string): string {
  return text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text;
}

/** What is wrong with the characters of a text; undefined where nothing is. */
export function characterProblem(given: string): string | undefined {
  const text = withoutMark(given);
  if (text !== given && /^[ \t]/.test(text)) {
    return "starts with a byte order mark and spaces, whose width parsers read differently; remove them";
  }
  const index = text.search(ODD_CHARACTER);
  if (index < 0) return undefined;
  return `has a character at ${placeOf(text, index)} that YAML parsers refuse or read differently; write it as an escape in double quotes`;
}

/**
 * What is wrong before and after a document whose top begins at `start`: directives, which the library passes over where it
 * doesn't know them, and the end of a document that isn't there. `---` is fine, and so is one `...` at the end.
 */
export function frameProblem(text: string, start: number): string | undefined {
  const before = text.slice(0, start).match(/^[ \t]*(?:%|[.]{3}|[ \t]---).*/gm) ?? [];
  if (before.some((line) => !/^%YAML[ \t]+1[.]2[ \t\r]*$/.test(line))) {
    return "must be YAML 1.2 without other directives; remove what stands before the first section";
  }
  const ends = text.match(/^[.]{3}(?=\s|$)/gm) ?? [];
  return ends.length > 1 ? "holds more than one end of a document; remove all after the first" : undefined;
}

/**
 * What is wrong with the tabs of a document whose top is `top`. The collector's parser takes none that indent, but for lines within
 * `[]` and `{}`, as JSON has them. In a block of text they are its content.
 */
export function tabProblem(text: string, events: readonly Event[], top: MappingEvent): string | undefined {
  const until = top.style === COLLECTION_STYLE.FLOW ? top.start + 1 : text.length;
  let next = 0;
  for (const { index } of text.slice(0, until).matchAll(/^ *\t/gm)) {
    while (next < events.length && !isBlockBeyond(events[next], index)) next++;
    const block = events[next];
    if (block?.type === EVENT_ID.SCALAR && block.valueStart <= index) continue;
    return `has a tab in the indentation at ${placeOf(text, index)}; use spaces`;
  }
  return undefined;
}

/** What is wrong with a scalar that reads as `value`, within `[]` or `{}` where `isFlow` says so. */
export function scalarProblem(text: string, event: ScalarEvent, value: string, isFlow: boolean): string | undefined {
  if (isFlow && event.style === SCALAR_STYLE.PLAIN) {
    const problem = flowProblem(text, event, value);
    if (problem !== undefined) return problem;
  }
  // A text on one line without escapes has nothing of what follows.
  if (event.fast) return undefined;
  if (isBlock(event)) return blockProblem(text, event, value);
  const source = text.slice(event.valueStart, event.valueEnd);
  if (/\n *\t/.test(source)) return "has a line that starts with a tab; use spaces";
  return event.style === SCALAR_STYLE.DOUBLE_QUOTED ? escapeProblem(source, value) : undefined;
}

/**
 * What is wrong with a value without quotes that stands below its key or dash, outside of `[]` and `{}`. Below a comment that is
 * less indented the library `yaml` takes the lines that follow, and what they hold, for a part of it.
 */
export function commentProblem(text: string, { valueStart }: ScalarEvent): string | undefined {
  let index = valueStart - 1;
  while (text[index] === " ") index--;
  if (text[index] !== "\n") return undefined;
  const above = text.slice(0, index).trimEnd();
  if (!/^[ \t]*#/.test(above.slice(above.lastIndexOf("\n") + 1))) return undefined;
  return "stands below a comment, where parsers read differently how far it goes; put it behind its key";
}

/**
 * What is wrong with a key, which is the first of its map or not. In a map that isn't within `[]` or `{}` the library takes a key
 * that follows an item of a list on its line.
 */
export function keyProblem(
  text: string,
  event: ScalarEvent,
  key: string,
  { isFlow, isFirst }: { readonly isFlow: boolean; readonly isFirst: boolean },
): string | undefined {
  const quote = event.style === SCALAR_STYLE.SINGLE_QUOTED || event.style === SCALAR_STYLE.DOUBLE_QUOTED ? 1 : 0;
  const start = event.valueStart - quote;
  if (text.slice(start, event.valueEnd).includes("\n")) return "is a key on several lines; put it on one";
  if (!isFlow) {
    const before = text.slice(text.lastIndexOf("\n", start - 1) + 1, start);
    if (before.includes("\t")) return "is a key after a tab; use spaces";
    if (!isFirst && !/^ *[?]? *$/.test(before)) return "is a key that must start a line of its own";
  }
  let end = event.valueEnd + quote;
  while (text[end] === " " || text[end] === "\t") end++;
  if (end - start > MAX_KEY) return `is a key of more than ${MAX_KEY} characters`;
  if (isFlow && !isColonPlain(text, end, quote > 0)) {
    return "is a key whose colon parsers find in different places; put the colon behind the key, and a space behind the colon";
  }
  if (event.style === SCALAR_STYLE.PLAIN && !isPlainKey(key)) {
    return "is a key that the collector reads as a number, time or word in another spelling; quote it";
  }
  return undefined;
}

/** Line and column of an offset, as people count them. */
export function placeOf(text: string, offset: number): string {
  const before = text.slice(0, offset).split("\n");
  return `line ${before.length}, column ${(before.at(-1) ?? "").length + 1}`;
}

function flowProblem(text: string, { valueEnd }: ScalarEvent, value: string): string | undefined {
  if (value.startsWith("?") || value.startsWith(":")) {
    return "starts with ? or :, which parsers read differently within [] and {}; quote it";
  }
  const after = text[valueEnd];
  const isLast = after === "\n" || after === "\r";
  if (!isLast || !/^\r?\n#/.test(text.slice(valueEnd, valueEnd + 3))) return undefined;
  return "is followed by a comment that isn't indented, which parsers read differently; indent it";
}

/** Parsers differ where a block of text ends without the end of a line, or in lines of spaces that are deeper than the text. */
function blockProblem(text: string, event: ScalarEvent, value: string): string | undefined {
  const { valueStart, valueEnd, chomping } = event;
  if (valueEnd === text.length && !text.endsWith("\n") && chomping !== CHOMPING_MODE.STRIP) {
    return "is a block of text whose last line isn't ended; end the document with a line break";
  }
  if (!/(?:^|\n) +\n*$/.test(value)) return undefined;
  const header = text.slice(text.lastIndexOf("\n", valueStart - 2) + 1, valueStart);
  return /[|>][-+]?[1-9]/.test(header) ? "is a block of text that ends in a line of spaces; remove them" : undefined;
}

function escapeProblem(source: string, value: string): string | undefined {
  if (!value.isWellFormed()) return "has an escape that is no character";
  // Escapes are read one by one only where one of those is to be expected.
  if (!/\\[U\r\n]/.test(source)) return undefined;
  for (const [escape, wide] of source.matchAll(/\\(?:U([0-9a-fA-F]{8})|\r?\n[ \t]*\r?\n|[^])/g)) {
    if (wide !== undefined && parseInt(wide, 16) > 0x10ffff) return "has an escape that is no character";
    if (wide === undefined && escape.length > 2) {
      return "has an empty line after an escaped end of line, which parsers read differently; write \\n";
    }
  }
  return undefined;
}

/** Whether what follows a key within `[]` or `{}` is its colon, or ends the entry, for every parser. */
function isColonPlain(text: string, end: number, isQuoted: boolean): boolean {
  if (text[end] !== ":") return /[,\]}]/.test(text[end] ?? "");
  return isQuoted || /\s/.test(text[end + 1] ?? "");
}

/** Whether an event is a block of text that ends behind an offset. */
function isBlockBeyond(event: Event | undefined, offset: number): boolean {
  return event?.type === EVENT_ID.SCALAR && isBlock(event) && event.valueEnd > offset;
}

function isBlock({ style }: ScalarEvent): boolean {
  return style === SCALAR_STYLE.LITERAL_BLOCK || style === SCALAR_STYLE.FOLDED_BLOCK;
}
