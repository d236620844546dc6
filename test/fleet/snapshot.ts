import { KmAgentSpec } from "../../src/api/kmagent.ts";
import type { KmAgentSpecInput } from "../../src/api/kmagent.ts";
import { NO_MEMORY } from "../../src/reconcile/memory.ts";
import type { KmAgentRecord } from "../../src/reconcile/project.ts";
import type { Snapshot } from "../../src/reconcile/snapshot.ts";

/** The smallest KmAgent that the API server accepts, `km/agent` of generation 1, as its cache keeps it. */
export function kmagentRecord(
  spec: Partial<KmAgentSpecInput> = {},
  more: Partial<KmAgentRecord> = {},
): Snapshot["kmagent"] {
  return {
    key: "km/agent",
    name: "agent",
    namespace: "km",
    uid: "uid-agent",
    generation: 1,
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    deleting: false,
    annotations: {},
    spec: KmAgentSpec.parse({ clusterName: "c", apiKeySecretRef: { name: "s", key: "k" }, ...spec }),
    invalid: "",
    status: {},
    ...more,
  };
}

/** What the first pass over a KmAgent sees: a cluster without nodes, its Secret there, nothing made and nothing remembered. */
export function snapshotOf(kmagent: Snapshot["kmagent"], more: Partial<Snapshot> = {}): Snapshot {
  return {
    kmagent,
    siblings: [],
    nodes: [],
    live: new Map(),
    cacheVersions: { DaemonSet: "1", Deployment: "1", ConfigMap: "1" },
    pods: [],
    references: [
      {
        reference: { kind: "Secret", name: "s", key: "k", path: "spec.apiKeySecretRef" },
        found: { kind: "found", text: "key" },
      },
    ],
    apiKeyHmac: "ab",
    caBundleHash: null,
    restartedAt: null,
    platform: { kind: "connected", message: "" },
    answers: [],
    memory: NO_MEMORY,
    installation: {
      version: "0.0.0",
      images: { nodeAgent: "agent:1", clusterAgent: "agent:1" },
      serviceAccounts: { nodeAgent: "na", clusterAgent: "ca" },
      kubernetesMinor: 34,
    },
    ...more,
  };
}
