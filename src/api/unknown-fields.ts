import { isJsonObject } from "./json.ts";
import type { StructuralSchema } from "./structural-schema.ts";

/** A field that a schema has no room for. */
export interface UnknownField {
  /** Where it stands, such as `spec.nodeAgent.env[0].nmae`. */
  readonly path: string;
  /** The fields that may stand there. */
  readonly known: readonly string[];
  /** The one of them that is spelt much like it; null where there is none. */
  readonly meant: string | null;
}

/**
 * Every field of a value that the API server would refuse under strict field validation, and drop under any other. Pieces of
 * Kubernetes' own API that are passed through keep what they don't know, so nothing in them is unknown.
 */
export function unknownFields(schema: StructuralSchema, value: unknown, path = ""): UnknownField[] {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items ? value.flatMap((item, index) => unknownFields(items, item, `${path}[${index}]`)) : [];
  }
  if (!isJsonObject(value) || schema["x-kubernetes-int-or-string"] === true) return [];
  const properties = new Map(Object.entries(schema.properties ?? {}));
  const known = [...properties.keys()];
  return Object.entries(value).flatMap(([key, member]) => {
    const place = below(path, key);
    const child = properties.get(key) ?? schema.additionalProperties;
    if (child) return unknownFields(child, member, place);
    if (schema["x-kubernetes-preserve-unknown-fields"] === true) return [];
    return [{ path: place, known, meant: nearest(key, known) }];
  });
}

function below(path: string, key: string): string {
  if (!/^[\w-]+$/.test(key)) return `${path}[${JSON.stringify(key)}]`;
  return path === "" ? key : `${path}.${key}`;
}

/** The word that needs the fewest changes to become `key`, if those are few for its length. */
function nearest(key: string, words: readonly string[]): string | null {
  const [best] = words
    .map((word) => ({ word, changes: changesBetween(key.toLowerCase(), word.toLowerCase()) }))
    .filter(({ word, changes }) => changes <= Math.max(1, Math.floor(word.length / 4)))
    .sort((one, other) => one.changes - other.changes);
  return best?.word ?? null;
}

/** Letters to add, take away or replace (Levenshtein's distance). */
function changesBetween(one: string, other: string): number {
  // So far apart that the words have nothing in common; and nobody's long text costs more than a look at its length.
  if (Math.abs(one.length - other.length) > other.length) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: other.length + 1 }, (_, index) => index);
  for (const [line, letter] of Array.from(one).entries()) {
    const next = [line + 1];
    for (const [column, wanted] of Array.from(other).entries()) {
      const replaced = (row[column] ?? 0) + (letter === wanted ? 0 : 1);
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
