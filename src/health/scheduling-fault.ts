import { fault } from "./fault.ts";
import type { Fault } from "./fault.ts";
import type { PodObservation } from "./observation.ts";

/**
 * Words of the scheduler's plugins and of kubelet's own admission, from the most telling to the least. A DaemonSet's pod is
 * bound to one node by affinity, so of a message such as "0/3 nodes are available: 1 Insufficient memory, 2 node(s) didn't
 * match …" only the part about that node matters, and the affinity's part never does.
 */
const WORDS: readonly (readonly [RegExp, Fault["reason"], string])[] = [
  [
    /didn't have free ports|NodePorts|free ports for the requested/i,
    "PortConflict",
    "another pod holds a host port that the agent needs",
  ],
  [
    /Insufficient \S|OutOf(?:cpu|memory|pods|ephemeral-storage)|Too many pods/i,
    "InsufficientResources",
    "the node has no room for the agent",
  ],
  [/had untolerated taint|that the pod didn't tolerate/i, "TaintNotTolerated", "a taint keeps the agent away"],
];

/** Why the scheduler can't place the pod on its node; `null` where it has said nothing against it. */
export function schedulingFault(pod: PodObservation): Fault | null {
  if (pod.phase !== "Pending" || pod.unschedulable === "") return null;
  return (
    named(pod.unschedulable) ??
    fault("Unschedulable", "the scheduler can't place the agent on its node", pod.unschedulable)
  );
}

/** Why kubelet turned away a pod that the scheduler had placed (`OutOfcpu`, `NodePorts`); `null` where it didn't. */
export function admissionFault(pod: PodObservation): Fault | null {
  if (pod.phase !== "Failed" || pod.container !== null) return null;
  return named(pod.reason === "" ? pod.message : `${pod.reason}: ${pod.message}`);
}

function named(words: string): Fault | null {
  const found = WORDS.find(([pattern]) => pattern.test(words));
  return found === undefined ? null : fault(found[1], found[2], words);
}
