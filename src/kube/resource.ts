import { KmError } from "../api/errors.ts";
import { isJsonObject } from "../api/json.ts";
import { GROUP, VERSION } from "../api/labels.ts";

/** A kind of object and where the API server serves it. `group` is empty for core/v1. */
export interface ResourceType {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
}

/** The operator's own custom resource. */
export const KMAGENTS = resource(GROUP, VERSION, "kmagents", "KmAgent");
/** What runs the node agents. */
export const DAEMONSETS = resource("apps", "v1", "daemonsets", "DaemonSet");
/** What runs the cluster agent. */
export const DEPLOYMENTS = resource("apps", "v1", "deployments", "Deployment");
/** Collector configurations by revision, and what the platform asked for. */
export const CONFIGMAPS = resource("", "v1", "configmaps", "ConfigMap");
/** The agents themselves, and canaries. */
export const PODS = resource("", "v1", "pods", "Pod");
/** API keys and what else a spec refers to. */
export const SECRETS = resource("", "v1", "secrets", "Secret");
/** What people are told; core/v1, which every client shows. */
export const EVENTS = resource("", "v1", "events", "Event");
/** Which of the operator's replicas may write. */
export const LEASES = resource("coordination.k8s.io", "v1", "leases", "Lease");
/** The machines that shall have an agent; without a namespace. */
export const NODES: ResourceType = { ...resource("", "v1", "nodes", "Node"), namespaced: false };

const KNOWN = [KMAGENTS, DAEMONSETS, DEPLOYMENTS, CONFIGMAPS, PODS, SECRETS, EVENTS, LEASES, NODES];

function resource(group: string, version: string, plural: string, kind: string): ResourceType {
  return { group, version, plural, kind, namespaced: true };
}

/** `apiVersion` as objects carry it: `apps/v1`, or `v1` for the core group. */
export function apiVersionOf(type: ResourceType): string {
  return type.group === "" ? type.version : `${type.group}/${type.version}`;
}

/** The type of an object by its `apiVersion` and `kind`; throws `Invalid` for a kind that this operator has no business with. */
export function typeOf(object: { readonly apiVersion: string; readonly kind: string }): ResourceType {
  const found = KNOWN.find((type) => type.kind === object.kind && apiVersionOf(type) === object.apiVersion);
  if (!found) throw new KmError("Invalid", `no known resource for ${object.apiVersion} ${object.kind}`);
  return found;
}

/**
 * The path of a collection, an object or a subresource (Kubernetes API conventions, "Resource URIs"). Without `namespace`,
 * the collection of a namespaced type spans all namespaces.
 */
export function resourcePath(type: ResourceType, namespace?: string, name?: string, subresource?: string): string {
  const segments = type.group === "" ? ["api", type.version] : ["apis", type.group, type.version];
  if (type.namespaced && namespace !== undefined) segments.push("namespaces", namespace);
  segments.push(type.plural);
  if (name !== undefined) segments.push(name);
  if (subresource !== undefined) segments.push(subresource);
  return `/${segments.map(encodeURIComponent).join("/")}`;
}

/** Who owns an object; the garbage collector and controllers go by `uid`. */
export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

/** One manager's fields, as server-side apply records them (KEP-555). */
export interface ManagedFieldsEntry {
  readonly manager?: string;
  readonly operation?: string;
  readonly subresource?: string;
  readonly fieldsType?: string;
  readonly fieldsV1?: unknown;
  readonly time?: string;
}

/** The part of `metadata` that we read or write. Times are RFC 3339 strings, as on the wire. */
export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly deletionGracePeriodSeconds?: number;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
  readonly finalizers?: readonly string[];
  readonly managedFields?: readonly ManagedFieldsEntry[];
}

/** Any object as its JSON stands on the wire. client-node's model classes differ from it (dates, renamed fields). */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
  readonly [key: string]: unknown;
}

/** The key under which stores hold an object: `namespace/name`, or `name` where there is no namespace. */
export function objectKey(metadata: { readonly namespace?: string | undefined; readonly name: string }): string {
  return metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}

/**
 * Which of two resource versions is newer: negative, zero or positive as in sorting; undefined where they can't be
 * compared. They are decimal integers of any length (KEP-5504); nothing is assumed of other spellings.
 */
export function compareResourceVersions(left: string, right: string): number | undefined {
  if (left === right) return 0;
  if (!/^[1-9][0-9]*$/.test(left) || !/^[1-9][0-9]*$/.test(right)) return undefined;
  if (left.length !== right.length) return left.length - right.length;
  return left < right ? -1 : 1;
}

/** Whether a parsed value has the shape that every object of the API has. */
export function isKubeObject(value: unknown): value is KubeObject {
  if (!isJsonObject(value)) return false;
  const { metadata } = value;
  return isJsonObject(metadata) && typeof metadata["name"] === "string";
}
