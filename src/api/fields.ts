import * as z from "zod";

/** One CEL rule of the CRD: `rule` is judged by the API server, `message` tells the user how to mend it. */
export interface ValidationRule {
  readonly rule: string;
  readonly message: string;
  readonly fieldPath?: string;
  readonly reason?: "FieldValueInvalid" | "FieldValueForbidden" | "FieldValueRequired";
}

/** Metadata of a schema node that goes into the CRD: the description, and Kubernetes' own extensions of OpenAPI. */
export interface FieldMeta {
  readonly description: string;
  readonly rules?: readonly ValidationRule[];
  /** Kubernetes' list semantics for server-side apply; `map` needs `mapKeys`. */
  readonly listType?: "atomic" | "set" | "map";
  readonly mapKeys?: readonly string[];
  /** `atomic` where a map or a reference is replaced whole, as in a pod's `nodeSelector`. */
  readonly mapType?: "atomic" | "granular";
  readonly preserveUnknown?: true;
  readonly intOrString?: true;
  /** The words of an enum bind our code alone: another release's operator may write others through the same CRD. */
  readonly openEnum?: true;
  readonly maxProperties?: number;
  readonly format?: string;
}

/** Turns our metadata into the keys that zod copies into the JSON schema as they are. */
export function meta(of: FieldMeta): Record<string, unknown> {
  return {
    description: of.description,
    ...(of.rules && { "x-kubernetes-validations": of.rules }),
    ...(of.listType && { "x-kubernetes-list-type": of.listType }),
    ...(of.mapKeys && { "x-kubernetes-list-map-keys": of.mapKeys }),
    ...(of.mapType && { "x-kubernetes-map-type": of.mapType }),
    ...(of.preserveUnknown && { "x-kubernetes-preserve-unknown-fields": true }),
    ...(of.intOrString && { "x-kubernetes-int-or-string": true }),
    ...(of.openEnum && { "x-open-enum": true }),
    ...(of.maxProperties !== undefined && { maxProperties: of.maxProperties }),
    ...(of.format && { format: of.format }),
  };
}

/** A string of at most `max` characters; CEL's cost limit wants every string bounded. */
export const text = (max: number, description: string, rules?: readonly ValidationRule[]) =>
  z
    .string()
    .max(max)
    .meta(meta({ description, ...(rules && { rules }) }));

/** What a `form` needs: a length, a pattern that means the same in RE2 and in JavaScript, and the sentence for who breaks it. */
export interface Form {
  readonly max: number;
  readonly pattern: RegExp;
  readonly message: string;
}

/**
 * A string of a certain form. The pattern is judged by CEL and not by the schema's own `pattern`, whose answer to a user is
 * the regular expression itself.
 */
export const form = ({ max, pattern, message }: Form, description: string, further: readonly ValidationRule[] = []) =>
  z
    .string()
    .max(max)
    .refine((value) => pattern.test(value), { error: message })
    .meta(meta({ description, rules: [{ rule: `self.matches(${celString(pattern.source)})`, message }, ...further] }));

/** A raw CEL string literal. */
function celString(value: string): string {
  return value.includes("'") ? `r"${value}"` : `r'${value}'`;
}

/** A DNS-1123 subdomain, as the names of most objects. */
export const objectName = (description: string) =>
  form(
    {
      max: 253,
      pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/,
      message:
        "must be an object's name: lower-case letters, digits, - and . only, beginning and ending with a letter or digit",
    },
    description,
  );

/** A key of a Secret's or ConfigMap's data. */
export const dataKey = (description: string) =>
  form(
    { max: 253, pattern: /^[-._a-zA-Z0-9]+$/, message: "must be a key of data: letters, digits, - _ and . only" },
    description,
  );

const DURATION = /^([0-9]+([.][0-9]+)?(ms|s|m|h))+$/;
const IS_DURATION = `matches(${celString(DURATION.source)})`;

/** A Go duration (`30s`, `1m30s`) with a lower and an upper bound, both themselves durations. */
export const duration = (description: string, least: string, most: string) => {
  const message = `must be a duration from ${least} to ${most}, such as 30s`;
  return z
    .string()
    .max(32)
    .refine((value) => DURATION.test(value), { error: message })
    .meta(
      meta({
        description,
        rules: [
          {
            rule: `self.${IS_DURATION} && duration(self) >= duration('${least}') && duration(self) <= duration('${most}')`,
            message,
          },
        ],
      }),
    );
};

/** A rule that one duration of an object isn't longer than another; it leaves what is no duration to that field's own rule. */
export const notLonger = (shorter: string, longer: string, message: string): ValidationRule => ({
  rule: `!self.${shorter}.${IS_DURATION} || !self.${longer}.${IS_DURATION} || duration(self.${shorter}) <= duration(self.${longer})`,
  message,
  fieldPath: `.${shorter}`,
});

/** A Go duration, or a bare integer of seconds as the vendor's own agent takes it. */
export const durationOrSeconds = (description: string, leastSeconds: number, mostSeconds: number) => {
  const message = `must be a duration or a whole number of seconds, from ${leastSeconds}s to ${mostSeconds}s`;
  return z
    .union([
      z
        .string()
        .max(32)
        .refine((value) => DURATION.test(value), { error: message }),
      z.int(),
    ])
    .meta(
      meta({
        description,
        intOrString: true,
        rules: [
          {
            rule: `type(self) == int ? (self >= ${leastSeconds} && self <= ${mostSeconds}) : (self.${IS_DURATION} && duration(self) >= duration('${leastSeconds}s') && duration(self) <= duration('${mostSeconds}s'))`,
            message,
          },
        ],
      }),
    );
};

/** A count or a percentage of nodes (`3`, `10%`), not below `least` where it is a number. */
export const countOrPercent = (description: string, least: 0 | 1) =>
  z.union([z.int(), z.string().max(5)]).meta(
    meta({
      description,
      intOrString: true,
      rules: [
        {
          rule: `type(self) == int ? (self >= ${least} && self <= 5000) : self.matches(r'^(${least === 0 ? "0|" : ""}[1-9][0-9]?|100)%$')`,
          message: `must be a whole number from ${least} to 5000 or a percentage from ${least}% to 100%`,
        },
      ],
    }),
  );

/** A piece of Kubernetes' own API that is passed through untouched; a dry-run apply judges it. */
export const passThrough = (description: string) =>
  z.record(z.string(), z.unknown()).meta(meta({ description, preserveUnknown: true }));

/** A map from bounded string to bounded string, such as labels. */
export const stringMap = (
  description: string,
  maxEntries: number,
  maxValue: number,
  more: Pick<FieldMeta, "rules" | "mapType"> = {},
) => z.record(z.string(), z.string().max(maxValue)).meta(meta({ description, maxProperties: maxEntries, ...more }));

/** A reference to one key of a ConfigMap. It is replaced whole, as references are. */
export const configMapKey = (description: string) =>
  z
    .object({ name: objectName("Name of a ConfigMap in the same namespace."), key: dataKey("Key of its data.") })
    .meta(meta({ description, mapType: "atomic" }));
