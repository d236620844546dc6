import { isJsonObject } from "../api/json.ts";
import type { JsonObject } from "../api/json.ts";
import { parseQuantity } from "../api/quantity.ts";
import type { KubeObject } from "../kube/resource.ts";

/*
 * Server-side apply tells in `metadata.managedFields` which fields are ours. Drift is a difference, in one of those, between
 * the live object and the API server's answer to our last apply: comparing with the answer, and not with what was sent,
 * spares us from knowing every default and normal form (`1000m` comes back as `1`). Format: KEP-555, fieldsV1.
 */

/** One field that somebody set to something else. Values are JSON, cut to a readable length. */
export interface Difference {
  /** Such as `spec.template.spec.containers[km-agent].image`. */
  readonly path: string;
  readonly wanted: string;
  readonly found: string;
}

type Json = unknown;

/** Fields of ours in `live` that differ from `answer`, in the order of the answer's managed fields. */
export function drift(answer: KubeObject, live: KubeObject, fieldManager: string): Difference[] {
  const owned = ownedFields(answer, fieldManager);
  const found: Difference[] = [];
  if (owned) compare(owned, answer, live, "", found);
  return found;
}

/** Whether an object's managed fields hold an entry of our server-side apply. */
function ownedFields(object: KubeObject, fieldManager: string): JsonObject | undefined {
  const entries = object.metadata.managedFields ?? [];
  const entry = entries.find(
    (candidate) =>
      candidate.manager === fieldManager && candidate.operation === "Apply" && (candidate.subresource ?? "") === "",
  );
  return isJsonObject(entry?.fieldsV1) ? entry.fieldsV1 : undefined;
}

function compare(fields: JsonObject, wanted: Json, found: Json, path: string, into: Difference[]): void {
  for (const [key, below] of Object.entries(fields)) {
    if (key === ".") continue;
    const step = childOf(key, wanted, found, path);
    if (!step) continue;
    if (isJsonObject(below) && hasChildren(below) && step.found !== undefined) {
      compare(below, step.wanted, step.found, step.path, into);
    } else if (!sameJson(step.wanted, step.found)) {
      into.push({ path: step.path, wanted: brief(step.wanted), found: brief(step.found) });
    }
  }
}

function childOf(key: string, wanted: Json, found: Json, path: string) {
  const kind = key.slice(0, 2);
  const rest = key.slice(2);
  if (kind === "f:") {
    return { path: path === "" ? rest : `${path}.${rest}`, wanted: field(wanted, rest), found: field(found, rest) };
  }
  if (kind === "k:") {
    const keys: Json = JSON.parse(rest);
    const name = isJsonObject(keys) ? Object.values(keys).join(",") : rest;
    return { path: `${path}[${name}]`, wanted: item(wanted, keys), found: item(found, keys) };
  }
  if (kind === "v:") {
    const value: Json = JSON.parse(rest);
    return { path: `${path}[${brief(value)}]`, wanted: member(wanted, value), found: member(found, value) };
  }
  return undefined;
}

function field(of: Json, name: string): Json {
  return isJsonObject(of) ? of[name] : undefined;
}

function item(of: Json, keys: Json): Json {
  if (!Array.isArray(of) || !isJsonObject(keys)) return undefined;
  // Keys that the API server fills in by default, such as a port's protocol, stand in the managed fields too.
  return of.find(
    (entry: Json) => isJsonObject(entry) && Object.entries(keys).every(([name, value]) => sameJson(entry[name], value)),
  );
}

function member(of: Json, value: Json): Json {
  return Array.isArray(of) ? of.find((entry: Json) => sameJson(entry, value)) : undefined;
}

function hasChildren(fields: JsonObject): boolean {
  return Object.keys(fields).some((key) => key !== ".");
}

/** Deep equality of JSON; the order of keys doesn't count, that of lists does. */
export function sameJson(a: Json, b: Json): boolean {
  if (a === b) return true;
  if (Array.isArray(a) || Array.isArray(b)) {
    return (
      Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((entry, at) => sameJson(entry, b[at]))
    );
  }
  if (!isJsonObject(a) || !isJsonObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => key in b && sameJson(a[key], b[key]));
}

function brief(value: Json): string {
  const text = value === undefined ? "absent" : JSON.stringify(value);
  return text.length <= 120 ? text : `${text.slice(0, 117)}...`;
}

/**
 * Where the API server's answer isn't what we asked for: fields that admission rewrote, and list entries (containers,
 * volumes, environment) that it added. Normal forms don't count: equal quantities, and empty values that JSON leaves out.
 */
export function overrides(desired: KubeObject, answer: KubeObject): Difference[] {
  const found: Difference[] = [];
  differ(desired["spec"], answer["spec"], "spec", found);
  for (const part of ["labels", "annotations"] as const) {
    differ(desired.metadata[part], answer.metadata[part], `metadata.${part}`, found);
  }
  return found;
}

/** A container, volume or variable that somebody added: theirs, so no apply takes it away, and it is only told of. */
export function isAddition({ wanted }: Difference): boolean {
  return wanted === "absent";
}

/** Lists whose entries are told apart by a key; the rest is atomic. */
const LIST_KEY: Readonly<Record<string, string>> = {
  containers: "name",
  initContainers: "name",
  volumes: "name",
  env: "name",
  volumeMounts: "mountPath",
  ports: "containerPort",
  imagePullSecrets: "name",
};

function differ(wanted: Json, found: Json, path: string, into: Difference[]): void {
  if (wanted === undefined || isEmpty(wanted)) return;
  if (isJsonObject(wanted) && isJsonObject(found)) {
    for (const [key, value] of Object.entries(wanted)) differ(value, found[key], `${path}.${key}`, into);
    return;
  }
  const last = path.slice(path.lastIndexOf(".") + 1);
  const key = LIST_KEY[last];
  if (key !== undefined && Array.isArray(wanted) && Array.isArray(found)) {
    differInList(wanted, found, key, path, into);
    return;
  }
  if (Array.isArray(wanted) && Array.isArray(found) && wanted.length === found.length) {
    wanted.forEach((entry: Json, at) => differ(entry, found[at], `${path}[${at}]`, into));
    return;
  }
  if (!sameJson(wanted, found) && !sameQuantity(wanted, found, path))
    into.push({ path, wanted: brief(wanted), found: brief(found) });
}

function differInList(
  wanted: readonly Json[],
  found: readonly Json[],
  key: string,
  path: string,
  into: Difference[],
): void {
  const name = (entry: Json) => String(field(entry, key));
  const entries = new Map(found.map((entry) => [name(entry), entry]));
  for (const entry of wanted) differ(entry, entries.get(name(entry)), `${path}[${name(entry)}]`, into);
  const ours = new Set(wanted.map(name));
  for (const [other, entry] of entries) {
    if (!ours.has(other)) into.push({ path: `${path}[${other}]`, wanted: "absent", found: brief(entry) });
  }
}

function isEmpty(value: Json): boolean {
  if (value === null || value === "" || value === false || value === 0) return true;
  return Array.isArray(value) ? value.length === 0 : isJsonObject(value) && Object.keys(value).length === 0;
}

function sameQuantity(a: Json, b: Json, path: string): boolean {
  if (!/\.(requests|limits|sizeLimit|divisor)\b/.test(path)) return false;
  const left = parseQuantity(a);
  return left !== null && left === parseQuantity(b);
}
