import { parseTimestamp } from "../api/time.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import { windowSize } from "../rollout/window.ts";
import { hasSpec } from "./configuration.ts";
import { workloadId } from "./object-id.ts";
import { ownership } from "./ownership.ts";
import type { Write } from "./plan.ts";
import type { PodRecord } from "./project.ts";
import { podToDelete } from "./rollout-writes.ts";
import type { Snapshot } from "./snapshot.ts";

/** So long they are left to Kubernetes' garbage collector, milliseconds: it takes a second, where it knows of them. */
const COLLECTED_MS = 60_000;

/** What is done about orphaned pods. */
export interface OrphanedPods {
  readonly writes: readonly Write[];
  /** When others are left to nobody any more; `null` where there are none. */
  readonly nextAt: number | null;
}

/**
 * Pods of a DaemonSet of ours that is gone while another one has its name. Kubernetes' garbage collector never takes them away
 * where the one went and the other came during a break of its watch: it compares by name, and saw one object that changed.
 * They would keep their nodes' ports for ever, and the present DaemonSet's pods out.
 *
 * They work, so no more go at once than `rollout.maxUnavailable` allows, less the nodes whose pods are being made or started.
 */
export function orphanedPods(snapshot: Snapshot, fleet: FleetHealth | null, now: number): OrphanedPods {
  const { kmagent, live, pods, memory } = snapshot;
  const daemonSet = live.get(workloadId(kmagent, "node-agent"));
  if (daemonSet === undefined || fleet === null || !hasSpec(kmagent)) return { writes: [], nextAt: null };
  const { name, uid, creationTimestamp } = daemonSet.metadata;
  if (ownership(daemonSet, kmagent).kind !== "ours" || uid === undefined) return { writes: [], nextAt: null };
  const isOrphan = ({ component, ownerName, ownerUid }: PodRecord) =>
    component === "node-agent" && ownerName === name && ownerUid !== uid;
  const orphans = pods
    .filter((pod) => isOrphan(pod) && !pod.deleting && !memory.removedPods.has(pod.uid))
    .map((pod) => ({
      pod,
      dueAt: Math.max(pod.createdAt, parseTimestamp(creationTimestamp) ?? 0) + COLLECTED_MS,
    }));
  const { desired, updating } = fleet.counts;
  const free = windowSize(kmagent.spec.rollout.maxUnavailable, desired) - updating;
  const due = orphans.filter(({ dueAt }) => dueAt <= now).slice(0, Math.max(0, free));
  const later = orphans.map(({ dueAt }) => dueAt).filter((dueAt) => dueAt > now);
  return {
    writes: due.map(({ pod }) => ({
      kind: "deleteOrphan",
      object: podToDelete(pod.name, pod.uid, snapshot),
      owner: { apiVersion: "apps/v1", kind: "DaemonSet", name, uid: pod.ownerUid },
    })),
    nextAt: later.length === 0 ? null : Math.min(...later),
  };
}
