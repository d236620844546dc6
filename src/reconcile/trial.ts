import type { NodeReason } from "../api/reasons.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import type { NodeHealth } from "../health/node-health.ts";
import type { KubeObject } from "../kube/resource.ts";
import type { KmAgentMemory } from "./memory.ts";

/** How often a pod is tried by dry run while nodes have none and nothing explains it, milliseconds. */
const RECHECK_MS = 30_000;
/** A pod that is being replaced is missing for less than this; what is missing longer is asked about before it counts as a fault. */
const REPLACED_MS = 5_000;

/** Why a node has no pod where no API server was asked for one. */
const EXPLAINED: ReadonlySet<string> = new Set<NodeReason>(["TaintNotTolerated", "NotDeployed"]);

/** Nodes that have no pod at all though nothing about them forbids one: only the API server can say why. */
export function isUnexplained({ kind, podUid, reason }: NodeHealth): boolean {
  if (podUid !== "") return false;
  return kind === "uncovered" ? !EXPLAINED.has(reason) : reason === "PodMissing";
}

/** When a pod of the DaemonSet's template is tried by dry run, `now` at the earliest; `null` where there is no question to ask. */
export function trialTime(
  daemonSet: KubeObject | undefined,
  fleet: FleetHealth | null,
  refusal: KmAgentMemory["refusal"],
  now: number,
): number | null {
  const due = (fleet?.nodes ?? [])
    .filter(isUnexplained)
    .map(({ kind, since }) => (kind === "uncovered" ? now : since + REPLACED_MS));
  if (!daemonSet || due.length === 0) return null;
  return Math.max(now, Math.min(...due), refusal === null ? 0 : refusal.at + RECHECK_MS);
}
