import type { RolloutStatus } from "../rollout/state.ts";
import type { EventNote } from "./condition-events.ts";

/** One event for each turn of a rollout: what the status says now and didn't say before. */
export function rolloutEvents(before: RolloutStatus | undefined, after: RolloutStatus | undefined): EventNote[] {
  if (after?.phase === undefined) return [];
  const waits = after.waitingFor?.gate === "Approval" && before?.waitingFor?.gate !== "Approval";
  const isSame = before?.phase === after.phase && before.target === after.target;
  const note = isSame ? null : turn(before, after);
  const asks: EventNote[] = waits
    ? [{ type: "Normal", reason: "RolloutWaits", message: after.waitingFor?.message ?? "" }]
    : [];
  return [...(note ? [note] : []), ...asks];
}

function turn(before: RolloutStatus | undefined, after: RolloutStatus): EventNote | null {
  const { phase, target = "", stable = "", template = "", canaries = [] } = after;
  const rejection = after.rejected?.find(({ revision }) => revision === target);
  const why = rejection ? `${rejection.reason}: ${rejection.message}` : "";
  switch (phase) {
    case "Canary":
      return {
        type: "Normal",
        reason: "RolloutStarted",
        message: `revision ${target} is tried on ${canaries.length === 0 ? "a canary" : canaries.join(", ")}`,
      };
    case "Progressing":
      // Kubernetes' own rolling update has no template of ours, and tells of itself.
      return template === ""
        ? null
        : { type: "Normal", reason: "RolloutProgressing", message: `revision ${target} goes to the nodes in waves` };
    case "Complete":
      return before?.phase === undefined || template === ""
        ? null
        : { type: "Normal", reason: "RolloutCompleted", message: `revision ${target} is stable` };
    case "RollingBack":
      return {
        type: "Warning",
        reason: "RollbackStarted",
        message: `revision ${target} is taken back, to ${template}: ${why}`,
      };
    case "RolledBack":
      return {
        type: "Warning",
        reason: "RolledBack",
        message: `revision ${stable} runs again; ${target} failed: ${why}`,
      };
    case "Stalled":
      return {
        type: "Warning",
        reason: "RolloutStalled",
        message: `revision ${target} failed, and waits for you: ${why}`,
      };
    case "Install":
    case undefined:
      return null;
    default:
      return phase satisfies never;
  }
}
