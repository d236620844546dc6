import { ANNOTATION } from "../api/labels.ts";
import { NOTHING_TRIED } from "../remote/tried.ts";
import type { CountingConfig } from "../remote/record.ts";
import type { Tried } from "../remote/tried.ts";
import { configMapName } from "../resources/names.ts";
import { followRetry, readRecord } from "../rollout/record.ts";
import type { RolloutStatus } from "../rollout/state.ts";
import { hasSpec } from "./configuration.ts";
import { ownership } from "./ownership.ts";
import type { Snapshot } from "./snapshot.ts";

/** The rollout as it is written: our own last word goes before what the cache shows of it. */
export function writtenRollout({ kmagent, memory }: Snapshot): RolloutStatus | undefined {
  return memory.status === null ? kmagent.status.rollout : memory.status.written.rollout;
}

/**
 * What the rollout has shown of the platform's configuration that counts for the node agents. Only what is written is looked
 * at, so that a crash between status and record ends in the same. A failure from before it counted, such as before a retry,
 * says nothing. What is held on to by `autoRollback: false` hasn't been taken back: it is wanted until a person wants something
 * else.
 */
export function triedOnNodes(snapshot: Snapshot, accepted: CountingConfig | null): Tried {
  const { kmagent } = snapshot;
  const written = readRecord(writtenRollout(snapshot));
  if (!hasSpec(kmagent) || written === null) return NOTHING_TRIED;
  const provedHash = written.stable === "" ? "" : remoteHashOf(written.stable, snapshot);
  if (kmagent.spec.rollout.strategy !== "Staged" || accepted === null) return { provedHash, failed: null };
  const { hash, since } = accepted;
  const { phase, target, rejected } = followRetry(written, retriedRevision(snapshot));
  const wanted = wantedOnNodes(snapshot) ?? target;
  const isHeld = (revision: string) => phase === "Stalled" && revision === target && revision === wanted;
  const rejection = rejected.find(
    (each) => each.since >= since && !isHeld(each.revision) && remoteHashOf(each.revision, snapshot) === hash,
  );
  if (rejection === undefined) return { provedHash, failed: null };
  const { revision, reason, message } = rejection;
  return { provedHash, failed: { hash, revision, reason, message } };
}

/** Whether what is wanted of the node agents has been tried and taken back. */
export function isWantedRejected(snapshot: Snapshot): boolean {
  const { phase, rejected = [] } = writtenRollout(snapshot) ?? {};
  const wanted = wantedOnNodes(snapshot);
  if (wanted === undefined) return phase === "RollingBack" || phase === "RolledBack";
  return rejected.some(({ revision }) => revision === wanted);
}

/**
 * The revision that the annotation `kloudmate.com/retry` names: itself, or by the hash of the platform's configuration in it. Of
 * several with that configuration the one that is being tried counts, then the one that failed last.
 */
export function retriedRevision(snapshot: Snapshot): string {
  const retry = snapshot.kmagent.annotations[ANNOTATION.retry] ?? "";
  if (retry === "") return "";
  const { target, rejected = [] } = writtenRollout(snapshot) ?? {};
  const known = [...(target === undefined ? [] : [target]), ...rejected.map(({ revision }) => revision)];
  return known.find((revision) => remoteHashOf(revision, snapshot) === retry) ?? retry;
}

/** What the pass before rendered; undefined at first. */
function wantedOnNodes({ memory }: Snapshot): string | undefined {
  return memory.rendered?.desired.ok === true ? memory.rendered.desired.nodeAgent.revision : undefined;
}

/** What a revision holds of the platform's is noted on its ConfigMap; empty where that is nothing, or the ConfigMap is gone. */
function remoteHashOf(revision: string, { kmagent, live }: Snapshot): string {
  const configMap = live.get(`ConfigMap ${configMapName(kmagent.name, "node-agent", revision)}`);
  if (configMap === undefined || ownership(configMap, kmagent).kind !== "ours") return "";
  return configMap.metadata.annotations?.[ANNOTATION.remoteHash] ?? "";
}
