import type { Clock } from "../api/clock.ts";
import { FIELD_MANAGER, LABEL } from "../api/labels.ts";
import type { KubeClient } from "../kube/client.ts";
import { reflect } from "../kube/reflector.ts";
import type { Reflector, ReflectorOptions } from "../kube/reflector.ts";
import { CONFIGMAPS, DAEMONSETS, DEPLOYMENTS, KMAGENTS, NODES, PODS } from "../kube/resource.ts";
import type { KubeObject, ResourceType } from "../kube/resource.ts";
import type { Log } from "../telemetry/log.ts";
import type { Metrics } from "../telemetry/metrics.ts";
import { BY_INSTANCE } from "./gather.ts";
import type { Caches } from "./gather.ts";
import { createIntern, projectKmAgent, projectNode, projectPod } from "./project.ts";
import type { KmAgentRecord, NodeRecord, PodRecord } from "./project.ts";

/** Selects what we make; the API server sends nothing else. */
const OURS = `${LABEL.managedBy}=${FIELD_MANAGER}`;

/** What the reflectors are made of. */
export interface CacheOptions {
  readonly client: KubeClient;
  readonly namespace: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** The caches, and when they hold the cluster. */
export interface OperatorCaches extends Caches {
  /** True once each has its first list; false where the signal came first. */
  readonly synced: Promise<boolean>;
  readonly done: Promise<void>;
}

/**
 * Starts one reflector for each kind: KmAgents, pods, DaemonSets, Deployments and ConfigMaps of one namespace, and the nodes
 * of the cluster. All but KmAgents and nodes are selected by our label on the server's side.
 */
export function startCaches(options: CacheOptions, signal: AbortSignal): OperatorCaches {
  const intern = createIntern();
  const start = <T>(
    type: ResourceType,
    project: (raw: KubeObject) => T,
    more: Partial<ReflectorOptions<T>> = {},
  ): Reflector<T> => reflect<T>({ ...common(options, type), type, project, ...more }, signal);
  const { namespace } = options;
  const ours = { namespace, labelSelector: OURS };
  const kmagents = start<KmAgentRecord>(KMAGENTS, projectKmAgent, { namespace });
  const nodes = start<NodeRecord>(NODES, (raw) => projectNode(raw, intern));
  const pods = start<PodRecord>(PODS, (raw) => projectPod(raw, intern), {
    ...ours,
    indexes: { [BY_INSTANCE]: (pod) => pod.instance },
  });
  const daemonSets = start<KubeObject>(DAEMONSETS, (raw) => raw, ours);
  const deployments = start<KubeObject>(DEPLOYMENTS, (raw) => raw, ours);
  const configMaps = start<KubeObject>(CONFIGMAPS, (raw) => raw, ours);
  const held = { kmagents, nodes, pods, daemonsets: daemonSets, deployments, configmaps: configMaps };
  options.metrics.onScrape(() => {
    for (const [resource, { store }] of Object.entries(held)) {
      options.metrics.set("kmagent_operator_reflector_objects", { resource }, store.size);
    }
  });
  const all = [kmagents, nodes, pods, daemonSets, deployments, configMaps];
  return {
    kmagents: kmagents.store,
    nodes: nodes.store,
    pods: pods.store,
    daemonSets: daemonSets.store,
    deployments: deployments.store,
    configMaps: configMaps.store,
    synced: Promise.all(all.map(({ synced }) => synced)).then((each) => each.every(Boolean)),
    done: Promise.all(all.map(({ done }) => done)).then(() => undefined),
  };
}

function common({ client, clock, random, log, metrics }: CacheOptions, type: ResourceType) {
  const labels = { resource: type.plural };
  return {
    client,
    clock,
    random,
    hooks: {
      listed: (objects: number) => {
        metrics.add("kmagent_operator_reflector_lists_total", labels);
        log.debug({ resource: type.plural, objects }, "listed");
      },
      watching: () => metrics.add("kmagent_operator_reflector_watches_total", labels),
      event: () =>
        metrics.set("kmagent_operator_reflector_last_event_timestamp_seconds", labels, clock.wallNow() / 1_000),
      failed: (error: { readonly code: string; readonly message: string }, waitMs: number) => {
        metrics.add("kmagent_operator_reflector_errors_total", { ...labels, code: error.code });
        log.warn(
          { resource: type.plural, code: error.code, reason: error.message, waitMs: Math.round(waitMs) },
          "list or watch failed",
        );
      },
      unreadable: (key: string, error: unknown) =>
        log.error({ resource: type.plural, key, err: error }, "object can't be read"),
    },
  };
}
