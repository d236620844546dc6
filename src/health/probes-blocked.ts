import type { NodeObservation } from "./observation.ts";
import { answered } from "./probe-fault.ts";
import { probeOfThisRun, runningContainer } from "./subject.ts";

/**
 * Whether the network keeps the operator from all agents: no running pod gives any answer, kubelet calls pods ready that are
 * silent to us, and our misses have reached the threshold on one of them. One silent pod of several is that pod's own fault;
 * in a fleet of one it is the network's until kubelet's probe, which needs no network policy, agrees with ours.
 */
export function probesBlocked(nodes: readonly NodeObservation[], failureThreshold: number): boolean {
  let running = 0;
  let readyAndSilent = 0;
  let atThreshold = false;
  for (const { pod, probe } of nodes) {
    const container = runningContainer(pod);
    if (pod === null || container === null) continue;
    running += 1;
    const own = probeOfThisRun(probe, pod, container);
    if (own === null) continue;
    if (answered(own.outcome)) return false;
    if (!pod.ready) continue;
    readyAndSilent += 1;
    atThreshold ||= own.misses >= failureThreshold;
  }
  return atThreshold && (readyAndSilent >= 2 || readyAndSilent === running);
}
