import { KmError } from "../api/errors.ts";

const NEWLINE = 0x0a;

/**
 * Cuts a stream of bytes into lines. Bytes, not text, are joined, so that a character that two chunks share comes out
 * whole; a line's text is decoded once, from memory of its own, so that no line keeps a whole chunk alive.
 *
 * Throws `TooLarge` as soon as one line passes `maxBytes`, before more of it is held.
 */
export class LineSplitter {
  readonly #maxBytes: number;
  #parts: Uint8Array[] = [];
  #held = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Bytes of a line whose end hasn't come yet. */
  get held(): number {
    return this.#held;
  }

  /** Takes a chunk and gives the lines that it ends, without their newlines; empty lines are left out. */
  *push(chunk: Uint8Array): Generator<string, void, void> {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(NEWLINE, start);
      if (end === -1) break;
      const line = this.#take(chunk.subarray(start, end));
      start = end + 1;
      if (line !== "") yield line;
    }
    if (start < chunk.length) this.#keep(chunk.subarray(start));
  }

  #take(last: Uint8Array): string {
    this.#bound(last.length);
    const bytes = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last], this.#held + last.length);
    this.#parts = [];
    this.#held = 0;
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8").trim();
  }

  #keep(rest: Uint8Array): void {
    this.#bound(rest.length);
    this.#parts.push(rest);
    this.#held += rest.length;
  }

  #bound(more: number): void {
    if (this.#held + more > this.#maxBytes) {
      throw new KmError("TooLarge", `a line of the watch is longer than ${this.#maxBytes} bytes`);
    }
  }
}
