import type { Component } from "../api/labels.ts";

/*
 * Names of the objects of a KmAgent. Two KmAgents of a namespace never get the same name for the same kind: DaemonSets and
 * Deployments each add one fixed ending, and a ConfigMap's name can be read back from its end, for a revision holds no dash.
 */

/** The DaemonSet of the node agents. */
export function daemonSetName(kmagent: string): string {
  return kmagent;
}

/** The Deployment of the cluster agent. */
export function deploymentName(kmagent: string): string {
  return `${kmagent}-cluster`;
}

/** The immutable ConfigMap of one revision of one component. */
export function configMapName(kmagent: string, component: Component, revision: string): string {
  return `${kmagent}-${component}-${revision}`;
}

/** What the platform wants of one component; a revision has ten letters, so no revision's ConfigMap is called so. */
export function remoteConfigMapName(kmagent: string, component: Component): string {
  return `${kmagent}-${component}-remote`;
}

/** Where a node keeps what its agent must remember. `_` stands in no name, so no two KmAgents share a directory. */
export function nodeDirectory(namespace: string, kmagent: string): string {
  return `/var/lib/kmagent/${namespace}_${kmagent}`;
}
