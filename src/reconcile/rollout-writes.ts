import { ANNOTATION, LABEL } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import { timestamp } from "../api/time.ts";
import { cutToBytes } from "../health/foreign-text.ts";
import type { KubeObject } from "../kube/resource.ts";
import { canaryPod } from "../resources/canary-pod.ts";
import type { RolloutAct } from "../rollout/acts.ts";
import type { RolloutRecord } from "../rollout/record.ts";
import { workloadId } from "./object-id.ts";
import { ownership } from "./ownership.ts";
import type { Write } from "./plan.ts";
import type { Snapshot } from "./snapshot.ts";
import { templateOf } from "./staged-objects.ts";

/** Words of a rejection that an annotation takes. */
const REASON_BYTES = 512;

/**
 * The writes that a rollout's acts become. A canary's pod is tried by a dry run before the pod in its place is deleted, so a
 * target that admission refuses costs nobody anything.
 */
export function actWrites(acts: readonly RolloutAct[], wanted: readonly KubeObject[], snapshot: Snapshot): Write[] {
  const { kmagent, live, nodes } = snapshot;
  const daemonSet = live.get(workloadId(kmagent, "node-agent"));
  const made = new Map(
    acts.flatMap((act): [string, KubeObject][] => {
      const template = act.kind === "createPod" ? templateOf(act.revision, "node-agent", wanted, snapshot) : null;
      if (act.kind !== "createPod" || template === null || daemonSet?.metadata.uid === undefined) return [];
      const { name, uid } = daemonSet.metadata;
      const of = { daemonSet: { name, uid, namespace: kmagent.namespace }, template };
      return [[act.node, { ...canaryPod({ ...of, node: act.node, revision: act.revision, after: act.after }) }]];
    }),
  );
  return acts.flatMap((act): Write[] => {
    const canary = made.get(act.node);
    if (act.kind === "createPod") return canary ? [{ kind: "createPod", object: canary, revision: act.revision }] : [];
    const pod = nodes.find(({ name }) => name === act.node)?.pod;
    if (pod?.uid !== act.uid) return [];
    const makes = acts.find((other) => other.kind === "createPod" && other.node === act.node);
    // Without the canary's pod the DaemonSet would only make the old one again.
    if (makes?.kind === "createPod" && !canary) return [];
    const object = podToDelete(pod.name, pod.uid, snapshot);
    const tried: Write[] =
      canary && makes?.kind === "createPod" ? [{ kind: "tryCanary", object: canary, revision: makes.revision }] : [];
    return [...tried, { kind: "delete", object }];
  });
}

/** As much of a node agent's pod as its deletion needs. */
export function podToDelete(name: string, uid: string, { kmagent }: Snapshot): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: kmagent.namespace, uid, labels: { [LABEL.component]: "node-agent" } },
  };
}

/**
 * Gives canaries' pods the label by which the DaemonSet controller knows a pod of its present template, once that is theirs:
 * else it would count them as outdated for ever. The value is read off a pod that the controller made.
 */
export function labelWrites(template: string, { kmagent, pods }: Snapshot): Write[] {
  const current = pods.filter(
    ({ component, revision, deleting }) => component === "node-agent" && revision === template && !deleting,
  );
  const hash = current.find(({ templateHash }) => templateHash !== "")?.templateHash;
  if (hash === undefined) return [];
  return current
    .filter(({ templateHash }) => templateHash === "")
    .map(({ name, uid }): Write => {
      const labels = { [LABEL.component]: "node-agent", [LABEL.templateHash]: hash };
      return {
        kind: "labelPod",
        object: { apiVersion: "v1", kind: "Pod", metadata: { name, namespace: kmagent.namespace, uid, labels } },
      };
    });
}

/** What a component's record says of its revisions. */
type Noted = Pick<RolloutRecord, "phaseSince" | "target" | "stable" | "rejected"> & { readonly phase: string };

/**
 * Notes on the ConfigMaps of a component's revisions what the written record says of each: stable, rejected and why, or else
 * accepted, which a new one is without a word. From them the record is made anew where the status is lost.
 */
export function noteWrites(record: Noted, component: Component, snapshot: Snapshot, now: number): Write[] {
  const rejected = new Map(record.rejected.map((rejection) => [rejection.revision, rejection]));
  return [...snapshot.live.values()].flatMap((object): Write[] => {
    const revision = object.metadata.labels?.[LABEL.revision];
    if (object.kind !== "ConfigMap" || object.metadata.labels?.[LABEL.component] !== component) return [];
    if (revision === undefined || ownership(object, snapshot.kmagent).kind !== "ours") return [];
    if (object.metadata.deletionTimestamp !== undefined) return [];
    const rejection = rejected.get(revision);
    const state = rejection ? "rejected" : revision === record.stable ? "stable" : "accepted";
    const before = object.metadata.annotations?.[ANNOTATION.state] ?? "accepted";
    // What was rejected long ago may have left the record, which holds the newest alone; a retry says so itself.
    if (before === state || (before === "rejected" && revision !== record.target && revision !== record.stable))
      return [];
    const why = rejection ? cutToBytes(`${rejection.reason}: ${rejection.message}`, REASON_BYTES, "head") : null;
    const annotations = {
      [ANNOTATION.state]: state,
      [ANNOTATION.stateSince]: timestamp(rejection?.since ?? provedAt(record, revision) ?? now),
      [ANNOTATION.stateReason]: why,
    };
    return [{ kind: "annotate", object, annotations }];
  });
}

/** When a revision became the stable one, where the record still tells: a note that somebody changed is set back as it was. */
function provedAt({ phase, phaseSince, target, stable }: Noted, revision: string): number | null {
  return phase === "Complete" && revision === stable && revision === target ? phaseSince : null;
}
