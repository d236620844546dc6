import type { Component } from "../api/labels.ts";
import { configMapName, daemonSetName, deploymentName } from "../resources/names.ts";

/** How an object is named in snapshots, memory and messages: `DaemonSet km-agent`. */
export function objectId(object: { readonly kind: string; readonly metadata: { readonly name: string } }): string {
  return `${object.kind} ${object.metadata.name}`;
}

/** The `objectId` of what runs a component's pods. */
export function workloadId(kmagent: { readonly name: string }, component: Component): string {
  return component === "node-agent"
    ? `DaemonSet ${daemonSetName(kmagent.name)}`
    : `Deployment ${deploymentName(kmagent.name)}`;
}

/** The `objectId` of the ConfigMap of one revision. */
export function revisionId(kmagent: { readonly name: string }, component: Component, revision: string): string {
  return `ConfigMap ${configMapName(kmagent.name, component, revision)}`;
}
