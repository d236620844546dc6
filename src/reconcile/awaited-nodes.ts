import type { RolloutStatus } from "../rollout/state.ts";

/** Nodes that a rollout waits for. */
export interface AwaitedNodes {
  readonly names: ReadonlySet<string>;
  /** How often each of them is probed and its counters are read, milliseconds. */
  readonly everyMs: number;
}

/** A rollout's steps hang on what it hears, so it is told this often. */
const AWAITED_MS = 2_000;

/**
 * The nodes that a staged rollout waits for, as its record names them: canaries and those whose pod is being replaced. They are
 * asked every two seconds, or at the pace of all others (`intervalMs`, `health.interval`) where that is faster.
 */
export function awaitedNodes(rollout: RolloutStatus | undefined, intervalMs: number): AwaitedNodes {
  const inFlight = (rollout?.inFlight ?? []).map(({ node }) => node);
  return { names: new Set([...(rollout?.canaries ?? []), ...inFlight]), everyMs: Math.min(AWAITED_MS, intervalMs) };
}
