import { BOUND } from "../api/bounds.ts";
import { timestamp } from "../api/time.ts";
import { cutMiddle, cutToBytes } from "../health/foreign-text.ts";
import type { Rejection, Replacement, RolloutRecord } from "../rollout/record.ts";
import { waitingFor } from "../rollout/state.ts";
import type { RolloutState, RolloutStatus } from "../rollout/state.ts";

/**
 * A rollout as the status holds it. `phaseSince` moves with the phase or the target only. A staged rollout's record is written
 * in whole, for the next leader goes on from it; Kubernetes' own has none, and what an earlier one rejected stays.
 */
export function rolloutStatus(state: RolloutState, previous: RolloutStatus | undefined, now: number): RolloutStatus {
  const { phase, target, stable, updated, failed, record } = state;
  const isSamePhase = previous?.phase === phase && previous.target === target;
  const waiting = waitingFor(state);
  return {
    phase,
    phaseSince: isSamePhase && previous.phaseSince !== undefined ? previous.phaseSince : timestamp(now),
    target,
    ...(stable !== "" && { stable }),
    ...(record && { template: record.template }),
    ...(state.phase === "Canary" && { canaries: [...state.canaries] }),
    ...(record && record.inFlight.length > 0 && { inFlight: record.inFlight.map(replacementStatus) }),
    updated,
    failed,
    ...(waiting !== null && {
      waitingFor: { ...waiting, message: cutToBytes(waiting.message, BOUND.message, "head") },
    }),
    ...rejectedStatus(record, previous),
  };
}

function replacementStatus({ node, podUID, since, wasFailing }: Replacement) {
  return { node, podUID, ...(since !== null && { since: timestamp(since) }), ...(wasFailing && { wasFailing }) };
}

function rejectedStatus(record: RolloutRecord | undefined, previous: RolloutStatus | undefined) {
  if (!record) return previous?.rejected ? { rejected: previous.rejected } : {};
  if (record.rejected.length === 0) return {};
  return { rejected: record.rejected.map(rejectionStatus) };
}

/** A rejected revision as the status holds it. */
export function rejectionStatus({ revision, reason, message, since, nodes, retried }: Rejection) {
  return {
    revision,
    reason,
    message: cutMiddle(message, BOUND.rejectionMessage),
    since: timestamp(since),
    ...(nodes.length > 0 && { nodes: [...nodes] }),
    ...(retried && { retried }),
  };
}
