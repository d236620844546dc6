import type { ProbeObservation } from "../health/observation.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { createAttempt } from "./attempt.ts";
import type { Attempt, AttemptFunction, Endpoint, ProbeClock } from "./attempt.ts";
import { differs, observe } from "./observe.ts";
import type { Counted } from "./observe.ts";
import { DueQueue, nextDue, phaseOf } from "./schedule.ts";
import type { Due } from "./schedule.ts";

/** A pod to be probed. One without an address (`ip` empty) is left out until it has one. */
export interface ProbeTarget extends Endpoint {
  readonly node: string;
  readonly podUid: string;
  /** How often it is probed, where that isn't the interval of its KmAgent. */
  readonly everyMs?: number;
}

/** How often a pod is probed, and how long one probe may take. */
interface ProbeSettings {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Misses in a row that matter: reaching them is news, going on is none. */
  readonly failureThreshold: number;
}

/** A finished probe. `changed` is false where it only confirms the one before. */
export interface ProbeResult {
  /** The key that the target was given under. */
  readonly key: string;
  readonly node: string;
  readonly observation: ProbeObservation;
  readonly changed: boolean;
}

/** What a prober is made of. */
export interface ProberOptions {
  readonly clock: ProbeClock;
  readonly onResult: (result: ProbeResult) => void;
  readonly signal: AbortSignal;
  readonly metrics: Metrics;
  /** Probes under way at once. Half of them at most go to pods that gave no answer last time. */
  readonly concurrency?: number;
  /** Another way to ask, for tests. */
  readonly attempt?: AttemptFunction;
}

/**
 * Probes the collectors of many KmAgents, each under a key of its own.
 *
 * Guarantees: a new pod is probed at once, then once per interval at a time that is always the same for its pod; no pod twice at the same
 * time; never more than `concurrency` at once; pods that don't answer can't hold up those that do.
 */
export interface Prober {
  /** Makes `targets` the pods of `key`; what was known of those that stay, stays. */
  setTargets(key: string, targets: readonly ProbeTarget[], settings: ProbeSettings): void;
  /** Probes a pod out of turn, for it changed; at most four times a second. */
  nudge(key: string, podUid: string): void;
  /** Forgets `key` and ends its probes. */
  clear(key: string): void;
  /** The newest observation of each pod of `key` by UID: a live view, to be read within one pass. */
  snapshot(key: string): ReadonlyMap<string, ProbeObservation>;
  /** Ends everything. The same as aborting the signal. */
  stop(): void;
}

/** Least time between the starts of two probes of a pod. */
const NUDGE_GAP_MS = 250;
/** After a fault of our own side, the same probe is tried again so much later. */
const RETRY_MS = 1_000;

interface Group {
  readonly key: string;
  readonly targets: Map<string, Target>;
  readonly observations: Map<string, ProbeObservation>;
  settings: ProbeSettings;
}

interface Target extends Due {
  readonly group: Group;
  /** Position within the interval, from 0 to 1. */
  readonly phase: number;
  where: ProbeTarget;
  startedAt: number;
  /** Set while its probe is under way. */
  flight: AbortController | null;
  /** Whether it is to be probed again as soon as the one under way is done. */
  again: boolean;
  /** Whether it gave no answer at all last time. */
  silent: boolean;
  counted: Counted | undefined;
}

/** Makes a prober; it probes as soon as it has targets, and until `signal` aborts. */
export function createProber(options: ProberOptions): Prober {
  const { clock, metrics, signal, concurrency = 64 } = options;
  const attempt = options.attempt ?? createAttempt(clock);
  const groups = new Map<string, Group>();
  const answering = new DueQueue<Target>();
  const silent = new DueQueue<Target>();
  let inFlight = 0;
  let silentInFlight = 0;
  let cancelTimer: (() => void) | null = null;
  let wakeAt = Infinity;
  let stopped = signal.aborted;

  const queueOf = (target: Target) => (target.silent ? silent : answering);

  /** The target to start now, if any: the one that is due longest, of a lane that has room. */
  const candidates = () => {
    if (inFlight >= concurrency) return undefined;
    const first = answering.peek();
    const other = silentInFlight < Math.max(1, concurrency / 2) ? silent.peek() : undefined;
    if (first === undefined || other === undefined) return first ?? other;
    return other.dueAt < first.dueAt ? other : first;
  };

  const pump = () => {
    if (stopped) return;
    for (let next = candidates(); next !== undefined; next = candidates()) {
      if (next.dueAt > clock.now()) {
        wake(next.dueAt);
        return;
      }
      start(next);
    }
  };

  const wake = (at: number) => {
    if (cancelTimer !== null && wakeAt <= at) return;
    cancelTimer?.();
    wakeAt = at;
    cancelTimer = clock.after(Math.max(0, at - clock.now()), () => {
      cancelTimer = null;
      wakeAt = Infinity;
      pump();
    });
  };

  const start = (target: Target) => {
    queueOf(target).remove(target);
    const flight = new AbortController();
    const wasSilent = target.silent;
    target.flight = flight;
    target.startedAt = clock.now();
    inFlight++;
    if (wasSilent) silentInFlight++;
    void attempt(target.where, target.group.settings.timeoutMs, flight.signal).then((seen) => {
      inFlight--;
      if (wasSilent) silentInFlight--;
      if (!flight.signal.aborted) finish(target, seen);
      pump();
    });
  };

  const finish = (target: Target, seen: Attempt) => {
    const { group, where } = target;
    const latencyMs = clock.now() - target.startedAt;
    target.flight = null;
    if ("ours" in seen) {
      metrics.add("kmagent_probes_total", { outcome: "discarded" });
      queueOf(target).put(target, clock.now() + RETRY_MS);
      return;
    }
    const { outcome } = seen;
    metrics.add("kmagent_probes_total", { outcome: outcome.kind });
    if (outcome.kind === "ok" || outcome.kind === "status")
      metrics.observe("kmagent_probe_duration_seconds", latencyMs / 1000);
    const before = target.counted;
    target.counted = observe(
      before,
      where.podUid,
      { outcome, at: clock.wallNow(), latencyMs, startedAt: target.startedAt },
      paceOf(target),
    );
    target.silent = outcome.kind === "timeout" || outcome.kind === "unreachable";
    const { observation } = target.counted;
    group.observations.set(where.podUid, observation);
    reschedule(target);
    options.onResult({
      key: group.key,
      node: where.node,
      observation,
      changed: differs(before?.observation, observation, group.settings.failureThreshold),
    });
  };

  const reschedule = (target: Target) => {
    const intervalMs = paceOf(target);
    const regular = nextDue(target.startedAt, target.phase * intervalMs, intervalMs);
    queueOf(target).put(target, target.again ? Math.min(regular, target.startedAt + NUDGE_GAP_MS) : regular);
    target.again = false;
  };

  const drop = (target: Target) => {
    queueOf(target).remove(target);
    target.flight?.abort();
    target.flight = null;
    target.group.targets.delete(target.where.podUid);
    target.group.observations.delete(target.where.podUid);
  };

  const soon = (target: Target) => {
    if (target.flight !== null) target.again = true;
    else queueOf(target).put(target, Math.min(target.dueAt, Math.max(clock.now(), target.startedAt + NUDGE_GAP_MS)));
  };

  const setTargets: Prober["setTargets"] = (key, targets, settings) => {
    if (stopped) return;
    const group: Group = groups.get(key) ?? { key, targets: new Map(), observations: new Map(), settings };
    groups.set(key, group);
    const wanted = new Set<string>();
    for (const where of targets) {
      if (where.ip === "") continue;
      wanted.add(where.podUid);
      const known = group.targets.get(where.podUid);
      if (known === undefined) {
        const target = newTarget(group, where);
        group.targets.set(where.podUid, target);
        answering.put(target, clock.now());
      } else if (known.where.ip !== where.ip || known.where.port !== where.port) {
        known.where = where;
        known.flight?.abort();
        known.flight = null;
        soon(known);
      } else if (known.where.everyMs !== where.everyMs) {
        known.where = where;
        if (known.counted && known.flight === null) reschedule(known);
      }
    }
    for (const target of group.targets.values()) if (!wanted.has(target.where.podUid)) drop(target);
    const changed = group.settings.intervalMs !== settings.intervalMs;
    group.settings = settings;
    if (changed)
      for (const target of group.targets.values()) if (target.counted && target.flight === null) reschedule(target);
    pump();
  };

  const clear = (key: string) => {
    const group = groups.get(key);
    if (group === undefined) return;
    for (const target of [...group.targets.values()]) drop(target);
    groups.delete(key);
  };

  const stop = () => {
    stopped = true;
    cancelTimer?.();
    cancelTimer = null;
    for (const key of [...groups.keys()]) clear(key);
  };
  signal.addEventListener("abort", stop, { once: true });

  return {
    setTargets,
    nudge: (key, podUid) => {
      const target = groups.get(key)?.targets.get(podUid);
      if (target === undefined || stopped) return;
      soon(target);
      pump();
    },
    clear,
    snapshot: (key) => groups.get(key)?.observations ?? NOTHING,
    stop,
  };
}

const NOTHING: ReadonlyMap<string, ProbeObservation> = new Map();

/** How often a target is probed. */
const paceOf = ({ where, group }: Target): number => where.everyMs ?? group.settings.intervalMs;

const newTarget = (group: Group, where: ProbeTarget): Target => ({
  group,
  where,
  phase: phaseOf(`${group.key}/${where.node}`, 1),
  startedAt: -Infinity,
  flight: null,
  again: false,
  silent: false,
  counted: undefined,
  dueAt: Infinity,
  place: -1,
});
