import { milliseconds } from "../api/duration.ts";
import type { KmAgent } from "../api/kmagent.ts";
import { containerFault, terminationFault } from "../health/container-fault.ts";
import { isCollectorEnd } from "../health/fault.ts";
import type { Fault } from "../health/fault.ts";
import { cleanForeignText, layOut } from "../health/foreign-text.ts";
import type { ContainerObservation } from "../health/observation.ts";
import { schedulingFault } from "../health/scheduling-fault.ts";
import { isOver } from "../health/subject.ts";
import type { ReplicaFault, ReplicaPod, ReplicaView } from "../rollout/replica-view.ts";
import { deploymentStatus } from "./deployment-status.ts";
import type { DeploymentStatus } from "./deployment-status.ts";
import { withLastWords } from "./gather.ts";
import { workloadId } from "./object-id.ts";
import type { PodRecord } from "./project.ts";
import { revisionOfTemplate } from "./pod-template.ts";
import { classifyRefusal } from "./refusal.ts";
import { retriedRevision } from "./remote-tried.ts";
import { differsBySecrets, revisionNotes } from "./revision-notes.ts";
import { isOurs, isSeen } from "./rollout-view.ts";
import type { Snapshot } from "./snapshot.ts";

/** Of a container's or the API server's words so many bytes are kept. */
const DETAIL_BYTES = 384;

/** What a step of the cluster agent's rollout is decided from: the snapshot as plain data, its foreign words fit to be shown. */
export function replicaView(
  snapshot: Snapshot & { readonly kmagent: KmAgent },
  { wanted, stable, restorable }: Pick<ReplicaView, "wanted" | "restorable"> & { readonly stable: string | null },
  mask: (text: string) => string,
  now: number,
): ReplicaView {
  const { kmagent, live, pods } = snapshot;
  const { rollout } = kmagent.spec;
  const found = live.get(workloadId(kmagent, "cluster-agent"));
  // One that isn't ours says nothing of any revision; that its name is taken is told elsewhere.
  const deployment = found && isOurs(found, kmagent) ? found : undefined;
  const status = deploymentStatus(deployment);
  const templateSeen = deployment !== undefined && isSeen(deployment, snapshot);
  const noted = revisionNotes(snapshot, "cluster-agent");
  return {
    wanted,
    liveTemplate: deployment ? revisionOfTemplate(deployment) : null,
    templateSeen,
    isComplete: templateSeen && isComplete(status),
    podless: templateSeen ? podless(status, mask) : null,
    pods: pods
      // An eviction is no fault of the revision.
      .filter((pod) => pod.component === "cluster-agent" && !pod.deleting && !isOver(pod))
      .toSorted((a, b) => b.createdAt - a.createdAt)
      .map((pod) => replicaPod(pod, snapshot, mask, now)),
    restorable,
    noted,
    isIrrevocable: differsBySecrets(snapshot, "cluster-agent", stable ?? noted.stable, wanted),
    retry: retriedRevision("cluster-agent", snapshot),
    paused: kmagent.spec.paused,
    settings: {
      bakeMs: milliseconds(rollout.bakeTime),
      deadlineMs: milliseconds(rollout.progressDeadline),
      autoRollback: rollout.autoRollback,
    },
    now,
  };
}

/** Kubernetes has replaced the pod, and calls the new one available: Ready for `minReadySeconds`, which is `bakeTime`. */
function isComplete({ replicas = 0, updatedReplicas = 0, availableReplicas = 0 }: DeploymentStatus): boolean {
  return updatedReplicas > 0 && replicas === updatedReplicas && availableReplicas > 0;
}

/** Why the Deployment's controller makes no pod, in the API server's words; or that it has given up waiting. */
function podless({ conditions = [] }: DeploymentStatus, mask: (text: string) => string): ReplicaView["podless"] {
  const isOverdue = conditions.some(
    ({ type, status, reason }) => type === "Progressing" && status === "False" && reason === "ProgressDeadlineExceeded",
  );
  const refused = conditions.find(({ type, status }) => type === "ReplicaFailure" && status === "True");
  if (refused) {
    const { kind, message } = classifyRefusal(refused.message ?? "");
    return { ...said({ reason: kind, summary: "its pod is refused", detail: message }, "head", mask), isOverdue };
  }
  const message = "no pod of it is there within rollout.progressDeadline";
  return isOverdue ? { reason: "ProgressDeadlineExceeded", message, isOverdue } : null;
}

function replicaPod(
  found: PodRecord,
  { memory, nodes }: Snapshot,
  mask: (text: string) => string,
  now: number,
): ReplicaPod {
  const pod = withLastWords(found, memory);
  const { revision, node, createdAt, ready, container } = pod;
  const end = container && endOf(container);
  const fault = schedulingFault(pod) ?? (container && containerFault(container));
  return {
    revision,
    node,
    nodeReady: node === "" || nodes.some(({ name, ready: at }) => name === node && at?.status === "True"),
    createdAt,
    ready,
    ended: end && {
      ...said(end, "tail", mask),
      at: container.last?.finishedAt ?? now,
      isSilent: end.reason === "CollectorExitedCleanly" && end.detail === "",
    },
    trouble: ready || !fault ? null : said(fault, "head", mask),
  };
}

/** The collector's last end, also where it runs again since. */
function endOf(container: ContainerObservation): Fault | null {
  const { last, restarts } = container;
  const fault = last === null ? containerFault(container) : terminationFault(last, restarts);
  return fault !== null && isCollectorEnd(fault.reason) ? fault : null;
}

function said(
  { reason, summary, detail }: Pick<Fault, "summary" | "detail"> & { readonly reason: string },
  keep: "head" | "tail",
  mask: (text: string) => string,
): ReplicaFault {
  const words = layOut(cleanForeignText(detail, mask, keep), { bytes: DETAIL_BYTES, keep, lines: "one" });
  return { reason, message: words === "" ? summary : `${summary}: ${words}` };
}
