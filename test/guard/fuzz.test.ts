import { expect, test } from "@jest/globals";
import fc from "fast-check";
import { documentOf } from "../../src/config/json-document.ts";
import { readDocument } from "../../src/config/document.ts";
import { judgeRemote } from "../../src/config/remote.ts";
import { isList, isMap } from "../../src/config/yaml-value.ts";
import type { YamlMap, YamlValue } from "../../src/config/yaml-value.ts";
import { CONTEXT, GATEWAY, VENDOR_CLUSTER, VENDOR_NODE } from "./documents.ts";
import { hostileDocuments } from "./hostile.ts";
import { tellOf } from "./told.ts";

/*
 * Good documents are changed at random places with hostile values. Whatever comes out, the guard must neither throw nor hang, and
 * what it accepts must hold what is checked here in another way: by the text that the agents would get.
 */

/** All inputs with SOAK=1; a taste otherwise. */
const RUNS = process.env["SOAK"] === "1" ? 200_000 : 600;

const good = [VENDOR_NODE, VENDOR_CLUSTER, GATEWAY].map((text) => {
  const reading = readDocument(text);
  if (!reading.ok) throw new Error("unreadable");
  return reading.document;
});

test("whatever is changed in a good document, nothing that is accepted reaches out, and nothing throws", () => {
  let accepted = 0;
  fc.assert(
    fc.property(
      hostileDocuments(good),
      fc.constantFrom("node-agent" as const, "cluster-agent" as const),
      (changed, component) => {
        const reading = documentOf(changed);
        const verdict = reading.ok ? judgeRemote(reading.document, { ...CONTEXT, component }) : reading;
        if (!verdict.ok) {
          if (verdict.findings.length === 0) throw new Error("refused without a word");
          tellOf(verdict.findings);
          return;
        }
        accepted += 1;
        // Compared by hand: expect itself would take most of the time of 200,000 runs.
        const again = judgeRemote(verdict.document, { ...CONTEXT, component });
        if (!again.ok || again.text !== verdict.text) throw new Error("judged another time it comes out another way");
        const found = reaches(verdict.document);
        if (found.length > 0) throw new Error(found.join(", "));
      },
    ),
    { numRuns: RUNS },
  );
  expect(accepted).toBeGreaterThan(RUNS / 100);
}, 3_600_000);

/** What an accepted document must not hold where it could act, found without the guard's own code. */
function reaches(document: YamlMap): string[] {
  const found: string[] = [];
  const walk = (entry: YamlValue, path: readonly string[]): void => {
    if (isList(entry)) for (const [index, inner] of entry.entries()) walk(inner, [...path, String(index)]);
    else if (isMap(entry)) {
      for (const [key, inner] of Object.entries(entry)) {
        if (key.includes("::") || key.includes("${")) found.push(`key ${key}`);
        walk(inner, [...path, key]);
      }
    } else if (typeof entry === "string") judge(entry, path);
  };
  const judge = (entry: string, path: readonly string[]) => {
    const [section = "", , ...inner] = path;
    const last = path.at(-1) ?? "";
    // What the collector would expand: a reference with an even number of dollar signs before it.
    for (const [, dollars = "", reference = ""] of entry.matchAll(/(\$*)\$\{([^}]*)\}?/g)) {
      if (dollars.length % 2 === 1) continue;
      const isKey = /^(env:)?KM_API_KEY$/.test(reference);
      if (isKey && !(section === "exporters" && inner[0] === "headers" && last.toLowerCase() === "authorization"))
        found.push(`key in ${path.join(".")}`);
      if (!/^(env:)?(KM|POD|DEPLOYMENT)_[A-Z_]+$/.test(reference)) found.push(`reference in ${path.join(".")}`);
    }
    // Headers, labels and what an operator adds to a log have names of anybody's choice, and are sent and not dialled.
    const added = path.lastIndexOf("operators") + 2;
    const isData = ["headers", "labels"].includes(path.at(-2) ?? "") || (added > 1 && path[added] === "value");
    const address = (/(^|_)endpoint$/.test(last) && !isData) || path.at(-2) === "targets";
    if (
      address &&
      section === "exporters" &&
      !/(^|\/\/)(otel\.example\.com|gateway\.example\.com|10\.1\.2\.3|\$\{(env:)?KM_COLLECTOR_ENDPOINT\})(:[0-9]+)?(\/|$)/i.test(
        entry,
      )
    )
      found.push(`exporter to ${entry} in ${path.join(".")}`);
    if (
      address &&
      section === "receivers" &&
      !/^(https?:\/\/)?(0\.0\.0\.0:431[78]$|db\.example\.com(:|\/|$)|10\.1\.2\.4(:|$)|\$\{(env:)?KM_NODE_[A-Z_]+\}:10250$)/.test(
        entry,
      )
    )
      found.push(`receiver to ${entry} in ${path.join(".")}`);
    if (
      path.at(-2) === "include" &&
      section === "receivers" &&
      entry.startsWith("/") &&
      !/^\/var\/log\/(pods|containers)\//.test(entry)
    )
      found.push(`reads ${entry}`);
    if (
      /\benv\s*\(|os_env_func/.test(entry) &&
      inner.includes("operators") &&
      ["if", "expr", "value", "is_first_entry"].includes(last) &&
      (last !== "value" || entry.startsWith("EXPR("))
    )
      found.push(`reads the environment in ${path.join(".")}`);
  };
  walk({ ...document, service: null }, []);
  return found;
}
