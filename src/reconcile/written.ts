import type { KmAgentStatus } from "../api/kmagent.ts";
import type { Component } from "../api/labels.ts";
import { readRecord } from "../rollout/record.ts";
import type { Rejection } from "../rollout/record.ts";
import { readReplicaRecord, templateOf } from "../rollout/replica-record.ts";
import type { Snapshot } from "./snapshot.ts";

/*
 * Rollouts as they are written: our own last word goes before what the cache shows of it.
 */

/** The node agents' rollout. */
export function writtenRollout({ kmagent, memory }: Snapshot): KmAgentStatus["rollout"] {
  return memory.status === null ? kmagent.status.rollout : memory.status.written.rollout;
}

/** The cluster agent's. */
export function writtenReplica({ kmagent, memory }: Snapshot): KmAgentStatus["clusterAgent"] {
  return memory.status === null ? kmagent.status.clusterAgent : memory.status.written.clusterAgent;
}

/** What both kinds of rollouts have in common. */
export interface WrittenTrial {
  readonly phase: string;
  readonly target: string;
  readonly stable: string;
  readonly template: string;
  readonly rejected: readonly Rejection[];
}

/** A component's rollout; `null` where nothing is written of it. */
export function writtenTrial(component: Component, snapshot: Snapshot): WrittenTrial | null {
  if (component === "node-agent") return readRecord(writtenRollout(snapshot));
  const record = readReplicaRecord(writtenReplica(snapshot));
  return record && { ...record, template: templateOf(record) };
}
