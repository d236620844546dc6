import { HEALTH_PORT } from "../api/ports.ts";
import type { NodeObservation } from "../health/observation.ts";
import { isOver } from "../health/subject.ts";
import type { ProbeTarget } from "../probe/prober.ts";
import type { AwaitedNodes } from "./awaited-nodes.ts";

/**
 * The pods that can be asked: those with an address whose container isn't known to be down. Those that a rollout waits for have a
 * pace of their own.
 */
export function probeTargets(nodes: readonly NodeObservation[], awaited: AwaitedNodes): ProbeTarget[] {
  return nodes.flatMap(({ name, pod }) =>
    pod && pod.ip !== "" && !pod.deleting && !isOver(pod)
      ? [
          {
            node: name,
            podUid: pod.uid,
            ip: pod.ip,
            port: HEALTH_PORT,
            ...(awaited.names.has(name) && { everyMs: awaited.everyMs }),
          },
        ]
      : [],
  );
}
