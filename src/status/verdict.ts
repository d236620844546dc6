import type { ConditionType } from "../api/conditions.ts";
import type { ConditionReason } from "../api/reasons.ts";

/** What one rule says of one condition; times and generation are added by `set-condition.ts`. */
export interface ConditionVerdict {
  readonly type: ConditionType;
  readonly status: "True" | "False" | "Unknown";
  readonly reason: ConditionReason;
  readonly message: string;
}

/** It holds. */
export function holds(type: ConditionType, reason: ConditionReason, message: string): ConditionVerdict {
  return { type, status: "True", reason, message };
}

/** It doesn't. */
export function fails(type: ConditionType, reason: ConditionReason, message: string): ConditionVerdict {
  return { type, status: "False", reason, message };
}

/** Nobody can say yet. */
export function unknown(type: ConditionType, reason: ConditionReason, message: string): ConditionVerdict {
  return { type, status: "Unknown", reason, message };
}

/** `1 node`, `3 nodes`. */
export function nodesText(count: number): string {
  return count === 1 ? "1 node" : `${count} nodes`;
}
