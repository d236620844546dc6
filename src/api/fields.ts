import { z } from "zod";

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
  readonly preserveUnknown?: true;
  readonly intOrString?: true;
  readonly format?: string;
}

/** Turns our metadata into the keys that zod copies into the JSON schema as they are. */
export function meta(of: FieldMeta): Record<string, unknown> {
  return {
    description: of.description,
    ...(of.rules && { "x-kubernetes-validations": of.rules }),
    ...(of.listType && { "x-kubernetes-list-type": of.listType }),
    ...(of.mapKeys && { "x-kubernetes-list-map-keys": of.mapKeys }),
    ...(of.preserveUnknown && { "x-kubernetes-preserve-unknown-fields": true }),
    ...(of.intOrString && { "x-kubernetes-int-or-string": true }),
    ...(of.format && { format: of.format }),
  };
}

/** A string of at most `max` characters; CEL's cost limit wants every string bounded. */
export const text = (max: number, description: string, rules?: readonly ValidationRule[]) =>
  z
    .string()
    .max(max)
    .meta(meta({ description, ...(rules && { rules }) }));

/** A DNS-1123 subdomain, as the names of most objects. */
export const objectName = (description: string) =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/)
    .meta(meta({ description }));

/** A key of a Secret's or ConfigMap's data. */
export const dataKey = (description: string) =>
  z
    .string()
    .min(1)
    .max(253)
    .regex(/^[-._a-zA-Z0-9]+$/)
    .meta(meta({ description }));

const DURATION = "^([0-9]+(\\.[0-9]+)?(ms|s|m|h))+$";

/** A Go duration (`30s`, `1m30s`) with a lower and an upper bound, both themselves durations. */
export const duration = (description: string, least: string, most: string) =>
  z
    .string()
    .max(32)
    .regex(new RegExp(DURATION))
    .meta(
      meta({
        description,
        rules: [
          {
            rule: `duration(self) >= duration('${least}') && duration(self) <= duration('${most}')`,
            message: `must be a duration from ${least} to ${most}, such as 30s`,
          },
        ],
      }),
    );

/** A Go duration, or a bare integer of seconds as the vendor's own agent takes it. */
export const durationOrSeconds = (description: string, leastSeconds: number, mostSeconds: number) =>
  z.union([z.string().max(32).regex(new RegExp(DURATION)), z.int()]).meta(
    meta({
      description,
      intOrString: true,
      rules: [
        {
          rule: `type(self) == int ? (self >= ${leastSeconds} && self <= ${mostSeconds}) : (self.matches('${DURATION.replaceAll("\\", "\\\\")}') && duration(self) >= duration('${leastSeconds}s') && duration(self) <= duration('${mostSeconds}s'))`,
          message: `must be a duration or a number of seconds, from ${leastSeconds}s to ${mostSeconds}s`,
        },
      ],
    }),
  );

/** A count or a percentage of nodes (`3`, `10%`), not below `least` where it is a number. */
export const countOrPercent = (description: string, least: 0 | 1) =>
  z.union([z.int(), z.string().max(5)]).meta(
    meta({
      description,
      intOrString: true,
      rules: [
        {
          rule: `type(self) == int ? (self >= ${least} && self <= 5000) : self.matches('^(${least === 0 ? "0|" : ""}[1-9][0-9]?|100)%$')`,
          message: `must be a whole number from ${least} to 5000 or a percentage from ${least}% to 100%`,
        },
      ],
    }),
  );

/** A piece of Kubernetes' own API that is passed through untouched; a dry-run apply judges it. */
export const passThrough = (description: string) =>
  z.record(z.string(), z.unknown()).meta(meta({ description, preserveUnknown: true }));

/** A list of such pieces. */
export const passThroughList = (description: string, max: number) =>
  z
    .array(z.record(z.string(), z.unknown()).meta({ "x-kubernetes-preserve-unknown-fields": true }))
    .max(max)
    .meta(meta({ description, listType: "atomic" }));

/** A map from bounded string to bounded string, such as labels. */
export const stringMap = (description: string, maxEntries: number, maxValue: number, rules?: readonly ValidationRule[]) =>
  z
    .record(z.string(), z.string().max(maxValue))
    .meta({ ...meta({ description, ...(rules && { rules }) }), maxProperties: maxEntries });
