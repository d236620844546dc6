import type { Clock } from "../api/clock.ts";
import { FIELD_MANAGER } from "../api/labels.ts";
import type { NodeHealth } from "../health/node-health.ts";
import { createWriter } from "../kube/apply.ts";
import type { KubeClient } from "../kube/client.ts";
import { createEventRecorder } from "../kube/events.ts";
import type { EventRecorder } from "../kube/events.ts";
import type { Election } from "../kube/lease.ts";
import { createReporter } from "../platform/reporter.ts";
import type { Reporter } from "../platform/reporter.ts";
import { createCounterReader } from "../probe/counter-reader.ts";
import type { CounterReader } from "../probe/counter-reader.ts";
import { createProber } from "../probe/prober.ts";
import type { Prober } from "../probe/prober.ts";
import type { Log } from "../telemetry/log.ts";
import type { SecretMask } from "../telemetry/mask.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { logAgentPods } from "./agent-pods-log.ts";
import { Controller } from "./controller.ts";
import { ExportWatch } from "./export-watch.ts";
import { watchFailedPods } from "./failed-pods.ts";
import type { Caches } from "./gather.ts";
import { jitteredBackoff, Queue } from "./queue.ts";
import { createReferenceWatch } from "./reference-watch.ts";
import type { ReferenceWatch } from "./reference-watch.ts";
import { RemoteInbox } from "./remote-inbox.ts";
import type { Installation } from "./snapshot.ts";
import { crowdMs, subscribeTriggers } from "./triggers.ts";

/** What a term is made of. */
export interface TermOptions {
  readonly client: KubeClient;
  readonly caches: Caches;
  /** The right to write, and what is left of it. */
  readonly election: Pick<Election, "isLeading" | "mustLead" | "remainingMs">;
  readonly installation: Installation;
  readonly namespace: string;
  /** Name of this process in events. */
  readonly identity: string;
  /** Secrets that may be read. */
  readonly secretNames: readonly string[];
  readonly architecture: "amd64" | "arm64";
  readonly allNodeMetrics: boolean;
  readonly clock: Clock;
  readonly random: () => number;
  readonly metrics: Metrics;
  readonly log: Log;
  readonly mask: SecretMask;
}

/** Time for the last reports and events after a stop, milliseconds; the lease is released after it. */
const FLUSH_MS = 4_000;
/** Time for the passes under way at a stop, milliseconds; then their requests are given up. */
const PASS_MS = 2_000;

/** What only the leader does, from when it is made until `close`: passes, and all that they hear of and tell. */
export class Term {
  readonly #options: TermOptions;
  readonly #end: AbortSignal;
  readonly #late = new AbortController();
  readonly #inbox = new RemoteInbox();
  readonly #exports = new ExportWatch();
  readonly #prober: Prober;
  readonly #counters: CounterReader;
  readonly #reporter: Reporter;
  readonly #events: EventRecorder;
  readonly #controller: Controller;
  readonly #queue: Queue;
  readonly #unsubscribe: () => void;

  /** `end` ends all that is under way: the lease is lost, or the process is at its end. */
  constructor(options: TermOptions, end: AbortSignal) {
    const { caches, clock, random, log } = options;
    this.#options = options;
    this.#end = end;
    this.#prober = this.#makeProber();
    this.#counters = this.#makeCounterReader();
    this.#reporter = this.#makeReporter();
    this.#events = this.#makeRecorder();
    this.#controller = this.#makeController();
    const passing = AbortSignal.any([end, this.#late.signal]);
    this.#queue = new Queue((key) => this.#controller.pass(key, passing), clock, jitteredBackoff(random));
    this.#unsubscribe = subscribeTriggers(caches, {
      add: (key, afterMs) => this.#queue.add(key, afterMs),
      podChanged: (uid, podUid) => this.#prober.nudge(uid, podUid),
    });
    logAgentPods(caches.pods, log, end);
    this.#everyone();
  }

  /** KmAgents that wait for a pass, or have one. */
  get queueDepth(): number {
    return this.#queue.depth;
  }

  /** Every node's truth, for `/nodes`. */
  nodes(): Generator<NodeHealth & { readonly kmagent: string }> {
    return this.#controller.nodes();
  }

  /** Ends in order: passes, then reports and events where the lease still allows. */
  async close(): Promise<void> {
    const { election, clock, log } = this.#options;
    // Who lost the lease speaks for nobody: the next leader tells the platform.
    const inOrder = election.isLeading();
    if (inOrder) log.info({}, "stopping");
    this.#unsubscribe();
    // A pass that waits for a silent API server must not use up the time in which the lease is given up.
    const cancel = clock.after(PASS_MS, () => this.#late.abort());
    await this.#queue.stop();
    cancel();
    this.#prober.stop();
    this.#counters.stop();
    if (inOrder) await this.#flush();
    await this.#reporter.stop();
    this.#controller.leave();
  }

  async #flush(): Promise<void> {
    const late = Promise.withResolvers<undefined>();
    const cancel = this.#options.clock.after(FLUSH_MS, () => late.resolve(undefined));
    await Promise.all([this.#reporter.flush(FLUSH_MS), Promise.race([this.#events.flush(), late.promise])]);
    cancel();
  }

  #everyone(): void {
    for (const { key } of this.#options.caches.kmagents.values()) this.#queue.add(key);
  }

  /** Asks for another pass over the KmAgent of this UID, where it is still there. */
  #again(uid: string, afterMs = 0): void {
    const kmagent = [...this.#options.caches.kmagents.values()].find((each) => each.uid === uid);
    if (kmagent !== undefined) this.#queue.add(kmagent.key, afterMs);
  }

  /** News of one of a fleet's nodes, which come in crowds. */
  #nodeChanged(uid: string): void {
    this.#again(uid, crowdMs(this.#options.caches.nodes.size));
  }

  #makeController(): Controller {
    const { client, caches, election, installation, metrics, mask, log, clock, allNodeMetrics } = this.#options;
    return new Controller({
      sources: { caches, failedPods: watchFailedPods(caches, this.#end), installation },
      client,
      writer: createWriter({
        client,
        fieldManager: FIELD_MANAGER,
        fence: () => election.mustLead(),
        remainingMs: () => election.remainingMs(),
        metrics,
      }),
      references: this.#makeReferenceWatch(),
      prober: this.#prober,
      counters: this.#counters,
      exports: this.#exports,
      reporter: this.#reporter,
      inbox: this.#inbox,
      events: this.#events,
      metrics,
      mask,
      log,
      clock,
      allNodeMetrics,
      again: (key, afterMs) => this.#queue.add(key, afterMs),
    });
  }

  #makeReferenceWatch(): ReferenceWatch {
    const { client, clock, random, namespace, secretNames, log } = this.#options;
    return createReferenceWatch(
      {
        client,
        clock,
        random,
        namespace,
        readableSecrets: secretNames,
        onChange: () => this.#everyone(),
        onFailure: (error) => log.warn({ code: error.code, reason: error.message }, "reference not read"),
      },
      this.#end,
    );
  }

  #makeProber(): Prober {
    const { clock, metrics } = this.#options;
    return createProber({
      clock,
      onResult: ({ key, changed }) => {
        if (changed) this.#nodeChanged(key);
      },
      signal: this.#end,
      metrics,
    });
  }

  #makeCounterReader(): CounterReader {
    const { clock, metrics } = this.#options;
    return createCounterReader({
      clock,
      onReading: (uid, podUid, reading) => {
        const { changed, open } = this.#exports.follow(uid, podUid, reading);
        if (changed) this.#nodeChanged(uid);
        return open;
      },
      signal: this.#end,
      metrics,
    });
  }

  #makeReporter(): Reporter {
    const { log, clock, random, metrics, installation, architecture } = this.#options;
    return createReporter({
      log,
      clock,
      random,
      metrics,
      operator: { version: installation.version, architecture },
      onStateChange: (uid) => this.#again(uid),
      onAnswer: (uid, answer) => {
        if (this.#inbox.put(uid, answer)) this.#again(uid);
      },
    });
  }

  #makeRecorder(): EventRecorder {
    const { client, election, identity, clock, random, metrics, log } = this.#options;
    return createEventRecorder(
      {
        client,
        fence: () => election.mustLead(),
        component: FIELD_MANAGER,
        instance: identity,
        clock,
        random,
        onDropped: (why, reason, error) => {
          metrics.add("kmagent_operator_events_dropped_total", {});
          log.warn({ why, reason, ...(error && { code: error.code }) }, "event dropped");
        },
      },
      this.#end,
    );
  }
}
