import type { Condition } from "../api/kmagent.ts";
import type { ConditionType } from "../api/conditions.ts";
import type { EventReason } from "../api/reasons.ts";

/** An event about the KmAgent, to be recorded in its namespace. */
export interface EventNote {
  readonly type: "Normal" | "Warning";
  readonly reason: EventReason;
  readonly message: string;
}

/** Conditions whose changes deserve an event; nodes have events of their own. */
const TOLD: ReadonlySet<ConditionType> = new Set([
  "Ready",
  "ConfigValid",
  "RemoteConfigApplied",
  "TelemetryFlowing",
  "ClusterAgentAvailable",
  "PlatformConnected",
  "Stalled",
]);
const ABNORMAL: ReadonlySet<ConditionType> = new Set(["Stalled"]);

/** One event for each condition of note whose status or, while it isn't well, reason changed. */
export function conditionEvents(before: readonly Condition[], after: readonly Condition[]): EventNote[] {
  const known = new Map(before.map((condition) => [condition.type, condition]));
  const notes: EventNote[] = [];
  for (const condition of after) {
    if (!TOLD.has(condition.type) || condition.status === "Unknown") continue;
    const previous = known.get(condition.type);
    const good = ABNORMAL.has(condition.type) ? condition.status !== "True" : condition.status === "True";
    if (previous?.status === condition.status && (good || previous.reason === condition.reason)) continue;
    // What begins as good, or can't be there yet, is no news.
    // What was on its way and has arrived is news, though.
    const first = previous === undefined || (previous.status === "Unknown" && previous.reason !== "Applying");
    if (first && condition.type !== "Ready" && (good || condition.type === "ClusterAgentAvailable")) continue;
    notes.push({
      type: good ? "Normal" : "Warning",
      reason: "ConditionChanged",
      message: `${condition.type} is ${condition.status} (${condition.reason}): ${condition.message}`,
    });
  }
  const left = before.filter(
    (condition) => ABNORMAL.has(condition.type) && !after.some((now) => now.type === condition.type),
  );
  for (const condition of left) {
    notes.push({
      type: "Normal",
      reason: "ConditionChanged",
      message: `${condition.type} is over (${condition.reason})`,
    });
  }
  return notes;
}
