import { BOUND } from "../api/bounds.ts";
import type { KmAgentStatus } from "../api/kmagent.ts";
import { WORDS_MS } from "./pod-verdict.ts";
import { enter, followRetry, isRejected, KEY_REJECTED, reject, rejectionOf } from "./record.ts";
import { readReplicaRecord, recoverReplica, templateOf } from "./replica-record.ts";
import type { ReplicaRecord } from "./replica-record.ts";
import type { ReplicaFault, ReplicaPod, ReplicaView } from "./replica-view.ts";

/** One step of the rollout of a Deployment with one replica. */
export interface ReplicaStep {
  /** What is to be written. */
  readonly record: ReplicaRecord;
  /** Revision that the Deployment's template is to hold now, by what is written already. */
  readonly template: string;
  /** When to look again though nothing happens, milliseconds since the epoch; `null` where only an event can change anything. */
  readonly nextAt: number | null;
}

const LATE = "ProgressDeadlineExceeded";
const UNSTEADY = "its pod is ready now and then, and not for as long as rollout.bakeTime";

/**
 * Takes a step. Kubernetes replaces the pod: the old one goes on until the new one is available. What Kubernetes lacks is done
 * here: a revision that failed makes way for the last one that was proved, and isn't tried again. As for the node agents, a
 * template changes only once the status that says so is written.
 */
export function replicaRollout(written: KmAgentStatus["clusterAgent"], view: ReplicaView): ReplicaStep {
  const known = readReplicaRecord(written) ?? recoverReplica(view);
  const record = view.paused ? known : advanceReplica(known, view);
  const isWritten = templateOf(known) === templateOf(record);
  return {
    record,
    template: isWritten ? templateOf(record) : (view.liveTemplate ?? templateOf(known)),
    nextAt: view.paused ? null : nextLook(record, view),
  };
}

/** From what is written down and what is seen to what is to be written down next. */
export function advanceReplica(before: ReplicaRecord, view: ReplicaView): ReplicaRecord {
  const freed = followRetry(before, view.retry);
  const proved = prove(freed, view);
  // What was proved has taken the place of the old one, whatever is wanted by now.
  if (proved !== freed) return turnTo(proved, view);
  const record = withKnownStable(freed, view);
  if (record.stable === "") return turnTo(record, view);
  switch (record.phase) {
    case "Install":
    case "Complete":
    case "RolledBack":
      return turnTo(record, view);
    case "Trying": {
      if (view.wanted !== record.target) return turnTo(record, view);
      const fault = faultOf(record, view);
      return fault === null ? record : fail(record, fault, view);
    }
    case "Stalled":
      return stalled(record, view);
    default:
      return record.phase satisfies never;
  }
}

/** A stable revision that nobody could bring back is as good as none. */
function withKnownStable(record: ReplicaRecord, { restorable, liveTemplate, wanted }: ReplicaView): ReplicaRecord {
  const { stable, target } = record;
  if (stable === "" || stable === wanted || stable === target || stable === liveTemplate || restorable.has(stable)) {
    return record;
  }
  return { ...record, stable: "" };
}

/** Turns to what is wanted; the record stays the same where that is so already. */
function turnTo(record: ReplicaRecord, { wanted, now }: ReplicaView): ReplicaRecord {
  const { stable } = record;
  if (stable === "") return enter(record, { phase: "Install", target: wanted }, now);
  if (wanted === stable) return enter(record, { phase: "Complete", target: wanted }, now);
  return enter(record, { phase: isRejected(record, wanted) ? "RolledBack" : "Trying", target: wanted }, now);
}

function stalled(record: ReplicaRecord, view: ReplicaView): ReplicaRecord {
  const rejection = rejectionOf(record, record.target);
  if (view.wanted !== record.target || rejection === undefined) return turnTo(record, view);
  const isHeld = !view.settings.autoRollback || rejection.reason === KEY_REJECTED;
  return isHeld ? record : enter(record, { phase: "RolledBack" }, view.now);
}

/** What Kubernetes has made the only one is stable, unless it has failed and is about to be taken back. */
function prove(record: ReplicaRecord, { liveTemplate, isComplete }: ReplicaView): ReplicaRecord {
  if (!isComplete || liveTemplate === null || liveTemplate === record.stable) return record;
  // One that wasn't taken back may come right by itself.
  const isStalled = record.phase === "Stalled" && record.target === liveTemplate;
  if (isRejected(record, liveTemplate) && !isStalled) return record;
  const rejected = record.rejected.filter(({ revision }) => revision !== liveTemplate);
  return { ...record, stable: liveTemplate, rejected };
}

/** The target failed: it is remembered as rejected, and taken back unless the settings or its nature forbid that. */
function fail(before: ReplicaRecord, fault: Fault, view: ReplicaView): ReplicaRecord {
  const { target } = before;
  const { isIrrevocable, settings, retry, now } = view;
  const rejection = {
    revision: target,
    reason: isIrrevocable ? KEY_REJECTED : fault.reason,
    message: isIrrevocable ? `${fault.reason}: ${fault.message}` : fault.message,
    since: now,
    nodes: fault.node === "" ? [] : [fault.node],
    retried: retry === target,
  };
  const goesBack = settings.autoRollback && !isIrrevocable;
  return enter(
    reject(before, rejection, BOUND.clusterAgentRejections),
    { phase: goesBack ? "RolledBack" : "Stalled" },
    now,
  );
}

type Fault = ReplicaFault & { readonly node: string };

/**
 * Why what is tried has failed: its collector ended, at once, or it isn't ready, or has no pod at all, after
 * `progressDeadline`. While Kubernetes hasn't acted upon its template, nothing that is seen speaks of it.
 */
function faultOf(record: ReplicaRecord, view: ReplicaView): Fault | null {
  if (view.liveTemplate !== record.target || !view.templateSeen) return null;
  const pod = podOf(record, view);
  if (pod === undefined) {
    const { podless, now } = view;
    const isOver = podless !== null && (podless.isOverdue || now >= record.phaseSince + view.settings.deadlineMs);
    return isOver ? { reason: podless.reason, message: podless.message, node: "" } : null;
  }
  if (!pod.nodeReady) return null;
  const { node, ended, trouble } = pod;
  const isLate = view.now >= lateAt(pod, record, view);
  if (ended !== null && isOfThisTry(ended.at, pod, record)) {
    return isLate || !ended.isSilent || view.now >= ended.at + WORDS_MS ? { ...ended, node } : null;
  }
  if (view.now >= hopelessAt(pod, record, view)) return { reason: LATE, message: UNSTEADY, node };
  if (pod.ready || !isLate) return null;
  return trouble === null
    ? { reason: LATE, message: "its pod isn't ready within rollout.progressDeadline", node }
    : { ...trouble, node };
}

/** A pod that was there before, as when a retry finds one that waits to be restarted, is judged by what it does from now on. */
function isOfThisTry(endedAt: number, { createdAt }: ReplicaPod, { phaseSince }: ReplicaRecord): boolean {
  return createdAt >= phaseSince || endedAt >= phaseSince;
}

function podOf({ target }: ReplicaRecord, { pods }: ReplicaView): ReplicaPod | undefined {
  return pods.find(({ revision }) => revision === target);
}

function lateAt({ createdAt }: ReplicaPod, { phaseSince }: ReplicaRecord, { settings }: ReplicaView): number {
  return Math.max(createdAt, phaseSince) + settings.deadlineMs;
}

/** One that is ready whenever somebody looks, and isn't proved in twice the time, never will be. */
function hopelessAt(pod: ReplicaPod, record: ReplicaRecord, view: ReplicaView): number {
  return lateAt(pod, record, view) + view.settings.bakeMs + view.settings.deadlineMs;
}

function nextLook(record: ReplicaRecord, view: ReplicaView): number | null {
  if (record.phase !== "Trying") return null;
  const pod = podOf(record, view);
  const words = pod?.ended?.isSilent === true ? [pod.ended.at + WORDS_MS] : [];
  const ends =
    pod === undefined
      ? [record.phaseSince + view.settings.deadlineMs]
      : [lateAt(pod, record, view), hopelessAt(pod, record, view)];
  const ahead = [...words, ...ends].filter((at) => at > view.now);
  return ahead.length === 0 ? null : Math.min(...ahead);
}
