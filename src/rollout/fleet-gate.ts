import { share } from "../api/duration.ts";
import type { Waiting } from "./state.ts";

/** How a fleet stands towards a revision. All are numbers of nodes. */
export interface FleetStanding {
  /** Nodes that should have an agent. */
  readonly desired: number;
  /** Nodes that can be moved and run another revision. */
  readonly outdated: number;
  /** Nodes whose pod is being made or started. */
  readonly unsettled: number;
  /** Nodes that are unhealthy at the revision. */
  readonly unhealthy: number;
  /** Nodes that are healthy at the revision, and of them those that are still watched. */
  readonly healthy: number;
  readonly baking: number;
}

/**
 * What keeps a whole fleet from having proved a revision; `null` where it has: every node that can be moved has settled and
 * baked, no more are unhealthy than `health.maxUnhealthy` allows, and one at least works, where there is any.
 */
export function fleetGate(revision: string, standing: FleetStanding, maxUnhealthy: string | number): Waiting | null {
  const { desired, outdated, unsettled, unhealthy, healthy, baking } = standing;
  if (outdated > 0) {
    return { gate: "NodesOutdated", message: `${outdated} of ${desired} nodes don't run revision ${revision} yet` };
  }
  if (unsettled > 0) {
    return {
      gate: "NodesUnsettled",
      message: `${unsettled} of ${desired} nodes' pods are still being made or started`,
    };
  }
  if (unhealthy > share(maxUnhealthy, desired)) {
    return {
      gate: "NodesUnhealthy",
      message: `${unhealthy} of ${desired} nodes are unhealthy at revision ${revision}`,
    };
  }
  if (baking > 0) {
    return {
      gate: "Bake",
      message: `${baking} of ${desired} nodes are healthy, and watched until rollout.bakeTime is over and kubelet calls them ready`,
    };
  }
  return desired > 0 && healthy === 0
    ? { gate: "NoNodeProved", message: `no healthy node runs revision ${revision}` }
    : null;
}
