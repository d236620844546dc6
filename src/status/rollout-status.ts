import { waitingFor } from "../rollout/state.ts";
import type { RolloutState, RolloutStatus } from "../rollout/state.ts";
import { timestamp } from "./timestamp.ts";

/**
 * A rollout as the status holds it. `phaseSince` moves with the phase or the target only; what earlier phases wrote and this
 * state doesn't speak of (`rejected`) stays.
 */
export function rolloutStatus(state: RolloutState, previous: RolloutStatus | undefined, now: number): RolloutStatus {
  const { phase, target, stable, updated, failed } = state;
  const isSamePhase = previous?.phase === phase && previous.target === target;
  const waiting = waitingFor(state);
  return {
    phase,
    phaseSince: isSamePhase && previous.phaseSince !== undefined ? previous.phaseSince : timestamp(now),
    target,
    ...(stable !== "" && { stable }),
    ...(state.phase === "Canary" && { canaries: [...state.canaries] }),
    updated,
    failed,
    ...(waiting !== null && { waitingFor: { ...waiting } }),
    ...(previous?.rejected && { rejected: previous.rejected }),
  };
}
