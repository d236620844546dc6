/**
 * Every way in which the operator itself fails, as one closed vocabulary. Whether trying again can help is a property of
 * the code (`isRetryable`), not of the place that caught it.
 *
 * - `InvalidSpec`: the KmAgent asks for something that can't be; only an edit helps.
 * - `Conflict`: the object changed or was replaced under us (HTTP 409, failed precondition).
 * - `NotFound`: what was asked for isn't there (HTTP 404).
 * - `Gone`: the watch position is too old (HTTP 410).
 * - `Forbidden`: the API server knows us and refuses (HTTP 403).
 * - `Unauthorized`: the credentials aren't taken (HTTP 401).
 * - `Invalid`: the API server refuses the object (HTTP 400, 422).
 * - `Throttled`: too many requests (HTTP 429).
 * - `Unavailable`: the other side is down or failing (HTTP 5xx, refused, reset, silent).
 * - `Timeout`: no answer within the deadline.
 * - `TooLarge`: an answer passed its bound on bytes.
 * - `BadResponse`: an answer that breaks its own protocol.
 * - `NotLeading`: a write was held back, for the lease isn't provably ours any more.
 * - `Aborted`: we are stopping.
 */
export type ErrorCode =
  | "InvalidSpec"
  | "Conflict"
  | "NotFound"
  | "Gone"
  | "Forbidden"
  | "Unauthorized"
  | "Invalid"
  | "Throttled"
  | "Unavailable"
  | "Timeout"
  | "TooLarge"
  | "BadResponse"
  | "NotLeading"
  | "Aborted";

const RETRYABLE: Readonly<Record<ErrorCode, boolean>> = {
  InvalidSpec: false,
  Conflict: true,
  NotFound: true,
  Gone: true,
  Forbidden: true,
  Unauthorized: true,
  Invalid: false,
  Throttled: true,
  Unavailable: true,
  Timeout: true,
  TooLarge: false,
  BadResponse: true,
  NotLeading: false,
  Aborted: false,
};

/** The one error class of the operator. `message` is fit for a user's eyes: no secret, no response body of a stranger. */
export class KmError extends Error {
  readonly code: ErrorCode;
  /** Milliseconds that the other side asked us to wait (`Retry-After`), where it did. */
  readonly retryAfterMs: number | undefined;
  /** The fields that a Kubernetes `Status` complains of, where the API server named any. */
  readonly causes: readonly FieldCause[];

  constructor(
    code: ErrorCode,
    message: string,
    options: { cause?: unknown; retryAfterMs?: number; causes?: readonly FieldCause[] } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "KmError";
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.causes = options.causes ?? [];
  }
}

/** One entry of `details.causes` in a Kubernetes `Status`: which field, and what is wrong with it. */
export interface FieldCause {
  readonly field: string;
  readonly message: string;
}

/** Whether the same call may succeed later without anybody's edit. */
export function isRetryable(code: ErrorCode): boolean {
  return RETRYABLE[code];
}

/** The code of any thrown value; what we don't know counts as `Unavailable`, so that it is tried again with backoff. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof KmError ? error.code : "Unavailable";
}

/** Any thrown value as an error of ours. Of a stranger's error only `what` was tried is told, for its own text may hold anything. */
export function asKmError(error: unknown, what: string): KmError {
  return error instanceof KmError ? error : new KmError(codeOf(error), `${what}: unexpected failure`, { cause: error });
}
