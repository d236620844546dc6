import { APP_NAME, GROUP, LABEL } from "../api/labels.ts";
import type { KubeObject, OwnerReference } from "../kube/resource.ts";

/**
 * Whose an object is, seen from one KmAgent. `orphan` is ours to adopt: nobody owns it and its labels name this instance.
 * `predecessor`: a KmAgent of our name owned it, which is gone, or we wouldn't be there; Kubernetes is about to remove it.
 */
export type Ownership =
  | { readonly kind: "ours" }
  | { readonly kind: "orphan" }
  | { readonly kind: "predecessor"; readonly owner: string }
  | { readonly kind: "foreign"; readonly owner: string };

/** Judges by the controlling owner's UID; labels only count where nobody owns the object, as `--cascade=orphan` leaves it. */
export function ownership(object: KubeObject, kmagent: { readonly uid: string; readonly name: string }): Ownership {
  const references = object.metadata.ownerReferences ?? [];
  const controller = references.find((reference) => reference.controller === true) ?? references[0];
  if (controller?.uid === kmagent.uid) return { kind: "ours" };
  if (controller) {
    const before = isKmAgent(controller) && controller.name === kmagent.name;
    return { kind: before ? "predecessor" : "foreign", owner: `${controller.kind} ${controller.name}` };
  }
  const labels = object.metadata.labels ?? {};
  if (labels[LABEL.name] === APP_NAME && labels[LABEL.instance] === kmagent.name) return { kind: "orphan" };
  return { kind: "foreign", owner: labels[LABEL.managedBy] ?? "somebody" };
}

function isKmAgent({ apiVersion, kind }: OwnerReference): boolean {
  return kind === "KmAgent" && apiVersion.startsWith(`${GROUP}/`);
}
