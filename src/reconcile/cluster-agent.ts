import { LABEL } from "../api/labels.ts";
import type { KubeObject } from "../kube/resource.ts";
import type { StatusFacts } from "../status/facts.ts";
import type { PodRecord } from "./project.ts";

type ClusterAgentFacts = NonNullable<StatusFacts["clusterAgent"]>;

interface DeploymentStatus {
  readonly observedGeneration?: number;
  readonly availableReplicas?: number;
  readonly updatedReplicas?: number;
}

/**
 * What is to be said of the cluster agent. Ready as soon as one replica is available, whichever revision it has: while a
 * new one is proved, the old one goes on. The numbers count only once the Deployment's controller has seen its newest spec.
 */
export function clusterAgentFacts(deployment: KubeObject | undefined, pods: readonly PodRecord[]): ClusterAgentFacts {
  if (!deployment) return { kind: "missing" };
  const status = (deployment["status"] ?? {}) as DeploymentStatus;
  const template = (deployment["spec"] as { template?: { metadata?: { labels?: Record<string, string> } } }).template;
  const revision = template?.metadata?.labels?.[LABEL.revision] ?? "";
  const current = (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0);
  const available = (status.availableReplicas ?? 0) > 0;
  const updated = (status.updatedReplicas ?? 0) > 0;
  const newest = pods.filter((pod) => !pod.deleting).toSorted((a, b) => b.createdAt - a.createdAt)[0];
  const trouble = newest ? troubleOf(newest) : { reason: "PodMissing", message: "there is no pod yet" };
  if (available && current && (updated || trouble === null)) {
    return { kind: "present", ready: true, revision, reason: "", message: "" };
  }
  const { reason, message } = trouble ?? { reason: "PodStarting", message: "the pod is starting" };
  const note = available ? `; the pod before it goes on working` : "";
  return { kind: "present", ready: available, revision, reason, message: `${message}${note}` };
}

function troubleOf(pod: PodRecord): { readonly reason: string; readonly message: string } | null {
  const { container } = pod;
  if (pod.ready) return null;
  if (pod.unschedulable !== "") return { reason: "Unschedulable", message: pod.unschedulable };
  if (pod.phase === "Failed") return { reason: pod.reason || "PodFailed", message: pod.message || "the pod failed" };
  if (container?.state === "waiting" && container.last === null && container.reason !== "") {
    return { reason: container.reason, message: container.message || container.reason };
  }
  const ended = container?.last ?? null;
  if (ended && container?.state !== "running") {
    const words = ended.message === "" ? "" : `: ${ended.message}`;
    const reason = ended.reason === "OOMKilled" ? "OOMKilled" : "CollectorExited";
    return { reason, message: `the collector ended with exit code ${ended.exitCode} (${ended.reason})${words}` };
  }
  return { reason: "PodStarting", message: `pod ${pod.name} isn't ready yet` };
}
