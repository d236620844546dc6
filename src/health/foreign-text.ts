/** Text of containers and responses never takes more room than this, in bytes of UTF-8. */
export const FOREIGN_TEXT_BYTES = 1_024;

/** Longer input isn't even read: kubelet's termination messages end at 4 KiB, and nobody reads more. */
const READ_CHARACTERS = 4_096;

/** Colours and cursor movements that programs write to terminals: CSI and OSC sequences. */
const ESCAPE_SEQUENCES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?)/g;
/** Control characters but for the newline, and those that turn the direction of text or hide it. */
const CONTROLS =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]+/g;
/** Whether a text needs any of this; most don't. */
const PLAIN = /^[\u0020-\u007e]*$/;

/** How foreign text is cut and laid out. */
export interface ForeignTextLayout {
  /** Bytes of UTF-8 at most. */
  readonly bytes: number;
  /** Which end survives a cut: the last words of a log matter most, the first ones of a sentence. */
  readonly keep: "head" | "tail";
  /** One line, for conditions and events, or the lines as they are, for the platform. */
  readonly lines: "one" | "many";
}

/**
 * Makes text of a container or a response fit to be shown: secrets masked (by `mask`, which knows their values), control
 * characters replaced by spaces, well-formed Unicode. Masked first, so that no later cut leaves half a secret, and again
 * after cleaning, for a control character inside would have hidden the secret from the first look. Of overlong text the end
 * named by `keep` is read.
 */
export function cleanForeignText(text: string, mask: (text: string) => string, keep: "head" | "tail"): string {
  const masked = mask(text);
  const read = cut(masked, READ_CHARACTERS, keep);
  return PLAIN.test(read) ? read : mask(clean(read));
}

/** Lays cleaned text out within its bounds. */
export function layOut(cleaned: string, { bytes, keep, lines }: ForeignTextLayout): string {
  const near = cut(cleaned.trim(), bytes * 4, keep);
  const laidOut = lines === "one" ? near.replace(/\s+/g, " ") : near.replace(/ +\n/g, "\n").replace(/\n{3,}/g, "\n\n");
  return cutToBytes(laidOut.trim(), bytes, keep);
}

function clean(text: string): string {
  return text.toWellFormed().replace(ESCAPE_SEQUENCES, "").replace(/\r\n?/g, "\n").replace(CONTROLS, " ");
}

function cut(text: string, characters: number, keep: "head" | "tail"): string {
  if (text.length <= characters) return text;
  return keep === "head" ? text.slice(0, characters) : text.slice(-characters);
}

/** Cuts at a character's border so that no more than `bytes` bytes of UTF-8 remain, the mark of the cut included. */
export function cutToBytes(text: string, bytes: number, keep: "head" | "tail"): string {
  if (text.length * 3 <= bytes || utf8Bytes(text) <= bytes) return text;
  const room = bytes - 3; // "…" takes three bytes
  if (room < 0) return "";
  return keep === "head" ? `${text.slice(0, headWithin(text, room))}…` : `…${text.slice(tailWithin(text, room))}`;
}

/** Cuts out of the middle: who failed stands at the beginning, and what a collector said last at the end. */
export function cutMiddle(text: string, bytes: number): string {
  if (utf8Bytes(text) <= bytes) return text;
  const head = cutToBytes(text, Math.floor(bytes / 4), "head");
  // One mark of the cut is enough.
  return head + cutToBytes(text, bytes - utf8Bytes(head) + 3, "tail").slice(1);
}

/** The index before which the text takes at most `room` bytes. */
function headWithin(text: string, room: number): number {
  let index = 0;
  for (let used = 0; index < text.length;) {
    const width = isPair(text, index) ? 2 : 1;
    used += width === 2 ? 4 : unitBytes(text.charCodeAt(index));
    if (used > room) break;
    index += width;
  }
  return index;
}

/** The index from which on the text takes at most `room` bytes. */
function tailWithin(text: string, room: number): number {
  let index = text.length;
  for (let used = 0; index > 0;) {
    const width = isPair(text, index - 2) ? 2 : 1;
    used += width === 2 ? 4 : unitBytes(text.charCodeAt(index - 1));
    if (used > room) break;
    index -= width;
  }
  return index;
}

/** Bytes of a text in UTF-8. A lone surrogate counts as the three bytes of its replacement. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let index = 0; index < text.length; index += 1) {
    if (isPair(text, index)) {
      bytes += 4;
      index += 1;
    } else bytes += unitBytes(text.charCodeAt(index));
  }
  return bytes;
}

function unitBytes(unit: number): number {
  return unit < 0x80 ? 1 : unit < 0x800 ? 2 : 3;
}

/** Whether a surrogate pair begins at the index: one character of four bytes. `charCodeAt` gives NaN outside the text. */
function isPair(text: string, index: number): boolean {
  const first = text.charCodeAt(index);
  if (!(first >= 0xd800 && first < 0xdc00)) return false;
  const second = text.charCodeAt(index + 1);
  return second >= 0xdc00 && second < 0xe000;
}
