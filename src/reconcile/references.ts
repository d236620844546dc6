import type { KmAgent } from "../api/kmagent.ts";

/** A Secret or ConfigMap that a KmAgent names, in its own namespace. */
export interface Reference {
  readonly kind: "Secret" | "ConfigMap";
  readonly name: string;
  readonly key: string;
  /** Where in the spec it stands, such as `spec.apiKeySecretRef`. */
  readonly path: string;
}

/** Everything that a KmAgent refers to. */
export function referencesOf(kmagent: KmAgent): Reference[] {
  const { spec } = kmagent;
  const found: Reference[] = [{ kind: "Secret", ...spec.apiKeySecretRef, path: "spec.apiKeySecretRef" }];
  if (spec.caBundleRef) found.push({ kind: "ConfigMap", ...spec.caBundleRef, path: "spec.caBundleRef" });
  for (const component of ["nodeAgent", "clusterAgent"] as const) {
    const config = spec.config[component]?.configMapKeyRef;
    if (config) found.push({ kind: "ConfigMap", ...config, path: `spec.config.${component}.configMapKeyRef` });
  }
  return found;
}

/**
 * What is known of a reference. `loading` is the time between the first look at a KmAgent and the first answer of the API
 * server; nothing is decided in it.
 */
export type Referenced =
  | { readonly kind: "found"; readonly text: string }
  | { readonly kind: "loading" }
  | { readonly kind: "missing" }
  | { readonly kind: "keyMissing"; readonly keys: readonly string[] }
  /** `readable` are the Secrets that the operator was told it may read. */
  | { readonly kind: "notReadable"; readonly readable: readonly string[] };

/** One reference of the spec with what is known of it. */
export interface ResolvedReference {
  readonly reference: Reference;
  readonly found: Referenced;
}

/** The text that the reference at this path of the spec leads to; `null` where there is none, or isn't yet. */
export function textAt(references: readonly ResolvedReference[], path: string): string | null {
  const found = references.find(({ reference }) => reference.path === path)?.found;
  return found?.kind === "found" ? found.text : null;
}

/** Reason and sentence for a reference that can't be used; `null` where it can, or isn't known yet. */
export function referenceProblem(
  reference: Reference,
  found: Referenced,
  namespace: string,
): { readonly reason: ReferenceReason; readonly message: string } | null {
  const { kind, name, key, path } = reference;
  switch (found.kind) {
    case "found":
    case "loading":
      return null;
    case "missing":
      return kind === "Secret"
        ? {
            reason: "SecretNotFound",
            message: `${path}: there is no Secret "${name}" in namespace "${namespace}". Make it with: kubectl -n ${namespace} create secret generic ${name} --from-literal=${key}=YOUR_API_KEY`,
          }
        : {
            reason: "ConfigMapNotFound",
            message: `${path}: there is no ConfigMap "${name}" in namespace "${namespace}". Create it with the key "${key}".`,
          };
    case "keyMissing": {
      const keys =
        found.keys.length > 0 ? `it has ${found.keys.map((other) => `"${other}"`).join(", ")}` : "it is empty";
      return {
        reason: kind === "Secret" ? "SecretKeyNotFound" : "ConfigMapKeyNotFound",
        message: `${path}.key: ${kind} "${name}" has no value under the key "${key}"; ${keys}.`,
      };
    }
    case "notReadable":
      if (kind === "ConfigMap") {
        return {
          reason: "ConfigMapNotReadable",
          message: `${path}: the operator may not read ConfigMap "${name}". Give it back the right to get, list and watch configmaps in namespace "${namespace}", which its chart grants.`,
        };
      }
      return {
        reason: "SecretNotReadable",
        message: `${path}: the operator may not read Secret "${name}". Add the name to the chart's secretNames: helm upgrade … --reuse-values --set 'secretNames={${[...new Set([...found.readable, name])].join(",")}}'`,
      };
    default:
      return found satisfies never;
  }
}

/** Reasons of `ConfigValid` that come from references. */
export type ReferenceReason =
  | "SecretNotFound"
  | "SecretKeyNotFound"
  | "SecretNotReadable"
  | "ConfigMapNotFound"
  | "ConfigMapNotReadable"
  | "ConfigMapKeyNotFound";
