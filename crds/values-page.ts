import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { code, table } from "./markdown.ts";

const CHART = join(import.meta.dirname, "../helm/kmagent-operator");

interface ValueSchema {
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, ValueSchema>>;
}

/** `docs/reference/values.md`: every value of the chart, from its schema, with the default of its `values.yaml`. */
export function valuesPage(): string {
  const schema = JSON.parse(readFileSync(join(CHART, "values.schema.json"), "utf8")) as ValueSchema;
  const defaults: unknown = parse(readFileSync(join(CHART, "values.yaml"), "utf8"));
  return `# Values of the chart

Generated from \`helm/kmagent-operator/values.schema.json\` and \`values.yaml\` by \`make generate\`; change it there. A value that isn't
listed, or of another type, is refused. No value holds a secret.

${table(["Value", "Type", "Default", "Meaning"], rowsOf(schema, defaults, ""))}
`;
}

function rowsOf(schema: ValueSchema, defaults: unknown, path: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, value]) => {
    const whole = path === "" ? name : `${path}.${name}`;
    const preset = (defaults as Readonly<Record<string, unknown>> | undefined)?.[name];
    const types = typeof value.type === "string" ? [value.type] : (value.type ?? []);
    const type = value.enum ? value.enum.map((one) => code(String(one))).join(", ") : types.join(" or ");
    if (value.properties) return rowsOf(value, preset, whole);
    return [[code(whole), type, preset === undefined ? "" : code(JSON.stringify(preset)), value.description ?? ""]];
  });
}
