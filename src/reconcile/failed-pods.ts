import type { Store } from "../kube/store.ts";
import type { NodeRecord, PodRecord } from "./project.ts";

/** The pods that failed as a whole and whose node's next one hasn't run yet. */
export interface FailedPods {
  /** The failed pod of this DaemonSet (its UID) on this node, or undefined. */
  of(daemonSetUid: string, node: string): PodRecord | undefined;
}

/**
 * Remembers what the caches show for milliseconds only: an evicted pod is replaced at once by the DaemonSet controller, and
 * a look at the cluster a moment later finds a new pod and no word of why. One pod a node at most, forgotten with its node.
 */
export function watchFailedPods(
  { pods, nodes }: { readonly pods: Store<PodRecord>; readonly nodes: Store<NodeRecord> },
  signal: AbortSignal,
): FailedPods {
  const byNode = new Map<string, PodRecord>();
  const unsubscribe = [
    pods.subscribe(({ before, after }) => {
      if (after === undefined || after.node === "") return;
      const known = byNode.get(after.node);
      if (known !== undefined && known.uid !== after.uid && after.container?.state === "running") {
        byNode.delete(after.node);
      }
      // One that is being deleted may fail by that alone.
      const falls = after.phase === "Failed" && after.reason !== "" && !after.deleting && before?.phase !== "Failed";
      if (falls) byNode.set(after.node, after);
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
      const pod = byNode.get(node);
      return pod?.ownerUid === daemonSetUid ? pod : undefined;
    },
  };
}
