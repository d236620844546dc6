import { codeOf } from "./api/errors.ts";
import { createKubeClient } from "./kube/client.ts";
import type { KubeClient } from "./kube/client.ts";
import { systemClock } from "./kube/clock.ts";
import type { Kubeconfig } from "./kube/kubeconfig.ts";
import { elect } from "./kube/lease.ts";
import type { Election } from "./kube/lease.ts";
import { serverMinor } from "./kube/server-version.ts";
import { startCaches } from "./reconcile/caches.ts";
import type { Installation } from "./reconcile/snapshot.ts";
import { Term } from "./reconcile/term.ts";
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
  const nodes = { "/nodes": nodesRoute(() => standing.term?.nodes() ?? null) };
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
      metrics.set("kmagent_operator_queue_depth", {}, standing.term?.queueDepth ?? 0);
    });
    while (!signal.aborted) {
      await stand({ options, kubernetesMinor, client, caches, metrics, standing, end: end.signal }, signal);
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
  term?: Term | undefined;
}

interface Candidacy {
  readonly options: OperatorOptions;
  readonly kubernetesMinor: number | null;
  readonly client: KubeClient;
  readonly caches: ReturnType<typeof startCaches>;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly standing: Standing;
  /** Ends all that is under way. */
  readonly end: AbortSignal;
}

/** Waits for the lease, and leads until `signal` aborts or the lease is lost. Nothing of it outlives it. */
async function stand(candidacy: Candidacy, signal: AbortSignal): Promise<void> {
  const { options, kubernetesMinor, client, caches, metrics, standing, end } = candidacy;
  const { log, namespace, identity } = options;
  const clock = systemClock;
  const random = Math.random;
  const lost = new AbortController();
  const acquired = Promise.withResolvers<true>();
  const election = options.leaderElection
    ? elect(
        {
          client,
          namespace,
          name: LEASE_NAME,
          identity,
          clock,
          random,
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
    const installation = { ...options.installation, kubernetesMinor };
    const parts = { ...options, installation, client, caches, metrics, election, clock, random };
    standing.term = new Term(parts, AbortSignal.any([end, lost.signal]));
    await aborted(stop);
    await standing.term.close();
    standing.term = undefined;
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

/** Who runs without leader election is always alone. */
const ALONE: Election = {
  isLeading: () => true,
  mustLead: () => undefined,
  remainingMs: () => Number.POSITIVE_INFINITY,
  release: () => Promise.resolve(),
  done: Promise.resolve(),
};

function aborted(signal: AbortSignal): Promise<false> {
  if (signal.aborted) return Promise.resolve(false);
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(false), { once: true }));
}
