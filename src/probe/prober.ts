import type { Clock } from "../api/clock.ts";
import type { ProbeObservation } from "../health/observation.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { createAttempt } from "./attempt.ts";
import type { Attempt, AttemptFunction } from "./attempt.ts";
import { differs, observe } from "./observe.ts";
import type { Counted } from "./observe.ts";
import { nextDue } from "./schedule.ts";
import { Lane, newTarget, TargetPool } from "./target-pool.ts";
import type { PodEndpoint, Target } from "./target-pool.ts";

/** A pod to be probed. One without an address (`ip` empty) is left out until it has one. */
export interface ProbeTarget extends PodEndpoint {
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
  readonly clock: Clock;
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

interface Probed extends Target<ProbeTarget> {
  settings: ProbeSettings;
  /** Whether it is to be probed again as soon as the one under way is done. */
  again: boolean;
  /** Whether it gave no answer at all last time. */
  silent: boolean;
  counted: Counted | undefined;
}

/** Makes a prober; it probes as soon as it has targets, and until `signal` aborts. */
export function createProber(options: ProberOptions): Prober {
  return new CollectorProber(options);
}

class CollectorProber implements Prober {
  readonly #options: ProberOptions;
  readonly #pool: TargetPool<ProbeTarget, Probed, Attempt>;
  readonly #observations = new Map<string, Map<string, ProbeObservation>>();

  constructor(options: ProberOptions) {
    const { clock, signal, concurrency = 64 } = options;
    const attempt = options.attempt ?? createAttempt(clock);
    const answering = new Lane<Probed>({ concurrency });
    const silent = new Lane<Probed>({ concurrency: Math.max(1, concurrency / 2) });
    this.#options = options;
    this.#pool = new TargetPool<ProbeTarget, Probed, Attempt>({
      clock,
      signal,
      lanes: [answering, silent],
      concurrency,
      laneOf: (target) => (target.silent ? silent : answering),
      ask: ({ where, settings }, flight) => attempt(where, settings.timeoutMs, flight),
      onAnswer: (target, seen) => this.#finish(target, seen),
    });
    signal.addEventListener("abort", () => this.stop(), { once: true });
  }

  setTargets(key: string, targets: readonly ProbeTarget[], settings: ProbeSettings): void {
    this.#pool.sync(
      key,
      targets.filter(({ ip }) => ip !== ""),
      (where) => ({ ...newTarget(key, where), settings, again: false, silent: false, counted: undefined }),
      (known, where) => this.#change(known, where, settings),
    );
    const staying = this.#pool.of(key);
    const observations = this.#observations.get(key);
    for (const podUid of observations?.keys() ?? []) if (!staying.has(podUid)) observations?.delete(podUid);
  }

  nudge(key: string, podUid: string): void {
    const target = this.#pool.of(key).get(podUid);
    if (target === undefined) return;
    this.#soon(target);
    this.#pool.pump();
  }

  clear(key: string): void {
    this.#pool.clear(key);
    this.#observations.delete(key);
  }

  snapshot(key: string): ReadonlyMap<string, ProbeObservation> {
    return this.#observations.get(key) ?? NOTHING;
  }

  stop(): void {
    this.#pool.stop();
    this.#observations.clear();
  }

  #change(target: Probed, where: ProbeTarget, settings: ProbeSettings): void {
    const { ip, port } = target.where;
    const pace = paceOf(target);
    target.where = where;
    target.settings = settings;
    if (ip !== where.ip || port !== where.port) {
      this.#pool.callOff(target);
      this.#soon(target);
    } else if (paceOf(target) !== pace && target.counted !== undefined && target.flight === null) {
      this.#reschedule(target);
    }
  }

  #finish(target: Probed, seen: Attempt): void {
    const { clock, metrics, onResult } = this.#options;
    const { key, where, settings, startedAt } = target;
    const latencyMs = clock.now() - startedAt;
    if ("ours" in seen) {
      metrics.add("kmagent_probes_total", { outcome: "discarded" });
      this.#pool.put(target, clock.now() + RETRY_MS);
      return;
    }
    const { outcome } = seen;
    metrics.add("kmagent_probes_total", { outcome: outcome.kind });
    if (outcome.kind === "ok" || outcome.kind === "status")
      metrics.observe("kmagent_probe_duration_seconds", latencyMs / 1000);
    const before = target.counted;
    const result = { outcome, at: clock.wallNow(), latencyMs, startedAt };
    target.counted = observe(before, where.podUid, result, paceOf(target));
    target.silent = outcome.kind === "timeout" || outcome.kind === "unreachable";
    const { observation } = target.counted;
    this.#keep(key, observation);
    this.#reschedule(target);
    const changed = differs(before?.observation, observation, settings.failureThreshold);
    onResult({ key, node: where.node, observation, changed });
  }

  #keep(key: string, observation: ProbeObservation): void {
    const known = this.#observations.get(key) ?? new Map<string, ProbeObservation>();
    this.#observations.set(key, known.set(observation.podUid, observation));
  }

  #reschedule(target: Probed): void {
    const { startedAt, phase, again } = target;
    const intervalMs = paceOf(target);
    const regular = nextDue(startedAt, phase * intervalMs, intervalMs);
    this.#pool.put(target, again ? Math.min(regular, startedAt + NUDGE_GAP_MS) : regular);
    target.again = false;
  }

  #soon(target: Probed): void {
    const earliest = Math.max(this.#options.clock.now(), target.startedAt + NUDGE_GAP_MS);
    if (target.flight !== null) target.again = true;
    else this.#pool.put(target, Math.min(target.dueAt, earliest));
  }
}

const NOTHING: ReadonlyMap<string, ProbeObservation> = new Map();

/** How often a target is probed, milliseconds. */
const paceOf = ({ where, settings }: Probed): number => where.everyMs ?? settings.intervalMs;
