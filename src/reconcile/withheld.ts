import type { KmAgentStatus } from "../api/kmagent.ts";
import type { ConditionReason } from "../api/reasons.ts";
import { workloadId } from "./object-id.ts";
import { ownership } from "./ownership.ts";
import type { Snapshot } from "./snapshot.ts";

type Condition = NonNullable<KmAgentStatus["conditions"]>[number];

/** Reasons of `Stalled` for which no DaemonSet is made; where only a rollout stands still, a deleted one is made anew. */
const NOT_MADE: ReadonlySet<string> = new Set<ConditionReason>([
  "NameConflict",
  "NodeOverlap",
  "ApplyRefused",
  "Forbidden",
]);

/** Whether a condition keeps the operator from making agents. Without a usable spec the last usable one is kept in shape. */
const CAUSES: readonly ((condition: Condition, memory: Snapshot["memory"]) => boolean)[] = [
  ({ type, status }, { lastValid }) => type === "ConfigValid" && status === "False" && lastValid === null,
  ({ type, status, reason }) => type === "Stalled" && status === "True" && NOT_MADE.has(reason),
  ({ type, status }) => type === "Paused" && status === "True",
];

/**
 * Why there is no DaemonSet, by what the operator says of itself in a status: then no node is missing its pod by any fault of its own
 * or of Kubernetes. Empty where there is one, or nothing is known to keep it from being made.
 */
export function withheld(snapshot: Snapshot, { conditions = [] }: KmAgentStatus): string {
  const { kmagent, live } = snapshot;
  const daemonSet = live.get(workloadId(kmagent, "node-agent"));
  if (daemonSet !== undefined && ownership(daemonSet, kmagent).kind === "ours") return "";
  if (kmagent.deleting) return "the KmAgent is being deleted";
  const [cause] = CAUSES.flatMap((holds) => conditions.filter((condition) => holds(condition, snapshot.memory)));
  return cause === undefined ? "" : `${cause.reason}: ${cause.message}`;
}
