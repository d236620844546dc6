import type { KmAgentStatus } from "../api/kmagent.ts";
import { sameJson } from "./drift.ts";

/** How often within `WINDOW_MS` a status is set back that somebody else keeps changing. */
const REPAIRS = 5;
const WINDOW_MS = 600_000;

/** The last status that was written, and what came of it. */
export interface StatusMemory {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Of the API server's answer. */
  readonly resourceVersion: string;
  /** What was asked for. */
  readonly written: KmAgentStatus;
  /** What the API server made of it: a condition that somebody else added stays in it, whatever we write. */
  readonly landed: KmAgentStatus;
  /** Times of writes that only set back what others had changed, the newest `REPAIRS`. */
  readonly repairs: readonly number[];
}

/**
 * From when on a status is to be written, `now` at the earliest; `null` where there is nothing to write. What is news is due at
 * once. What only sets a stranger's change back is due five times in ten minutes, so that who writes there without end costs
 * a write every two minutes, and not one for each of theirs.
 */
export function statusDueAt(
  status: KmAgentStatus,
  live: KmAgentStatus,
  memory: StatusMemory | null,
  now: number,
): number | null {
  if (sameJson(status, live)) return null;
  if (memory === null || !sameJson(status, memory.written)) return now;
  if (sameJson(live, memory.landed)) return null;
  const [oldest] = memory.repairs;
  return oldest === undefined || memory.repairs.length < REPAIRS ? now : Math.max(now, oldest + WINDOW_MS);
}

/** Memory after a status was written. */
export function rememberStatus(
  before: StatusMemory | null,
  written: KmAgentStatus,
  answer: { readonly resourceVersion: string; readonly landed: KmAgentStatus },
  now: number,
): StatusMemory {
  const repairs = before?.repairs ?? [];
  const isRepair = before !== null && sameJson(written, before.written);
  return { at: now, ...answer, written, repairs: isRepair ? [...repairs, now].slice(-REPAIRS) : repairs };
}
