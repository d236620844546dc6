import type { Clock } from "../api/clock.ts";
import type { ErrorCode } from "../api/errors.ts";

/** How long a key waits after its n-th failure in a row (1, 2, …). */
export type Backoff = (failures: number) => number;

/** What one pass asks for: nothing, another pass after some milliseconds, or one after a backoff because it failed. */
export type PassResult =
  | { readonly kind: "done" }
  | { readonly kind: "again"; readonly afterMs: number }
  | { readonly kind: "failed"; readonly code: ErrorCode; readonly notBeforeMs?: number };

interface Entry {
  dueAt: number | null;
  running: boolean;
  failures: number;
  /** Nothing runs before this, however often the key is added: the backoff. */
  notBefore: number;
}

/**
 * A queue of keys: one pass per key at a time, any number of additions in between become one pass, and the earliest wish
 * wins. A change doesn't cut a failing key's backoff short, so that a storm of events can't become a storm of writes.
 *
 * `pass` must not throw: it answers with a `PassResult`. `stop` lets running passes end and starts no new ones.
 */
export class Queue {
  readonly #entries = new Map<string, Entry>();
  readonly #pass: (key: string) => Promise<PassResult>;
  readonly #clock: Pick<Clock, "now" | "after">;
  readonly #backoff: Backoff;
  readonly #running = new Set<Promise<void>>();
  #cancelTimer: (() => void) | null = null;
  #stopped = false;

  constructor(pass: (key: string) => Promise<PassResult>, clock: Pick<Clock, "now" | "after">, backoff: Backoff) {
    this.#pass = pass;
    this.#clock = clock;
    this.#backoff = backoff;
  }

  /** Keys that wait or run. */
  get depth(): number {
    let depth = 0;
    for (const entry of this.#entries.values()) if (entry.running || entry.dueAt !== null) depth++;
    return depth;
  }

  /** Wishes a pass for `key` after `afterMs` at the latest. */
  add(key: string, afterMs = 0): void {
    if (this.#stopped) return;
    const entry = this.#entry(key);
    const wish = Math.max(this.#clock.now() + afterMs, entry.notBefore);
    entry.dueAt = entry.dueAt === null ? wish : Math.min(entry.dueAt, wish);
    this.#arm();
  }

  /** Starts no further pass and waits for those that run. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelTimer?.();
    await Promise.all(this.#running);
  }

  #entry(key: string): Entry {
    const known = this.#entries.get(key);
    if (known) return known;
    const fresh: Entry = { dueAt: null, running: false, failures: 0, notBefore: 0 };
    this.#entries.set(key, fresh);
    return fresh;
  }

  #arm(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    if (this.#stopped) return;
    let earliest = Number.POSITIVE_INFINITY;
    for (const entry of this.#entries.values()) {
      if (!entry.running && entry.dueAt !== null) earliest = Math.min(earliest, entry.dueAt);
    }
    if (earliest === Number.POSITIVE_INFINITY) return;
    this.#cancelTimer = this.#clock.after(Math.max(0, earliest - this.#clock.now()), () => this.#start());
  }

  #start(): void {
    const now = this.#clock.now();
    for (const [key, entry] of this.#entries) {
      if (entry.running || entry.dueAt === null || entry.dueAt > now) continue;
      entry.dueAt = null;
      entry.running = true;
      const run = this.#pass(key).then((result) => this.#finish(key, entry, result));
      this.#running.add(run);
      void run.finally(() => this.#running.delete(run));
    }
    this.#arm();
  }

  #finish(key: string, entry: Entry, result: PassResult): void {
    entry.running = false;
    switch (result.kind) {
      case "done":
      case "again":
        entry.failures = 0;
        entry.notBefore = 0;
        if (result.kind === "again") this.add(key, result.afterMs);
        else if (entry.dueAt === null) this.#entries.delete(key);
        break;
      case "failed": {
        entry.failures++;
        const wait = Math.max(this.#backoff(entry.failures), result.notBeforeMs ?? 0);
        entry.notBefore = this.#clock.now() + wait;
        if (entry.dueAt !== null) entry.dueAt = Math.max(entry.dueAt, entry.notBefore);
        this.add(key, wait);
        break;
      }
      default:
        result satisfies never;
    }
    this.#arm();
  }
}

/**
 * Equal jitter: between half of and the whole exponential step, from 250 ms up to 10 s. No longer: what nodes do is told by the same
 * passes whose writes fail.
 */
export function jitteredBackoff(random: () => number): Backoff {
  return (failures) => {
    const step = Math.min(10_000, 250 * 2 ** Math.min(failures - 1, 20));
    return step / 2 + (random() * step) / 2;
  };
}
