import { sentence } from "../api/sentence.ts";
import { isMoving, waitingFor } from "../rollout/state.ts";
import type { StatusFacts } from "./facts.ts";
import { holds } from "./verdict.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** `Reconciling`: there only while the cluster is being changed. Not while a person has to act first: that is `Stalled` or `Paused`. */
export function reconciling({ stalled, failure, rollout, spec }: StatusFacts): ConditionVerdict | null {
  if (stalled !== null || spec?.paused === true) return null;
  if (failure !== null) return holds("Reconciling", "ApplyFailed", `${sentence(failure.message)} It is tried again.`);
  if (rollout === null || !isMoving(rollout)) return null;
  const words = waitingFor(rollout)?.message ?? "";
  const where =
    rollout.phase === "RollingBack" ? `back to revision ${rollout.stable}` : `to revision ${rollout.target}`;
  const message = `Moving nodes ${where}${words === "" ? "" : `: ${words}`}.`;
  return holds("Reconciling", "Updating", message);
}
