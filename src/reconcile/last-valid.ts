import { ANNOTATION, LABEL, objectLabels } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import type { KubeObject } from "../kube/resource.ts";
import { storedTemplate } from "../resources/configmap.ts";
import type { Judged } from "./configuration.ts";
import { revisionId, workloadId } from "./object-id.ts";
import { ownership } from "./ownership.ts";
import { revisionOfTemplate } from "./pod-template.ts";
import type { Snapshot } from "./snapshot.ts";

/**
 * The objects that are kept in shape, in the order in which they are applied. A spec that can't be used changes nothing and
 * gives nothing up: what the last usable one wanted stays the wish, so that drift and deletions are repaired while a person
 * mends it. `null` where nothing is known to be wanted.
 */
export function lastValid(snapshot: Snapshot, judged: Judged): readonly KubeObject[] | null {
  switch (judged.kind) {
    case "valid":
      return judged.desired.objects.map((manifest) => ({ ...manifest }));
    case "loading":
      return snapshot.memory.lastValid;
    case "invalid":
      return snapshot.memory.lastValid ?? recall(snapshot);
  }
}

/**
 * What was wanted before this process began, read from what is there: the immutable ConfigMap of a workload's revision holds
 * the pod template as it was wanted; the few other fields are taken as they are found. What is gone by now can't be known.
 */
function recall({ kmagent, live }: Snapshot): KubeObject[] {
  const ours = (id: string) => {
    const object = live.get(id);
    return object && ownership(object, kmagent).kind === "ours" ? object : undefined;
  };
  const recalled = (component: Component, workload: KubeObject | undefined): KubeObject[] => {
    const revision = revisionOfTemplate(workload);
    const configMap = ours(revisionId(kmagent, component, revision));
    const template = configMap && storedTemplate(configMap["data"]);
    if (!workload || !configMap || !template) return [];
    const common = objectLabels(kmagent.name, component);
    return [
      recalledConfigMap(configMap, kmagent.name, component),
      { ...bare(workload, common, []), spec: { ...(workload["spec"] as object), template } },
    ];
  };
  return [
    ...recalled("node-agent", ours(workloadId(kmagent, "node-agent"))),
    ...recalled("cluster-agent", ours(workloadId(kmagent, "cluster-agent"))),
  ];
}

/** A revision's ConfigMap as it was wanted: with what is ours to set of its metadata. */
export function recalledConfigMap(configMap: KubeObject, instance: string, component: Component): KubeObject {
  const labels = {
    ...objectLabels(instance, component),
    [LABEL.revision]: configMap.metadata.labels?.[LABEL.revision] ?? "",
  };
  return {
    ...bare(configMap, labels, [ANNOTATION.source, ANNOTATION.remoteHash, ANNOTATION.revisionHash]),
    immutable: true,
    data: configMap["data"],
  };
}

/** An object's identity with the labels and annotations that are ours to set; what others added stays theirs. */
function bare(
  { apiVersion, kind, metadata }: KubeObject,
  labels: Readonly<Record<string, string>>,
  annotationKeys: readonly string[],
): KubeObject {
  const { name, namespace, ownerReferences } = metadata;
  const annotations = Object.entries(metadata.annotations ?? {}).filter(([key]) => annotationKeys.includes(key));
  return {
    apiVersion,
    kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      labels,
      ...(annotations.length > 0 && { annotations: Object.fromEntries(annotations) }),
      ...(ownerReferences && { ownerReferences }),
    },
  };
}
