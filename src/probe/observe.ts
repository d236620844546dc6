import type { ProbeObservation, ProbeOutcome } from "../health/observation.ts";

/** One probe that was seen through. */
export interface Sighting {
  readonly outcome: ProbeOutcome;
  /** Milliseconds since the epoch of its end. */
  readonly at: number;
  readonly latencyMs: number;
  /** Milliseconds of the monotonic clock at its start. */
  readonly startedAt: number;
}

/**
 * What is known of a pod after one more probe, with the observation before it (`undefined` for the first).
 *
 * A miss adds to `misses` only half an interval or more after the last one that did: probes out of turn (a pod changed, thrice in a second)
 * make the picture newer, but `failureThreshold × interval` must stay the time that a collector is given.
 */
export function observe(
  before: Counted | undefined,
  podUid: string,
  { outcome, at, latencyMs, startedAt }: Sighting,
  intervalMs: number,
): Counted {
  const ok = outcome.kind === "ok";
  const everOk = ok || before?.observation.everOk === true;
  if (ok) return { observation: { podUid, at, outcome, misses: 0, everOk, latencyMs }, countedAt: -Infinity };
  const countedAt = before?.countedAt ?? -Infinity;
  const counts = startedAt - countedAt >= intervalMs / 2;
  const misses = (before?.observation.misses ?? 0) + (counts ? 1 : 0);
  return { observation: { podUid, at, outcome, misses, everOk, latencyMs }, countedAt: counts ? startedAt : countedAt };
}

/** An observation, and when (monotonic) the probe started that last added a miss; `-Infinity` after a hit. */
export interface Counted {
  readonly observation: ProbeObservation;
  readonly countedAt: number;
}

/**
 * Whether `after` says something else than `before` that can change a verdict: another outcome, or a count of misses that
 * reaches or leaves `failureThreshold`. A node that goes on failing in the same way is no news.
 */
export function differs(
  before: ProbeObservation | undefined,
  after: ProbeObservation,
  failureThreshold: number,
): boolean {
  if (before === undefined) return true;
  if (before.misses >= failureThreshold !== after.misses >= failureThreshold) return true;
  return JSON.stringify(before.outcome) !== JSON.stringify(after.outcome);
}
