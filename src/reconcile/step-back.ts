import { FIELD_MANAGER } from "../api/labels.ts";
import type { Writer } from "../kube/apply.ts";
import type { KubeObject } from "../kube/resource.ts";
import { failureKind } from "./error-policy.ts";

/**
 * Whether somebody besides us set fields of an object. An apply that was to make an object and found one tells by this whether
 * it met a stranger's, or our own: of a leader before, or of a try whose answer was lost.
 */
export function hasOtherManager(object: KubeObject): boolean {
  const entries = object.metadata.managedFields ?? [];
  return entries.some(({ manager, subresource = "" }) => manager !== FIELD_MANAGER && subresource === "");
}

/**
 * Takes the fields back that the apply of `object` merged into somebody's object of this UID, and returns that object as it is
 * then. Where not all can be taken back (a ConfigMap that became immutable), owner and labels are: it isn't ours to delete.
 */
export async function stepBack(
  object: KubeObject,
  uid: string,
  writer: Writer,
  signal: AbortSignal,
): Promise<KubeObject> {
  const { apiVersion, kind, metadata } = object;
  const { name, namespace } = metadata;
  const bare = { name, ...(namespace !== undefined && { namespace }) };
  try {
    return (await writer.apply({ apiVersion, kind, metadata: bare }, { uid }, signal)).object;
  } catch (error) {
    if (failureKind(error) !== "refused") throw error;
    return (await writer.apply({ ...object, metadata: bare }, { uid }, signal)).object;
  }
}
