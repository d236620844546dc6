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

/**
 * What the queue does after a pass whose writes failed with these errors, in their order. One that is stopping has not failed.
 * The code is the first failure's, for what follows may come of it; of waits that the API server asks for the longest counts.
 */
export function passResult(errors: readonly unknown[]): PassResult {
  // A refused object is remembered and waited with; what is refused here is a status or a deletion, which nothing else repeats.
  const failures = errors.filter((error) => failureKind(error) !== "stopping");
  const [first] = failures;
  if (first === undefined) return { kind: "done" };
  const waits = failures.flatMap((error) => (error instanceof KmError ? (error.retryAfterMs ?? []) : []));
  return { kind: "failed", code: codeOf(first), ...(waits.length > 0 && { notBeforeMs: Math.max(...waits) }) };
}
