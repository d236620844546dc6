/** What a YAML document holds once it is read: JSON, and whole numbers beyond 2^53 as bigint so that they stay exact. */
export type YamlValue = string | number | bigint | boolean | null | readonly YamlValue[] | YamlMap;

/** A map of YAML. */
export interface YamlMap {
  readonly [key: string]: YamlValue;
}

const MAX_PATH = 256;

/** Whether a value is a map, and not a list, a scalar or nothing. */
export function isMap(value: YamlValue | undefined): value is YamlMap {
  return typeof value === "object" && value !== null && !isList(value);
}

/** Whether a value is a list. */
export function isList(value: YamlValue | undefined): value is readonly YamlValue[] {
  return Array.isArray(value);
}

/** The value below a chain of keys, or undefined where one of them is missing. Inherited names such as `constructor` aren't keys. */
export function at(value: YamlValue | undefined, ...keys: readonly string[]): YamlValue | undefined {
  return keys.reduce<YamlValue | undefined>(
    (found, key) => (isMap(found) && Object.hasOwn(found, key) ? found[key] : undefined),
    value,
  );
}

/** The JSON of a value, whole numbers beyond 2^53 as texts: they have no other form there. */
export function exactJson(value: unknown): string {
  return JSON.stringify(value, (_key, entry: unknown) => (typeof entry === "bigint" ? entry.toString() : entry));
}

/** The path of a key below `path`, as users write it: `receivers.otlp.protocols`, with `["…"]` where a dot would mislead. */
export function below(path: string, key: string | number): string {
  if (typeof key === "number") return `${path}[${key}]`;
  if (!/^[A-Za-z0-9_/-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** The path of some steps from the document's top, bounded. It takes a while to spell out, so do it where something is wrong. */
export function pathOf(steps: readonly (string | number)[]): string {
  return cutPath(steps.reduce<string>(below, ""));
}

/** A path as findings hold it: its keys are the document's, so anybody's and of any length. */
export function cutPath(path: string): string {
  return cutText(path, MAX_PATH);
}

/** The beginning of a text, with a mark where it was cut: `characters` at most, the mark included. */
export function cutText(text: string, characters: number): string {
  return text.length > characters ? `${text.slice(0, characters - 1)}…` : text;
}
