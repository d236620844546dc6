import { bounded } from "../finding.ts";
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

/** Judges a configuration by every rule, so that all that is wrong shows at once. */
export function guard(document: YamlMap, context: GuardContext): Verdict {
  return judge(document, context, []);
}

/** Judges by the rules of every configuration and by some more. */
export function judge<Context extends GuardContext>(
  document: YamlMap,
  context: Context,
  more: readonly ((document: YamlMap, context: Context) => ReturnType<Rule>)[],
): Verdict {
  const findings = [...EVERY_CONFIGURATION, ...more].flatMap((rule) => rule(document, context));
  if (findings.length === 0) return { ok: true };
  return { ok: false, findings: bounded(findings) };
}
