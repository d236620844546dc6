import { KmError } from "../api/errors.ts";
import type { Outcome } from "./execute.ts";
import type { KmAgentMemory } from "./memory.ts";
import { freshMemory, rememberAnswer } from "./object-decision.ts";
import type { ObjectMemory } from "./object-decision.ts";
import { objectId } from "./object-id.ts";
import type { Plan } from "./plan.ts";
import { rememberStatus } from "./status-repair.ts";
import { isUnexplained } from "./trial.ts";

/** Memory after a pass. Pure; `now` is in milliseconds since the epoch. */
export function remember(memory: KmAgentMemory, plan: Plan, outcomes: readonly Outcome[], now: number): KmAgentMemory {
  const objects = new Map([...memory.objects].filter(isWanted(plan)));
  const known = (id: string, wish: string): ObjectMemory => {
    const before = objects.get(id);
    return before?.wish === wish ? before : freshMemory(wish);
  };
  let { refusal, canaryRefusal, status } = memory;
  const removedPods = new Set([...memory.removedPods].filter((uid) => plan.podUids.has(uid)));
  // What was said of a pod long ago explains nothing once every node has one.
  if (plan.fleet && !plan.fleet.nodes.some(isUnexplained)) refusal = null;
  let failure = "";
  for (const outcome of outcomes) {
    switch (outcome.kind) {
      case "applied": {
        const id = objectId(outcome.object);
        objects.set(id, rememberAnswer(known(id, outcome.wish), outcome.object, outcome.answer, outcome.drifted, now));
        // A changed template may be admitted where the one before wasn't.
        if (outcome.object.kind === "DaemonSet" && outcome.because !== "drift") refusal = null;
        break;
      }
      case "left": {
        const { object, wish, decision, until } = outcome;
        objects.set(objectId(object), { ...known(objectId(object), wish), foreign: null, left: { decision, until } });
        break;
      }
      case "foreign": {
        const id = objectId(outcome.object);
        objects.set(id, { ...known(id, outcome.wish), answer: null, foreign: { owner: outcome.owner, at: now } });
        break;
      }
      case "refused": {
        const id = objectId(outcome.object);
        const { message, causes, code } = outcome.error;
        const path = causes[0]?.field ?? "";
        objects.set(id, {
          ...known(id, outcome.wish),
          refused: { message, path, forbidden: code === "Forbidden", at: now },
        });
        break;
      }
      case "deleted":
        if (outcome.object.kind === "Pod") removedPods.add(outcome.object.metadata.uid ?? "");
        else objects.delete(objectId(outcome.object));
        break;
      case "canaryRefused": {
        const { revision, verdict } = outcome;
        // A full quota is waited for.
        if (verdict.kind !== "QuotaExceeded")
          canaryRefusal = { revision, reason: verdict.kind, message: verdict.message };
        break;
      }
      case "notOrphaned":
      case "canaryTried":
      case "podCreated":
      case "annotated":
        break;
      case "podTried":
        refusal = { verdict: outcome.verdict, at: now };
        break;
      case "statusWritten":
        status = rememberStatus(status, plan.status, outcome, now);
        break;
      case "failed":
        failure = `${outcome.what}: ${outcome.error instanceof KmError ? outcome.error.message : "unexpected error"}`;
        break;
      default:
        outcome satisfies never;
    }
  }
  return {
    ...memory,
    begunAt: memory.begunAt ?? now,
    rendered: plan.rendered,
    lastValid: plan.lastValid,
    remote: plan.remote?.records ?? memory.remote,
    health: plan.fleet?.byNode ?? memory.health,
    objects,
    refusal,
    // Told once: another try, by an annotation or after the next change, asks anew.
    canaryRefusal: canaryRefusal === memory.canaryRefusal ? null : canaryRefusal,
    removedPods,
    status,
    failure,
  };
}

/** What is wanted no longer (the ConfigMaps of old revisions) is forgotten; while nothing is known to be wanted, all stays. */
function isWanted({ lastValid, remote }: Plan): (entry: readonly [id: string, memory: ObjectMemory]) => boolean {
  if (lastValid === null) return () => true;
  const wanted = new Set([...lastValid, ...(remote?.objects ?? [])].map(objectId));
  return ([id]) => wanted.has(id);
}
