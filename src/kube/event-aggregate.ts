/** Which object an event is about. */
export interface ObjectReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
}

/** An Event's type of core/v1: a matter of course, or something for a person to look at. */
export type EventType = "Normal" | "Warning";

/** Something worth telling a person, as it was recorded. */
export interface Occurrence {
  readonly involved: ObjectReference;
  readonly type: EventType;
  readonly reason: string;
  readonly message: string;
  /** Wall clock, epoch milliseconds. */
  readonly at: number;
}

/** What has been told already under one key: the next occurrence only raises its count. */
export interface ToldEvent {
  /** Of the Event object. */
  readonly name: string;
  readonly firstAt: number;
  readonly count: number;
}

/** Occurrences that differ in time alone are one event with a count. */
export function aggregationKey({ involved, type, reason, message }: Occurrence): string {
  return JSON.stringify([involved.kind, involved.namespace, involved.name, involved.uid, type, reason, message]);
}

/** The object's own budget of events, whatever their reasons: client-go counts by source and object likewise. */
export function budgetKey({ involved }: Occurrence): string {
  return JSON.stringify([involved.kind, involved.namespace, involved.name, involved.uid]);
}

/** What is left of an object's budget. */
export interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

/**
 * Events about one object at once. client-go grants 25 and one more in five minutes, which is meant for an object that speaks
 * for itself; a KmAgent speaks for a fleet, and the third node that fails in a bad hour must not go untold. API servers keep
 * events for an hour: 820 of them at most, by one object.
 */
export const BURST = 100;
/** How long it takes until one more event is granted. */
export const REFILL_MS = 5_000;

/** Takes a token at the monotonic time `now`; undefined where there is none left. */
export function takeToken(bucket: Bucket | undefined, now: number): Bucket | undefined {
  const tokens = bucket ? Math.min(BURST, bucket.tokens + (now - bucket.at) / REFILL_MS) : BURST;
  return tokens < 1 ? undefined : { tokens: tokens - 1, at: now };
}

/** Cuts a message to `maxBytes` of UTF-8 (the API server refuses more than 1024), never within a character. */
export function fitMessage(message: string, maxBytes = 1024): string {
  const bytes = Buffer.from(message);
  if (bytes.length <= maxBytes) return message;
  let end = maxBytes - 3;
  // A byte 10xxxxxx goes on with a character that began before it.
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return `${bytes.subarray(0, end).toString("utf8")}…`;
}

/** A map that holds `capacity` entries, those used last. */
export class RecentMap<V> {
  readonly #capacity: number;
  readonly #entries = new Map<string, V>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): V | undefined {
    return this.#entries.get(key);
  }

  set(key: string, value: V): void {
    this.#entries.delete(key);
    this.#entries.set(key, value);
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > this.#capacity && oldest !== undefined) this.#entries.delete(oldest);
  }

  delete(key: string): void {
    this.#entries.delete(key);
  }

  get size(): number {
    return this.#entries.size;
  }
}
