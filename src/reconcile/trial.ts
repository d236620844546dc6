import type { FleetHealth } from "../health/fleet-health.ts";
import type { NodeHealth } from "../health/node-health.ts";
import type { KubeObject } from "../kube/resource.ts";
import type { KmAgentMemory } from "./memory.ts";

/** How often a pod is tried by dry run while nodes have none and nothing explains it, milliseconds. */
const RECHECK_MS = 30_000;

/** Nodes that have no pod at all though nothing about them forbids one: only the API server can say why. */
export function isUnexplained({ kind, podUid, reason }: NodeHealth): boolean {
  return kind === "uncovered" && podUid === "" && reason !== "TaintNotTolerated";
}

/** When a pod of the DaemonSet's template is tried by dry run, `now` at the earliest; `null` where there is no question to ask. */
export function trialTime(
  daemonSet: KubeObject | undefined,
  fleet: FleetHealth | null,
  refusal: KmAgentMemory["refusal"],
  now: number,
): number | null {
  if (!daemonSet || !fleet?.nodes.some(isUnexplained)) return null;
  return refusal === null ? now : Math.max(now, refusal.at + RECHECK_MS);
}
