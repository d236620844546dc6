import { codeOf, KmError } from "../api/errors.ts";
import type { PassResult } from "./queue.ts";

/** What a failed write means for its object: wait for new facts, tell the user, or try again with backoff. */
export type FailureKind = "refused" | "outdated" | "stopping" | "retry";

/**
 * One policy for all failures. A refusal stays one until what we want changes; outdated facts mend themselves with the next
 * event of the watch; everything else is tried again.
 */
export function failureKind(error: unknown): FailureKind {
  const code = codeOf(error);
  switch (code) {
    case "Invalid":
    case "InvalidSpec":
    case "Forbidden":
    case "TooLarge":
      return "refused";
    case "Conflict":
    case "NotFound":
    case "Gone":
      return "outdated";
    case "Aborted":
    case "NotLeading":
      return "stopping";
    case "Unauthorized":
    case "Throttled":
    case "Unavailable":
    case "Timeout":
    case "BadResponse":
      return "retry";
    default:
      return code satisfies never;
  }
}

/** What the queue does after a pass in which `error` was the worst failure. */
export function passResult(error: unknown): PassResult {
  switch (failureKind(error)) {
    case "stopping":
      return { kind: "done" };
    // A refused object is remembered and waited with; what arrives here is a status or a deletion, which nothing else repeats.
    case "refused":
    case "outdated":
      return { kind: "failed" };
    case "retry": {
      const wait = error instanceof KmError ? error.retryAfterMs : undefined;
      return { kind: "failed", ...(wait !== undefined && { notBeforeMs: wait }) };
    }
  }
}
