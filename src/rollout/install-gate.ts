import { share } from "../api/duration.ts";
import { isBaked } from "./pod-verdict.ts";
import type { RolloutRecord } from "./record.ts";
import type { Waiting } from "./state.ts";
import { templateGate } from "./template-gate.ts";
import { desiredCount, isDesired } from "./view.ts";
import type { RolloutView } from "./view.ts";
import { isOutdated } from "./window.ts";

/**
 * What the first revision ever still lacks to be called stable; `null` when it is proved: every node that can be moved has
 * settled and baked at it, and no more are unhealthy there than `health.maxUnhealthy` allows.
 */
export function installGate(record: RolloutRecord, view: RolloutView): Waiting | null {
  const { target } = record;
  const lacking = templateGate(target, view);
  if (lacking !== null) return lacking;
  const desired = desiredCount(view);
  const outdated = view.nodes.filter((node) => isOutdated(node, record)).length;
  if (outdated > 0) {
    return { gate: "NodesOutdated", message: `${outdated} of ${desired} nodes don't run revision ${target} yet` };
  }
  const unsettled = view.nodes.filter(({ kind }) => kind === "updating" || kind === "starting").length;
  if (unsettled > 0) {
    return {
      gate: "NodesUnsettled",
      message: `${unsettled} of ${desired} nodes' pods are still being made or started`,
    };
  }
  const atTarget = view.nodes.filter(({ pod }) => pod?.revision === target);
  const unhealthy = atTarget.filter(({ kind }) => kind === "unhealthy").length;
  if (unhealthy > share(view.settings.maxUnhealthy, desired)) {
    return { gate: "NodesUnhealthy", message: `${unhealthy} of ${desired} nodes are unhealthy at revision ${target}` };
  }
  const baking = atTarget.filter((node) => node.kind === "healthy" && !isBaked(node, view)).length;
  if (baking > 0) {
    return {
      gate: "Bake",
      message: `${baking} of ${desired} nodes are healthy, and watched until rollout.bakeTime is over`,
    };
  }
  const proving = atTarget.filter((node) => isDesired(node)).length;
  return desired > 0 && proving === 0 ? { gate: "NoNodeProved", message: `no node runs revision ${target}` } : null;
}
