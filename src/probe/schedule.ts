/*
 * When what is probed. Pure: times are milliseconds of a monotonic clock, given as arguments.
 */

/**
 * The next regular time of a target that was started last at `startedAt`: on its phase, and at least half an interval later,
 * so that a probe out of turn shifts nothing and isn't followed at once by a regular one.
 */
export function nextDue(startedAt: number, phase: number, intervalMs: number): number {
  const earliest = startedAt + intervalMs / 2;
  return phase + Math.ceil((earliest - phase) / intervalMs) * intervalMs;
}

/** Something with a time at which it is due; `place` is the queue's own. */
export interface Due {
  dueAt: number;
  /** Index within the queue, -1 while in none. */
  place: number;
}

/** Items by the time at which they are due: a binary heap, in which an item can be moved and removed in logarithmic time. */
export class DueQueue<T extends Due> {
  readonly #heap: T[] = [];

  /** The item that is due first. */
  peek(): T | undefined {
    return this.#heap[0];
  }

  /** Adds `item`, or moves it where it is in the queue already. */
  put(item: T, dueAt: number): void {
    item.dueAt = dueAt;
    if (item.place < 0) item.place = this.#heap.push(item) - 1;
    this.#settle(item);
  }

  /** Takes `item` out; nothing happens where it isn't in. */
  remove(item: T): void {
    const { place } = item;
    if (place < 0) return;
    const last = this.#heap.pop();
    item.place = -1;
    if (last === undefined || last === item) return;
    this.#heap[place] = last;
    last.place = place;
    this.#settle(last);
  }

  #settle(item: T): void {
    let at = item.place;
    for (let up = (at - 1) >> 1; at > 0 && this.#before(item, up); up = (at - 1) >> 1) {
      this.#move(up, at);
      at = up;
    }
    for (;;) {
      const left = 2 * at + 1;
      const right = left + 1;
      const smaller = right < this.#heap.length && this.#dueAt(right) < this.#dueAt(left) ? right : left;
      if (smaller >= this.#heap.length || this.#dueAt(smaller) >= item.dueAt) break;
      this.#move(smaller, at);
      at = smaller;
    }
    this.#heap[at] = item;
    item.place = at;
  }

  #before(item: T, place: number): boolean {
    return item.dueAt < this.#dueAt(place);
  }

  #dueAt(place: number): number {
    return this.#heap[place]?.dueAt ?? Infinity;
  }

  #move(from: number, to: number): void {
    const item = this.#heap[from];
    if (item === undefined) return;
    this.#heap[to] = item;
    item.place = to;
  }
}
