import { share } from "../api/duration.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import { configValid } from "./config-valid.ts";
import type { StatusFacts } from "./facts.ts";
import { namedNodes, otherNodes } from "./node-findings.ts";
import { stalled } from "./stalled.ts";
import { fails, holds, unknown } from "./verdict.ts";
import type { ConditionVerdict } from "./verdict.ts";

/**
 * `Ready`, the summary. It is False for four causes alone: the configuration is invalid, something is stalled, a rollout is
 * being taken back or was, or more nodes are unhealthy or uncovered than `health.maxUnhealthy` allows. Nodes that Kubernetes
 * itself calls NotReady don't count there, nor do nodes that come and go: fleets churn all day, and GitOps waits on this condition.
 * It is Unknown while there is nothing to say yet: before the first look, before the first revision runs everywhere, and
 * while not one agent answers.
 */
export function ready(facts: StatusFacts): ConditionVerdict {
  return causeOfFailure(facts) ?? notYet(facts) ?? ok(facts);
}

function causeOfFailure(facts: StatusFacts): ConditionVerdict | null {
  const { fleet, rollout, spec } = facts;
  const validity = configValid(facts);
  if (validity.status === "False") return fails("Ready", validity.reason, validity.message);
  const stall = stalled(facts);
  if (stall !== null) return fails("Ready", stall.reason, stall.message);
  if (rollout?.phase === "RollingBack" || rollout?.phase === "RolledBack") {
    return fails("Ready", "RolledBack", `${rollout.reason}: ${rollout.message}`);
  }
  return fleet === null || spec === null ? null : tooManyUnhealthy(fleet, spec.health.maxUnhealthy);
}

function tooManyUnhealthy(fleet: FleetHealth, limit: string | number): ConditionVerdict | null {
  const { counts } = fleet;
  const allowed = share(limit, counts.desired);
  const bad = counts.unhealthy + counts.uncovered;
  if (bad <= allowed) return null;
  return fails(
    "Ready",
    "TooManyUnhealthy",
    `${bad} of ${counts.desired} nodes are unhealthy or uncovered, and health.maxUnhealthy (${limit}) allows ${allowed}: ${namedNodes(badNodes(fleet), bad)}.`,
  );
}

function notYet({ fleet, rollout, configuration, spec }: StatusFacts): ConditionVerdict | null {
  if (fleet === null || configuration === null)
    return unknown("Ready", "Pending", "The operator has just begun with this resource.");
  const { counts } = fleet;
  if (counts.desired === 0) return null;
  const answering = counts.healthy + answeringThoughNotReady(fleet);
  if (answering === 0 && counts.notReady === counts.desired) {
    return unknown("Ready", "NodesNotReady", `Kubernetes calls all ${counts.desired} selected nodes NotReady.`);
  }
  const installing = rollout?.phase === "Install" && counts.updating + counts.starting > 0 && spec?.paused !== true;
  if (answering === 0 || installing) {
    return unknown("Ready", "Updating", `${answering} of ${counts.desired} nodes have a healthy agent so far.`);
  }
  return null;
}

function ok({ fleet }: StatusFacts): ConditionVerdict {
  if (fleet === null || fleet.counts.desired === 0)
    return holds("Ready", "NoNodes", "No node is selected, so there is nothing to run.");
  const { counts } = fleet;
  const bad = counts.unhealthy + counts.uncovered;
  if (bad > 0) {
    return holds(
      "Ready",
      "WithinTolerance",
      `${counts.healthy} of ${counts.desired} nodes are healthy; health.maxUnhealthy tolerates ${namedNodes(badNodes(fleet), bad)}.`,
    );
  }
  return holds("Ready", "AllHealthy", `${counts.healthy} of ${counts.desired} nodes are healthy.${otherNodes(fleet)}`);
}

function badNodes({ worstUnhealthy, worstUncovered }: FleetHealth): FleetHealth["nodes"] {
  return [...worstUnhealthy.filter(({ kind }) => kind === "unhealthy"), ...worstUncovered];
}

function answeringThoughNotReady({ nodes, counts }: FleetHealth): number {
  return counts.notReady === 0
    ? 0
    : nodes.filter(({ kind, collector }) => kind === "notReady" && collector === "Running").length;
}
