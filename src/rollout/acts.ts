import type { RolloutRecord } from "./record.ts";
import { templateGate } from "./template-gate.ts";
import type { RolloutView } from "./view.ts";
import { goalOf, isTried } from "./window.ts";

/** What a rollout does to a pod. The DaemonSet's template follows the record by itself. */
export type RolloutAct =
  | { readonly kind: "deletePod"; readonly node: string; readonly uid: string }
  /** Makes the canary's pod in the place of the pod `after`, whose UID makes its name: a second try makes no second pod. */
  | { readonly kind: "createPod"; readonly node: string; readonly revision: string; readonly after: string };

/**
 * What may be done now: only what the record that is written allows and the step that was just taken still wants. Whoever
 * comes after a crash reads the same record and is allowed the same; a pod is deleted by its UID, so never twice.
 */
export function permittedActs(written: RolloutRecord, next: RolloutRecord, view: RolloutView): RolloutAct[] {
  if (view.paused || written.phase === "Stalled" || !isSameAim(written, next)) return [];
  if (templateGate(written.template, view) !== null) return [];
  const nodes = new Map(view.nodes.map((node) => [node.node, node]));
  const wanted = new Map(next.inFlight.map(({ node, podUID }) => [node, podUID]));
  return written.inFlight.flatMap(({ node, podUID }): RolloutAct[] => {
    const at = nodes.get(node);
    if (at === undefined || wanted.get(node) !== podUID) return [];
    const isCanary = isTried(node, written);
    if (isCanary !== isTried(node, next)) return [];
    const { pod } = at;
    const isThere = pod?.uid === podUID && !pod.deleting;
    if (!isCanary) {
      return isThere && pod.revision !== goalOf(node, written) ? [{ kind: "deletePod", node, uid: podUID }] : [];
    }
    const make: RolloutAct = { kind: "createPod", node, revision: written.target, after: podUID };
    if (isThere) return [{ kind: "deletePod", node, uid: podUID }, make];
    // A record that was made anew doesn't know whose place it would take; the DaemonSet's own pod comes, and is replaced.
    if (podUID === "") return [];
    return pod === null || (pod.uid === podUID && pod.deleting) ? [make] : [];
  });
}

/** Template and stable revision change with phase or target only. */
function isSameAim(one: RolloutRecord, other: RolloutRecord): boolean {
  return one.phase === other.phase && one.target === other.target;
}
