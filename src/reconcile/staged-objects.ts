import type { Component } from "../api/labels.ts";
import type { KubeObject } from "../kube/resource.ts";
import { storedTemplate } from "../resources/configmap.ts";
import { configMapName } from "../resources/names.ts";
import { recalledConfigMap } from "./last-valid.ts";
import { ownership } from "./ownership.ts";
import type { Snapshot } from "./snapshot.ts";
import { revisionOfTemplate } from "./pod-template.ts";

/**
 * The wanted objects with the pod template that a rollout lets the component's workload hold now, and with the ConfigMaps of
 * the revisions that it still needs, so that they are kept in shape as well. A workload whose template can't be known (its
 * ConfigMap is gone) is left as it is.
 */
export function stagedObjects(
  wanted: readonly KubeObject[],
  component: Component,
  template: string,
  needed: readonly string[],
  snapshot: Snapshot,
): KubeObject[] {
  const held = needed
    .map((revision) => configMapName(snapshot.kmagent.name, component, revision))
    .filter((name) => !wanted.some((object) => object.kind === "ConfigMap" && object.metadata.name === name))
    .flatMap((name) => knownConfigMap(name, component, snapshot) ?? []);
  const objects = wanted.flatMap((object): KubeObject[] => {
    if (object.kind !== WORKLOAD[component] || revisionOfTemplate(object) === template) return [object];
    const stored = templateOf(template, component, wanted, snapshot);
    return stored === null ? [] : [{ ...object, spec: { ...(object["spec"] as object), template: stored } }];
  });
  return [...held, ...objects];
}

const WORKLOAD: Readonly<Record<Component, string>> = { "node-agent": "DaemonSet", "cluster-agent": "Deployment" };

/** The pod template of a revision: of the wanted workload where it is that one, else as its ConfigMap holds it. */
export function templateOf(
  revision: string,
  component: Component,
  wanted: readonly KubeObject[],
  snapshot: Snapshot,
): Readonly<Record<string, unknown>> | null {
  const workload = wanted.find(({ kind }) => kind === WORKLOAD[component]);
  if (workload && revisionOfTemplate(workload) === revision) {
    return (workload["spec"] as { template: Readonly<Record<string, unknown>> }).template;
  }
  const configMap = knownConfigMap(configMapName(snapshot.kmagent.name, component, revision), component, snapshot);
  return configMap === undefined ? null : storedTemplate(configMap["data"]);
}

/** A revision's ConfigMap as it was wanted: by memory, or as it is found. */
function knownConfigMap(
  name: string,
  component: Component,
  { kmagent, memory, live }: Snapshot,
): KubeObject | undefined {
  const remembered = memory.lastValid?.find((object) => object.kind === "ConfigMap" && object.metadata.name === name);
  if (remembered) return remembered;
  const found = live.get(`ConfigMap ${name}`);
  if (!found || ownership(found, kmagent).kind !== "ours" || found.metadata.deletionTimestamp !== undefined) {
    return undefined;
  }
  return recalledConfigMap(found, kmagent.name, component);
}
