import type { Clock } from "../api/clock.ts";
import { KmError, asKmError } from "../api/errors.ts";
import { timestamp } from "../api/time.ts";
import { MERGE_PATCH } from "./client.ts";
import type { KubeClient } from "./client.ts";
import { slept } from "./clock.ts";
import { RecentMap, aggregationKey, budgetKey, fitMessage, takeToken } from "./event-aggregate.ts";
import type { Bucket, EventType, ObjectReference, Occurrence, ToldEvent } from "./event-aggregate.ts";
import { EVENTS, resourcePath } from "./resource.ts";
import type { KubeObject } from "./resource.ts";

export type { ObjectReference } from "./event-aggregate.ts";

const TIMEOUT_MS = 5_000;
const MAX_QUEUED = 200;
const MAX_REMEMBERED = 1_000;
const MAX_TRIES = 4;

/** Why an event was not written: too many for its object, too many waiting, or the API server wouldn't take it. */
export type DropReason = "rate" | "queue" | "failed";

/** Who reports events, where to, and who hears of those that were dropped. */
export interface EventRecorderOptions {
  readonly client: Pick<KubeClient, "request">;
  /** As for every write: throws where we may not write any more. */
  readonly fence: () => void;
  /** Who reports: `source.component`, and the process that did. */
  readonly component: string;
  readonly instance: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly onDropped?: (why: DropReason, reason: string, error?: KmError) => void;
}

/** Tells people of what happened, by Events of the API server. */
export interface EventRecorder {
  /** Takes note and returns at once; what can't be written is dropped and never holds anything up. */
  record(involved: ObjectReference, type: EventType, reason: string, message: string): void;
  /** Settles when everything recorded so far has been written or dropped. */
  flush(): Promise<void>;
}

/** The reference by which an event names an object. */
export function objectReference({ apiVersion, kind, metadata }: KubeObject): ObjectReference {
  const { namespace, name, uid, resourceVersion } = metadata;
  return {
    apiVersion,
    kind,
    name,
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  };
}

/**
 * Writes core/v1 Events. The same thing said again raises the count of the one event; an object that has much to say is
 * held to a budget; memory is bounded in every direction.
 */
export function createEventRecorder(options: EventRecorderOptions, signal: AbortSignal): EventRecorder {
  return new Recorder(options, signal);
}

class Recorder implements EventRecorder {
  readonly #options: EventRecorderOptions;
  readonly #signal: AbortSignal;
  readonly #told = new RecentMap<ToldEvent>(MAX_REMEMBERED);
  readonly #buckets = new RecentMap<Bucket>(MAX_REMEMBERED);
  readonly #queue: Occurrence[] = [];
  #busy = false;
  #wake: () => void = () => undefined;
  #idle: ReturnType<typeof Promise.withResolvers<null>> | undefined;

  constructor(options: EventRecorderOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    // It ends with the signal, and `flush` waits for what is under way.
    void this.#run();
  }

  record(involved: ObjectReference, type: EventType, reason: string, message: string): void {
    const { clock, onDropped } = this.#options;
    const occurrence: Occurrence = { involved, type, reason, message: fitMessage(message), at: clock.wallNow() };
    const key = budgetKey(occurrence);
    const bucket = takeToken(this.#buckets.get(key), clock.now());
    if (!bucket || this.#signal.aborted || this.#queue.length >= MAX_QUEUED) {
      onDropped?.(bucket ? "queue" : "rate", reason);
      return;
    }
    this.#buckets.set(key, bucket);
    this.#queue.push(occurrence);
    this.#wake();
  }

  async flush(): Promise<void> {
    if (this.#queue.length === 0 && !this.#busy) return;
    this.#idle ??= Promise.withResolvers<null>();
    await this.#idle.promise;
  }

  async #run(): Promise<void> {
    this.#signal.addEventListener("abort", () => this.#wake(), { once: true });
    while (!this.#signal.aborted) {
      const next = this.#queue.shift();
      if (next) {
        this.#busy = true;
        await this.#deliver(next);
        this.#busy = false;
        continue;
      }
      this.#settleIdle();
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    for (const { reason } of this.#queue.splice(0)) this.#options.onDropped?.("queue", reason);
    this.#settleIdle();
  }

  #settleIdle(): void {
    this.#idle?.resolve(null);
    this.#idle = undefined;
  }

  async #deliver(occurrence: Occurrence): Promise<void> {
    const { clock, random, onDropped } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#tell(occurrence);
        return;
      } catch (error) {
        const failure = asKmError(error, "event");
        const hopeful = failure.code === "Unavailable" || failure.code === "Throttled" || failure.code === "Timeout";
        const wait = Math.max(failure.retryAfterMs ?? 0, random() * 1000 * 2 ** attempt);
        if (!hopeful || attempt === MAX_TRIES || !(await slept(clock, wait, this.#signal))) {
          onDropped?.("failed", occurrence.reason, failure);
          return;
        }
      }
    }
  }

  async #tell(occurrence: Occurrence): Promise<void> {
    const key = aggregationKey(occurrence);
    const told = this.#told.get(key);
    if (told) {
      const count = told.count + 1;
      try {
        await this.#send("PATCH", told.name, occurrence, { count, lastTimestamp: timestamp(occurrence.at) });
        this.#told.set(key, { ...told, count });
        return;
      } catch (error) {
        if (!(error instanceof KmError) || error.code !== "NotFound") throw error;
        // The server keeps events for an hour: this one starts anew.
        this.#told.delete(key);
      }
    }
    const fresh: ToldEvent = { name: this.#nameOf(occurrence), firstAt: occurrence.at, count: 1 };
    await this.#send("POST", undefined, occurrence, this.#eventOf(occurrence, fresh));
    this.#told.set(key, fresh);
  }

  async #send(
    method: "POST" | "PATCH",
    name: string | undefined,
    { involved }: Occurrence,
    body: unknown,
  ): Promise<void> {
    const { client, fence } = this.#options;
    const path = resourcePath(EVENTS, involved.namespace ?? "default", name);
    const contentType = method === "PATCH" ? MERGE_PATCH : "application/json";
    await client.request(
      { method, path, body, contentType, timeoutMs: TIMEOUT_MS, retries: 0, beforeSend: fence },
      this.#signal,
    );
  }

  #eventOf({ involved, type, reason, message, at }: Occurrence, { name, count }: ToldEvent): KubeObject {
    const { component, instance } = this.#options;
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name, namespace: involved.namespace ?? "default" },
      involvedObject: involved,
      type,
      reason,
      message,
      count,
      firstTimestamp: timestamp(at),
      lastTimestamp: timestamp(at),
      source: { component },
      reportingComponent: component,
      reportingInstance: instance,
    };
  }

  /** As client-go names events: the object's name and something that nobody else will choose. */
  #nameOf({ involved, at }: Occurrence): string {
    const unique =
      at.toString(16) +
      Math.floor(this.#options.random() * 0x1000000)
        .toString(16)
        .padStart(6, "0");
    return `${involved.name.slice(0, 252 - unique.length)}.${unique}`;
  }
}
