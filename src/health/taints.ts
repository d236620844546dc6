import { daemonTolerations } from "../api/daemon-tolerations.ts";
import type { Taint } from "./observation.ts";
import type { Toleration } from "./settings.ts";

/**
 * Taints that mean the node is about to go: autoscalers set them before they drain or delete it.
 * `DeletionCandidateOfClusterAutoscaler` is a mere thought of the autoscaler's, often taken back; it is left out, for its nodes
 * work on, and a fault there is a fault.
 */
const LEAVING_TAINTS: ReadonlySet<string> = new Set([
  "ToBeDeletedByClusterAutoscaler",
  "karpenter.sh/disrupted",
  "karpenter.sh/disruption",
  "aws-node-termination-handler/spot-itn",
  "aws-node-termination-handler/scheduled-maintenance",
  "aws-node-termination-handler/asg-lifecycle-termination",
  "cloud.google.com/impending-node-termination",
]);

/** The tolerations that the agents' pods really carry: the spec's, and those of every DaemonSet pod. */
export function effectiveTolerations(tolerations: readonly Toleration[], hostNetwork: boolean): readonly Toleration[] {
  return [...tolerations, ...daemonTolerations(hostNetwork)];
}

/**
 * The first taint that makes the DaemonSet controller leave a node out, if any. `PreferNoSchedule` keeps no DaemonSet pod
 * away, and a cordon (`node.kubernetes.io/unschedulable`) is tolerated by every one.
 */
export function untoleratedTaint(taints: readonly Taint[], tolerations: readonly Toleration[]): Taint | null {
  for (const taint of taints) {
    if (taint.effect === "PreferNoSchedule") continue;
    if (!tolerations.some((toleration) => tolerates(toleration, taint))) return taint;
  }
  return null;
}

/** The taint that says that the node is about to go, if any. */
export function leavingTaint(taints: readonly Taint[]): Taint | null {
  return taints.find((taint) => LEAVING_TAINTS.has(taint.key)) ?? null;
}

/** Kubernetes' own rule: an empty key with `Exists` matches every taint, an empty effect every effect. */
function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== taint.effect) return false;
  const key = toleration.key ?? "";
  if (key !== "" && key !== taint.key) return false;
  if (toleration.operator === "Exists") return true;
  return key !== "" && (toleration.value ?? "") === taint.value;
}

/** A taint as `kubectl` writes it: `key=value:Effect`. */
export function taintText(taint: Taint): string {
  return `${taint.key}${taint.value === "" ? "" : `=${taint.value}`}:${taint.effect}`;
}
