import { containerFault, terminationFault } from "./container-fault.ts";
import { fault } from "./fault.ts";
import type { Fault } from "./fault.ts";
import type { NodeKind } from "./node-kind.ts";
import { POD_REFUSALS } from "./observation.ts";
import type { PodObservation } from "./observation.ts";
import { isProbeReason, probeFault } from "./probe-fault.ts";
import { admissionFault, schedulingFault } from "./scheduling-fault.ts";
import { isOver } from "./subject.ts";
import type { HealthSource } from "./remembered.ts";
import type { Subject } from "./subject.ts";
import { leavingTaint, taintText } from "./taints.ts";

/** What one judgement says of a node. */
export interface Verdict extends Fault {
  readonly kind: NodeKind;
  readonly source: HealthSource;
  /** Since when this holds, where the observation itself tells; else it is since now. */
  readonly knownSince?: number;
  /** When time alone would change the verdict. */
  readonly reviewAt?: number;
}

/** One question about a node: a verdict, or `null` to pass it on to the next. */
type Judgement = (subject: Subject) => Verdict | null;

/** How long the DaemonSet controller may take to make a pod that is missing for no visible reason. */
const MISSING_POD_GRACE_MS = 30_000;

/** How long a new pod may wait for the port and the room that the one before it is giving up. */
const PLACING_MS = 5_000;

/** A collector that crashed must run and answer this long to count as healthy, or a crash loop would flip its node at each turn. */
const RECOVERY_MS = 10_000;

const WITHHELD = "the operator makes no agent pods as things are";

/**
 * Containers of a DaemonSet are started again however they end, so only kubelet ends their pod as a whole. Where the collector
 * obeys and exits with 0, kubelet calls the pod `Succeeded` and forgets its own reason (seen with Kubernetes 1.34).
 */
const ENDED_IN_PEACE =
  "kubelet ended the pod, as it does when it evicts one, makes room for a critical one or shuts the node down; kubelet gives no reason where the collector then ends with exit code 0";

/**
 * The whole judgement of a node, in order: the first that has something to say decides.
 * What Kubernetes wants with the node goes before what runs on it; a proof of health goes before every grace; a grace goes
 * before every fault; and of faults the one that lies deeper goes first.
 */
const JUDGEMENTS: readonly Judgement[] = [
  nodeIsExcluded,
  nodeIsLeaving,
  nodeIsNotReady,
  collectorAnswers,
  collectorMissedFewProbes,
  faultIsRemembered,
  kubeletReportsReady,
  nodeIsStarting,
  taintKeepsPodAway,
  podsAreRefused,
  podBeforeFailed,
  podIsMissing,
  podIsTerminating,
  podCannotBePlaced,
  podFailed,
  containerFailed,
  podIsStarting,
  podNeverStarted,
];

/** Asks each judgement in turn. What none of them explains is a collector that runs and is silent. */
export function judge(subject: Subject): Verdict {
  for (const judgement of JUDGEMENTS) {
    const verdict = judgement(subject);
    if (verdict !== null) return verdict;
  }
  return collectorIsSilent(subject);
}

function verdictOf(
  kind: NodeKind,
  of: Fault,
  more: Partial<Pick<Verdict, "source" | "knownSince" | "reviewAt">> = {},
): Verdict {
  return { kind, reason: of.reason, summary: of.summary, detail: of.detail, source: "none", ...more };
}

/** Outside the KmAgent's own selection, or no machine: no agent is wanted there. */
function nodeIsExcluded({ node, coverage, context }: Subject): Verdict | null {
  if (context.taken?.nodes.has(node.name) === true) {
    return verdictOf("excluded", fault("Excluded", `the node has the agent of the KmAgent ${context.taken.by}`));
  }
  return coverage.kind === "excluded" ? verdictOf("excluded", fault("Excluded", coverage.message)) : null;
}

/** Being deleted, or drained by an autoscaler: whatever happens there is meant to. */
function nodeIsLeaving({ node, answers }: Subject): Verdict | null {
  const taint = leavingTaint(node.taints);
  if (!node.deleting && taint === null) return null;
  const why =
    taint === null ? "the node is being deleted" : `the node is about to go: it has the taint ${taintText(taint)}`;
  return verdictOf("leaving", fault("Leaving", why), { source: answers ? "probe" : "none" });
}

/** Kubernetes calls the node NotReady. A collector that still answers goes on working, and the message says so. */
function nodeIsNotReady({ node, context, answers }: Subject): Verdict | null {
  const { ready } = node;
  if (ready?.status === "True") return null;
  const matures = node.createdAt + context.settings.startupGraceMs;
  if (context.now < matures) {
    return verdictOf("starting", fault("Starting", "the node is new and isn't Ready yet"), {
      knownSince: node.createdAt,
      reviewAt: matures,
    });
  }
  const silent = ready?.status === "Unknown" ? "its kubelet doesn't report" : "its kubelet says so itself";
  const summary = `Kubernetes calls the node NotReady (${ready === null ? "it has never been Ready" : silent})${answers ? ", yet the collector answers" : ""}`;
  return verdictOf("notReady", fault("NodeNotReady", summary, ready?.message ?? ""), {
    knownSince: ready?.since ?? node.createdAt,
    source: answers ? "probe" : "kubelet",
  });
}

/** The best proof there is: 200 from the collector itself. */
function collectorAnswers(subject: Subject): Verdict | null {
  if (!subject.answers || recoversUntil(subject) !== null) return null;
  return verdictOf("healthy", fault("Healthy", "the agent runs and its collector answers"), { source: "probe" });
}

/**
 * Fewer misses than `health.failureThreshold` change nothing, unless kubelet's own probe, with a threshold of its own, agrees with
 * them. Of a first run kubelet says so some seconds after we heard it answer; until its grace is over, that is no word against it.
 */
function collectorMissedFewProbes({ pod, running, probe, previous, context }: Subject): Verdict | null {
  if (pod === null || running === null || probe === null) return null;
  const matures = running.restarts === 0 ? running.startedAt + context.settings.startupGraceMs : context.now;
  if ((!pod.ready && context.now >= matures) || probe.misses >= context.settings.failureThreshold) return null;
  const wasHealthy = previous?.reason === "Healthy" && previous.podUid === pod.uid;
  if (!wasHealthy && !(probe.everOk && running.restarts === 0)) return null;
  const summary = `the agent runs; its collector missed ${probe.misses} of the ${context.settings.failureThreshold} probes in a row that make a fault`;
  return verdictOf("healthy", fault("Healthy", summary), {
    source: "probe",
    ...(pod.ready ? {} : { reviewAt: matures }),
  });
}

/**
 * What an earlier operator found by its probes holds for the same run of the container until ours have said as much: else each
 * change of the leader would turn a silent collector healthy for as long as `health.failureThreshold` takes.
 */
function faultIsRemembered({ pod, running, probe, previous, context }: Subject): Verdict | null {
  if (previous?.source !== "status" || previous.kind !== "unhealthy" || !isProbeReason(previous.reason)) return null;
  if (pod === null || running === null || (probe?.misses ?? 0) >= context.settings.failureThreshold) return null;
  if (pod.createdAt > previous.since || running.startedAt > previous.since || context.probesBlocked) return null;
  return verdictOf("unhealthy", fault(previous.reason, previous.message), { source: "status" });
}

/**
 * Kubelet's word where ours is missing: not probed yet, too few misses to say anything, or no pod of the fleet can be
 * reached. Else our own misses count, for the operator sees what users' telemetry sees.
 */
function kubeletReportsReady(subject: Subject): Verdict | null {
  const { pod, running, probe, context } = subject;
  if (pod?.ready !== true || running === null || subject.answers || recoversUntil(subject) !== null) return null;
  if (probe === null) {
    return verdictOf(
      "healthy",
      fault("Healthy", "the agent runs and kubelet calls it ready; the operator hasn't asked it yet"),
      { source: "kubelet" },
    );
  }
  if (!context.probesBlocked && probe.misses >= context.settings.failureThreshold) return null;
  const summary = "kubelet calls the agent ready; the operator couldn't see for itself, for it can't reach the pod";
  return verdictOf("healthy", fault("KubeletReportsReady", summary, probeFault(probe.outcome)?.summary ?? ""), {
    source: "kubelet",
  });
}

/** A node that has just become Ready is still pulling images and wiring its network: nothing there is a fault yet. */
function nodeIsStarting({ node, pod, context }: Subject): Verdict | null {
  const since = node.ready?.since ?? node.createdAt;
  const matures = since + context.settings.startupGraceMs;
  if (context.now >= matures) return null;
  const seen = pod?.container == null ? null : containerFault(pod.container);
  const summary =
    seen === null ? "the node has just become Ready" : `the node has just become Ready; so far ${seen.summary}`;
  return verdictOf("starting", fault("Starting", summary, seen?.detail), { knownSince: since, reviewAt: matures });
}

/** A taint keeps a new pod away; one that runs there already is judged for itself, unless it is on its way out. */
function taintKeepsPodAway({ coverage, pod }: Subject): Verdict | null {
  if (coverage.kind !== "keptAway" || (pod !== null && !pod.deleting && pod.unschedulable === "")) return null;
  return verdictOf(
    "uncovered",
    fault("TaintNotTolerated", `the node has the taint ${taintText(coverage.taint)}, which the agent doesn't tolerate`),
  );
}

/** No pods are made at all, and the API server has said why. */
function podsAreRefused({ pod, previous, context }: Subject): Verdict | null {
  if (pod !== null || context.refusal === null) return null;
  if (context.refusal === "untried") {
    // What an earlier operator was told holds until the API server has been asked again.
    const isTold = previous?.source === "status" && POD_REFUSALS.some((kind) => kind === previous.reason);
    return isTold ? verdictOf("uncovered", fault(previous.reason, previous.message), { source: "status" }) : null;
  }
  return verdictOf(
    "uncovered",
    fault(context.refusal.kind, "the API server refuses the agent's pod", context.refusal.message),
  );
}

/**
 * The last pod failed as a whole, as an evicted one does, and none has run since: the new one's start is its recovery, as a
 * container's is after a crash.
 */
function podBeforeFailed({ node, pod, running, context }: Subject): Verdict | null {
  if (node.failedPod === null || running !== null) return null;
  const failedPod = node.failedPod.pod;
  if (pod === null || pod.uid === failedPod.uid) return failedPodVerdict(failedPod);
  const reviewAt = pod.placedAt + context.settings.startupGraceMs;
  const atFault = schedulingFault(pod) !== null || (pod.container !== null && containerFault(pod.container) !== null);
  return atFault || context.now >= reviewAt ? null : { ...failedPodVerdict(failedPod), reviewAt };
}

/** No pod, and nothing explains it: the DaemonSet controller is given a moment before that is a finding. */
function podIsMissing({ pod, previous, context }: Subject): Verdict | null {
  if (pod !== null) return null;
  if (context.withheld !== "") return verdictOf("uncovered", fault("NotDeployed", WITHHELD, context.withheld));
  const missing = fault("PodMissing", "the node has no agent pod, and nothing that Kubernetes tells explains it");
  if (previous?.reason !== "PodMissing") {
    return verdictOf("updating", missing, { reviewAt: context.now + MISSING_POD_GRACE_MS });
  }
  const due = previous.since + MISSING_POD_GRACE_MS;
  return previous.kind === "updating" && context.now < due
    ? verdictOf("updating", missing, { reviewAt: due })
    : verdictOf("uncovered", missing);
}

/** The pod is being deleted and no newer one is there: normal for as long as its grace period lasts. */
function podIsTerminating({ pod, previous, context }: Subject): Verdict | null {
  if (pod?.deleting !== true) return null;
  const grace = context.settings.terminationGraceMs;
  if (previous?.reason !== "PodTerminating") {
    return verdictOf("updating", fault("PodTerminating", "the pod is being deleted"), {
      reviewAt: context.now + grace,
    });
  }
  const due = previous.since + grace;
  return previous.kind === "updating" && context.now < due
    ? verdictOf("updating", fault("PodTerminating", "the pod is being deleted"), { reviewAt: due })
    : verdictOf("unhealthy", fault("PodTerminating", "the pod doesn't end, though its grace period is over"), {
        source: "kubelet",
      });
}

/**
 * The scheduler finds no place for the pod on its node. Of a node that had an agent it says so, too, until the one before
 * has given up its port: a canary's pod is made while that one ends, which takes as long as its grace period.
 */
function podCannotBePlaced({ node, pod, previous, context }: Subject): Verdict | null {
  const found = pod === null ? null : schedulingFault(pod);
  if (pod === null || found === null) return null;
  const { now, settings } = context;
  const endsBy = pod.createdAt + settings.terminationGraceMs;
  if (node.isMakingWay && now < endsBy) {
    return verdictOf(
      "updating",
      fault("PodTerminating", "the pod waits for its place until the one before it has ended"),
      {
        reviewAt: endsBy,
      },
    );
  }
  const reviewAt = placeFreeSince(pod, previous, now) + PLACING_MS;
  return now < reviewAt && previous !== undefined && previous.kind !== "uncovered"
    ? verdictOf("updating", fault("PodStarting", `the pod waits for its place: ${found.summary}`, found.detail), {
        reviewAt,
      })
    : verdictOf("uncovered", found);
}

/** Since when no pod before this one has been in its way. */
function placeFreeSince({ createdAt }: PodObservation, previous: Subject["previous"], now: number): number {
  if (previous?.kind !== "updating") return createdAt;
  if (previous.reason === "PodTerminating") return now;
  return previous.reason === "PodStarting" ? Math.max(createdAt, previous.since) : createdAt;
}

/** The pod ended as a whole; the DaemonSet controller makes a new one, with a growing delay. */
function podFailed({ pod }: Subject): Verdict | null {
  return pod !== null && isOver(pod) ? failedPodVerdict(pod) : null;
}

function failedPodVerdict(pod: PodObservation): Verdict {
  const unplaced = admissionFault(pod);
  if (unplaced !== null) return verdictOf("uncovered", unplaced);
  if (pod.phase === "Succeeded") {
    return verdictOf("unhealthy", fault("PodFailed", ENDED_IN_PEACE), { source: "kubelet" });
  }
  const found =
    pod.reason === "Evicted"
      ? fault("Evicted", "kubelet evicted the pod", pod.message)
      : ((pod.container === null ? null : containerFault(pod.container)) ??
        fault("PodFailed", `the pod failed${pod.reason === "" ? "" : ` (${pod.reason})`}`, pod.message));
  return verdictOf("unhealthy", found, { source: "kubelet" });
}

/** Kubelet says what is wrong with the container, or it runs again after a crash and hasn't proved itself. */
function containerFailed(subject: Subject): Verdict | null {
  const { pod, running, context } = subject;
  if (pod?.container == null) return null;
  const found = containerFault(pod.container);
  if (found !== null) return verdictOf("unhealthy", found, { source: "kubelet" });
  if (running?.last == null || running.restarts === 0) return null;
  const reviewAt = recoversUntil(subject) ?? running.startedAt + context.settings.startupGraceMs;
  if (context.now >= reviewAt) return null;
  return verdictOf("unhealthy", terminationFault(running.last, running.restarts), { source: "kubelet", reviewAt });
}

/**
 * A new pod, or a new run of its container, that nobody has heard of yet. Where no probe remembers, what was said last does:
 * a collector that was ready and then wasn't doesn't start again by that.
 */
function podIsStarting({ pod, running, probe, previous, context }: Subject): Verdict | null {
  if (pod === null) return null;
  const everAnswered =
    probe?.everOk === true ||
    (previous?.podUid === pod.uid && (previous.kind === "healthy" || previous.reason === "ReadinessFailed"));
  if (running !== null && everAnswered) return null;
  const since = running?.startedAt ?? pod.placedAt;
  const reviewAt = since + context.settings.startupGraceMs;
  if (context.now >= reviewAt) return null;
  const summary =
    running === null ? "the pod is being started" : "the agent's container runs, and its collector doesn't answer yet";
  return verdictOf("updating", fault("PodStarting", summary, waitingWords(pod.container)), {
    knownSince: pod.placedAt,
    reviewAt,
  });
}

/** The grace is over and the container still doesn't run. */
function podNeverStarted({ pod, running }: Subject): Verdict | null {
  if (pod === null || running !== null) return null;
  const words = waitingWords(pod.container);
  return verdictOf(
    "unhealthy",
    fault("NotStarted", "the pod's container still doesn't run", words === "" ? pod.message : words),
    {
      source: "kubelet",
      knownSince: pod.placedAt,
    },
  );
}

/** The container runs and its collector doesn't do its work: by our own probe, or by kubelet's where ours tells nothing. */
function collectorIsSilent({ probe, context }: Subject): Verdict {
  const found = probe === null || context.probesBlocked ? null : probeFault(probe.outcome);
  if (found !== null) return verdictOf("unhealthy", found, { source: "probe" });
  return verdictOf(
    "unhealthy",
    fault("ReadinessFailed", "kubelet's own readiness probe fails, and the operator has no answer of its own"),
    {
      source: "kubelet",
    },
  );
}

/**
 * Until when a collector that crashed has to hold out; `null` where it needn't. A start that lies in the future by a node's
 * fast clock counts as long ago.
 */
function recoversUntil({ running, context }: Subject): number | null {
  if (running?.last == null || running.restarts === 0 || running.startedAt > context.now) return null;
  const until = running.startedAt + RECOVERY_MS;
  return context.now < until ? until : null;
}

function waitingWords(container: NonNullable<Subject["pod"]>["container"]): string {
  if (container?.state !== "waiting") return "";
  return container.message === "" ? container.reason : `${container.reason}: ${container.message}`;
}
