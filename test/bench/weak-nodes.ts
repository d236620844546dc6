import type { WeakNodes } from "./stages.ts";

/** Nodes of a fleet that are broken in one way or another, 3 % together. */
export interface Weak extends WeakNodes {
  /** Nodes that Kubernetes calls NotReady for a while. */
  readonly down: readonly string[];
}

/**
 * Chooses the broken nodes of `worker-0` and so on. Frail ones are more than a `maxFailures` of 1 % bears, and stand where the
 * first waves come; none stands first by name, for there is the canary.
 */
export function weakNodes(nodes: number): Weak {
  const names = Array.from({ length: nodes }, (_, index) => `worker-${index}`).sort();
  const frail = Math.floor(nodes / 100) + 2;
  const others = Math.max(2, Math.round(nodes * 0.03) - frail);
  const step = Math.floor(nodes / (2 * Math.max(frail, others) + 2));
  const at = (position: number) => names[position] ?? "";
  const unwell = Math.floor(others / 2);
  return {
    frail: Array.from({ length: frail }, (_, n) => at(step * (n + 1))),
    unwell: Array.from({ length: unwell }, (_, n) => at(Math.floor(nodes / 2) + step * n)),
    down: Array.from({ length: others - unwell }, (_, n) => at(Math.floor(nodes / 2) + step * (unwell + n))),
  };
}
