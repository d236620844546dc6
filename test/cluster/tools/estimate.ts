/** A part of the work, with the seconds that it typically takes: on two cores, nothing compiled yet. */
export interface Step {
  readonly seconds: number;
}

/** A step that is done, with the seconds that it took here. */
export interface DoneStep extends Step {
  readonly took: number;
}

/** The step being worked on. */
export interface RunningStep extends Step {
  /** How much of it is done, 0 to 1. */
  readonly fraction: number;
  /** Seconds since its start. */
  readonly running: number;
}

/** Below this many seconds of evidence the typical times are believed more than this machine's. */
const EVIDENCE_SECONDS = 30;

/**
 * Seconds until everything is done: the typical seconds of what is left, stretched by how this machine has done so far.
 * What it did in its first seconds says little, so the stretch begins at 1 and gives way as evidence grows.
 */
export function estimateRest(done: readonly DoneStep[], current: RunningStep, waiting: readonly Step[]): number {
  const doneTypical = sum(done.map((step) => step.seconds)) + current.seconds * current.fraction;
  const doneHere = sum(done.map((step) => step.took)) + current.running;
  const stretch = (doneHere + EVIDENCE_SECONDS) / (doneTypical + EVIDENCE_SECONDS);
  const left = current.seconds * (1 - current.fraction) + sum(waiting.map((step) => step.seconds));
  return left * stretch;
}

/** Seconds as a person says them: `45 s`, `3 min 20 s`. */
export function inWords(seconds: number): string {
  const whole = Math.round(seconds);
  const minutes = Math.floor(whole / 60);
  return minutes === 0 ? `${String(whole)} s` : `${String(minutes)} min ${String(whole % 60)} s`;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
