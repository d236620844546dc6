import type { NodeReason } from "../api/reasons.ts";
import type { RolloutNode, RolloutPod, RolloutView } from "./view.ts";

/** Why a node's new pod failed. `reason` is a node's reason, or one of the rollout's own. */
export interface PodFault {
  readonly node: string;
  readonly reason: string;
  readonly message: string;
}

/** What waiting can't mend: the collector itself ended. */
const AT_ONCE: ReadonlySet<string> = new Set<NodeReason>([
  "CollectorExited",
  "CollectorExitedCleanly",
  "OOMKilled",
  "PodFailed",
]);
const CLEAN_EXIT: NodeReason = "CollectorExitedCleanly";
const WORDS_MS = 3_000;
/**
 * How long a collector that answered must be silent to have failed, milliseconds: one probe may get lost, and of a container that
 * ended the probes know before kubelet says why.
 */
const SILENT_MS = 5_000;
/** What says nothing about the revision: there is no pod to judge, or the node threw it out. */
const NO_FAULT_OF_THE_REVISION: ReadonlySet<string> = new Set<NodeReason>(["PodMissing", "PodTerminating", "Evicted"]);

/**
 * What is wrong with a node whose pod was replaced. A collector that ended has failed at once, one that answered and then
 * stopped after a moment; whatever may still come right (an image, a port, a slow start) has until `progressDeadline`.
 */
export function faultOf(at: RolloutNode, view: RolloutView): PodFault | null {
  const { node, kind, reason, message, pod } = at;
  const isLate = view.now >= (pod?.createdAt ?? at.since) + view.settings.deadlineMs;
  if (kind === "unhealthy" || kind === "uncovered") {
    if (NO_FAULT_OF_THE_REVISION.has(reason)) return null;
    // The last words of a collector that ended without an error are read from its log, which takes a moment.
    if (reason === CLEAN_EXIT && view.now < at.since + WORDS_MS) return null;
    const isSilent = pod?.answered === true && kind === "unhealthy" && view.now >= at.since + SILENT_MS;
    const isSure = AT_ONCE.has(reason) || isSilent;
    return isSure || isLate ? { node, reason, message } : null;
  }
  return kind === "updating" && pod !== null && isLate
    ? { node, reason: "ProgressDeadlineExceeded", message: `not healthy within rollout.progressDeadline: ${message}` }
    : null;
}

/** Since when a pod's collector has run without interruption, by clocks that may differ; never in the future. */
export function runsSince({ createdAt, startedAt, lastExitAt }: RolloutPod, now: number): number {
  return Math.min(now, Math.max(createdAt, startedAt ?? now, lastExitAt ?? 0));
}

/**
 * Whether a node's pod is healthy and was seen to be after `bakeTime`, or, where clocks are off, after its deadline. The last
 * answer counts and not the present: a cache that lags behind shows a pod as it was.
 */
export function isBaked({ kind, pod }: RolloutNode, { now, settings }: RolloutView): boolean {
  if (kind !== "healthy" || pod === null || pod.deleting) return false;
  return (pod.answeredAt ?? 0) >= Math.min(runsSince(pod, now) + settings.bakeMs, longest(pod, settings));
}

/** When waiting for a pod ends. */
export function longest({ createdAt }: RolloutPod, { deadlineMs, bakeMs }: RolloutView["settings"]): number {
  return createdAt + Math.max(deadlineMs, bakeMs);
}
