import type { PatchOperation } from "./api.ts";

/*
 * Lists what a field manager owns in a live object, leaf by leaf, and thinks of a change for each: from managed fields alone
 * (KEP-555), so that a field which the product begins to own tomorrow is tested tomorrow.
 */

/** One step to a place in an object: a field, or the entry of a list that has these keys. */
type Step = { readonly field: string } | { readonly entry: Readonly<Record<string, unknown>> };

/** A field or a list entry that is owned. */
export interface OwnedField {
  /** For people: `spec.template.spec.containers[km-agent].image`. */
  readonly name: string;
  readonly steps: readonly Step[];
  /** Whether it is a whole entry of a list or map; it can be taken away, and its parts are fields of their own. */
  readonly whole: boolean;
}

type Json = unknown;

/** Everything that `manager` owns by server-side apply, in the order of the managed fields. */
export function ownedFieldsOf(object: Json, manager: string): OwnedField[] {
  const entries = at(object, [{ field: "metadata" }, { field: "managedFields" }]);
  const entry = (Array.isArray(entries) ? entries : []).find(
    (candidate: Json) =>
      isMap(candidate) &&
      candidate["manager"] === manager &&
      candidate["operation"] === "Apply" &&
      candidate["subresource"] === undefined,
  ) as Readonly<Record<string, unknown>> | undefined;
  const found: OwnedField[] = [];
  walk(entry?.["fieldsV1"], [], found);
  return found;
}

function walk(fields: Json, steps: readonly Step[], into: OwnedField[]): void {
  if (!isMap(fields)) return;
  for (const [key, below] of Object.entries(fields)) {
    const step = stepOf(key);
    if (!step) continue;
    const here = [...steps, step];
    const parts = isMap(below) ? Object.keys(below).filter((part) => part !== ".") : [];
    // Renaming an entry is taking it away and adding a stranger's: the first is tested as such, and the second isn't ours.
    const isKey = "field" in step && isKeyOf(step.field, steps);
    if (!isKey && (parts.length === 0 || "entry" in step)) {
      into.push({ name: nameOf(here), steps: here, whole: "entry" in step });
    }
    walk(below, here, into);
  }
}

function stepOf(key: string): Step | undefined {
  if (key.startsWith("f:")) return { field: key.slice(2) };
  if (key.startsWith("k:")) return { entry: JSON.parse(key.slice(2)) as Record<string, unknown> };
  return undefined;
}

function isKeyOf(field: string, steps: readonly Step[]): boolean {
  const last = steps.at(-1);
  return last !== undefined && "entry" in last && field in last.entry;
}

function nameOf(steps: readonly Step[]): string {
  return steps.reduce(
    (path, step) =>
      "field" in step
        ? `${path}${path === "" ? "" : "."}${step.field}`
        : `${path}[${Object.values(step.entry).map(String).join(",")}]`,
    "",
  );
}

/** What stands at a place; undefined where there is nothing. */
export function at(object: Json, steps: readonly Step[]): Json {
  let here = object;
  for (const step of steps) {
    if ("field" in step) here = isMap(here) ? here[step.field] : undefined;
    else here = Array.isArray(here) ? here.find((entry: Json) => matches(entry, step.entry)) : undefined;
  }
  return here;
}

/** Its JSON Pointer in this very object, for list entries have no name there. */
function pointerTo(object: Json, steps: readonly Step[]): string {
  let pointer = "";
  let here = object;
  for (const step of steps) {
    if ("field" in step) {
      pointer += `/${step.field.replaceAll("~", "~0").replaceAll("/", "~1")}`;
      here = isMap(here) ? here[step.field] : undefined;
    } else {
      const index = Array.isArray(here) ? here.findIndex((entry: Json) => matches(entry, step.entry)) : -1;
      if (index < 0) throw new Error(`no entry ${JSON.stringify(step.entry)} at ${pointer}`);
      pointer += `/${index}`;
      here = (here as Json[])[index];
    }
  }
  return pointer;
}

function matches(entry: Json, keys: Readonly<Record<string, unknown>>): boolean {
  return isMap(entry) && Object.entries(keys).every(([name, value]) => entry[name] === value);
}

/** Another value that the API server takes there, where any string won't do. */
const OTHER: Readonly<Record<string, unknown>> = {
  imagePullPolicy: "Always",
  terminationMessagePolicy: "File",
  dnsPolicy: "Default",
  scheme: "HTTPS",
  fieldPath: "metadata.uid",
  hostIP: "127.0.0.2",
  hostPath: { path: "/tmp", type: "" },
  cpu: "77m",
  memory: "77Mi",
  sizeLimit: "77Mi",
  divisor: "1k",
  path: "/elsewhere",
  tolerations: [{ key: "changed", operator: "Exists" }],
};

/** Changes to try at a field, the likeliest first: some are refused by validation, some mean nothing by default. */
export function changesOf(object: Json, owned: OwnedField): PatchOperation[][] {
  const { steps, whole } = owned;
  const path = pointerTo(object, steps);
  const remove: PatchOperation[] = [{ op: "remove", path }];
  if (whole) return [remove, ...removalWithMounts(object, owned)];
  const last = steps.at(-1);
  const field = last && "field" in last ? last.field : "";
  // "add" replaces too, and also works where an empty list is owned, which isn't stored.
  const replaceBy = (value: Json): PatchOperation[] => [{ op: "add", path, value }];
  return [
    ...(field in OTHER ? [replaceBy(OTHER[field])] : []),
    ...(field === "name" && path.includes("/volumeMounts/") ? volumeNames(object).map(replaceBy) : []),
    ...otherValues(at(object, steps)).map(replaceBy),
    remove,
    ...coupledChanges(object, owned, path),
  ];
}

/** Fields whose values are only valid together are changed together. */
function coupledChanges(object: Json, { steps }: OwnedField, path: string): PatchOperation[][] {
  const parent = path.slice(0, path.lastIndexOf("/"));
  switch (path.slice(path.lastIndexOf("/") + 1)) {
    case "type":
      return ["OnDelete", "Recreate"].map((type) => [{ op: "replace", path: parent, value: { type } }]);
    case "maxSurge":
    case "maxUnavailable":
      return [[{ op: "replace", path: parent, value: { maxSurge: 2, maxUnavailable: 0 } }]];
    case "readOnly": {
      const mount = at(object, steps.slice(0, -1));
      const { name, mountPath } = isMap(mount) ? mount : {};
      return [[{ op: "replace", path: parent, value: { name, mountPath } }]];
    }
    default:
      return [];
  }
}

const POD_SPEC: readonly Step[] = [{ field: "spec" }, { field: "template" }, { field: "spec" }];

/** A volume can't go while it is mounted. */
function removalWithMounts(object: Json, { steps }: OwnedField): PatchOperation[][] {
  const [list, last] = [steps.at(-2), steps.at(-1)];
  if (!list || !("field" in list) || list.field !== "volumes" || !last || !("entry" in last)) return [];
  const mounts = listAt(object, [...POD_SPEC, { field: "containers" }]).flatMap((container, index) =>
    listAt(container, [{ field: "volumeMounts" }]).flatMap((mount, place) =>
      isMap(mount) && mount["name"] === last.entry["name"]
        ? [`/spec/template/spec/containers/${index}/volumeMounts/${place}`]
        : [],
    ),
  );
  // From behind, so that what is left keeps its place.
  return [[...mounts.toReversed(), pointerTo(object, steps)].map((path) => ({ op: "remove", path }))];
}

function volumeNames(object: Json): Json[] {
  return listAt(object, [...POD_SPEC, { field: "volumes" }]).map((volume) => (isMap(volume) ? volume["name"] : ""));
}

function listAt(object: Json, steps: readonly Step[]): readonly Json[] {
  const found = at(object, steps);
  return Array.isArray(found) ? (found as Json[]) : [];
}

function otherValues(value: Json): Json[] {
  if (typeof value === "string") return [`${value}-changed`, `${value}x`, "Unconfined", "Directory"];
  if (typeof value === "number") return [value + 1];
  if (typeof value === "boolean") return [!value];
  if (Array.isArray(value)) return [[], value.slice(1), [...(value as Json[]), "changed"]];
  if (isMap(value)) {
    const parts = Object.entries(value).flatMap(([key, part]) =>
      [...(key in OTHER ? [OTHER[key]] : []), ...otherValues(part)].map((other) => ({ ...value, [key]: other })),
    );
    return [{ changed: "yes" }, ...parts];
  }
  return [];
}

function isMap(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
