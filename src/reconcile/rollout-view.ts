import { ANNOTATION, LABEL } from "../api/labels.ts";
import { milliseconds } from "../api/duration.ts";
import type { KmAgent, KmAgentSpec } from "../api/kmagent.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import type { NodeHealth } from "../health/node-health.ts";
import type { NodeObservation } from "../health/observation.ts";
import { runningContainer } from "../health/subject.ts";
import type { KubeObject } from "../kube/resource.ts";
import { configMapName, daemonSetName } from "../resources/names.ts";
import type { RolloutNode, RolloutPod, RolloutSettings, RolloutView } from "../rollout/view.ts";
import { isBehind } from "./expectations.ts";
import { ownership } from "./ownership.ts";
import type { Snapshot } from "./snapshot.ts";
import { revisionOfTemplate } from "./pod-template.ts";

/** What a staged rollout's step is decided from: the snapshot and the fleet's health as plain data. */
export function rolloutView(
  snapshot: Snapshot & { readonly kmagent: KmAgent },
  fleet: FleetHealth,
  wanted: string,
  now: number,
): RolloutView {
  const { kmagent, memory, live } = snapshot;
  const found = live.get(`DaemonSet ${daemonSetName(kmagent.name)}`);
  // One that isn't ours says nothing of any revision; that its name is taken is told elsewhere.
  const daemonSet = found && isOurs(found, kmagent) ? found : undefined;
  const { noted, irrevocable } = notes(snapshot, wanted);
  const refused = memory.canaryRefusal?.revision === wanted ? memory.canaryRefusal : null;
  return {
    wanted,
    nodes: snapshot.nodes.flatMap((node) => {
      const health = fleet.byNode.get(node.name);
      return health ? [rolloutNode(node, health, memory.removedPods, now)] : [];
    }),
    liveTemplate: daemonSet ? revisionOfTemplate(daemonSet) : null,
    templateSeen: daemonSet !== undefined && isSeen(daemonSet, snapshot),
    noted,
    irrevocable,
    approve: kmagent.annotations[ANNOTATION.approve] ?? "",
    retry: kmagent.annotations[ANNOTATION.retry] ?? "",
    refused,
    paused: kmagent.spec.paused,
    settings: rolloutSettings(kmagent.spec),
    now,
  };
}

function isOurs(object: KubeObject, kmagent: KmAgent): boolean {
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
function isSeen(daemonSet: KubeObject, { memory, cacheVersions }: Snapshot): boolean {
  const answer = memory.objects.get(`DaemonSet ${daemonSet.metadata.name}`)?.answer ?? null;
  if (answer && isBehind(daemonSet, cacheVersions["DaemonSet"] ?? "", answer)) return false;
  const status = daemonSet["status"] as { observedGeneration?: number } | undefined;
  return (status?.observedGeneration ?? 0) >= (daemonSet.metadata.generation ?? 0);
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
    restarts: pod.container?.restarts ?? 0,
    lastExitAt: pod.container?.last?.finishedAt ?? null,
    answered: heard?.everOk === true || (health.settled === "healthy" && health.kind === "healthy"),
    answeredAt: health.kind === "healthy" ? answeredAt : null,
    exports: pod.metricsPort === null ? null : health.export,
    failingExporters: health.failingExporters,
  };
}

/** What the revisions' ConfigMaps say: which was stable last, which failed, and whether the wanted one differs by a key alone. */
function notes({ kmagent, live }: Snapshot, wanted: string): Pick<RolloutView, "noted" | "irrevocable"> {
  const states = new Map<string, string>();
  let stable = { revision: "", since: "" };
  for (const object of live.values()) {
    const revision = object.metadata.labels?.[LABEL.revision];
    if (object.kind !== "ConfigMap" || object.metadata.labels?.[LABEL.component] !== "node-agent") continue;
    if (revision === undefined || ownership(object, kmagent).kind !== "ours") continue;
    const state = object.metadata.annotations?.[ANNOTATION.state] ?? "";
    const since = object.metadata.annotations?.[ANNOTATION.stateSince] ?? "";
    states.set(revision, state);
    if (state === "stable" && since >= stable.since) stable = { revision, since };
  }
  const known = kmagent.status.rollout?.stable ?? stable.revision;
  const isIrrevocable = known !== "" && known !== wanted && sameButForSecrets(live, kmagent.name, known, wanted);
  return {
    noted: {
      stable: stable.revision,
      rejected: [...states].filter(([, state]) => state === "rejected").map(([revision]) => revision),
    },
    irrevocable: new Set(isIrrevocable ? [wanted] : []),
  };
}

/** Two revisions whose template and configuration are the same differ by what isn't in them: the API key or the CA bundle. */
function sameButForSecrets(live: Snapshot["live"], kmagent: string, one: string, other: string): boolean {
  const [mine, theirs] = [one, other].map((revision) => {
    const data = live.get(`ConfigMap ${configMapName(kmagent, "node-agent", revision)}`)?.["data"];
    return data === undefined ? undefined : JSON.stringify(data).replaceAll(revision, "");
  });
  return mine !== undefined && mine === theirs;
}
