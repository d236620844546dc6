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
};

/** Changes to try at a field, the likeliest first: some are refused by validation, some mean nothing by default. */
export function changesOf(object: Json, { steps, whole }: OwnedField): PatchOperation[][] {
  const path = pointerTo(object, steps);
  const remove: PatchOperation[] = [{ op: "remove", path }];
  if (whole) return [remove];
  const last = steps.at(-1);
  const field = last && "field" in last ? last.field : "";
  const value = at(object, steps);
  const replaceBy = (other: Json): PatchOperation[] => [{ op: "replace", path, value: other }];
  const changes = [...(field in OTHER ? [replaceBy(OTHER[field])] : []), ...otherValues(value).map(replaceBy), remove];
  // A strategy's parameters forbid other types: it's changed together with them.
  if (field === "type" && /trategy\/type$/.test(path)) {
    const other = path.startsWith("/spec/updateStrategy") ? "OnDelete" : "Recreate";
    return [[{ op: "replace", path: path.slice(0, -"/type".length), value: { type: other } }]];
  }
  return changes;
}

function otherValues(value: Json): Json[] {
  if (typeof value === "string") return [`${value}-changed`, `${value}x`, "Unconfined", "Directory"];
  if (typeof value === "number") return [value + 1];
  if (typeof value === "boolean") return [!value];
  if (Array.isArray(value)) return [[], value.slice(1), [...(value as Json[]), "changed"]];
  if (isMap(value)) return [{ changed: "yes" }, { ...value, changed: "yes" }];
  return [];
}

function isMap(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
