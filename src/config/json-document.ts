import { MAX_BYTES, MAX_DEPTH } from "./document.ts";
import type { Reading } from "./document.ts";
import { isMap, pathOf } from "./yaml-value.ts";
import type { YamlValue } from "./yaml-value.ts";

/** What a value costs besides its text: punctuation. */
const LEAST = 2;

/**
 * Takes a JSON value, as the platform sends configurations, for a document. It needs no YAML: the value can hold no alias, tag
 * or second key of a name, and is bounded in size and depth while it is copied. Whole numbers that came as `1.048576e+06` are
 * whole; those beyond 2^53 must be bigint.
 */
export function documentOf(value: unknown): Reading {
  let left = MAX_BYTES;
  /** The first problem; nothing is copied after it. */
  const problems: { readonly rule: string; readonly path: string; readonly message: string }[] = [];
  const path: (string | number)[] = [];
  const refuse = (rule: string, message: string): null => {
    if (problems.length === 0) problems.push({ rule, path: pathOf(path), message });
    return null;
  };
  const inside = (step: string | number, entry: unknown): YamlValue => {
    path.push(step);
    const copied = copy(entry);
    path.pop();
    return copied;
  };
  const copy = (entry: unknown): YamlValue => {
    if (problems.length > 0) return null;
    left -= typeof entry === "string" ? bytes(entry) : LEAST;
    if (left < 0) return refuse("size", `makes the document longer than ${MAX_BYTES} bytes`);
    if (typeof entry === "number") return Number.isFinite(entry) ? entry + 0 : refuse("json", "isn't a number");
    if (entry === null || typeof entry === "string" || typeof entry === "boolean" || typeof entry === "bigint")
      return entry;
    if (path.length >= MAX_DEPTH) return refuse("depth", `is nested deeper than ${MAX_DEPTH} levels`);
    if (Array.isArray(entry)) return entry.map((inner, index) => inside(index, inner));
    if (typeof entry !== "object") return refuse("json", "is of a type that JSON doesn't have");
    return Object.fromEntries(
      Object.entries(entry).map(([key, inner]) => {
        left -= bytes(key);
        if (key === "<<") refuse("yaml-key", "has a merge key; write the settings themselves");
        return [key, inside(key, inner)];
      }),
    );
  };
  const document = copy(value);
  if (problems.length > 0) return { ok: false, findings: problems };
  if (isMap(document)) return { ok: true, document };
  return {
    ok: false,
    findings: [{ rule: "json", path: "", message: "must be a map with sections such as receivers and service" }],
  };
}

/** At most as many as UTF-8 takes, cheaply: exact for ASCII, which configurations are. */
function bytes(text: string): number {
  return text.length + LEAST;
}
