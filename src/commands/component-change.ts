import { loadAll } from "js-yaml";
import { isJsonObject } from "../api/json.ts";
import type { JsonObject } from "../api/json.ts";
import { ANNOTATION } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import { storedTemplate } from "../resources/configmap.ts";
import type { Desired } from "../resources/desired.ts";
import { daemonSetName, deploymentName } from "../resources/names.ts";
import { CONFIG_KEY } from "../resources/volumes.ts";
import { fieldChanges } from "./field-changes.ts";
import type { FieldChange } from "./field-changes.ts";

/** What would become of one object. */
export interface ObjectChange {
  readonly kind: "KmAgent" | "DaemonSet" | "Deployment";
  readonly name: string;
  readonly outcome: "unchanged" | "created" | "changed" | "deleted";
  readonly fields: readonly FieldChange[];
  /** Fields of the collector's configuration, which is a part of the pods. */
  readonly configuration: readonly FieldChange[];
  /** Pods that would be started anew; null where the object has no pods. */
  readonly restarts: number | null;
}

/** What the cluster holds of one component: its workload, and the revision that it runs or is on its way to. */
export interface LiveComponent {
  readonly workload: JsonObject;
  readonly revision: string;
  readonly template: JsonObject | null;
  readonly configuration: string | null;
}

/** What runs a component of a KmAgent. */
function workloadOf(component: Component, kmagent: string): Pick<ObjectChange, "kind" | "name"> {
  return component === "node-agent"
    ? { kind: "DaemonSet", name: daemonSetName(kmagent) }
    : { kind: "Deployment", name: deploymentName(kmagent) };
}

/** What would become of the workload of one component of the KmAgent of that name. */
export function compareComponent(
  live: LiveComponent | undefined,
  desired: Extract<Desired, { ok: true }>,
  component: Component,
  kmagent: string,
): ObjectChange {
  const object = workloadOf(component, kmagent);
  const wanted = component === "node-agent" ? desired.nodeAgent : desired.clusterAgent;
  const pods = live ? podsOf(live.workload) : null;
  const nothing = { fields: [], configuration: [] };
  if (!wanted) return { ...object, outcome: live ? "deleted" : "unchanged", ...nothing, restarts: null };
  if (!live) return { ...object, outcome: "created", ...nothing, restarts: null };
  const held = desired.objects.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === wanted.configMap);
  const template = storedTemplate(held?.["data"]);
  const text = at(held, "data", CONFIG_KEY);
  // A revision's name follows from its content and isn't a change of its own.
  const renamed: unknown =
    live.template && JSON.parse(JSON.stringify(live.template).replaceAll(live.revision, wanted.revision));
  const fields = fieldChanges(renamed ?? undefined, template ?? undefined, "spec.template");
  const configuration =
    text === live.configuration ? [] : fieldChanges(document(live.configuration), document(text), "");
  const result = outcome(true, fields);
  return {
    ...object,
    ...(configuration.length > 0 ? { ...result, outcome: "changed" as const } : result),
    configuration,
    restarts: fields.length > 0 || configuration.length > 0 ? pods : 0,
  };
}

/** Whether an object is there already, and differs. */
export function outcome(exists: boolean, fields: readonly FieldChange[]): Pick<ObjectChange, "outcome" | "fields"> {
  if (!exists) return { outcome: "created", fields: [] };
  return { outcome: fields.length > 0 ? "changed" : "unchanged", fields };
}

/** Pods that a workload has: those of a DaemonSet by its own count, which skips nodes that it doesn't select. */
function podsOf(workload: JsonObject): number {
  const counted = at(workload, "status", "desiredNumberScheduled") ?? at(workload, "spec", "replicas");
  return typeof counted === "number" ? counted : 0;
}

function document(text: unknown): unknown {
  // A configuration in which nothing is stands there as an empty text.
  return typeof text === "string" ? (loadAll(text, { maxAliases: 0 })[0] ?? null) : undefined;
}

/** An image that the KmAgent doesn't name is the operator's choice, and the cluster shows which. */
export function defaultImage(named: string | undefined, live: LiveComponent | undefined): string | undefined {
  const containers = at(live?.template ?? undefined, "spec", "containers");
  const image = Array.isArray(containers) ? at(containers[0], "image") : undefined;
  return named === undefined && typeof image === "string" ? image : undefined;
}

/** The ServiceAccount that the operator gives a component. */
export function serviceAccountOf(live: LiveComponent | undefined): string | undefined {
  const name = at(live?.template ?? undefined, "spec", "serviceAccountName");
  return typeof name === "string" ? name : undefined;
}

/** When `kubectl rollout restart` was last used, as far as the revision has it. */
export function restartOf(live: LiveComponent | undefined): string | null {
  const value = at(live?.template ?? undefined, "metadata", "annotations", ANNOTATION.restartedAt);
  return typeof value === "string" ? value : null;
}

/** The value below a chain of keys. */
export function at(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((found, key) => (isJsonObject(found) ? found[key] : undefined), value);
}
