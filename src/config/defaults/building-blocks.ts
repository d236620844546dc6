import { HEALTH_PORT } from "../../api/ports.ts";
import { nameIn, typeOf } from "../components.ts";
import type { Distribution, Kind } from "../components.ts";
import type { YamlMap, YamlValue } from "../yaml-value.ts";

/** Where the agents' health endpoint listens, on every address of the pod. */
export const HEALTH_ENDPOINT = `0.0.0.0:${HEALTH_PORT}`;
/** Where file_storage keeps its files in the container. */
export const STORAGE_DIRECTORY = "/var/lib/kmagent";
/** Where the node's file system is seen in the container. */
export const HOST_ROOT = "/hostfs";
/** Port of the collector's own metrics on the pod. */
export const METRICS_PORT = 8888;

/** A component's id and settings. */
export type Block = readonly [id: string, settings: YamlValue];

/** A pipeline of a default configuration, with its parts in place of references. */
export interface PipelineBlock {
  readonly id: string;
  readonly receivers: readonly Block[];
  readonly processors: readonly Block[];
}

/** The settings that a default configuration depends on. */
export interface DefaultInput {
  readonly distribution: Distribution;
  readonly features: { readonly logs: boolean; readonly metrics: boolean; readonly traces: boolean };
  /** The cluster's identity; it stands in the document as text, for `${env:…}` of `007` would come out as the number 7. */
  readonly clusterName: string;
}

/** Those of `blocks` that the image holds, by the names under which it does. */
function available(distribution: Distribution, kind: Kind, blocks: readonly Block[]): Block[] {
  return blocks.flatMap(([id, settings]): Block[] => {
    const type = typeOf(id);
    const name = nameIn(distribution, kind, type);
    return name === undefined ? [] : [[name + id.slice(type.length), settings]];
  });
}

/** First in every pipeline: refuses data before the container's limit is reached, so that it isn't killed. */
export const MEMORY_LIMITER: Block = [
  "memory_limiter",
  { check_interval: "1s", limit_percentage: 80, spike_limit_percentage: 20 },
];

/** Last in every pipeline: fewer, larger requests. */
export const BATCH: Block = ["batch", { send_batch_size: 8192, send_batch_max_size: 10000, timeout: "10s" }];

/** Names pod, workload and namespace of telemetry, by the Kubernetes API. */
export const K8S_ATTRIBUTES: readonly [id: string, settings: YamlMap] = [
  "k8sattributes",
  {
    auth_type: "serviceAccount",
    extract: {
      metadata: [
        ...["k8s.namespace.name", "k8s.pod.name", "k8s.pod.uid", "k8s.pod.start_time", "k8s.node.name"],
        ...["k8s.deployment.name", "k8s.daemonset.name", "k8s.statefulset.name", "k8s.job.name", "k8s.cronjob.name"],
      ],
    },
    pod_association: [
      { sources: [{ from: "resource_attribute", name: "k8s.pod.uid" }] },
      { sources: [{ from: "resource_attribute", name: "k8s.pod.ip" }] },
      { sources: [{ from: "connection" }] },
    ],
  },
];

/** Says which cluster everything comes from. */
export function clusterResource(clusterName: string, more: readonly YamlMap[] = []): Block {
  return ["resource", { attributes: [{ action: "upsert", key: "k8s.cluster.name", value: clusterName }, ...more] }];
}

/** Takes OTLP over gRPC and HTTP on the usual ports. */
export const OTLP_RECEIVER: Block = [
  "otlp",
  { protocols: { grpc: { endpoint: "0.0.0.0:4317" }, http: { endpoint: "0.0.0.0:4318" } } },
];

/**
 * Sends to the platform. The queue is bounded by requests, and retries end after five minutes, so an endpoint that is away
 * costs the oldest data and not the agent's memory.
 */
const EXPORTER: Block = [
  "otlphttp",
  {
    endpoint: "${env:KM_COLLECTOR_ENDPOINT}",
    headers: { Authorization: "${env:KM_API_KEY}" },
    compression: "gzip",
    timeout: "30s",
    retry_on_failure: { enabled: true, initial_interval: "5s", max_interval: "30s", max_elapsed_time: "300s" },
    sending_queue: { enabled: true, num_consumers: 4, queue_size: 500 },
  },
];

/**
 * Puts pipelines together into a document that names each component once. Pipelines without a receiver are left out; the
 * exporter and the health endpoint stay even where the image lacks them, so that the guard says so.
 */
export function assemble(
  distribution: Distribution,
  pipelines: readonly PipelineBlock[],
  extensions: readonly Block[],
): YamlMap {
  const used = pipelines
    .map((pipeline) => ({
      id: pipeline.id,
      receivers: available(distribution, "receivers", pipeline.receivers),
      processors: available(distribution, "processors", pipeline.processors),
    }))
    .filter((pipeline) => pipeline.receivers.length > 0);
  const switchedOn: Block[] = [
    ["health_check", { endpoint: HEALTH_ENDPOINT }],
    ...available(distribution, "extensions", extensions),
  ];
  const held = available(distribution, "exporters", [EXPORTER]);
  const exporters = held.length > 0 ? held : [EXPORTER];
  return {
    extensions: Object.fromEntries(switchedOn),
    receivers: Object.fromEntries(used.flatMap((pipeline) => pipeline.receivers)),
    processors: Object.fromEntries(used.flatMap((pipeline) => pipeline.processors)),
    exporters: Object.fromEntries(exporters),
    service: {
      extensions: ids(switchedOn),
      pipelines: Object.fromEntries(
        used.map(({ id, receivers, processors }) => [
          id,
          { receivers: ids(receivers), processors: ids(processors), exporters: ids(exporters) },
        ]),
      ),
    },
  };
}

function ids(blocks: readonly Block[]): string[] {
  return blocks.map(([id]) => id);
}
