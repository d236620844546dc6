import type { NodeObservation } from "../health/observation.ts";
import type { ProbeTarget } from "../probe/prober.ts";

/** Where `health_check` listens. */
const HEALTH_PORT = 13_133;

/** The pods that can be asked: those with an address whose container isn't known to be down. */
export function probeTargets(nodes: readonly NodeObservation[]): ProbeTarget[] {
  return nodes.flatMap(({ name, pod }) =>
    pod && pod.ip !== "" && !pod.deleting && pod.phase !== "Failed" && pod.phase !== "Succeeded"
      ? [{ node: name, podUid: pod.uid, ip: pod.ip, port: HEALTH_PORT }]
      : [],
  );
}
