import { LABEL } from "../api/labels.ts";
import type { KubeObject } from "../kube/resource.ts";

/** Whose an object is, seen from one KmAgent. `orphan` is ours to adopt: nobody owns it and its labels name this instance. */
export type Ownership =
  { readonly kind: "ours" } | { readonly kind: "orphan" } | { readonly kind: "foreign"; readonly owner: string };

/** Judges by the controlling owner's UID; labels only count where nobody owns the object, as `--cascade=orphan` leaves it. */
export function ownership(object: KubeObject, kmagent: { readonly uid: string; readonly name: string }): Ownership {
  const references = object.metadata.ownerReferences ?? [];
  const controller = references.find((reference) => reference.controller === true) ?? references[0];
  if (controller?.uid === kmagent.uid) return { kind: "ours" };
  if (controller) return { kind: "foreign", owner: `${controller.kind} ${controller.name}` };
  const labels = object.metadata.labels ?? {};
  if (labels[LABEL.name] === "km-agent" && labels[LABEL.instance] === kmagent.name) return { kind: "orphan" };
  return { kind: "foreign", owner: labels["app.kubernetes.io/managed-by"] ?? "somebody" };
}
