import type { Outcome } from "./outcome.ts";

/**
 * Whether calls may be made. One gate stands before all nodes of a KmAgent, so that an outage is one caller who tries again, not
 * five thousand: while it is `closed` nobody calls until `until`, then one alone, and the rest follow its success.
 */
export type Gate =
  | { readonly kind: "open"; readonly epoch: number }
  | { readonly kind: "closed"; readonly epoch: number; readonly failures: number; readonly until: number };

/** A gate that nothing has closed yet. */
export const OPEN: Gate = { kind: "open", epoch: 0 };

/** How long to keep away from a platform that doesn't take the key. */
export const UNAUTHORIZED_MS = 5 * 60_000;
const FIRST_MS = 1_000;
const LONGEST_MS = 60_000;
const LEAST_MS = 250;

/**
 * The gate after a call that was made in `epoch` has ended. Each change of the gate begins a new epoch, and calls of an older
 * one change nothing: eight that fail together are one failure. `random` is from 0 up to 1.
 */
export function afterCall(gate: Gate, epoch: number, outcome: Outcome, now: number, random: number): Gate {
  if (epoch !== gate.epoch || outcome.kind === "aborted") return gate;
  if (outcome.kind === "ok" || outcome.kind === "rejected") {
    return gate.kind === "open" ? gate : { kind: "open", epoch: gate.epoch + 1 };
  }
  const failures = gate.kind === "open" ? 1 : gate.failures + 1;
  return { kind: "closed", epoch: gate.epoch + 1, failures, until: now + pause(outcome, failures, random) };
}

/** The same gate, open, for what it closed for may have changed. */
export function reopened(gate: Gate): Gate {
  return { kind: "open", epoch: gate.epoch + 1 };
}

/** Exponential backoff with full jitter; longer where the platform asks for more, or doesn't take the key. Milliseconds. */
function pause(outcome: Outcome, failures: number, random: number): number {
  const jittered = LEAST_MS + random * Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, 16));
  switch (outcome.kind) {
    case "unauthorized":
    case "forbidden":
      return UNAUTHORIZED_MS * (1 + random / 10);
    case "throttled":
    case "serverError":
      // What was asked for is the least, so that a short one doesn't end the backoff. Its own jitter keeps clusters that were
      // told the same moment apart.
      return Math.max((outcome.retryAfterMs ?? 0) * (1 + random / 10), jittered);
    case "unreachable":
    case "badAnswer":
      return jittered;
    case "ok":
    case "rejected":
    case "aborted":
      return 0;
    default:
      return outcome satisfies never;
  }
}
