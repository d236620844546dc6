import { LABEL } from "../api/labels.ts";
import type { KubeObject } from "../kube/resource.ts";
import type { Store } from "../kube/store.ts";
import { sameJson } from "./drift.ts";
import type { Caches } from "./gather.ts";

/** What a change in the caches sets off. */
export interface Triggers {
  /** Asks for a pass over a KmAgent (`namespace/name`) after `afterMs` at the latest. */
  readonly add: (key: string, afterMs: number) => void;
  /** A pod changed: it is probed at once. */
  readonly podChanged: (kmagentUid: string, podUid: string) => void;
}

/** How long changes that come in crowds are gathered before a pass, by the number of nodes; milliseconds. */
export function crowdMs(nodes: number): number {
  return Math.min(500, 20 + nodes / 10);
}

/**
 * Subscribes to the caches, and returns what ends it. What people wait for (a KmAgent, a changed object of ours) starts a
 * pass at once; what comes in crowds (pods, nodes) is gathered for a moment that grows with the fleet, so that thousands
 * of nodes coming up don't become thousands of passes. What leaves a record as it was (a node's heartbeat) starts none.
 */
export function subscribeTriggers(caches: Caches, triggers: Triggers): () => void {
  const crowd = () => crowdMs(caches.nodes.size);
  const keysOf = (object: KubeObject) => {
    const { namespace = "", labels, ownerReferences } = object.metadata;
    const owners = (ownerReferences ?? []).filter((owner) => owner.kind === "KmAgent").map((owner) => owner.name);
    const named = labels?.[LABEL.instance];
    return new Set([...owners, ...(named === undefined ? [] : [named])].map((name) => `${namespace}/${name}`));
  };
  const objects = (store: Store<KubeObject>) =>
    store.subscribe(({ before, after }) => {
      for (const object of [before, after]) if (object) for (const key of keysOf(object)) triggers.add(key, 0);
    });
  const ends = [
    caches.kmagents.subscribe(({ key, before, after }) => {
      triggers.add(key, 0);
      // Others may overlap with it, or overlap no longer; its status is no business of theirs.
      if (before && before.generation === after?.generation && before.deleting === after.deleting) return;
      for (const other of caches.kmagents.values()) if (other.key !== key) triggers.add(other.key, crowd());
    }),
    objects(caches.daemonSets),
    objects(caches.deployments),
    objects(caches.configMaps),
    caches.nodes.subscribe(({ before, after }) => {
      if (sameJson(before, after)) return;
      for (const kmagent of caches.kmagents.values()) triggers.add(kmagent.key, crowd());
    }),
    caches.pods.subscribe(({ before, after }) => {
      if (sameJson(before, after)) return;
      // One whose label was changed is missed by whom it belonged to.
      const keys = new Set([before, after].flatMap((pod) => (pod ? `${pod.namespace}/${pod.instance}` : [])));
      for (const key of keys) {
        const kmagent = caches.kmagents.get(key);
        if (!kmagent) continue;
        triggers.add(key, crowd());
        if (after) triggers.podChanged(kmagent.uid, after.uid);
      }
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}
