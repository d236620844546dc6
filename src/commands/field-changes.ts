import { isJsonObject } from "../api/json.ts";
import { below } from "../config/yaml-value.ts";

/** One field that differs. Values are left out on purpose: some of them are secrets. */
export interface FieldChange {
  readonly kind: "added" | "removed" | "changed";
  /** Such as `spec.template.spec.containers[km-agent].image`. */
  readonly path: string;
}

/**
 * Fields in which two JSON values differ, the deepest that can be told. Entries of lists are told apart by their name, where all of
 * them have one, as containers, volumes and variables do; other lists are compared entry by entry.
 */
export function fieldChanges(before: unknown, after: unknown, path = ""): FieldChange[] {
  if (before === after) return [];
  if (before === undefined) return [{ kind: "added", path }];
  if (after === undefined) return [{ kind: "removed", path }];
  if (Array.isArray(before) && Array.isArray(after)) {
    const names = [namesOf(before), namesOf(after)] as const;
    if (names[0] && names[1]) return changesIn(names[0], names[1], (name) => `${path}[${name}]`);
    return changesIn(indexed(before), indexed(after), (index) => `${path}[${index}]`);
  }
  if (isJsonObject(before) && isJsonObject(after)) {
    return changesIn(new Map(Object.entries(before)), new Map(Object.entries(after)), (key) => below(path, key));
  }
  return [{ kind: "changed", path }];
}

function changesIn(
  before: ReadonlyMap<string, unknown>,
  after: ReadonlyMap<string, unknown>,
  pathOf: (key: string) => string,
): FieldChange[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])];
  return keys.flatMap((key) => fieldChanges(before.get(key), after.get(key), pathOf(key)));
}

/** Entries by name; undefined where one has none, or two have the same. */
function namesOf(list: readonly unknown[]): ReadonlyMap<string, unknown> | undefined {
  const named = list.flatMap((entry) =>
    isJsonObject(entry) && typeof entry["name"] === "string" ? [[entry["name"], entry] as const] : [],
  );
  const found = new Map(named);
  return found.size === list.length ? found : undefined;
}

function indexed(list: readonly unknown[]): ReadonlyMap<string, unknown> {
  return new Map(list.map((entry, index) => [String(index), entry]));
}
