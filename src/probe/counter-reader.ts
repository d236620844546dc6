import { codeOf } from "../api/errors.ts";
import type { CounterReading } from "../health/counter-reading.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import type { Endpoint, ProbeClock } from "./attempt.ts";
import type { CollectorCounters } from "./collector-counters.ts";
import { readCollectorMetrics } from "./collector-metrics.ts";
import type { ReadLimits } from "./collector-metrics.ts";
import { DueQueue, nextDue, phaseOf } from "./schedule.ts";
import type { Due } from "./schedule.ts";

/** A pod whose collector's counters are to be read. */
export interface CounterTarget extends Endpoint {
  readonly node: string;
  readonly podUid: string;
  /** How often. */
  readonly everyMs: number;
  /** Whether somebody waits for it, a rollout for instance: then it is read in time, whatever the others' number. */
  readonly awaited: boolean;
}

/** Who takes the readings. */
export interface CounterReaderOptions {
  readonly clock: ProbeClock;
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

interface Group {
  readonly key: string;
  readonly targets: Map<string, Target>;
  timeoutMs: number;
}

interface Target extends Due {
  readonly group: Group;
  /** Position within its interval, from 0 to 1. */
  readonly phase: number;
  where: CounterTarget;
  startedAt: number;
  flight: AbortController | null;
}

/** One line of pods by the time at which they are due, with room for so many readings at once and a pause between two starts. */
interface Lane {
  readonly due: DueQueue<Target>;
  readonly gapMs: number;
  underWay: number;
  freeAt: number;
}

const lane = (gapMs: number): Lane => ({ due: new DueQueue(), gapMs, underWay: 0, freeAt: -Infinity });

/** Makes a reader; it reads as soon as it has targets, and until `signal` aborts. */
export function createCounterReader(options: CounterReaderOptions): CounterReader {
  const { clock, metrics, signal } = options;
  const read = options.read ?? readCollectorMetrics;
  const groups = new Map<string, Group>();
  const awaited = lane(0);
  const rotation = lane(1_000 / RATE);
  let cancelTimer: (() => void) | null = null;
  let stopped = signal.aborted;

  const laneOf = ({ where }: Target) => (where.awaited ? awaited : rotation);

  /** Starts what is due, and sleeps until something else will be. A lane that is full goes on when a reading ends. */
  const pump = () => {
    cancelTimer?.();
    cancelTimer = null;
    if (stopped) return;
    let wakeAt = Infinity;
    for (const each of [awaited, rotation]) {
      for (;;) {
        const next = each.due.peek();
        if (next === undefined || each.underWay >= CONCURRENCY) break;
        const at = Math.max(next.dueAt, each.freeAt);
        if (at > clock.now()) {
          wakeAt = Math.min(wakeAt, at);
          break;
        }
        void start(next, each);
      }
    }
    if (Number.isFinite(wakeAt)) cancelTimer = clock.after(Math.max(1, wakeAt - clock.now()), pump);
  };

  const start = async (target: Target, from: Lane) => {
    from.due.remove(target);
    from.underWay++;
    from.freeAt = clock.now() + from.gapMs;
    const flight = new AbortController();
    target.flight = flight;
    target.startedAt = clock.now();
    const { group, where } = target;
    const reading = await readOne(where, group.timeoutMs, flight.signal);
    from.underWay--;
    if (!flight.signal.aborted) {
      target.flight = null;
      const soon = options.onReading(group.key, where.podUid, reading);
      schedule(target, soon);
    }
    pump();
  };

  const readOne = async (where: Endpoint, timeoutMs: number, ended: AbortSignal): Promise<CounterReading | null> => {
    try {
      const { uptimeSeconds, received, exporters } = await read(where, { timeoutMs, maxBytes: MAX_BYTES }, ended);
      metrics.add("kmagent_counter_readings_total", { code: "ok" });
      const at = clock.wallNow();
      return { at, startedAt: uptimeSeconds === null ? null : at - uptimeSeconds * 1_000, received, exporters };
    } catch (error) {
      if (!ended.aborted) metrics.add("kmagent_counter_readings_total", { code: codeOf(error) });
      return null;
    }
  };

  const schedule = (target: Target, soon: boolean) => {
    const { everyMs } = target.where;
    const regular = nextDue(target.startedAt, target.phase * everyMs, everyMs);
    laneOf(target).due.put(target, soon ? Math.min(regular, target.startedAt + SOON_MS) : regular);
  };

  const drop = (target: Target) => {
    laneOf(target).due.remove(target);
    target.flight?.abort();
    target.flight = null;
    target.group.targets.delete(target.where.podUid);
  };

  /** A target that is asked for more often is read by its new pace at once; a slower one after the reading that is due. */
  const change = (target: Target, where: CounterTarget) => {
    const { dueAt } = target;
    if (target.flight === null) laneOf(target).due.remove(target);
    target.where = where;
    if (target.flight === null) laneOf(target).due.put(target, Math.min(dueAt, target.startedAt + where.everyMs));
  };

  const clear = (key: string) => {
    const group = groups.get(key);
    if (group === undefined) return;
    for (const target of [...group.targets.values()]) drop(target);
    groups.delete(key);
  };

  const stop = () => {
    stopped = true;
    for (const key of [...groups.keys()]) clear(key);
    pump();
  };
  signal.addEventListener("abort", stop, { once: true });

  return {
    setTargets: (key, targets, timeoutMs) => {
      if (stopped) return;
      const group: Group = groups.get(key) ?? { key, targets: new Map(), timeoutMs };
      groups.set(key, group);
      group.timeoutMs = timeoutMs;
      const wanted = new Map(targets.map((target) => [target.podUid, target]));
      for (const target of [...group.targets.values()]) if (!wanted.has(target.where.podUid)) drop(target);
      for (const where of wanted.values()) {
        const known = group.targets.get(where.podUid);
        if (known === undefined) {
          const target = newTarget(group, where);
          group.targets.set(where.podUid, target);
          laneOf(target).due.put(target, clock.now());
        } else if (!isSame(known.where, where)) {
          change(known, where);
        }
      }
      pump();
    },
    clear,
    stop,
  };
}

function newTarget(group: Group, where: CounterTarget): Target {
  const phase = phaseOf(`${group.key}/${where.node}`, 1);
  return { group, where, phase, startedAt: -Infinity, flight: null, dueAt: Infinity, place: -1 };
}

function isSame(a: CounterTarget, b: CounterTarget): boolean {
  return a.ip === b.ip && a.port === b.port && a.everyMs === b.everyMs && a.awaited === b.awaited;
}
