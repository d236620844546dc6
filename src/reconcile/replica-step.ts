import type { KubeObject } from "../kube/resource.ts";
import { configMapName } from "../resources/names.ts";
import { readReplicaRecord } from "../rollout/replica-record.ts";
import type { ReplicaRecord } from "../rollout/replica-record.ts";
import { replicaRollout } from "../rollout/replica-rollout.ts";
import { hasSpec } from "./configuration.ts";
import type { Judged } from "./configuration.ts";
import { workloadId } from "./object-id.ts";
import type { Write } from "./plan.ts";
import { revisionOfTemplate } from "./pod-template.ts";
import { replicaView } from "./replica-view.ts";
import { revisionNotes } from "./revision-notes.ts";
import { noteWrites } from "./rollout-writes.ts";
import type { RemoteStep } from "./remote-step.ts";
import { sought } from "./remote-tried.ts";
import type { Snapshot } from "./snapshot.ts";
import { stagedObjects, templateOf } from "./staged-objects.ts";
import { writtenReplica } from "./written.ts";

/** What the cluster agent's rollout makes of a pass. */
export interface RolledReplica {
  readonly record: ReplicaRecord;
  /** The wanted objects with the template that the Deployment may hold now, and the ConfigMaps of all revisions in use. */
  readonly objects: readonly KubeObject[];
  /** What is noted on the revisions' ConfigMaps. */
  readonly writes: readonly Write[];
  /** Names of the ConfigMaps that are needed. */
  readonly needed: readonly string[];
  /** Revision that is wanted. */
  readonly wanted: string;
  /** When to look again though nothing happens. */
  readonly nextAt: number | null;
}

/**
 * Takes a step of the cluster agent's rollout, where the spec leaves rollouts to the operator. What our last write said goes
 * before what the cache shows of it. While a spec can't be used, what is tried is judged all the same.
 */
export function rollReplica(
  snapshot: Snapshot,
  judged: Judged,
  kept: readonly KubeObject[],
  remote: RemoteStep | null,
  mask: (text: string) => string,
  now: number,
): RolledReplica | null {
  const { kmagent, live } = snapshot;
  if (!hasSpec(kmagent) || kmagent.spec.rollout.strategy !== "Staged" || !kmagent.spec.clusterAgent.enabled)
    return null;
  const written = writtenReplica(snapshot);
  const before = readReplicaRecord(written);
  const liveTemplate = revisionOfTemplate(live.get(workloadId(kmagent, "cluster-agent")));
  const asked = judged.kind === "valid" ? judged.desired.clusterAgent?.revision : (before?.target ?? liveTemplate);
  if (asked === undefined || asked === "") return null;
  const wanted = sought("cluster-agent", asked, snapshot, remote?.takenBack["cluster-agent"] ?? "");
  const stable = before?.stable ?? revisionNotes(snapshot, "cluster-agent").stable;
  const isKnown = (revision: string) => templateOf(revision, "cluster-agent", kept, snapshot) !== null;
  const running = snapshot.pods.filter(({ component }) => component === "cluster-agent");
  const restorable = new Set([stable, ...running.map(({ revision }) => revision)].filter(isKnown));
  const view = replicaView({ ...snapshot, kmagent }, { wanted, stable, restorable }, mask, now);
  const { record, template, nextAt } = replicaRollout(written, view);
  const revisions = [...new Set([template, record.stable, record.target])].filter((revision) => revision !== "");
  return {
    record,
    objects: stagedObjects(kept, "cluster-agent", template, revisions, snapshot),
    writes: before === null || view.paused ? [] : noteWrites(record, "cluster-agent", snapshot, now),
    needed: revisions.map((revision) => configMapName(kmagent.name, "cluster-agent", revision)),
    wanted,
    nextAt,
  };
}
