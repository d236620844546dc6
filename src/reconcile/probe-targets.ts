import type { NodeObservation } from "../health/observation.ts";
import type { RolloutStatus } from "../rollout/state.ts";
import type { ProbeTarget } from "../probe/prober.ts";

/** Where `health_check` listens. */
const HEALTH_PORT = 13_133;

/** How often a pod is asked that a rollout waits for, milliseconds. */
const AWAITED_MS = 2_000;

/**
 * The pods that can be asked: those with an address whose container isn't known to be down. A rollout's steps hang on what it
 * hears of the nodes that it waits for, so those are asked more often.
 */
export function probeTargets(nodes: readonly NodeObservation[], awaited: ReadonlySet<string>): ProbeTarget[] {
  return nodes.flatMap(({ name, pod }) =>
    pod && pod.ip !== "" && !pod.deleting && pod.phase !== "Failed" && pod.phase !== "Succeeded"
      ? [
          {
            node: name,
            podUid: pod.uid,
            ip: pod.ip,
            port: HEALTH_PORT,
            ...(awaited.has(name) && { everyMs: AWAITED_MS }),
          },
        ]
      : [],
  );
}

/** The nodes that a staged rollout waits for, as its record names them. */
export function awaitedNodes(rollout: RolloutStatus | undefined): ReadonlySet<string> {
  return new Set([...(rollout?.canaries ?? []), ...(rollout?.inFlight ?? []).map(({ node }) => node)]);
}
