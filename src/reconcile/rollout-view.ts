import { ANNOTATION } from "../api/labels.ts";
import { milliseconds } from "../api/duration.ts";
import type { KmAgent, KmAgentSpec } from "../api/kmagent.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import type { NodeHealth } from "../health/node-health.ts";
import type { NodeObservation } from "../health/observation.ts";
import { runningContainer } from "../health/subject.ts";
import type { KubeObject } from "../kube/resource.ts";
import { irrevocableRevisions } from "../rollout/irrevocable.ts";
import type { RolloutNode, RolloutPod, RolloutSettings, RolloutView } from "../rollout/view.ts";
import { isBehind } from "./expectations.ts";
import { objectId, workloadId } from "./object-id.ts";
import { retriedRevision } from "./remote-tried.ts";
import { ownership } from "./ownership.ts";
import { differsBySecrets, revisionNotes } from "./revision-notes.ts";
import type { Snapshot } from "./snapshot.ts";
import { revisionOfTemplate } from "./pod-template.ts";
import { writtenRollout } from "./written.ts";

/** What a staged rollout's step is decided from: the snapshot and the fleet's health as plain data. */
export function rolloutView(
  snapshot: Snapshot & { readonly kmagent: KmAgent },
  fleet: FleetHealth,
  wanted: string,
  now: number,
): RolloutView {
  const { kmagent, memory, live } = snapshot;
  const found = live.get(workloadId(kmagent, "node-agent"));
  // One that isn't ours says nothing of any revision; that its name is taken is told elsewhere.
  const daemonSet = found && isOurs(found, kmagent) ? found : undefined;
  const noted = revisionNotes(snapshot, "node-agent");
  const written = writtenRollout(snapshot);
  const liveTemplate = daemonSet ? revisionOfTemplate(daemonSet) : null;
  const held = {
    stable: written?.stable ?? noted.stable,
    template: written?.template ?? liveTemplate ?? "",
    target: written?.target ?? wanted,
  };
  const refused = memory.canaryRefusal?.revision === wanted ? memory.canaryRefusal : null;
  return {
    wanted,
    nodes: snapshot.nodes.flatMap((node) => {
      const health = fleet.byNode.get(node.name);
      return health ? [rolloutNode(node, health, memory.removedPods, now)] : [];
    }),
    liveTemplate,
    templateSeen: daemonSet !== undefined && isSeen(daemonSet, snapshot),
    noted,
    irrevocable: irrevocableRevisions(held, wanted, (one, other) =>
      differsBySecrets(snapshot, "node-agent", one, other),
    ),
    approve: kmagent.annotations[ANNOTATION.approve] ?? "",
    retry: retriedRevision("node-agent", snapshot),
    refused,
    paused: kmagent.spec.paused,
    settings: rolloutSettings(kmagent.spec),
    now,
  };
}

/** Whether a workload of ours is there, or one that is about to be. */
export function isOurs(object: KubeObject, kmagent: KmAgent): boolean {
  const { kind } = ownership(object, kmagent);
  return kind === "ours" || kind === "orphan";
}

/** `spec.rollout` with times in milliseconds. */
function rolloutSettings({ rollout, health }: KmAgentSpec): RolloutSettings {
  return {
    canary: rollout.canary,
    bakeMs: milliseconds(rollout.bakeTime),
    maxUnavailable: rollout.maxUnavailable,
    maxFailures: rollout.maxFailures,
    deadlineMs: milliseconds(rollout.progressDeadline),
    autoRollback: rollout.autoRollback,
    approval: rollout.approval,
    maxUnhealthy: health.maxUnhealthy,
  };
}

/** Whether Kubernetes' controller has acted upon the template, and our cache shows our own last write of it. */
export function isSeen(workload: KubeObject, { memory, cacheVersions }: Snapshot): boolean {
  const answer = memory.objects.get(objectId(workload))?.answer ?? null;
  if (answer && isBehind(workload, cacheVersions[workload.kind] ?? "", answer)) return false;
  const status = workload["status"] as { observedGeneration?: number } | undefined;
  return (status?.observedGeneration ?? 0) >= (workload.metadata.generation ?? 0);
}

function rolloutNode(
  node: NodeObservation,
  health: NodeHealth,
  removed: ReadonlySet<string>,
  now: number,
): RolloutNode {
  // Until the cache shows it, a pod that we deleted looks as it did.
  const isRemoved = node.pod !== null && removed.has(node.pod.uid);
  return {
    node: node.name,
    kind: isRemoved && health.kind === "healthy" ? "updating" : health.kind,
    reason: health.reason,
    // The collector's own words, where it left any; they are cleaned, masked and bounded.
    message: health.lastError === "" ? health.message : health.lastError.replaceAll("\n", " "),
    since: health.since,
    architecture: node.architecture,
    pod: node.pod === null ? null : rolloutPod(node, health, isRemoved, now),
  };
}

function rolloutPod(node: NodeObservation, health: NodeHealth, isRemoved: boolean, now: number): RolloutPod | null {
  const { pod, probe } = node;
  if (pod === null) return null;
  const container = runningContainer(pod);
  const heard = probe?.podUid === pod.uid ? probe : null;
  const answeredAt = heard?.outcome.kind === "ok" ? heard.at : health.source === "kubelet" ? now : null;
  return {
    uid: pod.uid,
    revision: pod.revision,
    createdAt: pod.createdAt,
    startedAt: container?.startedAt ?? null,
    deleting: pod.deleting || isRemoved,
    ready: pod.ready,
    restarts: pod.container?.restarts ?? 0,
    lastExitAt: pod.container?.last?.finishedAt ?? null,
    answered: heard?.everOk === true || (health.settled === "healthy" && health.kind === "healthy"),
    answeredAt: health.kind === "healthy" ? answeredAt : null,
    exports: pod.metricsPort === null ? null : health.export,
    heldBack: health.export === "Unknown" && node.exports?.health.heldBack === true,
    exporters: node.exports?.exporters ?? null,
  };
}
