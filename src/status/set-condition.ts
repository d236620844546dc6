import type { Condition } from "../api/kmagent.ts";
import { cutToBytes } from "../health/foreign-text.ts";
import { timestamp } from "./timestamp.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** Bytes of a condition's message at most: twelve of them, and the listed nodes, share the status' 64 KiB. */
export const CONDITION_MESSAGE_BYTES = 1_024;

/** Puts generation and times on verdicts: `lastTransitionTime` moves only when `status` does, as Kubernetes' API conventions want it. */
export function setConditions(
  verdicts: readonly ConditionVerdict[],
  previous: readonly Condition[],
  generation: number,
  now: number,
): Condition[] {
  return verdicts.map(({ type, status, reason, message }) => {
    const before = previous.find((condition) => condition.type === type);
    return {
      type,
      status,
      observedGeneration: generation,
      lastTransitionTime: before?.status === status ? before.lastTransitionTime : timestamp(now),
      reason,
      message: cutToBytes(message, CONDITION_MESSAGE_BYTES, "head"),
    };
  });
}
