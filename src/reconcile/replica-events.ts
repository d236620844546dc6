import type { KmAgentStatus } from "../api/kmagent.ts";
import type { EventNote } from "./condition-events.ts";

type ClusterAgentStatus = KmAgentStatus["clusterAgent"];

/** One event for each turn of the cluster agent's rollout: what the status says now and didn't say before. */
export function replicaEvents(before: ClusterAgentStatus, after: ClusterAgentStatus): EventNote[] {
  if (after?.phase === undefined || before?.phase === undefined) return [];
  if (before.phase === after.phase && before.target === after.target) return [];
  const { phase, target = "", stable = "" } = after;
  const rejection = after.rejected?.find(({ revision }) => revision === target);
  const why = rejection ? `${rejection.reason}: ${rejection.message}` : "";
  switch (phase) {
    case "Trying":
      return [{ type: "Normal", reason: "RolloutStarted", message: `the cluster agent tries revision ${target}` }];
    case "Complete":
      return before.stable === target
        ? []
        : [{ type: "Normal", reason: "RolloutCompleted", message: `the cluster agent runs revision ${target}` }];
    case "RolledBack":
      return [
        {
          type: "Warning",
          reason: "RolledBack",
          message: `revision ${target} of the cluster agent failed, and ${stable} goes on: ${why}`,
        },
      ];
    case "Stalled":
      return [
        {
          type: "Warning",
          reason: "RolloutStalled",
          message: `revision ${target} of the cluster agent failed, and waits for you: ${why}`,
        },
      ];
    case "Install":
      return [];
    default:
      return phase satisfies never;
  }
}
