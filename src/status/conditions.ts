import { agentsAvailable } from "./agents-available.ts";
import { clusterAgentAvailable } from "./cluster-agent-available.ts";
import { configValid } from "./config-valid.ts";
import type { StatusFacts } from "./facts.ts";
import { nodesCovered } from "./nodes-covered.ts";
import { paused } from "./paused.ts";
import { platformConnected } from "./platform-connected.ts";
import { ready } from "./ready.ts";
import { reconciling } from "./reconciling.ts";
import { remoteConfigApplied } from "./remote-config-applied.ts";
import { rolloutComplete } from "./rollout-complete.ts";
import { stalled } from "./stalled.ts";
import { telemetryFlowing } from "./telemetry-flowing.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** Every condition by its rule, in the order in which the status lists them. A rule that gives `null` has nothing abnormal to tell. */
const RULES: readonly ((facts: StatusFacts) => ConditionVerdict | null)[] = [
  ready,
  configValid,
  agentsAvailable,
  nodesCovered,
  rolloutComplete,
  remoteConfigApplied,
  telemetryFlowing,
  clusterAgentAvailable,
  platformConnected,
  reconciling,
  stalled,
  paused,
];

/** Judges every condition; abnormal-true ones are there only while they are true. */
export function judgeConditions(facts: StatusFacts): readonly ConditionVerdict[] {
  return RULES.map((rule) => rule(facts)).filter((verdict) => verdict !== null);
}
