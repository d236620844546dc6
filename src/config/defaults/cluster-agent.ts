import type { YamlMap } from "../yaml-value.ts";
import { assemble, BATCH, clusterResource, K8S_ATTRIBUTES, MEMORY_LIMITER, OTLP_RECEIVER } from "./building-blocks.ts";
import type { Block, DefaultInput } from "./building-blocks.ts";

/**
 * The cluster agent's configuration where neither the spec nor the platform gives one: what only one agent may collect, since
 * it is about the cluster as a whole, and an OTLP receiver. An image without the Kubernetes receivers gets the latter alone.
 */
export function clusterAgentDefault(input: DefaultInput): YamlMap {
  const { distribution, features, clusterName } = input;
  const plain = [MEMORY_LIMITER, clusterResource(clusterName), BATCH];
  const workload = [MEMORY_LIMITER, K8S_ATTRIBUTES, clusterResource(clusterName), BATCH];
  return assemble(
    distribution,
    [
      ...(features.metrics ? [{ id: "metrics/k8s_cluster", receivers: [K8S_CLUSTER], processors: plain }] : []),
      ...(features.logs
        ? [
            { id: "logs/k8s_events", receivers: [K8S_EVENTS], processors: plain },
            { id: "logs/k8sobjects", receivers: [K8S_OBJECTS], processors: plain },
          ]
        : []),
      // Traces are always taken, so that the agent has something to do whatever is switched off.
      { id: "traces/otlp", receivers: [OTLP_RECEIVER], processors: workload },
      ...(features.metrics ? [{ id: "metrics/otlp", receivers: [OTLP_RECEIVER], processors: workload }] : []),
      ...(features.logs ? [{ id: "logs/otlp", receivers: [OTLP_RECEIVER], processors: workload }] : []),
    ],
    [],
  );
}

const K8S_CLUSTER: Block = [
  "k8s_cluster",
  {
    auth_type: "serviceAccount",
    collection_interval: "30s",
    distribution: "kubernetes",
    node_conditions_to_report: ["Ready", "DiskPressure", "MemoryPressure", "PIDPressure", "NetworkUnavailable"],
  },
];

const K8S_EVENTS: Block = ["k8s_events", { auth_type: "serviceAccount" }];

/**
 * The inventory, once a day, and changes as they come. ConfigMaps, which the vendor's own default sends too, are left out:
 * what stands in them isn't the platform's business.
 */
const K8S_OBJECTS: Block = [
  "k8sobjects",
  {
    auth_type: "serviceAccount",
    objects: [
      ...["pods", "nodes"].map((name) => ({ name, mode: "pull", interval: "24h" })),
      ...["pods", "nodes", "namespaces"].map((name) => ({ name, mode: "watch" })),
      ...["replicasets", "deployments", "daemonsets", "statefulsets"].map((name) => ({
        name,
        mode: "watch",
        group: "apps",
      })),
    ],
  },
];
