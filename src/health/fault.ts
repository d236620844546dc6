import type { NodeReason } from "../api/reasons.ts";

/**
 * What is wrong with a node's agent. `summary` is ours: what happened and where; `detail` is foreign: the container's,
 * kubelet's or the scheduler's own words, not yet cleaned.
 */
export interface Fault {
  readonly reason: NodeReason;
  readonly summary: string;
  readonly detail: string;
}

/** Builds a fault; `detail` is empty where nobody said more. */
export function fault(reason: NodeReason, summary: string, detail = ""): Fault {
  return { reason, summary, detail };
}

const ENDED: ReadonlySet<string> = new Set<NodeReason>(["CollectorExited", "CollectorExitedCleanly", "OOMKilled"]);

/** Whether a reason means that the collector itself ended: no waiting mends that, and its own last words say most. */
export function isCollectorEnd(reason: string): boolean {
  return ENDED.has(reason);
}
