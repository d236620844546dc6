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
/** Paths hold keys of the document, which may be anybody's and of any length. */
const MAX_PATH = 256;

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
  const shown = findings
    .slice(0, MAX_FINDINGS)
    .map((finding) =>
      finding.path.length > MAX_PATH ? { ...finding, path: `${finding.path.slice(0, MAX_PATH)}…` } : finding,
    );
  return { ok: false, findings: shown };
}
