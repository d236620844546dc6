import type { StatusFacts } from "./facts.ts";
import { fails, holds, unknown } from "./verdict.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** `ClusterAgentAvailable`: whether the one agent for the cluster works. It never decides `Ready`. */
export function clusterAgentAvailable({ clusterAgent }: StatusFacts): ConditionVerdict {
  if (clusterAgent === null)
    return unknown("ClusterAgentAvailable", "Pending", "The cluster agent hasn't been looked at yet.");
  switch (clusterAgent.kind) {
    case "disabled":
      return holds("ClusterAgentAvailable", "Disabled", "The cluster agent is switched off.");
    case "missing":
      return fails("ClusterAgentAvailable", "Unavailable", "The cluster agent's Deployment doesn't exist yet.");
    case "present": {
      if (clusterAgent.ready) return holds("ClusterAgentAvailable", "Available", "The cluster agent is ready.");
      const words = [clusterAgent.reason, clusterAgent.message].filter((part) => part !== "").join(": ");
      return fails("ClusterAgentAvailable", "Unavailable", words === "" ? "The cluster agent isn't ready." : words);
    }
    default:
      return clusterAgent satisfies never;
  }
}
