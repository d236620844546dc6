import type { Replacement, RolloutRecord } from "./record.ts";
import { faultOf, isBaked, longest } from "./pod-verdict.ts";
import type { PodFault } from "./pod-verdict.ts";
import type { RolloutNode, RolloutPod, RolloutView } from "./view.ts";

/** What one canary says of the target. `note` tells what it couldn't prove; empty where it proved all. */
export type CanaryVerdict =
  | { readonly kind: "waiting"; readonly gate: "CanaryStarting" | "Bake" | "Exports"; readonly message: string }
  | { readonly kind: "passed"; readonly note: string }
  | { readonly kind: "failed"; readonly fault: PodFault };

/** A scrape, a batch and their transport take less than this; a collector that sent nothing by then has nothing to send. */
const IDLE_MS = 90_000;

/**
 * Judges one canary: its pod must be healthy, stay up for `bakeTime` without a single restart, and deliver what it receives.
 * Delivery is compared with the nodes that run another revision: where theirs fails too, it is the endpoint's fault, and
 * proves nothing against the target.
 */
export function canaryVerdict(
  at: RolloutNode,
  replacement: Replacement | undefined,
  { target }: RolloutRecord,
  view: RolloutView,
): CanaryVerdict {
  const { pod, node } = at;
  if (view.refused !== null) return failed(node, view.refused.reason, view.refused.message);
  if (pod?.revision !== target || pod.deleting || pod.uid === replacement?.podUID) {
    const isLost = replacement?.since != null && view.now >= replacement.since + view.settings.deadlineMs;
    return isLost
      ? failed(node, "CanaryLost", `no pod of revision ${target} stayed on the node within rollout.progressDeadline`)
      : { kind: "waiting", gate: "CanaryStarting", message: `${node}: the pod of revision ${target} isn't there yet` };
  }
  const fault = faultOf(at, view);
  if (fault !== null) return { kind: "failed", fault };
  if (pod.restarts > 0) {
    return failed(
      node,
      "CollectorRestarted",
      `the collector ended ${pod.restarts} times before it was proved: ${at.message}`,
    );
  }
  if (!isBaked(at, view)) {
    return at.kind === "healthy"
      ? { kind: "waiting", gate: "Bake", message: `${node}: healthy, and watched until rollout.bakeTime is over` }
      : { kind: "waiting", gate: "CanaryStarting", message: `${node}: ${at.message}` };
  }
  return exportVerdict(node, pod, view);
}

function exportVerdict(node: string, pod: RolloutPod, view: RolloutView): CanaryVerdict {
  const isLast = view.now >= longest(pod, view.settings);
  switch (pod.exports) {
    case null:
      return { kind: "passed", note: `${node}: its exports weren't looked at` };
    case "Flowing":
      return { kind: "passed", note: "" };
    case "Failing": {
      const exporters = pod.failingExporters.join(", ");
      const delivers = ({ pod: other }: RolloutNode) => other?.exports === "Flowing" && other.revision !== pod.revision;
      if (view.nodes.some(delivers)) {
        return failed(node, "ExportsFailing", `${exporters} delivers nothing, while nodes of another revision deliver`);
      }
      return isLast
        ? { kind: "passed", note: `${node}: ${exporters} delivers nothing, and no other node does either` }
        : { kind: "waiting", gate: "Exports", message: `${node}: ${exporters} delivers nothing yet` };
    }
    case "Idle":
    case "Unknown":
      return view.now >= pod.createdAt + IDLE_MS || isLast
        ? { kind: "passed", note: `${node}: it had nothing to deliver` }
        : { kind: "waiting", gate: "Exports", message: `${node}: nothing was delivered yet` };
    default:
      return pod.exports satisfies never;
  }
}

function failed(node: string, reason: string, message: string): CanaryVerdict {
  return { kind: "failed", fault: { node, reason, message } };
}
