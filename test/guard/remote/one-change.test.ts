import { describe, expect, test } from "@jest/globals";
import { COMMON_RULES, REMOTE_RULES } from "../../../src/config/guard/rule-table.ts";
import { GATEWAY, judgeText, VENDOR_CLUSTER, VENDOR_NODE } from "../documents.ts";
import { tellOf } from "../told.ts";
import type { Refusals } from "./change.ts";
import { COMPONENTS } from "./changes/components.ts";
import { ENVIRONMENT } from "./changes/environment.ts";
import { GOOD } from "./changes/good.ts";
import { HEALTH_CHECK } from "./changes/health-check.ts";
import { HOSTS } from "./changes/hosts.ts";
import { LIMITS } from "./changes/limits.ts";
import { LISTENERS } from "./changes/listeners.ts";
import { MEMORY_LIMITER } from "./changes/memory-limiter.ts";
import { PATHS } from "./changes/paths.ts";
import { REFERENCES } from "./changes/references.ts";
import { REFUSED } from "./changes/refused.ts";
import { SECTIONS } from "./changes/sections.ts";
import { SETTINGS } from "./changes/settings.ts";
import { SIGNALS } from "./changes/signals.ts";
import { STORAGE } from "./changes/storage.ts";
import { TEXT } from "./changes/text.ts";
import { YAML_ALIAS } from "./changes/yaml-alias.ts";
import { YAML_KEY } from "./changes/yaml-key.ts";

/*
 * At least 150 configurations, each bad one a single change away from a good one, so that nothing else can be what it is refused for.
 * The changes are in changes/, those that a rule refuses in the file of its name.
 */

const REFUSALS: readonly Refusals[] = [
  COMPONENTS,
  ENVIRONMENT,
  HEALTH_CHECK,
  HOSTS,
  LIMITS,
  LISTENERS,
  MEMORY_LIMITER,
  PATHS,
  REFERENCES,
  REFUSED,
  SECTIONS,
  SETTINGS,
  SIGNALS,
  STORAGE,
  TEXT,
  YAML_ALIAS,
  YAML_KEY,
];

/** All changes of one good configuration, with the rule that must refuse what comes of them. */
function refusalsOf(base: "node" | "gateway" | "cluster") {
  return REFUSALS.flatMap(({ rule, [base]: changes = [] }) =>
    changes.map(([name, from, to, path]) => ({ name, from, to, finding: { rule, path } })),
  );
}

/** The findings for a document after one change. */
function changed(good: string, from: string, to: string, component: "node-agent" | "cluster-agent" = "node-agent") {
  expect(good.split(from).length).toBeGreaterThan(1);
  const verdict = judgeText(
    good.replace(from, () => to),
    { component },
  );
  if (!verdict.ok) tellOf(verdict.findings);
  return verdict.ok ? [] : verdict.findings.map(({ rule, path }) => ({ rule, path }));
}

describe("a remote configuration", () => {
  test.each([
    ["the vendor's default of the node agents", VENDOR_NODE, "node-agent"],
    ["the vendor's default of the cluster agent", VENDOR_CLUSTER, "cluster-agent"],
    ["a gateway as the OpenTelemetry pages show it", GATEWAY, "node-agent"],
  ] as const)("may be %s", (_, text, component) => {
    expect(judgeText(text, { component })).toMatchObject({ ok: true });
  });
});

test("every rule that a change is for is in the reference, and every rule of remote configurations is tried", () => {
  const tried = new Set([...refusalsOf("node"), ...refusalsOf("gateway")].map(({ finding }) => finding.rule));
  expect([...tried].filter((rule) => !(rule in COMMON_RULES) && !(rule in REMOTE_RULES))).toEqual([]);
  // JSON has tests of its own.
  expect(Object.keys(REMOTE_RULES).filter((rule) => !tried.has(rule))).toEqual(["json"]);
});

test("there are at least 150 of them", () => {
  expect(GOOD.length + refusalsOf("node").length + refusalsOf("gateway").length).toBeGreaterThan(150);
});

describe("one change away from the vendor's default, a remote configuration", () => {
  test.each(GOOD)("may have %s", (_, from, to) => {
    expect(changed(VENDOR_NODE, from, to)).toEqual([]);
  });

  test.each(refusalsOf("node"))("may not have $name", ({ from, to, finding }) => {
    expect(changed(VENDOR_NODE, from, to)).toContainEqual(finding);
  });
});

describe("one change away from a gateway, a remote configuration", () => {
  test.each(refusalsOf("gateway"))("may not have $name", ({ from, to, finding }) => {
    expect(changed(GATEWAY, from, to)).toContainEqual(finding);
  });
});

describe("of the cluster agent, a remote configuration", () => {
  test.each(refusalsOf("cluster"))("may not have $name", ({ from, to, finding }) => {
    expect(changed(VENDOR_CLUSTER, from, to, "cluster-agent")).toContainEqual(finding);
  });
});
