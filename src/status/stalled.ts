import type { StatusFacts } from "./facts.ts";
import { holds } from "./verdict.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** `Stalled`: there only while something keeps the operator from making what is wanted, and only a person can mend it. */
export function stalled({ stalled: found, rollout }: StatusFacts): ConditionVerdict | null {
  if (found !== null) return holds("Stalled", found.reason, found.message);
  if (rollout?.phase === "Stalled") {
    const isKey = rollout.reason === "ApiKeyRejected";
    return holds("Stalled", isKey ? "ApiKeyRejected" : "RolloutFailed", `${rollout.reason}: ${rollout.message}`);
  }
  return null;
}
