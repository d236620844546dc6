import { createKubeClient } from "../../src/kube/client.ts";
import type { KubeClient } from "../../src/kube/client.ts";
import { systemClock } from "../../src/kube/clock.ts";
import { loadKubeconfig } from "../../src/kube/kubeconfig.ts";
import { API_KEY, NAMESPACE } from "./operator-process.ts";
import { DOWN_LABEL, FAKE_NODE } from "./stages.ts";

/** The administrator's connections: eight requests at once. */
export async function administrator(kubeconfigPath: string): Promise<KubeClient> {
  const kubeconfig = await loadKubeconfig({ env: { KUBECONFIG: kubeconfigPath } });
  return createKubeClient({ kubeconfig, version: "bench", clock: systemClock });
}

/** Makes the nodes `worker-<from>` up to but not with `worker-<to>`. */
export async function addNodes(client: KubeClient, from: number, to: number, signal: AbortSignal): Promise<void> {
  await forEach(from, to, async (index) => {
    const name = `worker-${index}`;
    const labels = {
      ...FAKE_NODE,
      "kubernetes.io/os": "linux",
      "kubernetes.io/arch": "amd64",
      "kubernetes.io/hostname": name,
    };
    const body = { apiVersion: "v1", kind: "Node", metadata: { name, labels: { ...labels, ...CLOUD_LABELS } } };
    await client.request({ method: "POST", path: "/api/v1/nodes", body }, signal);
  });
}

/** Nodes of a cloud carry a dozen labels; the operator keeps them for selectors. */
const CLOUD_LABELS = {
  "topology.kubernetes.io/region": "eu-central-1",
  "topology.kubernetes.io/zone": "eu-central-1a",
  "node.kubernetes.io/instance-type": "m6i.2xlarge",
  "beta.kubernetes.io/instance-type": "m6i.2xlarge",
  "failure-domain.beta.kubernetes.io/region": "eu-central-1",
  "failure-domain.beta.kubernetes.io/zone": "eu-central-1a",
  "eks.amazonaws.com/nodegroup": "workers",
  "eks.amazonaws.com/capacityType": "ON_DEMAND",
};

/** Makes pods of somebody else in the operator's own namespace, which no scheduler and no kubelet looks at. */
export async function addForeignPods(client: KubeClient, count: number, signal: AbortSignal): Promise<void> {
  await forEach(0, count, async (index) => {
    const metadata = { name: `foreign-${index}`, namespace: NAMESPACE, labels: { app: "foreign" } };
    const spec = { schedulerName: "nobody", containers: [{ name: "main", image: "example.org/foreign:1" }] };
    const body = { apiVersion: "v1", kind: "Pod", metadata, spec };
    await client.request({ method: "POST", path: `/api/v1/namespaces/${NAMESPACE}/pods`, body }, signal);
  });
}

/** Where the simulated platform listens. */
export interface PlatformEndpoints {
  readonly platform: string;
  readonly otlp: string;
}

/** The smallest KmAgent, with a platform that the bench can reach, and more of its spec. The rollout is a plain one unless another is given. */
export function kmagentBody(name: string, platform: PlatformEndpoints, more: Readonly<Record<string, unknown>> = {}) {
  return {
    apiVersion: "kloudmate.com/v1alpha1",
    kind: "KmAgent",
    metadata: { name, namespace: NAMESPACE },
    spec: {
      clusterName: "bench",
      apiKeySecretRef: { name: "km-agent-credentials", key: "apiKey" },
      collectorEndpoint: platform.otlp,
      platform: { endpoint: platform.platform, remoteConfig: { mode: "Disabled" } },
      rollout: { strategy: "RollingUpdate" },
      ...more,
    },
  };
}

/** Path of the KmAgents. */
export const KMAGENTS_PATH = `/apis/kloudmate.com/v1alpha1/namespaces/${NAMESPACE}/kmagents`;

/** Path of the DaemonSets. */
export const DAEMONSETS_PATH = `/apis/apps/v1/namespaces/${NAMESPACE}/daemonsets`;

/** The key that platforms of the bench take. */
export const PLATFORM_KEYS = [API_KEY];

/** Takes nodes down, as Kubernetes sees it: their kubelets don't report any more. */
export async function takeDown(client: KubeClient, nodes: readonly string[], signal: AbortSignal): Promise<void> {
  for (const node of nodes) {
    await patchNode(client, node, "", { metadata: { labels: { [DOWN_LABEL]: "yes" } } }, signal);
    const ready = {
      type: "Ready",
      status: "Unknown",
      reason: "NodeStatusUnknown",
      message: "Kubelet stopped posting.",
    };
    const lastTransitionTime = new Date().toISOString();
    await patchNode(client, node, "/status", { status: { conditions: [{ ...ready, lastTransitionTime }] } }, signal);
  }
}

/** Lets nodes that were taken down return. */
export async function letReturn(client: KubeClient, nodes: readonly string[], signal: AbortSignal): Promise<void> {
  for (const node of nodes) await patchNode(client, node, "", { metadata: { labels: { [DOWN_LABEL]: null } } }, signal);
}

async function patchNode(client: KubeClient, node: string, part: string, body: object, signal: AbortSignal) {
  const path = `/api/v1/nodes/${node}${part}`;
  await client.request({ method: "PATCH", path, body, contentType: "application/merge-patch+json" }, signal);
}

async function forEach(from: number, to: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = from;
  const worker = async () => {
    while (next < to) await work(next++);
  };
  await Promise.all(Array.from({ length: 8 }, worker));
}
