import type { Clock } from "../api/clock.ts";
import { codeOf } from "../api/errors.ts";
import type { CounterReading } from "../health/counter-reading.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Endpoint } from "./attempt.ts";
import type { CollectorCounters } from "./collector-counters.ts";
import { readCollectorMetrics } from "./collector-metrics.ts";
import type { ReadLimits } from "./collector-metrics.ts";
import { nextDue } from "./schedule.ts";
import { Lane, newTarget, TargetPool } from "./target-pool.ts";
import type { PodEndpoint, Target } from "./target-pool.ts";

/** A pod whose collector's counters are to be read. */
export interface CounterTarget extends PodEndpoint {
  /** How often. */
  readonly everyMs: number;
  /** Whether somebody waits for it, a rollout for instance: then it is read in time, whatever the others' number. */
  readonly awaited: boolean;
}

/** Who takes the readings. */
export interface CounterReaderOptions {
  readonly clock: Clock;
  /** `null` where the counters couldn't be read. Gives `true` for another reading soon, out of turn. */
  readonly onReading: (key: string, podUid: string, reading: CounterReading | null) => boolean;
  readonly signal: AbortSignal;
  readonly metrics: Metrics;
  /** Another way to read, for tests. */
  readonly read?: (endpoint: Endpoint, limits: ReadLimits, signal: AbortSignal) => Promise<CollectorCounters>;
}

/**
 * Reads the collectors' own counters, of the pods of many KmAgents, each under a key of its own.
 *
 * Guarantees: a new pod is read soon, then at its own pace; no pod twice at the same time; those that nobody waits for never
 * take more than `RATE` readings a second together, so a fleet of any size costs little; nothing is kept but the schedule.
 */
export interface CounterReader {
  /** Makes `targets` the pods of `key`. */
  setTargets(key: string, targets: readonly CounterTarget[], timeoutMs: number): void;
  /** Forgets `key` and ends its readings. */
  clear(key: string): void;
  /** Ends everything. The same as aborting the signal. */
  stop(): void;
}

/** Readings a second that nobody waits for: 5,000 nodes in little more than two minutes. */
const RATE = 40;
/** Readings under way at once, of those that are awaited and of the others. */
const CONCURRENCY = 16;
/** A page of a collector has some 10 KB. */
const MAX_BYTES = 1024 * 1024;
/** After this an open question is asked again, milliseconds: a little more than what waits may wait. */
const SOON_MS = 21_000;

interface Read extends Target<CounterTarget> {
  timeoutMs: number;
}

/** Makes a reader; it reads as soon as it has targets, and until `signal` aborts. */
export function createCounterReader(options: CounterReaderOptions): CounterReader {
  return new CollectorCounterReader(options);
}

class CollectorCounterReader implements CounterReader {
  readonly #options: CounterReaderOptions;
  readonly #pool: TargetPool<CounterTarget, Read, CounterReading | null>;

  constructor(options: CounterReaderOptions) {
    const { clock, signal } = options;
    const awaited = new Lane<Read>({ concurrency: CONCURRENCY });
    const rotation = new Lane<Read>({ concurrency: CONCURRENCY, gapMs: 1_000 / RATE });
    this.#options = options;
    this.#pool = new TargetPool<CounterTarget, Read, CounterReading | null>({
      clock,
      signal,
      lanes: [awaited, rotation],
      concurrency: 2 * CONCURRENCY,
      laneOf: ({ where }) => (where.awaited ? awaited : rotation),
      ask: (target, flight) => this.#read(target, flight),
      onAnswer: (target, reading) => {
        const { key, where } = target;
        this.#reschedule(target, options.onReading(key, where.podUid, reading));
      },
    });
  }

  setTargets(key: string, targets: readonly CounterTarget[], timeoutMs: number): void {
    this.#pool.sync(
      key,
      targets,
      (where) => ({ ...newTarget(key, where), timeoutMs }),
      (known, where) => {
        known.timeoutMs = timeoutMs;
        if (!isSame(known.where, where)) this.#change(known, where);
      },
    );
  }

  clear(key: string): void {
    this.#pool.clear(key);
  }

  stop(): void {
    this.#pool.stop();
  }

  async #read({ where, timeoutMs }: Read, ended: AbortSignal): Promise<CounterReading | null> {
    const { clock, metrics, read = readCollectorMetrics } = this.#options;
    try {
      const { uptimeSeconds, received, exporters } = await read(where, { timeoutMs, maxBytes: MAX_BYTES }, ended);
      metrics.add("kmagent_counter_readings_total", { code: "ok" });
      const at = clock.wallNow();
      return { at, startedAt: uptimeSeconds === null ? null : at - uptimeSeconds * 1_000, received, exporters };
    } catch (error) {
      if (!ended.aborted) metrics.add("kmagent_counter_readings_total", { code: codeOf(error) });
      return null;
    }
  }

  #reschedule(target: Read, soon: boolean): void {
    const { everyMs } = target.where;
    const regular = nextDue(target.startedAt, target.phase * everyMs, everyMs);
    this.#pool.put(target, soon ? Math.min(regular, target.startedAt + SOON_MS) : regular);
  }

  /** A target that is asked for more often is read by its new pace at once; a slower one after the reading that is due. */
  #change(target: Read, where: CounterTarget): void {
    const { dueAt, flight } = target;
    if (flight === null) this.#pool.take(target);
    target.where = where;
    if (flight === null) this.#pool.put(target, Math.min(dueAt, target.startedAt + where.everyMs));
  }
}

function isSame(a: CounterTarget, b: CounterTarget): boolean {
  return a.ip === b.ip && a.port === b.port && a.everyMs === b.everyMs && a.awaited === b.awaited;
}
