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
