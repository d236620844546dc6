import { permittedActs } from "./acts.ts";
import type { RolloutAct } from "./acts.ts";
import { readRecord, rejectionOf } from "./record.ts";
import type { RolloutRecord } from "./record.ts";
import { recoverRecord } from "./recover.ts";
import { advance } from "./staged.ts";
import type { RolloutState, RolloutStatus, Waiting } from "./state.ts";
import { isDesired } from "./view.ts";
import type { RolloutView } from "./view.ts";
import { isOutdated } from "./window.ts";

/** One step of a staged rollout. */
export interface StagedStep {
  /** What is to be written, and what conditions say. */
  readonly state: RolloutState;
  readonly record: RolloutRecord;
  /** Revision that the DaemonSet's template is to hold now, by what is written already. */
  readonly template: string;
  /** What may be done to pods now, by what is written already. */
  readonly acts: readonly RolloutAct[];
  /** When to look again though nothing happens, milliseconds since the epoch; `null` where only an event can change anything. */
  readonly nextAt: number | null;
}

/** While a rollout moves, time alone can end what it waits for. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Takes a step. `written` is the rollout of the status as the API server holds it: a step that isn't written yet allows
 * nothing, so a crash between any two writes leaves a state that the next leader goes on from.
 */
export function stagedRollout(written: RolloutStatus | undefined, view: RolloutView): StagedStep {
  const before = readRecord(written);
  const known = before ?? recoverRecord(view);
  const { record, waiting, failed } = advance(known, view);
  return {
    state: stateOf(record, waiting, failed, view),
    record,
    template: permittedTemplate(known, record, view),
    acts: before === null ? [] : permittedActs(before, record, view),
    nextAt: isUnderWay(record, waiting) && !view.paused ? view.now + LOOK_AGAIN_MS : null,
  };
}

/** The template follows the record that is written, unless this step turns elsewhere: then it stays as it is. */
function permittedTemplate(written: RolloutRecord, next: RolloutRecord, view: RolloutView): string {
  return written.template === next.template ? next.template : (view.liveTemplate ?? written.template);
}

function isUnderWay({ phase, inFlight }: RolloutRecord, waiting: Waiting | null): boolean {
  if (phase === "Canary") return waiting?.gate !== "Approval" && waiting?.gate !== "NoCanary";
  if (waiting?.gate === "Bake") return true;
  if (phase === "Stalled") return false;
  return inFlight.length > 0 || phase === "RollingBack" || phase === "Progressing";
}

function stateOf(record: RolloutRecord, waiting: Waiting | null, failed: number, view: RolloutView): RolloutState {
  const { phase, target, stable, template } = record;
  const updated = view.nodes.filter((node) => isDesired(node) && node.pod?.revision === target).length;
  const outdated = view.nodes.filter((node) => isOutdated(node, { ...record, phase: "Progressing" })).length;
  const reached = { target, stable, updated, failed, outdated, record };
  switch (phase) {
    case "Install":
    case "Progressing":
      return { phase, waitingFor: waiting, ...reached };
    case "Canary":
      return { phase, waitingFor: waiting, canaries: record.canaries, ...reached };
    case "Complete":
      return { phase, ...reached };
    case "RollingBack":
    case "RolledBack":
    case "Stalled": {
      const why = rejectionOf(record, target);
      const { reason, message } = why ?? { reason: "Unknown", message: `back to revision ${template}` };
      return { phase, reason, message, ...reached };
    }
    default:
      return phase satisfies never;
  }
}
