import type { ReplicaRecord } from "../rollout/replica-record.ts";
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
    case "present":
      return clusterAgent.ready ? available(clusterAgent) : unavailable(clusterAgent);
    default:
      return clusterAgent satisfies never;
  }
}

type Present = Extract<StatusFacts["clusterAgent"], { kind: "present" }>;

/** It works; what a revision that failed leaves to do is said besides. */
function available({ record }: Present): ConditionVerdict {
  const type = "ClusterAgentAvailable";
  const failure = record && failureOf(record);
  if (failure !== null) return holds(type, failure.reason, `The cluster agent is ready; ${failure.message}`);
  const tried = record?.phase === "Trying" ? `; revision ${record.target} is tried beside it` : "";
  return holds(type, "Available", `The cluster agent is ready${tried}.`);
}

function unavailable({ reason, message, record }: Present): ConditionVerdict {
  const words = [reason, message].filter((part) => part !== "").join(": ");
  const failure = record && failureOf(record);
  const said = words === "" ? "The cluster agent isn't ready." : words;
  return fails("ClusterAgentAvailable", "Unavailable", failure === null ? said : `${said}; ${failure.message}`);
}

/** What is said of the wanted revision where it failed. */
function failureOf({ phase, target, stable, rejected }: ReplicaRecord) {
  const rejection = rejected.find(({ revision }) => revision === target);
  if (phase !== "RolledBack" && phase !== "Stalled") return null;
  const why = `${rejection?.reason ?? "Unknown"}: ${rejection?.message ?? "why is lost with the status"}`;
  if (phase === "RolledBack") {
    return { reason: "RolledBack", message: `revision ${target} failed, and ${stable} goes on: ${why}` } as const;
  }
  const reason = rejection?.reason === "ApiKeyRejected" ? "ApiKeyRejected" : "RolloutFailed";
  return { reason, message: `revision ${target} failed and waits for you: ${why}` } as const;
}
