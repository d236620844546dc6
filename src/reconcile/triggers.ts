import { LABEL } from "../api/labels.ts";
import type { KubeObject } from "../kube/resource.ts";
import type { Change, Store } from "../kube/store.ts";
import type { Caches } from "./gather.ts";
import type { PodRecord } from "./project.ts";

/** What a change in the caches sets off. */
export interface Triggers {
  /** Asks for a pass over a KmAgent (`namespace/name`) after `afterMs` at the latest. */
  readonly add: (key: string, afterMs: number) => void;
  /** A pod changed: it is probed at once. */
  readonly podChanged: (kmagentUid: string, podUid: string) => void;
}

/**
 * Subscribes to the caches, and returns what ends it. What people wait for (a KmAgent, a changed object of ours) starts a
 * pass at once; what comes in crowds (pods, nodes) is gathered for a moment that grows with the fleet, so that thousands
 * of nodes coming up don't become thousands of passes.
 */
export function subscribeTriggers(caches: Caches, triggers: Triggers): () => void {
  const crowd = () => Math.min(500, 20 + caches.nodes.size / 10);
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
    caches.kmagents.subscribe(({ key }) => {
      triggers.add(key, 0);
      // Others may overlap with it, or overlap no longer.
      for (const other of caches.kmagents.values()) if (other.key !== key) triggers.add(other.key, crowd());
    }),
    objects(caches.daemonSets),
    objects(caches.deployments),
    objects(caches.configMaps),
    caches.nodes.subscribe(() => {
      for (const kmagent of caches.kmagents.values()) triggers.add(kmagent.key, crowd());
    }),
    caches.pods.subscribe((change: Change<PodRecord>) => {
      const pod = change.type === "removed" ? change.before : change.after;
      const kmagent = caches.kmagents.get(`${pod.namespace}/${pod.instance}`);
      if (!kmagent) return;
      triggers.add(kmagent.key, crowd());
      if (change.type !== "removed") triggers.podChanged(kmagent.uid, pod.uid);
    }),
  ];
  return () => {
    for (const end of ends) end();
  };
}
