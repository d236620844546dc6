/** Least time between two writes of an unquiet status, milliseconds. */
const SPACING_MS = 5_000;

/** Whether a changed status is written now, or at which time at the latest. */
export type StatusGate = { readonly write: true } | { readonly write: false; readonly at: number };

/**
 * The first change after quiet is written at once, further ones at most once in five seconds, so that a fleet that churns
 * doesn't become a storm of writes. What concerns a rollout or the generation is urgent and always written at once.
 */
export function statusGate(lastWriteAt: number | null, urgent: boolean, now: number): StatusGate {
  if (urgent || lastWriteAt === null || now >= lastWriteAt + SPACING_MS || now < lastWriteAt) return { write: true };
  return { write: false, at: lastWriteAt + SPACING_MS };
}
