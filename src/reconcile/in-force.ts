import { ANNOTATION } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import type { ConfigSource } from "../config/resolve.ts";
import type { KubeObject } from "../kube/resource.ts";
import { objectId, revisionId, workloadId } from "./object-id.ts";
import type { DecidedObject } from "./plan.ts";
import type { Snapshot } from "./snapshot.ts";
import { imageOfTemplate, revisionOfTemplate } from "./pod-template.ts";

/** What new pods of a component are made from. */
export interface InForce {
  readonly revision: string;
  /** `null` where its ConfigMap isn't there to tell. */
  readonly source: ConfigSource | null;
  readonly image: string;
}

/**
 * What is in force, which isn't always what is wanted: while the KmAgent is paused, waits for another one or can't have its
 * objects, the workload's template is what it was. `null` where there is no workload.
 */
export function inForce(
  component: Component,
  { kmagent, live, memory }: Snapshot,
  decided: readonly DecidedObject[],
): InForce | null {
  const id = workloadId(kmagent, component);
  // A write of this pass is told of with the same status; one that failed is known of by the next pass.
  const written = kmagent.spec?.paused !== true && memory.failure === "";
  const wanted = decided.find(({ object, decision }) => objectId(object) === id && written && isDone(decision.kind));
  const workload = wanted?.object ?? live.get(id);
  const revision = revisionOfTemplate(workload);
  if (!workload || revision === "") return null;
  const configMapId = revisionId(kmagent, component, revision);
  const configMap = decided.find(({ object }) => objectId(object) === configMapId)?.object ?? live.get(configMapId);
  return { revision, source: sourceOf(configMap), image: imageOfTemplate(workload) };
}

function isDone(kind: DecidedObject["decision"]["kind"]): boolean {
  return kind === "create" || kind === "apply" || kind === "keep";
}

function sourceOf(configMap: KubeObject | undefined): ConfigSource | null {
  switch (configMap?.metadata.annotations?.[ANNOTATION.source]) {
    case "spec":
      return "Spec";
    case "remote":
      return "Remote";
    case "default":
      return "Default";
    default:
      return null;
  }
}
