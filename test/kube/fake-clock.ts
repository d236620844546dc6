import type { Clock } from "../../src/api/clock.ts";

interface Timer {
  readonly at: number;
  readonly act: () => void;
}

/** A clock that stands still until a test moves it. */
export class FakeClock implements Clock {
  #now = 1_000_000;
  readonly #timers = new Set<Timer>();

  now(): number {
    return this.#now;
  }

  /** 2026-01-01 plus what has passed on this clock. */
  wallNow(): number {
    return Date.UTC(2026, 0, 1) + this.#now;
  }

  after(ms: number, act: () => void): () => void {
    const timer = { at: this.#now + ms, act };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Moves on by `ms` and lets every timer act that has come due, in order, each at its own time. */
  advance(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.act();
    }
    this.#now = end;
  }

  /** Moves on by `ms` while nothing of this process runs, as a SIGSTOP does: due timers act only afterwards. */
  freeze(ms: number): void {
    this.#now += ms;
  }

  /** When the next timer is due; undefined where there is none. */
  get nextDue(): number | undefined {
    return [...this.#timers].map(({ at }) => at).sort((a, b) => a - b)[0];
  }

  get timers(): number {
    return this.#timers.size;
  }
}
