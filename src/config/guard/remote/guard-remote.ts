import { bounded } from "../../finding.ts";
import type { Verdict } from "../../finding.ts";
import type { YamlMap } from "../../yaml-value.ts";
import { judge } from "../guard.ts";
import type { RemoteContext, RemoteRule } from "../rule.ts";
import { bounds } from "./bounds.ts";
import { environment } from "./environment.ts";
import { limiterFirst } from "./limiter-first.ts";
import { oneListener } from "./one-listener.ts";
import { plainText } from "./plain-text.ts";
import { settings } from "./settings.ts";
import { signals } from "./signals.ts";
import { supportedSignals } from "./supported-signals.ts";

/** What a remote configuration must keep besides: nothing is allowed that no table allows. */
const REMOTE_CONFIGURATION: readonly RemoteRule[] = [
  plainText,
  environment,
  settings,
  oneListener,
  signals,
  supportedSignals,
  limiterFirst,
];

/** Judges a remote configuration by the rules of every configuration and by its own. */
export function guardRemote(document: YamlMap, context: RemoteContext): Verdict {
  // What was added to it counts, too: else what comes out could be refused when it is judged another time.
  const unbounded = bounds(document, context);
  return unbounded.length > 0
    ? { ok: false, findings: bounded(unbounded) }
    : judge(document, context, REMOTE_CONFIGURATION);
}
