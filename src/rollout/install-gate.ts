import { fleetGate } from "./fleet-gate.ts";
import { isBaked } from "./pod-verdict.ts";
import type { RolloutRecord } from "./record.ts";
import type { Waiting } from "./state.ts";
import { templateGate } from "./template-gate.ts";
import { desiredCount } from "./view.ts";
import type { RolloutView } from "./view.ts";
import { isOutdated } from "./window.ts";

/** What the first revision ever still lacks to be called stable; `null` when the fleet has proved it. */
export function installGate(record: RolloutRecord, view: RolloutView): Waiting | null {
  const { target } = record;
  const atTarget = view.nodes.filter(({ pod }) => pod?.revision === target);
  const healthy = atTarget.filter(({ kind }) => kind === "healthy");
  const standing = {
    desired: desiredCount(view),
    outdated: view.nodes.filter((node) => isOutdated(node, record)).length,
    unsettled: view.nodes.filter(({ kind }) => kind === "updating" || kind === "starting").length,
    unhealthy: atTarget.filter(({ kind }) => kind === "unhealthy").length,
    healthy: healthy.length,
    baking: healthy.filter((node) => !isBaked(node, view)).length,
  };
  return templateGate(target, view) ?? fleetGate(target, standing, view.settings.maxUnhealthy);
}
