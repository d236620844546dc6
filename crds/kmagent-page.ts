import { PRINTER_COLUMNS, rootSchema } from "../src/api/crd.ts";
import type { ValidationRule } from "../src/api/fields.ts";
import { API_VERSION } from "../src/api/labels.ts";
import type { StructuralSchema } from "../src/api/structural-schema.ts";
import { anchor, code, table } from "./markdown.ts";

/** docs/reference/kmagent.md: every field of the KmAgent with type, default, bounds, rules and description. */
export function kmagentPage(): string {
  const { spec, status } = rootSchema().properties ?? {};
  if (spec === undefined || status === undefined) throw new Error("the KmAgent has no spec or no status");
  const root = rootSchema()["x-kubernetes-validations"] ?? [];
  return `<!-- Generated from src/api by \`make generate\`; change it there. -->

# KmAgent

${code(API_VERSION)}, kind \`KmAgent\`, short name \`kma\`, namespaced. The smallest useful one:

\`\`\`yaml
apiVersion: ${API_VERSION}
kind: KmAgent
metadata:
  name: km-agent
  namespace: km-agent
spec:
  clusterName: prod-eu
  apiKeySecretRef:
    name: km-agent-credentials
    key: apiKey
\`\`\`

A field in **bold** is required. What breaks a type, a bound or a rule is refused by the API server, which names the field.
Defaults are written into the resource by the API server when it is created; images have none, so that they follow the
operator's release.

${rules("KmAgent", root)}

What \`kubectl get kma\` shows:

${table(
  ["Column", "Shown", "Field", "Meaning"],
  PRINTER_COLUMNS.map(({ name, priority, jsonPath, description }) => [
    name.toUpperCase(),
    priority === undefined ? "always" : "with `-o wide`",
    code(jsonPath),
    description,
  ]),
)}

${sections("spec", spec).join("\n\n")}

${sections("status", status).join("\n\n")}
`;
}

/** One section for an object, followed by those of the objects in it. */
function sections(path: string, schema: StructuralSchema): string[] {
  const fields = Object.entries(schema.properties ?? {});
  const own = [
    `## ${path}`,
    ...(schema.description === undefined ? [] : [schema.description]),
    table(
      ["Field", "Type", "Default", "Rules", "Description"],
      fields.map(([name, field]) => [
        schema.required?.includes(name) === true ? `**${code(name)}**` : code(name),
        type(`${path}.${name}`, field),
        field.default === undefined || isSection(field) ? "" : code(JSON.stringify(field.default)),
        [...bounds(field), ...messages(field), ...messages(field.items ?? {})].join("\n"),
        field.description ?? "",
      ]),
    ),
    rules(path, schema["x-kubernetes-validations"] ?? []),
  ].filter((part) => part !== "");
  const inner = fields.flatMap(([name, field]) => {
    if (field.properties !== undefined) return sections(`${path}.${name}`, field);
    if (field.items?.properties !== undefined) return sections(`${path}.${name}[]`, field.items);
    return [];
  });
  return [own.join("\n\n"), ...inner];
}

function isSection(field: StructuralSchema): boolean {
  return field.properties !== undefined;
}

function type(path: string, field: StructuralSchema): string {
  const item = field.items;
  const link = (label: string, heading: string) => `[${label}](#${anchor(heading)})`;
  if (field["x-kubernetes-int-or-string"] === true) return "integer or string";
  if (field.enum !== undefined) return field.enum.map(code).join(", ");
  if (field.properties !== undefined) return link("object", path);
  if (item?.properties !== undefined) return link("list of objects", `${path}[]`);
  if (item !== undefined)
    return `list of ${item.enum === undefined ? `${type(path, item)}s` : item.enum.map(code).join(", ")}`;
  if (field.additionalProperties !== undefined) return `map of ${type(path, field.additionalProperties)}`;
  return field.type ?? "";
}

function bounds(field: StructuralSchema): string[] {
  const each = field.items ?? field.additionalProperties;
  const size = field["x-kubernetes-int-or-string"] === true ? undefined : field.maxLength;
  return [
    range(field.minimum, field.maximum),
    size === undefined ? undefined : `at most ${size} characters`,
    field.maxItems === undefined ? undefined : `at most ${field.maxItems} entries`,
    field.maxProperties === undefined ? undefined : `at most ${field.maxProperties} entries`,
    each?.maxLength === undefined ? undefined : `each at most ${each.maxLength} characters`,
    field["x-kubernetes-list-type"] === "set" ? "none twice" : undefined,
    field["x-kubernetes-list-type"] === "map"
      ? `none twice by ${field["x-kubernetes-list-map-keys"]?.join(", ")}`
      : undefined,
  ].filter((bound) => bound !== undefined);
}

function range(least: number | undefined, most: number | undefined): string | undefined {
  if (least === undefined && most === undefined) return undefined;
  if (most === undefined) return `at least ${least}`;
  return least === undefined ? `at most ${most}` : `${least} to ${most}`;
}

/** What rules without a place of their own say of the field that they stand at. */
function messages(field: StructuralSchema): string[] {
  if (field.properties !== undefined) return [];
  return [
    ...(field["x-kubernetes-validations"] ?? []),
    ...(field.additionalProperties?.["x-kubernetes-validations"] ?? []),
  ].map(({ message }) => message);
}

/** The rules that tie fields of one object to each other. */
function rules(path: string, of: readonly ValidationRule[]): string {
  if (of.length === 0) return "";
  const lines = of.map(
    ({ message, fieldPath }) => `- ${fieldPath === undefined ? "" : `${code(fieldPath.slice(1))}: `}${message}`,
  );
  return `Rules of ${code(path)}:\n\n${lines.join("\n")}`;
}
