import { API_VERSION, objectLabels } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import type { KmAgent } from "../api/kmagent.ts";

/** A Kubernetes object as it is sent: plain JSON. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ManifestMetadata;
  readonly [field: string]: unknown;
}

/** Metadata of an object of ours. */
export interface ManifestMetadata {
  readonly name: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences: readonly OwnerReference[];
}

/** The controller of an object: it is deleted with it, without a finalizer. */
interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller: true;
  readonly blockOwnerDeletion: boolean;
}

/** The reference to a KmAgent that makes it the controller of an object. */
function ownerReference(kmagent: Pick<KmAgent, "name" | "uid">): OwnerReference {
  return {
    apiVersion: API_VERSION,
    kind: "KmAgent",
    name: kmagent.name,
    uid: kmagent.uid,
    controller: true,
    blockOwnerDeletion: true,
  };
}

/** What the metadata of all objects of a KmAgent have in common. */
export function metadata(kmagent: KmAgent, component: Component, name: string): ManifestMetadata {
  return {
    name,
    namespace: kmagent.namespace,
    labels: objectLabels(kmagent.name, component),
    ownerReferences: [ownerReference(kmagent)],
  };
}
