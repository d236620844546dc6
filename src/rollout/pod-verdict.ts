import type { NodeReason } from "../api/reasons.ts";
import { isCollectorEnd } from "../health/fault.ts";
import type { RolloutNode, RolloutPod, RolloutView } from "./view.ts";

/** Why a node's new pod failed. `reason` is a node's reason, or one of the rollout's own. */
export interface PodFault {
  readonly node: string;
  readonly reason: string;
  readonly message: string;
}

const POD_FAILED: NodeReason = "PodFailed";
const CLEAN_EXIT: NodeReason = "CollectorExitedCleanly";
/** How long the last words of a collector that ended without an error may take, milliseconds: they are read from its log. */
export const WORDS_MS = 3_000;
/**
 * How long a collector that answered must be silent to have failed, milliseconds: one probe may get lost, and of a container that
 * ended the probes know before kubelet says why.
 */
const SILENT_MS = 5_000;
/** What says nothing about the revision: there is no pod to judge, or the node threw it out. */
const NO_FAULT_OF_THE_REVISION: ReadonlySet<string> = new Set<NodeReason>([
  "NotDeployed",
  "PodMissing",
  "PodTerminating",
  "Evicted",
]);

/**
 * What is wrong with a node whose pod was replaced. A collector that ended has failed at once, one that answered and then
 * stopped after a moment; whatever may still come right (an image, a port, a slow start) has until `progressDeadline`.
 */
export function faultOf(at: RolloutNode, view: RolloutView): PodFault | null {
  const { node, kind, reason, message, pod } = at;
  const isLate = view.now >= (pod?.createdAt ?? at.since) + view.settings.deadlineMs;
  if (kind === "unhealthy" || kind === "uncovered") {
    if (NO_FAULT_OF_THE_REVISION.has(reason)) return null;
    if (awaitsWords(at, view)) return null;
    const isSilent = pod?.answered === true && kind === "unhealthy" && view.now >= at.since + SILENT_MS;
    const isSure = isCollectorEnd(reason) || reason === POD_FAILED || isSilent;
    return isSure || isLate ? { node, reason, message } : null;
  }
  return kind === "updating" && pod !== null && isLate
    ? { node, reason: "ProgressDeadlineExceeded", message: `not healthy within rollout.progressDeadline: ${message}` }
    : null;
}

/** Whether the last words of a collector that ended without an error may still come. */
export function awaitsWords({ reason, since }: RolloutNode, { now }: RolloutView): boolean {
  return reason === CLEAN_EXIT && now < since + WORDS_MS;
}

/** Since when a pod's collector has run without interruption, by clocks that may differ; never in the future. */
export function runsSince({ createdAt, startedAt, lastExitAt }: RolloutPod, now: number): number {
  return Math.min(now, Math.max(createdAt, startedAt ?? now, lastExitAt ?? 0));
}

/**
 * Whether a node's pod is healthy and was seen to be after `bakeTime`, or, where clocks are off, after its deadline. The last
 * answer counts and not the present: a cache that lags behind shows a pod as it was. Kubelet has to call it ready as well, for
 * everybody else goes by that; where it never does, the deadline ends the wait.
 */
export function isBaked({ kind, pod }: RolloutNode, { now, settings }: RolloutView): boolean {
  if (kind !== "healthy" || pod === null || pod.deleting) return false;
  if (!pod.ready && now < longest(pod, settings)) return false;
  return (pod.answeredAt ?? 0) >= Math.min(runsSince(pod, now) + settings.bakeMs, longest(pod, settings));
}

/** Whether a node at least has proved a revision, so that it is one to go back to. */
export function isProvedByNode(revision: string, view: RolloutView): boolean {
  return view.nodes.some((at) => at.pod?.revision === revision && isBaked(at, view));
}

/** When waiting for a pod ends. */
export function longest({ createdAt }: RolloutPod, { deadlineMs, bakeMs }: RolloutView["settings"]): number {
  return createdAt + Math.max(deadlineMs, bakeMs);
}
