import { milliseconds } from "../api/duration.ts";
import type { KmAgent } from "../api/kmagent.ts";
import { ANNOTATION } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import type { CountingConfig } from "../remote/record.ts";
import { NOTHING_TRIED } from "../remote/tried.ts";
import type { Tried } from "../remote/tried.ts";
import { followRetry } from "../rollout/record.ts";
import { hasSpec } from "./configuration.ts";
import { revisionId } from "./object-id.ts";
import { ownership } from "./ownership.ts";
import type { Snapshot } from "./snapshot.ts";
import { writtenTrial } from "./written.ts";
import type { Written } from "./written.ts";

/**
 * What a component's rollout has shown of the platform's configuration that counts there. Only what is written is looked at, so
 * that a crash between status and record ends in the same. A failure from before it counted, such as before a retry, says
 * nothing. What is held on to by `autoRollback: false` hasn't been taken back: it is wanted until a person wants something else.
 */
export function triedOn(component: Component, snapshot: Snapshot, accepted: CountingConfig | null): Tried {
  const { kmagent } = snapshot;
  const written = writtenTrial(component, snapshot);
  if (!hasSpec(kmagent) || written === null) return NOTHING_TRIED;
  const provedHash = written.stable === "" ? "" : remoteHashOf(component, written.stable, snapshot);
  if (kmagent.spec.rollout.strategy !== "Staged" || accepted === null) return { provedHash, failed: null };
  const { hash, since } = accepted;
  const { phase, target, rejected } = followRetry(written, retriedRevision(component, snapshot));
  const wanted = renderedRevision(component, snapshot) ?? target;
  const isHeld = (revision: string) => phase === "Stalled" && revision === target && revision === wanted;
  const rejection = rejected.find(
    (each) =>
      each.since >= since && !isHeld(each.revision) && remoteHashOf(component, each.revision, snapshot) === hash,
  );
  if (rejection === undefined) return { provedHash, failed: null };
  const { revision, reason, message } = rejection;
  return { provedHash, failed: { hash, revision, reason, message } };
}

/** Whether a component is switched off. */
export function isOff({ spec }: KmAgent, component: Component): boolean {
  return component === "cluster-agent" && !spec.clusterAgent.enabled;
}

/**
 * Until when what the platform sends waits for a first revision that it could be taken back to, milliseconds since the epoch; `null`
 * where there is one. Where none is proved within `rollout.progressDeadline`, the platform's may be what mends it. Before the
 * installation has begun there is no end: one that moved with the time would be a write at each pass.
 */
export function unprovedUntil(component: Component, snapshot: Written & { readonly kmagent: KmAgent }): number | null {
  const { kmagent } = snapshot;
  if (isOff(kmagent, component)) return null;
  const written = writtenTrial(component, snapshot);
  if (written === null) return Infinity;
  return written.stable === "" ? written.phaseSince + milliseconds(kmagent.spec.rollout.progressDeadline) : null;
}

/** Whether what is wanted of a component has been tried and taken back. */
export function isWantedRejected(component: Component, snapshot: Written): boolean {
  const written = writtenTrial(component, snapshot);
  const wanted = renderedRevision(component, snapshot);
  if (written === null) return false;
  if (wanted === undefined) return goesBack(written.phase);
  return written.rejected.some(({ revision }) => revision === wanted);
}

/**
 * The revision that the annotation `kloudmate.com/retry` names: itself, or by the hash of the platform's configuration in it. Of
 * several with that configuration the one that is being tried counts, then the one that failed last.
 */
export function retriedRevision(component: Component, snapshot: Snapshot): string {
  const retry = snapshot.kmagent.annotations[ANNOTATION.retry] ?? "";
  if (retry === "") return "";
  const { target = "", rejected = [] } = writtenTrial(component, snapshot) ?? {};
  const known = [target, ...rejected.map(({ revision }) => revision)];
  return known.find((revision) => remoteHashOf(component, revision, snapshot) === retry) ?? retry;
}

/**
 * What a rollout goes after, `revision` being what is wanted. The platform's configuration that was taken back isn't part of
 * that any more; but while it is what held before, there is nothing to go after, and the rollout goes on saying what was taken
 * back.
 */
export function sought(component: Component, revision: string, snapshot: Snapshot, takenBack: string): string {
  const { phase = "", target = "", stable = "" } = writtenTrial(component, snapshot) ?? {};
  const isLastWord = (goesBack(phase) || phase === "Stalled") && target === takenBack && revision === stable;
  return isLastWord ? target : revision;
}

function goesBack(phase: string): boolean {
  return phase === "RollingBack" || phase === "RolledBack";
}

/** What the pass before rendered; undefined at first, and where the component is switched off. */
function renderedRevision(component: Component, { memory }: Pick<Snapshot, "memory">): string | undefined {
  if (memory.rendered?.desired.ok !== true) return undefined;
  const { nodeAgent, clusterAgent } = memory.rendered.desired;
  return (component === "node-agent" ? nodeAgent : clusterAgent)?.revision;
}

/** What a revision holds of the platform's is noted on its ConfigMap; empty where that is nothing, or the ConfigMap is gone. */
function remoteHashOf(component: Component, revision: string, { kmagent, live }: Snapshot): string {
  const configMap = live.get(revisionId(kmagent, component, revision));
  if (configMap === undefined || ownership(configMap, kmagent).kind !== "ours") return "";
  return configMap.metadata.annotations?.[ANNOTATION.remoteHash] ?? "";
}
