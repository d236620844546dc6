import type { Verdict } from "../finding.ts";
import type { YamlMap } from "../yaml-value.ts";
import { healthCheck } from "./health-check.ts";
import { knownComponents } from "./known-components.ts";
import { pipelines } from "./pipelines.ts";
import { references } from "./references.ts";
import type { GuardContext, Rule } from "./rule.ts";
import { sections } from "./sections.ts";

/** What every configuration must keep, wherever it comes from. */
const EVERY_CONFIGURATION: readonly Rule[] = [sections, knownComponents, pipelines, references, healthCheck];

/** As many findings as a person reads. */
const MAX_FINDINGS = 20;

/** Judges a configuration by every rule, so that all that is wrong shows at once. */
export function guard(document: YamlMap, context: GuardContext): Verdict {
  const findings = EVERY_CONFIGURATION.flatMap((rule) => rule(document, context));
  return findings.length === 0 ? { ok: true } : { ok: false, findings: findings.slice(0, MAX_FINDINGS) };
}
