import type { FleetHealth } from "../health/fleet-health.ts";
import { fleetGate } from "./fleet-gate.ts";
import type { RolloutState, RolloutStatus, Waiting } from "./state.ts";
import { templateGate } from "./template-gate.ts";

/** What of a live DaemonSet tells how far Kubernetes' controller is. */
export interface DaemonSetFacts {
  readonly generation: number;
  /** Generation that the controller has acted upon; its numbers speak of that one. */
  readonly observedGeneration: number;
  /** Value of the revision label in its pod template; empty where there is none. */
  readonly templateRevision: string;
}

/** What a rolling update is observed from. */
export interface RollingUpdateObservation {
  /** Revision that is wanted. While paused: the one that the DaemonSet has. */
  readonly target: string;
  readonly fleet: FleetHealth;
  /** `null` while it doesn't exist. */
  readonly daemonSet: DaemonSetFacts | null;
  /** `health.maxUnhealthy`: more unhealthy nodes than this prove nothing. */
  readonly maxUnhealthy: string | number;
  readonly previous: RolloutStatus | undefined;
}

/**
 * Where Kubernetes' own RollingUpdate is. Every node's pod is counted by the revision that it carries, not by the
 * DaemonSet's numbers, which count nodes that are down and lag behind its template.
 *
 * `Complete` for a target is reached once and stays: nodes that fail, come or go later are health's business. It is reached
 * when all nodes that can be moved run the target, no more than `maxUnhealthy` of them are unhealthy, and one works at least:
 * then the target is also the new `stable`.
 */
export function observeRollingUpdate(observed: RollingUpdateObservation): RolloutState {
  const { target, fleet, previous } = observed;
  const { counts } = fleet;
  const stable = previous?.stable ?? "";
  const failed = fleet.nodes.filter((node) => node.kind === "unhealthy" && node.revision === target).length;
  const reached = { target, updated: counts.updated, failed, outdated: counts.outdated };
  if (previous?.phase === "Complete" && previous.target === target && stable === target) {
    return { phase: "Complete", stable: target, ...reached };
  }
  const waiting = whatIsMissing(observed, failed);
  if (waiting === null) return { phase: "Complete", stable: target, ...reached };
  return { phase: stable === "" ? "Install" : "Progressing", waitingFor: waiting, stable, ...reached };
}

/** The first gate that isn't passed; `null` when the target is proved. */
function whatIsMissing(
  { target, fleet, daemonSet, maxUnhealthy }: RollingUpdateObservation,
  unhealthy: number,
): Waiting | null {
  const { desired, outdated, updating, starting } = fleet.counts;
  const liveTemplate = daemonSet?.templateRevision ?? null;
  const templateSeen = daemonSet !== null && daemonSet.observedGeneration >= daemonSet.generation;
  const healthy = fleet.nodes.filter((node) => node.kind === "healthy" && node.revision === target).length;
  const standing = { desired, outdated, unsettled: updating + starting, unhealthy, healthy, baking: 0 };
  return templateGate(target, { liveTemplate, templateSeen }) ?? fleetGate(target, standing, maxUnhealthy);
}
