import { isOver } from "../health/subject.ts";
import type { Store } from "../kube/store.ts";
import type { NodeRecord, PodRecord } from "./project.ts";

/** A pod that failed as a whole, and whether a pass has told of it. */
export interface FailedPodRecord {
  readonly pod: PodRecord;
  readonly told: boolean;
}

/** The pods that failed as a whole, each until it was told of and its node's next one has run. */
export interface FailedPods {
  /** The failed pod of this DaemonSet (its UID) on this node, or undefined. */
  of(daemonSetUid: string, node: string): FailedPodRecord | undefined;
  /** A pass has told of this pod of this node: once its successor runs, it is forgotten. */
  tell(node: string, podUid: string): void;
}

interface Entry extends FailedPodRecord {
  /** Whether another pod of its DaemonSet has run there since. */
  readonly succeeded: boolean;
}

/**
 * Remembers what the caches show for milliseconds only: an evicted pod is replaced at once by the DaemonSet controller, and
 * a look at the cluster a moment later finds a new pod and no word of why. However long a pass takes, what failed meanwhile
 * waits for the next one. One pod a node at most, the newest; forgotten with its node.
 *
 * Flow: a pod that the caches show as failed is remembered, also one that had failed before this began; `tell` and the run
 * of its successor, in either order, end that. What failed and went away while nobody watched can't be known.
 */
export function watchFailedPods(
  { pods, nodes }: { readonly pods: Store<PodRecord>; readonly nodes: Store<NodeRecord> },
  signal: AbortSignal,
): FailedPods {
  const byNode = new Map<string, Entry>();
  const settle = (node: string, entry: Entry): void => {
    if (entry.told && entry.succeeded) byNode.delete(node);
    else byNode.set(node, entry);
  };
  const look = (before: PodRecord | undefined, pod: PodRecord): void => {
    // A cluster agent is no node's: its failure would push out that of the node's own agent.
    if (pod.node === "" || pod.component !== "node-agent") return;
    if (falls(before, pod)) byNode.set(pod.node, { pod, told: false, succeeded: false });
    const known = byNode.get(pod.node);
    if (known !== undefined && succeeds(known.pod, pod)) settle(pod.node, { ...known, succeeded: true });
  };
  for (const pod of pods.values()) look(undefined, pod);
  const unsubscribe = [
    pods.subscribe(({ before, after }) => {
      if (after !== undefined) look(before, after);
    }),
    nodes.subscribe(({ key, after }) => {
      if (after === undefined) byNode.delete(key);
    }),
  ];
  signal.addEventListener(
    "abort",
    () => {
      for (const end of unsubscribe) end();
    },
    { once: true },
  );
  return {
    of(daemonSetUid, node) {
      const entry = byNode.get(node);
      return entry?.pod.ownerUid === daemonSetUid ? entry : undefined;
    },
    tell(node, podUid) {
      const entry = byNode.get(node);
      if (entry?.pod.uid === podUid) settle(node, { ...entry, told: true });
    },
  };
}

/**
 * Kubelet names a reason where the pod as a whole failed, and none where its containers just ended, or where they obeyed and the
 * pod is `Succeeded`. One that was on its way out before may have ended by that alone. Deletion and failure may come as one
 * change: then the reason tells, and without one the deletion was first.
 */
function falls(before: PodRecord | undefined, { phase, reason, deleting }: PodRecord): boolean {
  const ended = phase === "Succeeded" ? !deleting : phase === "Failed" && reason !== "";
  return ended && (before === undefined || (!isOver(before) && !before.deleting));
}

function succeeds(failed: PodRecord, { uid, ownerUid, container, createdAt }: PodRecord): boolean {
  const isOther = uid !== failed.uid && ownerUid === failed.ownerUid && createdAt >= failed.createdAt;
  return isOther && container?.state === "running";
}
