import { rootSchema } from "../../../src/api/crd.ts";
import type { ValidationRule } from "../../../src/api/fields.ts";
import type { StructuralSchema } from "../../../src/api/structural-schema.ts";

/** One change that breaks one bound or one type of the schema. */
export interface Breach {
  /** What it breaks, in words. */
  readonly name: string;
  /** Where, as `changed` takes it. */
  readonly at: string;
  readonly to: unknown;
}

/**
 * A breach of every type and of every bound at every place of the spec that a document fills, so that no field is forgotten
 * when one is added.
 */
export function breaches(document: object): Breach[] {
  return of(rootSchema().properties?.["spec"] ?? {}, entry(document, "spec"), "spec");
}

/** The places of the spec's schema that a document doesn't fill. */
export function unfilled(document: object): string[] {
  return missing(rootSchema().properties?.["spec"] ?? {}, entry(document, "spec"), "spec");
}

/** Every rule of a schema and of what is in it. */
export function rulesOf(schema: StructuralSchema): ValidationRule[] {
  const inner = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties];
  return [
    ...(schema["x-kubernetes-validations"] ?? []),
    ...inner.filter((child) => child !== undefined).flatMap(rulesOf),
  ];
}

function of(schema: StructuralSchema, value: unknown, at: string): Breach[] {
  const own = [wrongType(schema), ...bounds(schema, value)].map(({ name, to }) => ({ name: `${at}: ${name}`, at, to }));
  return [...own, ...children(schema, value, at).flatMap(([child, inner, place]) => of(child, inner, place))];
}

function missing(schema: StructuralSchema, value: unknown, at: string): string[] {
  return children(schema, value, at).flatMap(([child, inner, place]) =>
    inner === undefined ? [place] : missing(child, inner, place),
  );
}

function children(schema: StructuralSchema, value: unknown, at: string): [StructuralSchema, unknown, string][] {
  if (schema.items !== undefined) return all(value).map((item, index) => [schema.items ?? {}, item, `${at}[${index}]`]);
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => !isOptionalVariant(at, name) || entry(value, name) !== undefined)
    .map(([name, child]) => [child, entry(value, name), `${at}.${name}`]);
}

/** Fields that exclude each other, or that only some entries of a list have. */
function isOptionalVariant(at: string, name: string): boolean {
  return (
    ["inline", "configMapKeyRef", "value", "valueFrom", "hostPath", "key", "effect", "tolerationSeconds"].includes(
      name,
    ) && !at.endsWith("Ref")
  );
}

function wrongType(schema: StructuralSchema): { name: string; to: unknown } {
  const to = schema.type === "string" ? 7 : schema["x-kubernetes-int-or-string"] === true ? true : "seven";
  return { name: `${JSON.stringify(to)} is of the wrong type`, to };
}

function bounds(schema: StructuralSchema, value: unknown): { name: string; to: unknown }[] {
  const { maxLength, maxItems, maxProperties, minimum, maximum } = schema;
  const over = <T>(bound: number | undefined, make: (bound: number) => T): { name: string; to: T }[] =>
    bound === undefined ? [] : [{ name: `over its bound of ${bound}`, to: make(bound) }];
  return [
    ...over(maxLength, (most) => "1".repeat(most + 1)),
    ...over(maxItems, (most) => Array.from({ length: most + 1 }, () => all(value)[0])),
    ...over(maxProperties, (most) =>
      Object.fromEntries(Array.from({ length: most + 1 }, (_, index) => [`k${index}`, "1"])),
    ),
    ...over(minimum, (least) => least - 1),
    ...over(maximum, (most) => most + 1),
    ...(schema.enum === undefined ? [] : [{ name: "no word of the list", to: "Other" }]),
  ];
}

function all(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function entry(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
