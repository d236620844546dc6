import type { EventNote } from "./condition-events.ts";
import type { Outcome } from "./execute.ts";
import { objectId } from "./object-id.ts";
import type { Plan } from "./plan.ts";

/** Events of a pass: what it saw, and of its writes only what was done. A write that failed is told of when it succeeds. */
export function passEvents(plan: Pick<Plan, "events" | "statusEvents">, outcomes: readonly Outcome[]): EventNote[] {
  return [...plan.events, ...outcomes.flatMap((outcome) => eventsOf(outcome, plan.statusEvents))];
}

function eventsOf(outcome: Outcome, statusEvents: readonly EventNote[]): readonly EventNote[] {
  if (outcome.kind === "statusWritten") return statusEvents;
  if (outcome.kind !== "applied" || outcome.because !== "drift") return [];
  const fields = outcome.drifted.map(({ path, wanted, found }) => `${path} was ${found}, is ${wanted} again`);
  return [{ type: "Warning", reason: "DriftRepaired", message: `${objectId(outcome.object)}: ${fields.join("; ")}` }];
}
