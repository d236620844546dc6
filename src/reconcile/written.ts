import type { KmAgent, KmAgentStatus } from "../api/kmagent.ts";
import type { Component } from "../api/labels.ts";
import { readRecord } from "../rollout/record.ts";
import type { Rejection } from "../rollout/record.ts";
import { readReplicaRecord, templateOf } from "../rollout/replica-record.ts";
import type { Snapshot } from "./snapshot.ts";

/** As much of a snapshot as tells what is written. */
export type Written = Pick<Snapshot, "memory"> & { readonly kmagent: Pick<KmAgent, "status"> };

/**
 * The status to go on from: our own last word where there is one. What the cache shows may be older, or a stranger's work, and
 * that is no past.
 */
export function writtenStatus({ kmagent, memory }: Written): KmAgentStatus {
  return memory.status === null ? kmagent.status : memory.status.written;
}

/** The node agents' rollout as it is written. */
export function writtenRollout(snapshot: Written): KmAgentStatus["rollout"] {
  return writtenStatus(snapshot).rollout;
}

/** The cluster agent's rollout as it is written. */
export function writtenReplica(snapshot: Written): KmAgentStatus["clusterAgent"] {
  return writtenStatus(snapshot).clusterAgent;
}

/** What both kinds of rollouts have in common. */
export interface WrittenTrial {
  readonly phase: string;
  /** Milliseconds since the epoch. */
  readonly phaseSince: number;
  readonly target: string;
  readonly stable: string;
  readonly template: string;
  readonly rejected: readonly Rejection[];
}

/** A component's rollout; `null` where nothing is written of it. */
export function writtenTrial(component: Component, snapshot: Written): WrittenTrial | null {
  if (component === "node-agent") return readRecord(writtenRollout(snapshot));
  const record = readReplicaRecord(writtenReplica(snapshot));
  return record && { ...record, template: templateOf(record) };
}
