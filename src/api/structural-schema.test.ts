import { describe, expect, test } from "@jest/globals";
import { z } from "zod";
import { KmError } from "./errors.ts";
import { countOrPercent, form, meta, passThrough, stringMap, text } from "./fields.ts";
import { structuralSchema } from "./structural-schema.ts";
import type { StructuralSchema } from "./structural-schema.ts";

const cases: { name: string; schema: z.ZodType; expected: StructuralSchema }[] = [
  {
    name: "a string keeps description, length and rules",
    schema: text(5, "Some words.", [{ rule: "self != ''", message: "must not be empty" }]),
    expected: {
      description: "Some words.",
      type: "string",
      maxLength: 5,
      "x-kubernetes-validations": [{ rule: "self != ''", message: "must not be empty" }],
    },
  },
  {
    name: "a form's pattern becomes a rule with a sentence",
    schema: form({ max: 9, pattern: /^a+$/, message: "must be only a" }, "Only a."),
    expected: {
      description: "Only a.",
      type: "string",
      maxLength: 9,
      "x-kubernetes-validations": [{ rule: "self.matches(r'^a+$')", message: "must be only a" }],
    },
  },
  {
    name: "an integer has no bounds but those that are given",
    schema: z.int().min(1).meta({ format: "int32" }),
    expected: { type: "integer", format: "int32", minimum: 1 },
  },
  {
    name: "integer or string has no type and no anyOf",
    schema: countOrPercent("How many.", 1).default("10%"),
    expected: {
      description: "How many.",
      default: "10%",
      maxLength: 5,
      "x-kubernetes-int-or-string": true,
      "x-kubernetes-validations": expect.any(Array) as unknown as NonNullable<
        StructuralSchema["x-kubernetes-validations"]
      >,
    },
  },
  {
    name: "a field with a default isn't required, and an object's is {}",
    schema: z.object({ on: z.boolean().default(true), name: z.string() }).prefault({ name: "a" }),
    expected: {
      type: "object",
      default: { name: "a" },
      required: ["name"],
      properties: { on: { type: "boolean", default: true }, name: { type: "string" } },
    },
  },
  {
    name: "a map says what its values are, and nothing of its keys",
    schema: stringMap("Labels.", 3, 63, { mapType: "atomic" }),
    expected: {
      description: "Labels.",
      type: "object",
      maxProperties: 3,
      additionalProperties: { type: "string", maxLength: 63 },
      "x-kubernetes-map-type": "atomic",
    },
  },
  {
    name: "a piece that is passed through keeps what it doesn't know",
    schema: passThrough("An Affinity."),
    expected: { description: "An Affinity.", type: "object", "x-kubernetes-preserve-unknown-fields": true },
  },
  {
    name: "a loose object says what it knows and keeps the rest",
    schema: z.looseObject({ name: z.string() }).meta(meta({ description: "A Volume.", preserveUnknown: true })),
    expected: {
      description: "A Volume.",
      type: "object",
      required: ["name"],
      properties: { name: { type: "string" } },
      "x-kubernetes-preserve-unknown-fields": true,
    },
  },
  {
    name: "a strict object is an ordinary one: what a structural schema doesn't name isn't stored",
    schema: z.strictObject({ name: z.string() }),
    expected: { type: "object", required: ["name"], properties: { name: { type: "string" } } },
  },
  {
    name: "open words become a bounded string",
    schema: z.enum(["A", "B"]).meta(meta({ description: "A word.", openEnum: true })),
    expected: { description: "A word.", type: "string", maxLength: 64 },
  },
];

describe("structuralSchema", () => {
  test.each(cases)("$name", ({ schema, expected }) => {
    expect(structuralSchema(schema)).toEqual(expected);
  });

  const refused: { name: string; schema: z.ZodType; place: string }[] = [
    { name: "a union of unlike things", schema: z.object({ a: z.union([z.string(), z.boolean()]) }), place: ".a" },
    { name: "a schema's own pattern", schema: z.object({ a: z.array(z.string().regex(/a/)) }), place: ".a[]" },
    { name: "a tuple", schema: z.object({ a: z.tuple([z.string()]) }), place: ".a" },
    { name: "a literal", schema: z.object({ a: z.object({ b: z.literal("x") }) }), place: ".a.b" },
  ];

  test.each(refused)(
    "refuses $name, and says where: a rule that is dropped in silence is enforced by nobody",
    ({ schema, place }) => {
      expect(() => structuralSchema(schema)).toThrow(KmError);
      expect(() => structuralSchema(schema)).toThrow(`no structural schema for ${place}: `);
    },
  );
});
