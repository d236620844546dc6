import { describe, expect, test } from "@jest/globals";
import { NAME_MAX, PRINTER_COLUMNS, customResourceDefinition, rootSchema } from "./crd.ts";
import type { ValidationRule } from "./fields.ts";
import { KmAgentSpec } from "./kmagent.ts";
import type { StructuralSchema } from "./structural-schema.ts";

interface Place {
  readonly path: string;
  readonly schema: StructuralSchema;
  /** Whether it is a named field of an object, and neither a list's item nor a map's value. */
  readonly isField: boolean;
}

function places(path: string, schema: StructuralSchema, isField = true): Place[] {
  return [
    { path, schema, isField },
    ...Object.entries(schema.properties ?? {}).flatMap(([name, child]) => places(`${path}.${name}`, child)),
    ...(schema.items === undefined ? [] : places(`${path}[]`, schema.items, false)),
    ...(schema.additionalProperties === undefined ? [] : places(`${path}.*`, schema.additionalProperties, false)),
  ];
}

const { spec, status } = rootSchema().properties as { spec: StructuralSchema; status: StructuralSchema };
const everything = [...places("spec", spec), ...places("status", status)];
const rules = [{ path: "", schema: rootSchema() }, ...everything].flatMap(({ path, schema }) =>
  (schema["x-kubernetes-validations"] ?? []).map((rule) => ({ path, ...rule })),
);
const where = (bad: (place: Place) => boolean) => everything.filter(bad).map(({ path }) => path);

describe("the CRD", () => {
  test("describes every field", () => {
    expect(where(({ schema, isField }) => isField && (schema.description ?? "").length < 5)).toEqual([]);
  });

  test("gives every place a type, but for integer-or-string", () => {
    expect(
      where(({ schema }) => (schema.type === undefined) !== (schema["x-kubernetes-int-or-string"] === true)),
    ).toEqual([]);
  });

  test("bounds every string by a length or by its words", () => {
    expect(
      where(({ schema }) => schema.type === "string" && schema.maxLength === undefined && schema.enum === undefined),
    ).toEqual([]);
  });

  test("bounds every list", () => {
    expect(where(({ schema }) => schema.type === "array" && schema.maxItems === undefined)).toEqual([]);
  });

  test("bounds every map", () => {
    expect(
      where(({ schema }) => schema.additionalProperties !== undefined && schema.maxProperties === undefined),
    ).toEqual([]);
  });

  test("tells server-side apply how to merge every list", () => {
    expect(where(({ schema }) => schema.type === "array" && schema["x-kubernetes-list-type"] === undefined)).toEqual(
      [],
    );
  });

  test("keys lists by required fields, for a merge needs them", () => {
    const keyless = ({ items, "x-kubernetes-list-map-keys": keys = [] }: StructuralSchema) =>
      keys.some((key) => items?.required?.includes(key) !== true);
    expect(where(({ schema }) => keyless(schema))).toEqual([]);
  });

  test("gives each object that holds a default the default {}, so that it is reached where a parent isn't written", () => {
    const reached = (schema: StructuralSchema, path: string): string[] =>
      Object.entries(schema.properties ?? {}).flatMap(([name, child]) => {
        const inner = reached(child, `${path}.${name}`);
        const holds = Object.values(child.properties ?? {}).some((field) => field.default !== undefined);
        return holds && child.default === undefined ? [`${path}.${name}`, ...inner] : inner;
      });
    // The components of a custom distribution are there only where a user writes them.
    expect(reached(spec, "spec")).toEqual(["spec.components"]);
  });

  test("puts no rule at an object with the default {}: the API server would judge it before it fills in the children", () => {
    expect(
      where(
        ({ schema }) => JSON.stringify(schema.default) === "{}" && schema["x-kubernetes-validations"] !== undefined,
      ),
    ).toEqual([]);
  });

  test("gives status no default: what isn't known is absent", () => {
    expect(places("status", status).filter(({ schema }) => schema.default !== undefined)).toEqual([]);
  });

  test("gives images no default, for a default that is once stored never follows a release", () => {
    const images = everything.filter(({ path }) => /^spec[.].*[.]image$/.test(path));
    expect(images.map(({ path, schema }) => [path, schema.default])).toEqual([
      ["spec.nodeAgent.image", undefined],
      ["spec.clusterAgent.image", undefined],
    ]);
  });

  test("has the defaults that the code has", () => {
    const filled = (schema: StructuralSchema, given: unknown): unknown => {
      if (schema.properties === undefined || typeof given !== "object" || given === null) return given;
      const entries = Object.entries(schema.properties).map(([name, child]) => {
        const value: unknown = Object.entries(given).find(([key]) => key === name)?.[1] ?? child.default;
        return [name, filled(child, value)] as const;
      });
      return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
    };
    const smallest = { clusterName: "prod-eu", apiKeySecretRef: { name: "credentials", key: "apiKey" } };
    expect(filled(spec, smallest)).toEqual(KmAgentSpec.parse(smallest));
  });

  test("leaves the status' words open, so that another release's operator can write through it", () => {
    const closed = places("status", status).filter(({ schema }) => schema.enum !== undefined);
    expect(closed.map(({ path, schema }) => [path, schema.enum])).toEqual([
      ["status.conditions[].status", ["True", "False", "Unknown"]],
    ]);
  });

  test("prints columns that exist, with the wide ones marked", () => {
    const pathOf = (jsonPath: string) => jsonPath.replace(/\[[?].*\]/, "[]").slice(1);
    const known = new Set([...everything.map(({ path }) => path), "metadata.creationTimestamp"]);
    expect(PRINTER_COLUMNS.filter(({ jsonPath }) => !known.has(pathOf(jsonPath)))).toEqual([]);
    expect(PRINTER_COLUMNS.filter(({ priority }) => priority === undefined).map(({ name }) => name)).toEqual([
      "Ready",
      "Nodes",
      "Healthy",
      "Revision",
      "Rollout",
      "Platform",
      "Age",
    ]);
  });

  test("is named, scoped and versioned as the API says", () => {
    const { metadata, spec: crd } = customResourceDefinition();
    expect([metadata.name, crd.scope, crd.names.shortNames, crd.versions[0].name]).toEqual([
      "kmagents.kloudmate.com",
      "Namespaced",
      ["kma"],
      "v1alpha1",
    ]);
    expect(crd.versions[0].subresources).toEqual({ status: {} });
  });
});

describe("the rules of the CRD", () => {
  /** Functions and macros of CEL that Kubernetes 1.29 takes in a new CRD: what its release before, 1.28, knows. */
  const KNOWN_TO_1_29 = [
    "has",
    "all",
    "size",
    "matches",
    "contains",
    "startsWith",
    "endsWith",
    "type",
    "string",
    "duration",
  ]
    .concat(["isURL", "url", "getScheme", "getHostname"])
    .concat(["isQuantity", "quantity", "compareTo"]);

  test.each(rules)("$path: $rule — uses only functions that Kubernetes 1.29 knows", ({ rule }) => {
    const outsideStrings = rule.replaceAll(/r?'[^']*'/g, "''");
    const called = [...outsideStrings.matchAll(/([A-Za-z]+)\(/g)].map(([, name]) => name);
    expect(called.filter((name) => name !== undefined && !KNOWN_TO_1_29.includes(name))).toEqual([]);
  });

  test.each(rules)("$path: $rule — says in words what is wrong", ({ message }) => {
    expect(message.length).toBeGreaterThan(15);
    expect(message).not.toMatch(/\bself\b|\n/);
  });

  test.each(rules.filter(({ fieldPath }) => fieldPath !== undefined))(
    "$path: $message — points at a field that exists",
    (rule) => {
      const known = new Set([...everything.map(({ path }) => path), ".metadata.name"]);
      expect(known).toContain(`${rule.path}${(rule satisfies ValidationRule).fieldPath ?? ""}`);
    },
  );

  test("keep a KmAgent's name short enough for what is made from it", () => {
    // 63 characters are a label's value; what is made appends at most a component and a revision.
    expect(NAME_MAX).toBeLessThanOrEqual(63 - "-cluster-agent-".length - 8);
  });
});
