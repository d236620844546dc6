import { failingLines, isWitness, lineName } from "../health/witness.ts";
import type { Replacement, RolloutRecord } from "./record.ts";
import { awaitsWords, faultOf, isBaked, longest, runsSince } from "./pod-verdict.ts";
import type { PodFault } from "./pod-verdict.ts";
import type { RolloutNode, RolloutPod, RolloutView } from "./view.ts";

/** What one canary says of the target. `note` tells what it couldn't prove; empty where it proved all. */
export type CanaryVerdict =
  | { readonly kind: "waiting"; readonly gate: "CanaryStarting" | "Bake" | "Exports"; readonly message: string }
  | { readonly kind: "passed"; readonly note: string }
  | { readonly kind: "failed"; readonly fault: PodFault };

/** A scrape, a batch and their transport take less than this; a collector that got nothing by then has nothing to send. */
const IDLE_MS = 90_000;

/**
 * Judges one canary: its pod must be healthy, stay up for `bakeTime` without a single restart, and deliver what it receives.
 * While nobody can say whether it delivers, it is waited for, until its deadline at most.
 * Delivery is compared with the nodes that run another revision. Only one that delivered after the canary's failure began, and
 * so long ago that the canary has tried again since, tells that it isn't the endpoint's fault, which proves nothing against the
 * target.
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
  if (pod.restarts > 0 && !awaitsWords(at, view)) {
    return failed(
      node,
      "CollectorRestarted",
      `the collector ended ${pod.restarts} times before it was proved: ${at.message}`,
    );
  }
  if (!isBaked(at, view)) {
    return at.kind === "healthy"
      ? {
          kind: "waiting",
          gate: "Bake",
          message: `${node}: healthy, and watched until rollout.bakeTime is over and kubelet calls it ready`,
        }
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
      const failing = failingLines(pod.exporters ?? []);
      const exporters = [...failing.keys()].sort().join(", ");
      if (isDeliveredElsewhere(pod, failing, view)) {
        return failed(node, "ExportsFailing", `${exporters} delivers nothing, while nodes of another revision deliver`);
      }
      return isLast
        ? {
            kind: "passed",
            note: `${node}: ${exporters} delivers nothing, and no other node proves that to be the revision's fault`,
          }
        : { kind: "waiting", gate: "Exports", message: `${node}: ${exporters} delivers nothing yet` };
    }
    case "Idle":
      return isLast || view.now >= runsSince(pod, view.now) + IDLE_MS
        ? { kind: "passed", note: `${node}: it had nothing to deliver` }
        : { kind: "waiting", gate: "Exports", message: `${node}: nothing was delivered yet` };
    case "Unknown": {
      if (isLast && pod.heldBack) {
        const began = runsSince(pod, view.now);
        const silent = new Map((pod.exporters ?? []).map((line) => [lineName(line), began]));
        if (isDeliveredElsewhere(pod, silent, view)) {
          const exporters = [...silent.keys()].sort().join(", ");
          return failed(
            node,
            "NothingDelivered",
            `nothing of what its collector receives reaches ${exporters}, while nodes of another revision deliver`,
          );
        }
      }
      const what =
        pod.exporters === null ? "its collector's counters can't be read" : "an exporter hasn't delivered yet";
      return isLast
        ? { kind: "passed", note: `${node}: ${what}` }
        : { kind: "waiting", gate: "Exports", message: `${node}: ${what}` };
    }
    default:
      return pod.exports satisfies never;
  }
}

/** Whether a node of another revision delivers what this pod doesn't, since the times that `lines` tell. */
function isDeliveredElsewhere(
  { revision }: RolloutPod,
  lines: ReadonlyMap<string, number>,
  { nodes, now }: RolloutView,
): boolean {
  return nodes.some(
    ({ pod: other }) =>
      other?.exports === "Flowing" && other.revision !== revision && isWitness(other.exporters ?? [], lines, now),
  );
}

function failed(node: string, reason: string, message: string): CanaryVerdict {
  return { kind: "failed", fault: { node, reason, message } };
}
