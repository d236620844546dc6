import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { readDocument } from "../../src/config/document.ts";
import { REMOTE_RULES } from "../../src/config/guard/rule-table.ts";
import { judgeRemote } from "../../src/config/remote.ts";
import { isMap } from "../../src/config/yaml-value.ts";
import type { YamlMap, YamlValue } from "../../src/config/yaml-value.ts";
import { CONTEXT, VENDOR_NODE } from "../guard/documents.ts";

/** Documents are bounded by their size, and every document is JSON or YAML: what no example of YAML can show. */
const NOT_SHOWN = ["json"];

const page = readFileSync(join(import.meta.dirname, "../../docs/remote-config.md"), "utf8");
const examples = [...page.matchAll(/```yaml\n# (refused: ([a-z_]+)|accepted)\n(.*?)```/gs)].map(
  ([, , rule, text = ""], index) => [`${String(index + 1)}, ${rule ?? "accepted"}`, rule, text] as const,
);

function parsed(text: string): YamlMap {
  const reading = readDocument(text);
  if (!reading.ok) throw new Error(JSON.stringify(reading.findings));
  return reading.document;
}

/** The vendor's default with what an example says; its lists replace others. */
function withExample(base: YamlValue, example: YamlValue): YamlValue {
  if (!isMap(base) || !isMap(example)) return example;
  return {
    ...base,
    ...Object.fromEntries(Object.entries(example).map(([key, value]) => [key, withExample(base[key] ?? null, value)])),
  };
}

test.each(examples)("example %s, of the page on remote configuration, is judged as it says", (_, rule, text) => {
  const document = withExample(parsed(VENDOR_NODE), parsed(text));
  if (!isMap(document)) throw new Error("not a map");
  const verdict = judgeRemote(document, CONTEXT);
  expect(verdict.ok ? ["accepted"] : verdict.findings.map((finding) => finding.rule)).toContain(rule ?? "accepted");
});

test("the page on remote configuration has an example of each rule", () => {
  const shown = new Set(examples.map(([, rule]) => rule));
  expect(Object.keys(REMOTE_RULES).filter((rule) => !shown.has(rule) && !NOT_SHOWN.includes(rule))).toEqual([]);
});
