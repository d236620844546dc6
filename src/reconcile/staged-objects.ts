import type { KubeObject } from "../kube/resource.ts";
import { storedTemplate } from "../resources/configmap.ts";
import { configMapName, daemonSetName } from "../resources/names.ts";
import { recalledConfigMap } from "./last-valid.ts";
import { ownership } from "./ownership.ts";
import type { Snapshot } from "./snapshot.ts";
import { revisionOfTemplate } from "./pod-template.ts";

/**
 * The wanted objects with the pod template that a staged rollout lets the DaemonSet hold now, and with the ConfigMaps of the
 * revisions that it still needs, so that they are kept in shape as well. A DaemonSet whose template can't be known (its
 * ConfigMap is gone) is left as it is.
 */
export function stagedObjects(
  wanted: readonly KubeObject[],
  template: string,
  needed: readonly string[],
  snapshot: Snapshot,
): KubeObject[] {
  const held = needed
    .map((revision) => configMapName(snapshot.kmagent.name, "node-agent", revision))
    .filter((name) => !wanted.some((object) => object.kind === "ConfigMap" && object.metadata.name === name))
    .flatMap((name) => knownConfigMap(name, snapshot) ?? []);
  const objects = wanted.flatMap((object): KubeObject[] => {
    if (object.kind !== "DaemonSet" || revisionOfTemplate(object) === template) return [object];
    const stored = templateOf(template, wanted, snapshot);
    return stored === null ? [] : [{ ...object, spec: { ...(object["spec"] as object), template: stored } }];
  });
  return [...held, ...objects];
}

/** The pod template of a revision: of the wanted DaemonSet where it is that one, else as its ConfigMap holds it. */
export function templateOf(
  revision: string,
  wanted: readonly KubeObject[],
  snapshot: Snapshot,
): Readonly<Record<string, unknown>> | null {
  const { kmagent } = snapshot;
  const daemonSet = wanted.find(
    (object) => object.kind === "DaemonSet" && object.metadata.name === daemonSetName(kmagent.name),
  );
  if (daemonSet && revisionOfTemplate(daemonSet) === revision) {
    return (daemonSet["spec"] as { template: Readonly<Record<string, unknown>> }).template;
  }
  const configMap = knownConfigMap(configMapName(kmagent.name, "node-agent", revision), snapshot);
  return configMap === undefined ? null : storedTemplate(configMap["data"]);
}

/** A revision's ConfigMap as it was wanted: by memory, or as it is found. */
function knownConfigMap(name: string, { kmagent, memory, live }: Snapshot): KubeObject | undefined {
  const remembered = memory.lastValid?.find((object) => object.kind === "ConfigMap" && object.metadata.name === name);
  if (remembered) return remembered;
  const found = live.get(`ConfigMap ${name}`);
  if (!found || ownership(found, kmagent).kind !== "ours" || found.metadata.deletionTimestamp !== undefined) {
    return undefined;
  }
  return recalledConfigMap(found, kmagent.name, "node-agent");
}
