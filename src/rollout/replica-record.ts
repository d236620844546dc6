import type { KmAgentStatus } from "../api/kmagent.ts";
import { parseTimestamp } from "../api/time.ts";
import { KEY_REJECTED, readRejected, rejectionOf } from "./record.ts";
import type { Rejection } from "./record.ts";
import type { ReplicaView } from "./replica-view.ts";

type ClusterAgentStatus = NonNullable<KmAgentStatus["clusterAgent"]>;

/** The rollout of a Deployment with one replica as it is written down in `status.clusterAgent`. */
export interface ReplicaRecord {
  readonly phase: NonNullable<ClusterAgentStatus["phase"]>;
  /** Milliseconds since the epoch. */
  readonly phaseSince: number;
  /** Revision that is tried, in force, or that failed. */
  readonly target: string;
  /** Last revision that was proved; empty while there was none. */
  readonly stable: string;
  /** The newest first. */
  readonly rejected: readonly Rejection[];
}

/** The record in a status; `null` where there is none, as after a plain rolling update. */
export function readReplicaRecord(status: ClusterAgentStatus | undefined): ReplicaRecord | null {
  if (status?.phase === undefined || status.target === undefined) return null;
  const { phase, phaseSince, target, stable = "", rejected } = status;
  return { phase, phaseSince: parseTimestamp(phaseSince) ?? 0, target, stable, rejected: readRejected(rejected) };
}

/** Revision that the Deployment's template is to hold. */
export function templateOf({ phase, target, stable }: ReplicaRecord): string {
  switch (phase) {
    case "Install":
    case "Trying":
    case "Complete":
    case "Stalled":
      return target;
    case "RolledBack":
      return stable;
    default:
      return phase satisfies never;
  }
}

/**
 * The record of a rollout whose status is lost or was never written. A template whose pod Kubernetes calls available is stable,
 * whatever the notes on the ConfigMaps say: another strategy may have brought it.
 */
export function recoverReplica(view: ReplicaView): ReplicaRecord {
  const { wanted, liveTemplate, noted, now } = view;
  const known = { phaseSince: now, rejected: noted.rejected };
  const stable = provedRevision(view);
  if (stable === "") return { ...known, phase: "Install", target: wanted, stable };
  if (liveTemplate === null || liveTemplate === stable) return { ...known, phase: "Complete", target: stable, stable };
  const rejection = rejectionOf(known, liveTemplate);
  if (rejection !== undefined) {
    const isKept = !view.settings.autoRollback || rejection.reason === KEY_REJECTED;
    return { ...known, phase: isKept ? "Stalled" : "RolledBack", target: liveTemplate, stable };
  }
  // Its pod may have been there for long, and its time isn't to begin anew with each leader.
  const since = view.pods.find(({ revision }) => revision === liveTemplate)?.createdAt ?? now;
  return { ...known, phase: "Trying", phaseSince: since, target: liveTemplate, stable };
}

function provedRevision({ liveTemplate, isComplete, noted, pods }: ReplicaView): string {
  const isProved = (revision: string) => !noted.rejected.some((rejection) => rejection.revision === revision);
  if (liveTemplate !== null && isComplete && isProved(liveTemplate)) return liveTemplate;
  if (noted.stable !== "") return noted.stable;
  return pods.find(({ ready, revision }) => ready && revision !== liveTemplate && isProved(revision))?.revision ?? "";
}
