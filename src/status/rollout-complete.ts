import { cutToBytes } from "../health/foreign-text.ts";
import { waitingFor } from "../rollout/state.ts";
import type { RolloutState } from "../rollout/state.ts";
import type { OverriddenField, StatusFacts } from "./facts.ts";
import { stalledReason } from "./stalled.ts";
import { fails, holds, unknown } from "./verdict.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** Overridden fields that the message names. */
const NAMED_FIELDS = 3;
/** Of a value only so much is quoted; it may be a whole list. */
const VALUE_BYTES = 128;

/**
 * `RolloutComplete`: whether every node runs what is wanted. A field that somebody else keeps setting doesn't make it False:
 * the rollout has come as far as it ever will, and the reason says what is different.
 */
export function rolloutComplete(facts: StatusFacts): ConditionVerdict {
  const { rollout, wouldChange, overridden } = facts;
  if (rollout === null) return unknown("RolloutComplete", "Pending", "The revision that is wanted isn't known yet.");
  if (wouldChange.length > 0) {
    return fails("RolloutComplete", "Paused", "spec.paused holds changes back; the condition Paused names them.");
  }
  switch (rollout.phase) {
    case "Install":
    case "Canary":
    case "Progressing":
      return updating(rollout, waitingFor(rollout)?.message ?? "");
    case "Complete":
      if (rollout.outdated > 0) return updating(rollout, `${rollout.outdated} nodes have returned with an older one`);
      return overridden.length > 0
        ? holds("RolloutComplete", "FieldOverridden", overriddenText(overridden))
        : holds("RolloutComplete", "RolledOut", `Revision ${rollout.target} runs on ${rollout.updated} nodes.`);
    case "RollingBack":
    case "RolledBack":
      return fails("RolloutComplete", "RolledBack", `${rollout.reason}: ${rollout.message}`);
    case "Stalled":
      return fails("RolloutComplete", stalledReason(rollout), `${rollout.reason}: ${rollout.message}`);
    default:
      return rollout satisfies never;
  }
}

function updating(rollout: RolloutState, words: string): ConditionVerdict {
  const { target, updated } = rollout;
  const reason = waitingFor(rollout)?.gate === "Approval" ? "WaitingForApproval" : "Updating";
  return fails(
    "RolloutComplete",
    reason,
    `Revision ${target} runs on ${updated} nodes${words === "" ? "" : `: ${words}`}.`,
  );
}

function overriddenText(fields: readonly OverriddenField[]): string {
  const named = (added: boolean) => fields.slice(0, NAMED_FIELDS).filter((field) => field.added === added);
  const sentence = (words: string, of: readonly OverriddenField[]) =>
    of.length === 0 ? [] : [`${words}: ${of.map(quoted).join("; ")}`];
  const more = fields.length > NAMED_FIELDS ? ` and ${fields.length - NAMED_FIELDS} more` : "";
  const sentences = [
    ...sentence("Somebody keeps setting fields of ours, and they are left as they are", named(false)),
    ...sentence("Somebody added what isn't ours, and it stays", named(true)),
  ];
  return `${sentences.join(". ")}${more}. Change the policy or the spec so that both want the same.`;
}

function quoted({ object, path, value }: OverriddenField): string {
  return `${object}: ${path} is ${cutToBytes(value, VALUE_BYTES, "head")}`;
}
