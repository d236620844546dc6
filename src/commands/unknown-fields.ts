import leven, { closestMatch } from "leven";
import { isJsonObject } from "../api/json.ts";
import type { StructuralSchema } from "../api/structural-schema.ts";

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

/** One letter in so many may be wrong for a word to be meant. */
const LETTERS_A_SLIP = 4;
/** No field's name is nearly as long, and nobody's long text costs more than a look at its length. */
const LONGEST_NAME = 64;

/** The word that needs the fewest changes to become `key`, if those are few for its length. */
function nearest(key: string, words: readonly string[]): string | null {
  if (key.length > LONGEST_NAME) return null;
  const isNear = (word: string) =>
    leven(key.toLowerCase(), word.toLowerCase()) <= Math.max(1, Math.floor(word.length / LETTERS_A_SLIP));
  return closestMatch(key, words.filter(isNear)) ?? null;
}
