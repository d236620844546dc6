import type { Clock } from "../api/clock.ts";
import { milliseconds } from "../api/duration.ts";
import { codeOf } from "../api/errors.ts";
import { API_VERSION } from "../api/labels.ts";
import type { NodeHealth } from "../health/node-health.ts";
import type { KubeClient } from "../kube/client.ts";
import type { Writer } from "../kube/apply.ts";
import type { EventRecorder } from "../kube/events.ts";
import type { Reporter } from "../platform/reporter.ts";
import type { CounterReader } from "../probe/counter-reader.ts";
import type { Prober } from "../probe/prober.ts";
import type { Log } from "../telemetry/log.ts";
import type { SecretMask } from "../telemetry/mask.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { awaitedNodes } from "./awaited-nodes.ts";
import { hasSpec } from "./configuration.ts";
import { counterTargets } from "./counter-targets.ts";
import { passResult } from "./error-policy.ts";
import { execute } from "./execute.ts";
import type { Outcome } from "./execute.ts";
import { exposeFleet, forgetFleet } from "./exposition.ts";
import type { ExportWatch } from "./export-watch.ts";
import { gather } from "./gather.ts";
import type { Sources } from "./gather.ts";
import { LastWords } from "./last-words.ts";
import { lifecycleLines } from "./lifecycle-log.ts";
import { linkSettings } from "./link-settings.ts";
import { NO_MEMORY } from "./memory.ts";
import type { KmAgentMemory } from "./memory.ts";
import { passEvents } from "./outcome-events.ts";
import { outcomeLines } from "./outcome-log.ts";
import type { Plan } from "./plan.ts";
import type { KmAgentRecord } from "./project.ts";
import { probeTargets } from "./probe-targets.ts";
import type { PassResult } from "./queue.ts";
import { reconcile } from "./reconcile.ts";
import type { ReferenceWatch } from "./reference-watch.ts";
import { referencesOf } from "./references.ts";
import { remember } from "./remember.ts";
import type { RemoteInbox } from "./remote-inbox.ts";
import { RemoteLog } from "./remote-log.ts";
import { remoteReport } from "./remote-report.ts";
import type { Snapshot } from "./snapshot.ts";

/** What the controller joins. */
export interface ControllerOptions {
  readonly sources: Omit<Sources, "reference" | "probes" | "exports" | "platform" | "answers">;
  readonly client: KubeClient;
  readonly writer: Writer;
  readonly references: ReferenceWatch;
  readonly prober: Prober;
  readonly counters: CounterReader;
  readonly exports: ExportWatch;
  readonly reporter: Reporter;
  /** Answers of the platform that wait for a pass. */
  readonly inbox: RemoteInbox;
  readonly events: EventRecorder;
  readonly metrics: Metrics;
  readonly mask: SecretMask;
  readonly log: Log;
  readonly clock: Clock;
  readonly allNodeMetrics: boolean;
  /** Asks for another pass over a key after `afterMs` at the latest. */
  readonly again: (key: string, afterMs: number) => void;
}

/** Words that come in together are judged in one pass, milliseconds. */
const GATHERED_MS = 100;

/** What is kept of a KmAgent: its memory, and who it was, for when it is gone. */
interface Known {
  readonly uid: string;
  readonly memory: KmAgentMemory;
}

/** Runs passes: gather, decide, write, remember, tell. It holds the memory and decides nothing. */
export class Controller {
  readonly #options: ControllerOptions;
  readonly #sources: Sources;
  readonly #known = new Map<string, Known>();
  readonly #lastWords: LastWords;
  readonly #remoteLog: RemoteLog;

  constructor(options: ControllerOptions) {
    this.#options = options;
    this.#lastWords = new LastWords({
      client: options.client,
      onWords: (key) => options.again(key, GATHERED_MS),
      onFailure: (kmagent, pod, error) => options.log.debug({ kmagent, pod, err: error }, "last words not read"),
    });
    this.#remoteLog = new RemoteLog(options.log, options.metrics);
    this.#sources = {
      ...options.sources,
      reference: (reference) => options.references.read(reference),
      probes: (uid) => options.prober.snapshot(uid),
      exports: (uid) => options.exports.of(uid),
      platform: (uid) => options.reporter.state(uid),
      answers: (uid) => options.inbox.of(uid),
    };
  }

  /** Every node's truth, for `/nodes`. How fast a collector answers starts no pass, so that is the prober's newest word. */
  *nodes(): Generator<NodeHealth & { readonly kmagent: string }> {
    for (const [kmagent, { uid, memory }] of this.#known) {
      const probes = this.#options.prober.snapshot(uid);
      for (const node of memory.health?.values() ?? []) {
        const probe = probes.get(node.podUid);
        const latencyMs = node.latencyMs !== null && probe?.outcome.kind === "ok" ? probe.latencyMs : node.latencyMs;
        yield { kmagent, ...node, latencyMs };
      }
    }
  }

  /** One pass over the KmAgent `key` (`namespace/name`). Never throws. */
  async pass(key: string, signal: AbortSignal): Promise<PassResult> {
    const { metrics, clock, log } = this.#options;
    const began = clock.now();
    try {
      const result = await this.#pass(key, signal);
      metrics.add("kmagent_operator_reconciles_total", { code: result.kind === "failed" ? result.code : "ok" });
      return result;
    } catch (error) {
      metrics.add("kmagent_operator_reconciles_total", { code: codeOf(error) });
      log.error({ kmagent: key, err: error }, "pass failed");
      return { kind: "failed", code: codeOf(error) };
    } finally {
      metrics.observe("kmagent_operator_reconcile_duration_seconds", (clock.now() - began) / 1_000);
    }
  }

  async #pass(key: string, signal: AbortSignal): Promise<PassResult> {
    const { clock, mask, events, writer, references } = this.#options;
    const { kmagents } = this.#sources.caches;
    references.follow([...kmagents.values()].flatMap((other) => (hasSpec(other) ? referencesOf(other) : [])));
    const kmagent = kmagents.get(key);
    const before = this.#known.get(key);
    if (before && before.uid !== kmagent?.uid) this.#forget(key, before.uid);
    if (!kmagent) return { kind: "done" };

    const memory = before?.uid === kmagent.uid ? before.memory : NO_MEMORY;
    const snapshot = gather(kmagent, { ...memory, lastWords: this.#lastWords.of(key) }, this.#sources);
    this.#maskSecrets(snapshot);
    const now = clock.wallNow();
    const plan = reconcile(snapshot, now, (text) => mask.mask(text));
    // Before the writes: neither the platform nor the next probe waits for an API server that is slow to take them.
    this.#follow(kmagent, snapshot, plan);
    this.#lastWords.listen(key, snapshot.pods, signal);
    const outcomes = await execute(plan.writes, kmagent, writer, signal);
    for (const { type, reason, message } of passEvents(plan, outcomes)) {
      const { name, namespace, uid, resourceVersion } = kmagent;
      events.record(
        { apiVersion: API_VERSION, kind: "KmAgent", name, namespace, uid, resourceVersion },
        type,
        reason,
        mask.mask(message),
      );
    }
    if (plan.fleet) this.#tellFailedPods(snapshot);
    this.#known.set(key, { uid: kmagent.uid, memory: remember(snapshot.memory, plan, outcomes, clock.wallNow()) });
    if (plan.remote !== null) this.#options.inbox.drop(kmagent.uid, snapshot.answers);
    this.#remoteLog.tell(kmagent, snapshot.answers, plan);
    if (plan.fleet) this.#logLifecycle(kmagent, snapshot, plan.fleet.nodes);
    this.#logOutcomes(kmagent, outcomes, plan);
    return this.#result(plan, outcomes, now);
  }

  #maskSecrets({ kmagent, references }: Snapshot): void {
    const values = references.flatMap(({ reference, found }) =>
      reference.kind === "Secret" && found.kind === "found" ? [found.text] : [],
    );
    this.#options.mask.set(kmagent.uid, values);
  }

  /** Tells prober, platform and metrics what this pass found. */
  #follow(kmagent: KmAgentRecord, snapshot: Snapshot, plan: Plan): void {
    const { prober, counters, exports, reporter, metrics, allNodeMetrics } = this.#options;
    if (!hasSpec(kmagent)) {
      // Without a spec nothing can be judged, and what was judged before is no truth to be told on and on.
      prober.clear(kmagent.uid);
      counters.clear(kmagent.uid);
      exports.forget(kmagent.uid);
      reporter.forget(kmagent.uid);
      return;
    }
    const { health } = kmagent.spec;
    const intervalMs = milliseconds(health.interval);
    const awaited = awaitedNodes(plan.status.rollout, intervalMs);
    prober.setTargets(kmagent.uid, probeTargets(snapshot.nodes, awaited), {
      intervalMs,
      timeoutMs: milliseconds(health.timeout),
      failureThreshold: health.failureThreshold,
    });
    const read = counterTargets(snapshot.nodes, plan.fleet?.nodes ?? [], { awaited, intervalMs });
    exports.keep(kmagent.uid, new Set(read.map(({ podUid }) => podUid)));
    counters.setTargets(kmagent.uid, read, milliseconds(health.timeout));
    if (!plan.fleet) return;
    reporter.configure(kmagent.uid, linkSettings(kmagent, snapshot.references));
    reporter.update(kmagent.uid, {
      nodes: plan.fleet.nodes,
      cluster: {
        logsEnabled: kmagent.spec.config.features.logs,
        ...remoteReport(plan.remoteOutcome, (text) => this.#options.mask.mask(text)),
        image: plan.status.versions?.nodeAgentImage ?? "",
      },
    });
    exposeFleet(metrics, kmagent, plan.fleet, plan.status, allNodeMetrics);
  }

  /** What failed while this pass was under way is told of by the next one. */
  #tellFailedPods({ nodes }: Snapshot): void {
    for (const { name, failedPod } of nodes) if (failedPod) this.#sources.failedPods.tell(name, failedPod.pod.uid);
  }

  /** Takes every fleet's series away: from now on, another process speaks for them. */
  leave(): void {
    for (const key of this.#known.keys()) forgetFleet(this.#options.metrics, key);
    this.#known.clear();
  }

  #forget(key: string, uid: string): void {
    const { prober, counters, exports, reporter, inbox, mask, metrics, log } = this.#options;
    prober.clear(uid);
    counters.clear(uid);
    exports.forget(uid);
    reporter.remove(uid);
    inbox.forget(uid);
    this.#remoteLog.forget(uid);
    mask.delete(uid);
    forgetFleet(metrics, key);
    this.#lastWords.forget(key);
    this.#known.delete(key);
    log.info({ kmagent: key }, "KmAgent is gone");
  }

  #logLifecycle({ key }: KmAgentRecord, { memory }: Snapshot, nodes: readonly NodeHealth[]): void {
    const { log, mask } = this.#options;
    for (const { level, message, node, error } of lifecycleLines(memory.health, nodes)) {
      log[level]({ kmagent: key, node, ...(error !== "" && { error: mask.mask(error) }) }, mask.mask(message));
    }
  }

  #logOutcomes({ key }: KmAgentRecord, outcomes: readonly Outcome[], { statusEvents }: Plan): void {
    for (const { level, fields, message } of outcomes.flatMap((outcome) => outcomeLines(outcome, statusEvents))) {
      this.#options.log[level]({ kmagent: key, ...fields }, message);
    }
  }

  #result(plan: Plan, outcomes: readonly Outcome[], now: number): PassResult {
    const errors = outcomes.flatMap((outcome) => (outcome.kind === "failed" ? [outcome.error] : []));
    if (errors.length > 0) return passResult(errors);
    // Written objects come back by the watch; what was refused or is foreign is told in a status of its own right away.
    if (
      outcomes.some(({ kind }) => kind === "left" || kind === "foreign" || kind === "refused" || kind === "podTried")
    ) {
      return { kind: "again", afterMs: 0 };
    }
    return plan.nextAt === null ? { kind: "done" } : { kind: "again", afterMs: Math.max(0, plan.nextAt - now) };
  }
}
