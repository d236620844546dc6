import type { Condition } from "../api/kmagent.ts";
import { timestamp } from "../api/time.ts";
import { statusText } from "./status-text.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** Puts generation and times on verdicts: `lastTransitionTime` moves only when `status` does, as Kubernetes' API conventions want it. */
export function setConditions(
  verdicts: readonly ConditionVerdict[],
  previous: readonly Condition[],
  generation: number,
  now: number,
  mask: (text: string) => string,
): Condition[] {
  return verdicts.map(({ type, status, reason, message }) => {
    const before = previous.find((condition) => condition.type === type);
    return {
      type,
      status,
      observedGeneration: generation,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : timestamp(now),
      reason,
      message: statusText(message, mask),
    };
  });
}
