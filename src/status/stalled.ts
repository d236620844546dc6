import { KEY_REJECTED } from "../rollout/record.ts";
import type { StatusFacts } from "./facts.ts";
import { holds } from "./verdict.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** `Stalled`: there only while something keeps the operator from making what is wanted, and only a person can mend it. */
export function stalled({ stalled: found, rollout }: StatusFacts): ConditionVerdict | null {
  if (found !== null) return holds("Stalled", found.reason, found.message);
  if (rollout?.phase !== "Stalled") return null;
  return holds("Stalled", stalledReason(rollout), `${rollout.reason}: ${rollout.message}`);
}

/** Why a rollout that failed isn't taken back; the same word in each condition that tells of it. */
export function stalledReason({ reason }: { readonly reason: string }): typeof KEY_REJECTED | "RolloutFailed" {
  return reason === KEY_REJECTED ? KEY_REJECTED : "RolloutFailed";
}
