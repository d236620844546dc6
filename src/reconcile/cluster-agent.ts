import { containerFault } from "../health/container-fault.ts";
import { admissionFault, schedulingFault } from "../health/scheduling-fault.ts";
import type { KubeObject } from "../kube/resource.ts";
import type { ReplicaRecord } from "../rollout/replica-record.ts";
import type { StatusFacts } from "../status/facts.ts";
import { deploymentStatus } from "./deployment-status.ts";
import { revisionOfTemplate } from "./pod-template.ts";
import type { PodRecord } from "./project.ts";

type ClusterAgentFacts = NonNullable<StatusFacts["clusterAgent"]>;

/**
 * What is to be said of the cluster agent. Ready as soon as one replica is available, whichever revision it has: while a
 * new one is proved, the old one goes on. The numbers count only once the Deployment's controller has seen its newest spec.
 */
export function clusterAgentFacts(
  deployment: KubeObject | undefined,
  pods: readonly PodRecord[],
  record: ReplicaRecord | null,
): ClusterAgentFacts {
  if (!deployment) return { kind: "missing", record };
  const status = deploymentStatus(deployment);
  const revision = revisionOfTemplate(deployment);
  const current = (status.observedGeneration ?? 0) >= (deployment.metadata.generation ?? 0);
  const available = (status.availableReplicas ?? 0) > 0;
  const updated = (status.updatedReplicas ?? 0) > 0;
  const newest = pods.filter((pod) => !pod.deleting).toSorted((a, b) => b.createdAt - a.createdAt)[0];
  const trouble = newest ? troubleOf(newest) : { reason: "PodMissing", message: "there is no pod yet" };
  if (available && current && (updated || trouble === null)) {
    return { kind: "present", ready: true, revision, reason: "", message: "", record };
  }
  const { reason, message } = trouble ?? { reason: "PodStarting", message: "the pod is starting" };
  const note = available ? `; the pod before it goes on working` : "";
  return { kind: "present", ready: available, revision, reason, message: `${message}${note}`, record };
}

/** Said in the same words as of a node's agent. */
function troubleOf(pod: PodRecord): { readonly reason: string; readonly message: string } | null {
  if (pod.ready) return null;
  const fault =
    schedulingFault(pod) ?? admissionFault(pod) ?? (pod.container === null ? null : containerFault(pod.container));
  if (fault)
    return { reason: fault.reason, message: fault.detail === "" ? fault.summary : `${fault.summary}: ${fault.detail}` };
  return { reason: "PodStarting", message: `pod ${pod.name} isn't ready yet` };
}
