import * as z from "zod";
import { KmError } from "./errors.ts";
import type { ValidationRule } from "./fields.ts";
import { isJsonObject } from "./json.ts";

/** A structural schema, the subset of OpenAPI v3 that a CustomResourceDefinition may hold. */
export interface StructuralSchema {
  readonly description?: string;
  readonly type?: "object" | "array" | "string" | "integer" | "number" | "boolean";
  readonly format?: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly items?: StructuralSchema;
  readonly additionalProperties?: StructuralSchema;
  readonly "x-kubernetes-validations"?: readonly ValidationRule[];
  readonly "x-kubernetes-list-type"?: "atomic" | "set" | "map";
  readonly "x-kubernetes-list-map-keys"?: readonly string[];
  readonly "x-kubernetes-map-type"?: "atomic" | "granular";
  readonly "x-kubernetes-preserve-unknown-fields"?: true;
  readonly "x-kubernetes-int-or-string"?: true;
}

/** What zod's JSON schema may hold before it is made structural. */
type JsonSchema = Readonly<Record<string, unknown>>;

/** Copied as they are, in this order, so that the generated file reads the same each time. */
const COPIED = [
  "description",
  "type",
  "format",
  "default",
  "enum",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "maxItems",
  "maxProperties",
  "required",
  "x-kubernetes-validations",
  "x-kubernetes-list-type",
  "x-kubernetes-list-map-keys",
  "x-kubernetes-map-type",
  "x-kubernetes-preserve-unknown-fields",
  "x-kubernetes-int-or-string",
] as const;

/** Known, and turned into something else or left out on purpose. */
const HANDLED = [
  "$schema",
  "properties",
  "items",
  "additionalProperties",
  "propertyNames",
  "anyOf",
  "x-open-enum",
] as const;
const KNOWN: ReadonlySet<string> = new Set([...COPIED, ...HANDLED]);

/**
 * The structural schema of a zod schema as a user writes it, so a field with a default isn't required.
 *
 * Throws a `KmError` of code `InvalidSpec`, naming the path, for what a CustomResourceDefinition can't say: a keyword that is
 * silently dropped would be a rule that nobody enforces.
 */
export function structuralSchema(of: z.ZodType): StructuralSchema {
  return convert(z.toJSONSchema(of, { io: "input", target: "draft-7", unrepresentable: "throw" }), "");
}

function convert(node: JsonSchema, path: string): StructuralSchema {
  const stranger = Object.keys(node).find((key) => !KNOWN.has(key));
  if (stranger !== undefined) throw unsupported(path, `keyword ${stranger}`);
  if (Array.isArray(node["type"])) throw unsupported(path, "value of several types");
  const copied: Record<string, unknown> = {};
  for (const key of COPIED) if (node[key] !== undefined && !isSafeIntegerBound(key, node[key])) copied[key] = node[key];

  if (node["x-open-enum"] === true) {
    delete copied["enum"];
    copied["maxLength"] = 64;
  }
  if (node["anyOf"] !== undefined) {
    // Structural schemas say "integer or string" by an extension alone; only the bound on the string's length is kept.
    if (node["x-kubernetes-int-or-string"] !== true) throw unsupported(path, "keyword anyOf");
    const string = branches(node["anyOf"]).find(({ type }) => type === "string");
    if (string?.["maxLength"] !== undefined) copied["maxLength"] = string["maxLength"];
  }
  if (isSchema(node["properties"])) {
    copied["properties"] = Object.fromEntries(
      Object.entries(node["properties"]).map(([name, child]) => {
        if (!isSchema(child)) throw unsupported(`${path}.${name}`, "property");
        return [name, convert(child, `${path}.${name}`)];
      }),
    );
  }
  if (node["items"] !== undefined) {
    if (!isSchema(node["items"])) throw unsupported(path, "list of several schemas");
    copied["items"] = convert(node["items"], `${path}[]`);
  }
  // Beside preserve-unknown-fields there is no more to say of other keys, and `false` is what a structural schema means anyway.
  const values = node["additionalProperties"];
  if (isSchema(values) && node["x-kubernetes-preserve-unknown-fields"] !== true) {
    copied["additionalProperties"] = convert(values, `${path}[*]`);
  }
  return copied;
}

/** zod bounds every integer by what a JavaScript number holds exactly; that is no rule of ours. */
function isSafeIntegerBound(key: string, value: unknown): boolean {
  return (key === "minimum" || key === "maximum") && Math.abs(Number(value)) === Number.MAX_SAFE_INTEGER;
}

function branches(anyOf: unknown): readonly JsonSchema[] {
  return Array.isArray(anyOf) ? anyOf.filter(isSchema) : [];
}

function isSchema(value: unknown): value is JsonSchema {
  return isJsonObject(value);
}

function unsupported(path: string, what: string): KmError {
  return new KmError("InvalidSpec", `no structural schema for ${path === "" ? "the root" : path}: ${what}`);
}
