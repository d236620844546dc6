import type { KubeObject } from "../kube/resource.ts";
import { ownership } from "./ownership.ts";
import type { Snapshot } from "./snapshot.ts";
import { writtenStatus } from "./written.ts";

/** Conditions that keep the operator from making agents, each with the status that does, the one that says most first. */
const CAUSES = [
  ["ConfigValid", "False"],
  ["Stalled", "True"],
  ["Paused", "True"],
] as const;

/**
 * Why there is no DaemonSet, by what the operator has written of itself: then no node is missing its pod by any fault of its own or of
 * Kubernetes. Empty where there is one, or nothing is known to keep it from being made.
 */
export function withheld(snapshot: Snapshot, daemonSet: KubeObject | undefined): string {
  const { kmagent } = snapshot;
  if (daemonSet !== undefined && ownership(daemonSet, kmagent).kind === "ours") return "";
  if (kmagent.deleting) return "the KmAgent is being deleted";
  const { conditions = [] } = writtenStatus(snapshot);
  for (const [type, status] of CAUSES) {
    const cause = conditions.find((condition) => condition.type === type && condition.status === status);
    if (cause !== undefined) return `${cause.reason}: ${cause.message}`;
  }
  return "";
}
