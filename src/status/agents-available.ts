import type { FleetHealth } from "../health/fleet-health.ts";
import type { StatusFacts } from "./facts.ts";
import { namedNodes, otherNodes } from "./node-findings.ts";
import { fails, holds, unknown } from "./verdict.ts";
import type { ConditionVerdict } from "./verdict.ts";

/**
 * `AgentsAvailable`: False from the first agent on that doesn't do its work. A NotReady node whose collector still answers
 * isn't one of them; nodes without an agent are `NodesCovered`'s business.
 */
export function agentsAvailable({ fleet }: StatusFacts): ConditionVerdict {
  if (fleet === null) return unknown("AgentsAvailable", "Pending", "The nodes haven't been looked at yet.");
  const { counts, findings } = fleet;
  if (counts.desired === 0) return holds("AgentsAvailable", "NoNodes", "No node is selected.");
  const silent = silentNodes(fleet);
  if (silent.total > 0) {
    return fails(
      "AgentsAvailable",
      "UnhealthyNodes",
      `${silent.total} of ${counts.desired} nodes have an agent that doesn't work: ${namedNodes(silent.worst, silent.total)}. See status.unhealthyNodes.`,
    );
  }
  if (counts.healthy === 0 && counts.notReady === 0) {
    return unknown("AgentsAvailable", "Updating", `None of ${counts.desired} nodes' agents answers yet.`);
  }
  const rest = otherNodes(fleet);
  if (findings.probesBlocked) {
    return holds(
      "AgentsAvailable",
      "ProbesBlocked",
      `Kubelet calls the agents ready, but the operator reaches none of them, so kubelet's word is used. Allow TCP 13133 from the operator's pod to the agents' pods.${rest}`,
    );
  }
  return holds(
    "AgentsAvailable",
    "AllHealthy",
    `${counts.healthy} of ${counts.desired} nodes have a healthy agent.${rest}`,
  );
}

/** Nodes with an agent that doesn't work, those that Kubernetes calls NotReady included. */
function silentNodes({ nodes, worstUnhealthy, counts }: FleetHealth): {
  readonly total: number;
  readonly worst: FleetHealth["nodes"];
} {
  const isSilent = (node: FleetHealth["nodes"][number]) => node.kind !== "notReady" || node.collector === "Stopped";
  const silentNotReady =
    counts.notReady === 0 ? 0 : nodes.filter((node) => node.kind === "notReady" && isSilent(node)).length;
  return { total: counts.unhealthy + silentNotReady, worst: worstUnhealthy.filter(isSilent) };
}
