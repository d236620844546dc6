import { codeOf } from "./api/errors.ts";
import { FIELD_MANAGER } from "./api/labels.ts";
import { createWriter } from "./kube/apply.ts";
import { createKubeClient } from "./kube/client.ts";
import type { KubeClient } from "./kube/client.ts";
import { systemClock } from "./kube/clock.ts";
import { createEventRecorder } from "./kube/events.ts";
import type { Kubeconfig } from "./kube/kubeconfig.ts";
import { elect } from "./kube/lease.ts";
import type { Election } from "./kube/lease.ts";
import { serverMinor } from "./kube/server-version.ts";
import { createReporter } from "./platform/reporter.ts";
import { createCounterReader } from "./probe/counter-reader.ts";
import { createProber } from "./probe/prober.ts";
import { startCaches } from "./reconcile/caches.ts";
import { watchFailedPods } from "./reconcile/failed-pods.ts";
import { Controller } from "./reconcile/controller.ts";
import { ExportWatch } from "./reconcile/export-watch.ts";
import { jitteredBackoff, Queue } from "./reconcile/queue.ts";
import { RemoteInbox } from "./reconcile/remote-inbox.ts";
import { createReferenceWatch } from "./reconcile/reference-watch.ts";
import type { Installation } from "./reconcile/snapshot.ts";
import { crowdMs, subscribeTriggers } from "./reconcile/triggers.ts";
import { nodesRoute, operatorRoutes, serveHttp } from "./telemetry/http.ts";
import type { RootLog } from "./telemetry/log.ts";
import type { SecretMask } from "./telemetry/mask.ts";
import { createMetrics } from "./telemetry/metrics.ts";

/** Everything that the command line and the environment decide. */
export interface OperatorOptions {
  readonly kubeconfig: Kubeconfig;
  readonly namespace: string;
  /** Name of this process in the lease and in events. */
  readonly identity: string;
  readonly leaderElection: boolean;
  readonly secretNames: readonly string[];
  readonly installation: Omit<Installation, "kubernetesMinor">;
  readonly architecture: "amd64" | "arm64";
  readonly metricsAddress: string;
  readonly nodesAddress: string;
  readonly allNodeMetrics: boolean;
  readonly log: RootLog;
  readonly mask: SecretMask;
}

/** Time for the last reports and events after a stop, milliseconds; the lease is released after it. */
const FLUSH_MS = 4_000;
/** Time for the passes under way at a stop, milliseconds; then their requests are given up. */
const PASS_MS = 2_000;
const LEASE_NAME = "kmagent-operator";

/**
 * Runs the operator until `signal` aborts: caches first, then the lease, then passes. Resolves after an orderly stop. Where
 * the lease is lost, everything of that term ends, and the process stands for it again with its caches alone.
 */
export async function runOperator(options: OperatorOptions, signal: AbortSignal): Promise<void> {
  const { log, namespace, identity } = options;
  const clock = systemClock;
  const random = Math.random;
  const { version } = options.installation;
  const metrics = createMetrics({ operator: version });
  const client = createKubeClient({ kubeconfig: options.kubeconfig, version, clock });
  // What serves the last writes outlives the signal; `end` closes it.
  const end = new AbortController();
  const caches = startCaches({ client, namespace, clock, random, log, metrics }, end.signal);
  const standing: Standing = {};
  let synced = false;
  const routes = operatorRoutes({ alive: () => null, ready: () => (synced ? null : "caches not synced"), metrics });
  const servers: Awaited<ReturnType<typeof serveHttp>>[] = [];
  const nodes = { "/nodes": nodesRoute(() => standing.controller?.nodes() ?? null) };
  try {
    // Within the block that ends the caches: with an address that is taken, the process must end and not linger.
    servers.push(await serveHttp({ address: options.metricsAddress, routes, log }, end.signal));
    servers.push(await serveHttp({ address: options.nodesAddress, routes: nodes, log }, end.signal));
    log.info({ version, namespace, identity, server: options.kubeconfig.server }, "operator started");
    synced = await Promise.race([caches.synced, aborted(signal)]);
    if (!synced) return;
    const kubernetesMinor = await serverMinor(client, clock, signal);
    log.info({ nodes: caches.nodes.size, kmagents: caches.kmagents.size, kubernetesMinor }, "caches synced");
    metrics.onScrape(() => {
      metrics.set("kmagent_operator_leader", {}, standing.election?.isLeading() === true ? 1 : 0);
      metrics.set("kmagent_operator_queue_depth", {}, standing.queue?.depth ?? 0);
    });
    while (!signal.aborted) {
      await serveTerm({ options, kubernetesMinor, client, caches, metrics, standing, end: end.signal }, signal);
    }
  } finally {
    end.abort();
    await Promise.all([...servers.map((server) => server.close()), caches.done]);
    await client.close();
    log.info({}, "operator stopped");
  }
}

/** What of the present term is looked at from outside. */
interface Standing {
  election?: Election | undefined;
  queue?: Queue | undefined;
  controller?: Controller | undefined;
}

interface Term {
  readonly options: OperatorOptions;
  readonly kubernetesMinor: number | null;
  readonly client: KubeClient;
  readonly caches: ReturnType<typeof startCaches>;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly standing: Standing;
  /** Ends all that is under way. */
  readonly end: AbortSignal;
}

/** One term: waits for the lease, and leads until `signal` aborts or the lease is lost. Nothing of it outlives it. */
async function serveTerm(term: Term, signal: AbortSignal): Promise<void> {
  const { options, client, standing, end } = term;
  const { log, namespace, identity } = options;
  const lost = new AbortController();
  const acquired = Promise.withResolvers<true>();
  const election = options.leaderElection
    ? elect(
        {
          client,
          namespace,
          name: LEASE_NAME,
          identity,
          clock: systemClock,
          random: Math.random,
          onAcquired: () => acquired.resolve(true),
          onLost: (why) => lost.abort(why),
          onFailed: (error) => log.warn({ code: error.code, reason: error.message }, "lease not renewed"),
        },
        end,
      )
    : ALONE;
  if (!options.leaderElection) acquired.resolve(true);
  standing.election = election;
  const stop = AbortSignal.any([signal, lost.signal]);
  await Promise.race([acquired.promise, aborted(stop)]);
  if (!stop.aborted) {
    log.info({ identity }, "leading");
    await lead({ ...term, end: AbortSignal.any([end, lost.signal]) }, election, stop);
  }
  // After a loss there is nothing to give up, and this only waits for the end of the election.
  try {
    await election.release();
  } catch (error) {
    // An uninstall takes the right to release away before it stops us. Then the lease runs out by itself.
    log.warn({ code: codeOf(error), err: error }, "lease not released");
  }
  if (lost.signal.aborted) log.warn({ err: lost.signal.reason as unknown }, "lease lost");
}

/** What only the leader does, until `stop`; ends in order: passes, then reports and events where the lease still allows. */
async function lead(
  { options, kubernetesMinor, client, caches, metrics, standing, end }: Term,
  election: Election,
  stop: AbortSignal,
): Promise<void> {
  const { log, mask, namespace, installation } = options;
  const clock = systemClock;
  const random = Math.random;
  const fence = () => election.mustLead();
  const keyOf = (uid: string) => [...caches.kmagents.values()].find((kmagent) => kmagent.uid === uid)?.key;
  const again = (uid: string, afterMs = 0) => {
    const key = keyOf(uid);
    if (key !== undefined) queue.add(key, afterMs);
  };
  const everyone = () => {
    for (const { key } of caches.kmagents.values()) queue.add(key);
  };
  const inbox = new RemoteInbox();
  const writer = createWriter({
    client,
    fieldManager: FIELD_MANAGER,
    fence,
    remainingMs: () => election.remainingMs(),
  });
  const references = createReferenceWatch(
    {
      client,
      clock,
      random,
      namespace,
      readableSecrets: options.secretNames,
      onChange: everyone,
      onFailure: (error) => log.warn({ code: error.code, reason: error.message }, "reference not read"),
    },
    end,
  );
  const prober = createProber({
    clock,
    onResult: ({ key, changed }) => {
      if (changed) again(key, crowdMs(caches.nodes.size));
    },
    signal: end,
    metrics,
  });
  const exports = new ExportWatch();
  const counters = createCounterReader({
    clock,
    onReading: (uid, podUid, reading) => {
      const { changed, open } = exports.follow(uid, podUid, reading);
      if (changed) again(uid, crowdMs(caches.nodes.size));
      return open;
    },
    signal: end,
    metrics,
  });
  const reporter = createReporter({
    log,
    clock,
    random,
    metrics,
    operator: { version: installation.version, architecture: options.architecture },
    onStateChange: (uid) => again(uid),
    onAnswer: (uid, answer) => {
      if (inbox.put(uid, answer)) again(uid);
    },
  });
  const events = createEventRecorder(
    {
      client,
      fence,
      component: FIELD_MANAGER,
      instance: options.identity,
      clock,
      random,
      onDropped: (why, reason, error) => {
        metrics.add("kmagent_operator_events_dropped_total", {});
        log.warn({ why, reason, ...(error && { code: error.code }) }, "event dropped");
      },
    },
    end,
  );
  const controller = new Controller({
    sources: {
      caches,
      failedPods: watchFailedPods(caches, end),
      installation: { ...installation, kubernetesMinor },
    },
    client,
    writer,
    references,
    prober,
    counters,
    exports,
    reporter,
    inbox,
    events,
    metrics,
    mask,
    log,
    clock,
    allNodeMetrics: options.allNodeMetrics,
    again: (key, afterMs) => queue.add(key, afterMs),
  });
  const late = new AbortController();
  const passing = AbortSignal.any([end, late.signal]);
  const queue = new Queue((key) => controller.pass(key, passing), clock, jitteredBackoff(random));
  const unsubscribe = subscribeTriggers(caches, {
    add: (key, afterMs) => queue.add(key, afterMs),
    podChanged: (uid, podUid) => prober.nudge(uid, podUid),
  });
  standing.controller = controller;
  standing.queue = queue;
  everyone();
  await aborted(stop);
  // Who lost the lease speaks for nobody: the next leader tells the platform.
  const inOrder = election.isLeading();
  if (inOrder) log.info({}, "stopping");
  unsubscribe();
  // A pass that waits for a silent API server must not use up the time in which the lease is given up.
  const cancel = clock.after(PASS_MS, () => late.abort());
  await queue.stop();
  cancel();
  prober.stop();
  counters.stop();
  if (inOrder) {
    await Promise.all([reporter.flush(FLUSH_MS), Promise.race([events.flush(), waited(FLUSH_MS)])]);
  }
  await reporter.stop();
  standing.controller = undefined;
  standing.queue = undefined;
  controller.leave();
}

/** Who runs without leader election is always alone. */
const ALONE: Election = {
  isLeading: () => true,
  mustLead: () => undefined,
  remainingMs: () => Number.POSITIVE_INFINITY,
  holder: () => undefined,
  release: () => Promise.resolve(),
  done: Promise.resolve(),
};

function aborted(signal: AbortSignal): Promise<false> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(false), { once: true }));
}

function waited(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(ms, resolve));
}
