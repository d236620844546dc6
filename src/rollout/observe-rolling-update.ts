import { share } from "../api/duration.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import type { RolloutState, RolloutStatus, Waiting } from "./state.ts";

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
 * when all nodes that can be moved run the target and no more than `maxUnhealthy` of them are unhealthy: then the target is
 * also the new `stable`.
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
  failed: number,
): Waiting | null {
  const { counts } = fleet;
  if (daemonSet === null) return { gate: "DaemonSetMissing", message: "the DaemonSet isn't there yet" };
  if (daemonSet.templateRevision !== target) {
    return { gate: "TemplateOutdated", message: `the DaemonSet's template isn't at revision ${target} yet` };
  }
  if (daemonSet.observedGeneration < daemonSet.generation) {
    return { gate: "NotObserved", message: "Kubernetes hasn't acted upon the DaemonSet's newest template yet" };
  }
  if (counts.outdated > 0) {
    return {
      gate: "NodesOutdated",
      message: `${counts.outdated} of ${counts.desired} nodes don't run revision ${target} yet`,
    };
  }
  const unsettled = counts.updating + counts.starting;
  if (unsettled > 0) {
    return {
      gate: "NodesUnsettled",
      message: `${unsettled} of ${counts.desired} nodes' pods are still being made or started`,
    };
  }
  if (failed > share(maxUnhealthy, counts.desired)) {
    return {
      gate: "NodesUnhealthy",
      message: `${failed} of ${counts.desired} nodes are unhealthy at revision ${target}`,
    };
  }
  if (counts.desired > 0 && counts.updated === 0) {
    return { gate: "NoNodeProved", message: `no node runs revision ${target}` };
  }
  return null;
}
