import { BOUND } from "../api/bounds.ts";
import type { KmAgentStatus } from "../api/kmagent.ts";
import type { ConditionReason } from "../api/reasons.ts";
import { parseTimestamp } from "../api/time.ts";

type RolloutStatus = NonNullable<KmAgentStatus["rollout"]>;

/** One replacement of a pod: written down before the pod is deleted, kept until the node's new pod is proved. */
export interface Replacement {
  readonly node: string;
  /** UID of the pod that makes way. */
  readonly podUID: string;
  /**
   * Since when a canary's node waits for a pod of the target that is healthy, milliseconds since the epoch; `null` while it has
   * one, and for the other nodes, whose pod tells its age.
   */
  readonly since: number | null;
  /** Whether the node failed before: then its replacement takes nothing down, holds no slot and can't count as a failure. */
  readonly wasFailing: boolean;
}

/** Reason of a rejection that isn't taken back: a rotated API key, or CA bundle, with which agents don't work. */
export const KEY_REJECTED = "ApiKeyRejected" satisfies ConditionReason;

/** A revision that failed. */
export interface Rejection {
  readonly revision: string;
  readonly reason: string;
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
  /** Where it failed, the first few. */
  readonly nodes: readonly string[];
  /** Whether the retry annotation named it when it failed: only a new one tries it again. */
  readonly retried: boolean;
}

/**
 * A staged rollout as it is written down in `status.rollout`: all that the next leader needs to go on. What is decided but
 * isn't in here yet has no effect.
 */
export interface RolloutRecord {
  readonly phase: NonNullable<RolloutStatus["phase"]>;
  /** Milliseconds since the epoch. */
  readonly phaseSince: number;
  /** Revision that is tried, rolled out, in force, or that failed. */
  readonly target: string;
  /**
   * Last revision that the fleet has proved, or that every node ran and one had proved when an installation turned to another; empty
   * while there was none.
   */
  readonly stable: string;
  /**
   * Revision that the DaemonSet makes pods from. Always one that is proved by canaries or by all nodes, or the first one ever.
   */
  readonly template: string;
  readonly canaries: readonly string[];
  readonly inFlight: readonly Replacement[];
  /** The newest first. */
  readonly rejected: readonly Rejection[];
}

/** The record in a status; `null` where there is none to go on from. A status of Kubernetes' own RollingUpdate holds no template. */
export function readRecord(status: RolloutStatus | undefined): RolloutRecord | null {
  if (status?.phase === undefined || status.target === undefined) return null;
  const { phase, target, stable = "" } = status;
  return {
    phase,
    phaseSince: parseTimestamp(status.phaseSince) ?? 0,
    target,
    stable,
    template: status.template ?? target,
    canaries: status.canaries ?? [],
    inFlight: (status.inFlight ?? []).map(({ node, podUID, since, wasFailing }) => ({
      node,
      podUID,
      since: since === undefined ? null : (parseTimestamp(since) ?? 0),
      wasFailing: wasFailing === true,
    })),
    rejected: readRejected(status.rejected),
  };
}

/** The rejections in a status. */
export function readRejected(rejected: RolloutStatus["rejected"]): Rejection[] {
  return (rejected ?? []).map(({ revision, reason, message, since, nodes, retried }) => ({
    revision,
    reason,
    message,
    since: parseTimestamp(since) ?? 0,
    nodes: nodes ?? [],
    retried: retried === true,
  }));
}

/** A record with another phase or target. `phaseSince` moves with either. */
export function enter<R extends Pick<RolloutRecord, "target" | "phaseSince"> & { readonly phase: string }>(
  record: R,
  to: Partial<R>,
  now: number,
): R {
  const next = { ...record, ...to };
  return next.phase === record.phase && next.target === record.target ? next : { ...next, phaseSince: now };
}

/** Why a revision failed and isn't to be tried again; `undefined` where it may be. */
export function rejectionOf({ rejected }: Pick<RolloutRecord, "rejected">, revision: string): Rejection | undefined {
  return rejected.find((rejection) => rejection.revision === revision);
}

/** Whether a revision failed and isn't to be tried again. */
export function isRejected(record: Pick<RolloutRecord, "rejected">, revision: string): boolean {
  return rejectionOf(record, revision) !== undefined;
}

/** The record with one more rejection, of which the newest `kept` are; an older one of the same revision gives way. */
export function reject<R extends Pick<RolloutRecord, "rejected">>(
  record: R,
  rejection: Rejection,
  kept: number = BOUND.rejections,
): R {
  const others = record.rejected.filter(({ revision }) => revision !== rejection.revision);
  return { ...record, rejected: [rejection, ...others].slice(0, kept) };
}

/**
 * Follows the retry annotation. It frees the revision that it names once: one that fails again under the same annotation stays
 * rejected until the annotation was something else in between.
 */
export function followRetry<R extends Pick<RolloutRecord, "rejected">>(record: R, retry: string): R {
  const rejected = record.rejected
    .filter(({ revision, retried }) => revision !== retry || retried)
    .map((rejection) => ({ ...rejection, retried: rejection.revision === retry }));
  return { ...record, rejected };
}
