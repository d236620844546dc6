import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { NodeReason } from "../api/reasons.ts";
import { anyNode } from "../../test/fleet/arbitraries.ts";
import {
  ended,
  HOUR,
  MINUTE,
  node,
  NOW,
  pod,
  probe,
  running,
  SETTINGS,
  unmasked,
  waiting,
} from "../../test/fleet/observations.ts";
import { nodeSelection } from "./coverage.ts";
import { utf8Bytes } from "./foreign-text.ts";
import { nodeHealth } from "./node-health.ts";
import type { NodeHealth } from "./node-health.ts";
import type { NodeKind } from "./node-kind.ts";
import type { NodeObservation, PodObservation, PodRefusal } from "./observation.ts";
import type { RememberedHealth } from "./remembered.ts";
import type { HealthSettings } from "./settings.ts";
import type { HealthContext } from "./subject.ts";

interface Circumstances {
  readonly settings?: Partial<HealthSettings>;
  readonly refusal?: PodRefusal | "untried";
  readonly withheld?: string;
  readonly taken?: HealthContext["taken"];
  readonly probesBlocked?: boolean;
  readonly previous?: NodeHealth | RememberedHealth;
  readonly now?: number;
  readonly mask?: (text: string) => string;
}

function judged(observed: NodeObservation, circumstances: Circumstances = {}): NodeHealth {
  const settings = { ...SETTINGS, ...circumstances.settings };
  return nodeHealth(observed, circumstances.previous, {
    now: circumstances.now ?? NOW,
    settings,
    selection: nodeSelection(settings),
    refusal: circumstances.refusal ?? null,
    withheld: circumstances.withheld ?? "",
    taken: circumstances.taken ?? null,
    probesBlocked: circumstances.probesBlocked ?? false,
    mask: circumstances.mask ?? unmasked,
  });
}

function remembered(kind: NodeKind, reason: NodeReason, since: number): RememberedHealth {
  return { kind, reason, since, podUid: "pod-1", settled: null, source: "none", message: "" };
}

const noTolerations = { tolerations: [] };
const dedicated = { key: "dedicated", value: "db", effect: "NoSchedule" } as const;
const justBecameReady = { status: "True", since: NOW - MINUTE, message: "" } as const;
const pending = pod({ phase: "Pending", ready: false, container: null });
const notReadyPod = pod({ ready: false });
const crashed = ended({ exitCode: 1, message: "Error: cannot unmarshal the configuration" });
/** What the status of an earlier operator says of a node. */
const written = (kind: "unhealthy" | "uncovered", reason: NodeReason, since: number): RememberedHealth => ({
  ...remembered(kind, reason, since),
  podUid: "",
  settled: kind,
  source: "status",
  message: "As it was found before.",
});
const silentBefore = written("unhealthy", "Unresponsive", NOW - HOUR);
const wasHealthy: RememberedHealth = { ...remembered("healthy", "Healthy", NOW - HOUR), settled: "healthy" };

const evicted = pod({
  uid: "pod-0",
  phase: "Failed",
  reason: "Evicted",
  message: "low on memory",
  ready: false,
  container: null,
});
const unplaced = (createdAt: number): PodObservation =>
  pod({
    phase: "Pending",
    createdAt,
    ready: false,
    container: null,
    unschedulable: "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
  });

interface Row extends Circumstances {
  readonly name: string;
  readonly node: NodeObservation;
  readonly kind: NodeKind;
  readonly reason: NodeReason;
  readonly agent?: "Running" | "Stopped";
  readonly collector?: "Running" | "Stopped";
  readonly source?: NodeHealth["source"];
  readonly says?: string;
}

const healthyRows: readonly Row[] = [
  {
    name: "a collector that answers 200 is healthy, by our own probe",
    node: node(),
    kind: "healthy",
    reason: "Healthy",
    source: "probe",
  },
  {
    name: "a cordon changes nothing",
    node: node({ taints: [{ key: "node.kubernetes.io/unschedulable", value: "", effect: "NoSchedule" }] }),
    settings: noTolerations,
    kind: "healthy",
    reason: "Healthy",
  },
  {
    name: "an agent that ran before an intolerable NoSchedule taint came runs on",
    node: node({ taints: [dedicated] }),
    settings: noTolerations,
    kind: "healthy",
    reason: "Healthy",
  },
  {
    name: "an agent that the operator hasn't asked yet is taken by kubelet's word",
    node: node({ probe: null }),
    kind: "healthy",
    reason: "Healthy",
    source: "kubelet",
    says: "hasn't asked it yet",
  },
  {
    name: "an answer of the pod before this one proves nothing, so kubelet's word is taken",
    node: node({ probe: probe({ kind: "timeout" }, { podUid: "pod-0" }) }),
    kind: "healthy",
    reason: "Healthy",
    source: "kubelet",
  },
  {
    name: "fewer misses than the threshold leave a healthy collector healthy",
    node: node({ probe: probe({ kind: "timeout" }, { misses: 2 }) }),
    previous: wasHealthy,
    kind: "healthy",
    reason: "Healthy",
    says: "missed 2 of the 3 probes",
  },
  {
    name: "fewer misses than the threshold leave a new collector healthy that kubelet hasn't called ready yet",
    node: node({
      pod: pod({ ready: false, container: running({ startedAt: NOW - 10_000 }) }),
      probe: probe({ kind: "timeout" }, { misses: 1 }),
    }),
    kind: "healthy",
    reason: "Healthy",
    says: "missed 1 of the 3 probes",
  },
  {
    name: "too few misses of a pod that never answered us leave kubelet's word standing",
    node: node({ probe: probe({ kind: "refused" }, { misses: 2, everOk: false }) }),
    kind: "healthy",
    reason: "KubeletReportsReady",
    source: "kubelet",
  },
  {
    name: "where no pod can be reached, kubelet's word is used and the message says so",
    node: node({ probe: probe({ kind: "timeout" }) }),
    probesBlocked: true,
    kind: "healthy",
    reason: "KubeletReportsReady",
    source: "kubelet",
    says: "couldn't see for itself",
  },
  {
    name: "an agent that runs in spite of a refusal of new pods is judged by itself",
    node: node(),
    refusal: { kind: "QuotaExceeded", message: "" },
    kind: "healthy",
    reason: "Healthy",
  },
  {
    name: "our 200 goes before kubelet's readiness",
    node: node({ pod: notReadyPod }),
    kind: "healthy",
    reason: "Healthy",
  },
  {
    name: "a collector that crashed is healthy once it has answered for ten seconds",
    node: node({ pod: pod({ container: running({ startedAt: NOW - 11_000, restarts: 1, last: crashed }) }) }),
    kind: "healthy",
    reason: "Healthy",
  },
  {
    name: "a node that has just become Ready and whose collector answers is healthy already",
    node: node({ ready: justBecameReady }),
    kind: "healthy",
    reason: "Healthy",
  },
];

const unhealthyRows: readonly Row[] = [
  {
    name: "a miss counts at once where kubelet no longer calls a collector ready that has long been up",
    node: node({ pod: notReadyPod, probe: probe({ kind: "timeout" }, { misses: 1 }) }),
    previous: wasHealthy,
    kind: "unhealthy",
    reason: "Unresponsive",
  },
  {
    name: "a collector that ended with exit code 1 is told with its own words",
    node: node({ pod: pod({ ready: false, container: { state: "terminated", restarts: 0, last: crashed } }) }),
    kind: "unhealthy",
    reason: "CollectorExited",
    agent: "Stopped",
    source: "kubelet",
    says: "exit code 1: Error: cannot unmarshal the configuration",
  },
  {
    name: "a crash loop is told by how the last run ended, not by the loop",
    node: node({ pod: pod({ ready: false, container: waiting("CrashLoopBackOff", { restarts: 4, last: crashed }) }) }),
    kind: "unhealthy",
    reason: "CollectorExited",
    agent: "Stopped",
    says: "restarted 4 times",
  },
  {
    name: "an exit with code 0 is an error too",
    node: node({
      pod: pod({
        ready: false,
        container: waiting("CrashLoopBackOff", { restarts: 1, last: ended({ exitCode: 0, reason: "Completed" }) }),
      }),
    }),
    kind: "unhealthy",
    reason: "CollectorExitedCleanly",
    agent: "Stopped",
  },
  {
    name: "a collector killed for its memory is OOMKilled",
    node: node({
      pod: pod({
        ready: false,
        container: waiting("CrashLoopBackOff", { restarts: 1, last: ended({ exitCode: 137, reason: "OOMKilled" }) }),
      }),
    }),
    kind: "unhealthy",
    reason: "OOMKilled",
    agent: "Stopped",
  },
  {
    name: "a collector that crashed and runs again is unhealthy until it answers",
    node: node({
      pod: pod({ ready: false, container: running({ startedAt: NOW - 5_000, restarts: 2, last: crashed }) }),
      probe: probe(undefined, { at: NOW - MINUTE }),
    }),
    previous: wasHealthy,
    kind: "unhealthy",
    reason: "CollectorExited",
    agent: "Running",
  },
  {
    name: "an answer from before the crash proves nothing of the run after it",
    node: node({
      pod: pod({ ready: false, container: running({ startedAt: NOW - 30_000, restarts: 2, last: crashed }) }),
      probe: probe(undefined, { at: NOW - MINUTE }),
    }),
    previous: wasHealthy,
    kind: "unhealthy",
    reason: "CollectorExited",
  },
  {
    name: "a collector that crashed, runs again and has answered for a moment only is still unhealthy",
    node: node({ pod: pod({ container: running({ startedAt: NOW - 5_000, restarts: 2, last: crashed }) }) }),
    kind: "unhealthy",
    reason: "CollectorExited",
    agent: "Running",
    collector: "Stopped",
  },
  {
    name: "an evicted pod is told of after it is gone",
    node: node({ pod: null, failedPod: { pod: evicted, told: true }, probe: null }),
    kind: "unhealthy",
    reason: "Evicted",
    agent: "Stopped",
    says: "low on memory",
  },
  {
    name: "a pod that kubelet ended and whose collector exited with 0 is told of as a pod that ended",
    node: node({
      pod: pod({
        phase: "Succeeded",
        ready: false,
        container: { state: "terminated", restarts: 0, last: ended({ exitCode: 0, reason: "Completed" }) },
      }),
      probe: null,
    }),
    kind: "unhealthy",
    reason: "PodFailed",
    agent: "Stopped",
    says: "Kubelet ended the pod",
  },
  {
    name: "an evicted pod is told of while it is being deleted",
    node: node({ pod: { ...evicted, deleting: true }, failedPod: { pod: evicted, told: true }, probe: null }),
    kind: "unhealthy",
    reason: "Evicted",
    agent: "Stopped",
  },
  {
    name: "an evicted pod is told of until the next one runs",
    node: node({
      pod: pod({ phase: "Pending", createdAt: NOW - 2_000, ready: false, container: waiting("ContainerCreating") }),
      failedPod: { pod: evicted, told: true },
      probe: null,
    }),
    kind: "unhealthy",
    reason: "Evicted",
    agent: "Stopped",
  },
  {
    name: "an image that can't be pulled counts for more than the eviction before it",
    node: node({
      pod: pod({ phase: "Pending", createdAt: NOW - 2_000, ready: false, container: waiting("ErrImagePull") }),
      failedPod: { pod: evicted, told: true },
      probe: null,
    }),
    kind: "unhealthy",
    reason: "ImagePullFailed",
    agent: "Stopped",
  },
  {
    name: "a port that is missing for longer than a new pod waits for it is a fault",
    node: node({ pod: unplaced(NOW - 6_000), probe: null }),
    previous: wasHealthy,
    kind: "uncovered",
    reason: "PortConflict",
    agent: "Stopped",
  },
  {
    name: "a canary's pod waits for its port as long as the pod before it ends, whose grace period may be long",
    node: node({ pod: unplaced(NOW - 20_000), isMakingWay: true, probe: null }),
    previous: wasHealthy,
    kind: "updating",
    reason: "PodTerminating",
    agent: "Stopped",
  },
  {
    name: "the pod before that is gone at last leaves the scheduler a moment",
    node: node({ pod: unplaced(NOW - 20_000), probe: null }),
    previous: { ...wasHealthy, kind: "updating", reason: "PodTerminating", since: NOW - 19_000 },
    kind: "updating",
    reason: "PodStarting",
    agent: "Stopped",
  },
  {
    name: "a port that stays taken after the pod before it is gone is a fault",
    node: node({ pod: unplaced(NOW - 20_000), probe: null }),
    previous: { ...wasHealthy, kind: "updating", reason: "PodStarting", since: NOW - 5_000 },
    kind: "uncovered",
    reason: "PortConflict",
    agent: "Stopped",
  },
  {
    name: "a pod that never ends makes no excuse for the next one",
    node: node({ pod: unplaced(NOW - 120_000), isMakingWay: true, probe: null }),
    previous: wasHealthy,
    kind: "uncovered",
    reason: "PortConflict",
    agent: "Stopped",
  },
  {
    name: "an image that can't be pulled counts at once",
    node: node({
      pod: pod({
        createdAt: NOW - 1_000,
        phase: "Pending",
        ready: false,
        container: waiting("ErrImagePull", { message: "manifest unknown" }),
      }),
      probe: null,
    }),
    kind: "unhealthy",
    reason: "ImagePullFailed",
    agent: "Stopped",
    says: "manifest unknown",
  },
  {
    name: "a container that can't be created counts at once",
    node: node({
      pod: pod({
        phase: "Pending",
        ready: false,
        container: waiting("CreateContainerConfigError", { message: 'secret "k" not found' }),
      }),
      probe: null,
    }),
    kind: "unhealthy",
    reason: "ContainerCreateFailed",
    agent: "Stopped",
  },
  {
    name: "an evicted pod says what the node ran out of",
    node: node({
      pod: pod({
        phase: "Failed",
        reason: "Evicted",
        message: "The node was low on resource: memory.",
        ready: false,
        container: null,
      }),
      probe: null,
    }),
    kind: "unhealthy",
    reason: "Evicted",
    agent: "Stopped",
    says: "low on resource: memory",
  },
  {
    name: "a pod that failed as a whole says so in kubelet's words",
    node: node({
      pod: pod({
        phase: "Failed",
        reason: "UnexpectedAdmissionError",
        message: "no such device",
        ready: false,
        container: null,
      }),
      probe: null,
    }),
    kind: "unhealthy",
    reason: "PodFailed",
    agent: "Stopped",
    says: "no such device",
  },
  ...(
    [
      ["a collector that hangs", { kind: "timeout" }, "Unresponsive"],
      ["a collector that answers 503", { kind: "status", code: 503 }, "HealthCheckFailed"],
      ["a pod on whose port nobody listens", { kind: "refused" }, "ConnectionRefused"],
      ["a pod whose address can't be reached", { kind: "unreachable", detail: "EHOSTUNREACH" }, "ConnectionFailed"],
      ["a pod that answers 1 GB", { kind: "tooLarge" }, "ResponseTooLarge"],
      ["a pod that redirects", { kind: "redirect", code: 302 }, "Redirected"],
      ["a pod that doesn't speak HTTP", { kind: "garbage", detail: "not HTTP" }, "BadResponse"],
    ] as const
  ).map(([name, outcome, reason]): Row => ({
    name: `${name} is unhealthy after three misses, though kubelet calls it ready`,
    node: node({ probe: probe(outcome) }),
    previous: wasHealthy,
    kind: "unhealthy",
    reason,
    agent: "Running",
    source: "probe",
  })),
  {
    name: "a single miss counts where kubelet's own probe fails too",
    node: node({ pod: notReadyPod, probe: probe({ kind: "timeout" }, { misses: 1 }) }),
    previous: wasHealthy,
    kind: "unhealthy",
    reason: "Unresponsive",
    agent: "Running",
  },
  {
    name: "a pod that kubelet calls not ready and that we haven't asked is unhealthy by kubelet's word",
    node: node({ pod: notReadyPod, probe: null }),
    kind: "unhealthy",
    reason: "ReadinessFailed",
    agent: "Running",
    source: "kubelet",
  },
  {
    name: "a new pod that was ready and then wasn't doesn't start again, though only kubelet was ever heard",
    node: node({ pod: pod({ ready: false, container: running({ startedAt: NOW - 10_000 }) }), probe: null }),
    previous: remembered("unhealthy", "ReadinessFailed", NOW - 1_000),
    kind: "unhealthy",
    reason: "ReadinessFailed",
    agent: "Running",
    source: "kubelet",
  },
  {
    name: "where no pod can be reached, a pod that kubelet calls not ready is unhealthy by kubelet's word",
    node: node({ pod: notReadyPod, probe: probe({ kind: "timeout" }) }),
    probesBlocked: true,
    kind: "unhealthy",
    reason: "ReadinessFailed",
    agent: "Running",
    source: "kubelet",
  },
  {
    name: "a container that isn't made within the grace has never started",
    node: node({
      pod: pod({
        phase: "Pending",
        createdAt: NOW - 3 * MINUTE,
        ready: false,
        container: waiting("ContainerCreating"),
      }),
      probe: null,
    }),
    kind: "unhealthy",
    reason: "NotStarted",
    agent: "Stopped",
    says: "ContainerCreating",
  },
  {
    name: "a pod that doesn't end after its grace period is unhealthy",
    node: node({ pod: pod({ deleting: true }) }),
    previous: remembered("updating", "PodTerminating", NOW - 91_000),
    kind: "unhealthy",
    reason: "PodTerminating",
    agent: "Stopped",
  },
];

const passingRows: readonly Row[] = [
  {
    name: "a new pod is updating while kubelet makes its container",
    node: node({
      pod: pod({ phase: "Pending", createdAt: NOW - 5_000, ready: false, container: waiting("ContainerCreating") }),
      probe: null,
    }),
    kind: "updating",
    reason: "PodStarting",
    agent: "Stopped",
  },
  {
    name: "a pod that the scheduler hasn't looked at yet is updating",
    node: node({ pod: { ...pending, createdAt: NOW - 100, placedAt: NOW - 100 }, probe: null }),
    kind: "updating",
    reason: "PodStarting",
    agent: "Stopped",
  },
  {
    name: "a new pod that finds no port is updating for 5 s, for the one before it may still be giving it up",
    node: node({ pod: unplaced(NOW - 1_000), probe: null }),
    previous: wasHealthy,
    kind: "updating",
    reason: "PodStarting",
    agent: "Stopped",
  },
  {
    name: "a pod that waited an hour for room is updating once the scheduler has placed it",
    node: node({
      pod: pod({
        phase: "Pending",
        createdAt: NOW - HOUR,
        placedAt: NOW - 5_000,
        ready: false,
        container: waiting("ContainerCreating"),
      }),
      probe: null,
    }),
    kind: "updating",
    reason: "PodStarting",
    agent: "Stopped",
  },
  {
    name: "a new collector that doesn't answer yet is updating",
    node: node({
      pod: pod({ createdAt: NOW - 5_000, ready: false, container: running({ startedAt: NOW - 4_000 }) }),
      probe: probe({ kind: "refused" }, { misses: 1, everOk: false }),
    }),
    kind: "updating",
    reason: "PodStarting",
    agent: "Running",
  },
  {
    name: "a pod that is being deleted is updating",
    node: node({ pod: pod({ deleting: true }) }),
    kind: "updating",
    reason: "PodTerminating",
    agent: "Stopped",
  },
  {
    name: "a pod that was there a moment ago gets a moment to be replaced",
    node: node({ pod: null, probe: null }),
    previous: wasHealthy,
    kind: "updating",
    reason: "PodMissing",
    agent: "Stopped",
  },
  {
    name: "a node that has just become Ready is starting, whatever its pod does",
    node: node({
      ready: justBecameReady,
      pod: pod({ ready: false, container: waiting("ImagePullBackOff") }),
      probe: null,
    }),
    kind: "starting",
    reason: "Starting",
    agent: "Stopped",
    says: "ImagePullBackOff",
  },
  {
    name: "a node that has just become Ready and has no pod yet is starting",
    node: node({ ready: justBecameReady, pod: null, probe: null }),
    kind: "starting",
    reason: "Starting",
    agent: "Stopped",
  },
  {
    name: "a node that was just made and isn't Ready yet is starting",
    node: node({ createdAt: NOW - MINUTE, ready: null, pod: null, probe: null }),
    kind: "starting",
    reason: "Starting",
    agent: "Stopped",
  },
  {
    name: "a node that is being deleted is leaving",
    node: node({ deleting: true, pod: notReadyPod, probe: null }),
    kind: "leaving",
    reason: "Leaving",
    agent: "Running",
  },
  {
    name: "a node that the autoscaler drains is leaving, and its collector may still answer",
    node: node({ taints: [{ key: "ToBeDeletedByClusterAutoscaler", value: "1", effect: "NoSchedule" }] }),
    kind: "leaving",
    reason: "Leaving",
    collector: "Running",
  },
  {
    name: "a node that Karpenter disrupts is leaving",
    node: node({
      taints: [{ key: "karpenter.sh/disrupted", value: "", effect: "NoSchedule" }],
      ready: { status: "False", since: NOW, message: "" },
    }),
    kind: "leaving",
    reason: "Leaving",
  },
  {
    name: "a node with a stopped kubelet and a silent collector is NotReady, and both are stopped",
    node: node({
      ready: { status: "Unknown", since: NOW - 3 * MINUTE, message: "Kubelet stopped posting node status." },
      probe: probe({ kind: "timeout" }, { misses: 1 }),
    }),
    previous: wasHealthy,
    kind: "notReady",
    reason: "NodeNotReady",
    agent: "Stopped",
    says: "Kubelet stopped posting node status",
  },
  {
    name: "a node with a stopped kubelet whose collector answers is NotReady, and the collector runs",
    node: node({ ready: { status: "Unknown", since: NOW - 3 * MINUTE, message: "" } }),
    kind: "notReady",
    reason: "NodeNotReady",
    agent: "Running",
    collector: "Running",
    source: "probe",
    says: "yet the collector answers",
  },
];

const uncoveredRows: readonly Row[] = [
  {
    name: "a taint that isn't tolerated is named",
    node: node({ taints: [dedicated], pod: null, probe: null }),
    settings: noTolerations,
    kind: "uncovered",
    reason: "TaintNotTolerated",
    says: "dedicated=db:NoSchedule",
  },
  {
    name: "a pod that a NoExecute taint drives out won't be replaced",
    node: node({ taints: [{ ...dedicated, effect: "NoExecute" }], pod: pod({ deleting: true }) }),
    settings: noTolerations,
    kind: "uncovered",
    reason: "TaintNotTolerated",
  },
  {
    name: "a node without room is told in the scheduler's words",
    node: node({
      pod: {
        ...pending,
        unschedulable:
          "0/3 nodes are available: 1 Insufficient memory, 2 node(s) didn't satisfy plugin(s) [NodeAffinity].",
      },
      probe: null,
    }),
    kind: "uncovered",
    reason: "InsufficientResources",
    says: "1 Insufficient memory",
  },
  {
    name: "a pod that kubelet itself finds no room for is told so",
    node: node({
      pod: pod({
        phase: "Failed",
        reason: "OutOfcpu",
        message: "Node didn't have enough resource: cpu",
        ready: false,
        container: null,
      }),
      probe: null,
    }),
    kind: "uncovered",
    reason: "InsufficientResources",
  },
  {
    name: "a host port that is taken is a conflict of ports",
    node: node({
      pod: {
        ...pending,
        unschedulable: "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports.",
      },
      probe: null,
    }),
    kind: "uncovered",
    reason: "PortConflict",
  },
  {
    name: "what the scheduler says and we don't know is passed on",
    node: node({
      pod: { ...pending, unschedulable: "0/1 nodes are available: 1 node(s) had volume node affinity conflict." },
      probe: null,
    }),
    kind: "uncovered",
    reason: "Unschedulable",
    says: "volume node affinity conflict",
  },
  ...(["PodSecurityViolation", "QuotaExceeded", "AdmissionDenied", "PodInvalid", "ServiceAccountMissing"] as const).map(
    (kind): Row => ({
      name: `a refusal of all pods (${kind}) is told in the API server's words`,
      node: node({ pod: null, probe: null }),
      refusal: { kind, message: "violates something" },
      kind: "uncovered",
      reason: kind,
      says: "violates something",
    }),
  ),
  {
    name: "a pod that stays missing without a reason is uncovered",
    node: node({ pod: null, probe: null }),
    previous: remembered("updating", "PodMissing", NOW - 30_000),
    kind: "uncovered",
    reason: "PodMissing",
  },
  {
    name: "a node whose agent the operator itself doesn't make is told of that, at once",
    node: node({ pod: null, probe: null }),
    withheld: "SecretNotFound: make the Secret",
    kind: "uncovered",
    reason: "NotDeployed",
    says: "SecretNotFound: make the Secret",
  },
  {
    name: "a pod that was missing yesterday is missing still, without another moment of grace",
    node: node({ pod: null, probe: null }),
    previous: remembered("uncovered", "PodMissing", NOW - HOUR),
    kind: "uncovered",
    reason: "PodMissing",
  },
];

/** What a new leader says of what the one before it found. */
const takenOverRows: readonly Row[] = [
  {
    name: "a collector that was silent is so until it answers, though kubelet calls it ready",
    node: node({ probe: null }),
    previous: silentBefore,
    kind: "unhealthy",
    reason: "Unresponsive",
    agent: "Running",
    source: "status",
    says: "As it was found before.",
  },
  {
    name: "a collector that was silent and misses a first probe of ours is silent still",
    node: node({ probe: probe({ kind: "timeout" }, { misses: 1, everOk: false }) }),
    previous: silentBefore,
    kind: "unhealthy",
    reason: "Unresponsive",
    source: "status",
  },
  {
    name: "a collector that was silent is judged anew once enough probes of ours missed",
    node: node({ probe: probe({ kind: "refused" }, { misses: 3, everOk: false }) }),
    previous: silentBefore,
    kind: "unhealthy",
    reason: "ConnectionRefused",
    source: "probe",
  },
  {
    name: "a collector that was silent and answers is healthy",
    node: node(),
    previous: silentBefore,
    kind: "healthy",
    reason: "Healthy",
    source: "probe",
  },
  {
    name: "a pod that was made since hasn't been silent",
    node: node({ probe: null, pod: pod({ createdAt: NOW - MINUTE }) }),
    previous: silentBefore,
    kind: "healthy",
    reason: "Healthy",
    source: "kubelet",
  },
  {
    name: "pods that were refused are so until the API server was asked again",
    node: node({ pod: null, probe: null }),
    previous: written("uncovered", "QuotaExceeded", NOW - HOUR),
    refusal: "untried",
    kind: "uncovered",
    reason: "QuotaExceeded",
    source: "status",
    says: "As it was found before.",
  },
  {
    name: "pods that were refused are missing once the API server takes them",
    node: node({ pod: null, probe: null }),
    previous: written("uncovered", "QuotaExceeded", NOW - HOUR),
    kind: "updating",
    reason: "PodMissing",
  },
];

const excludedRows: readonly Row[] = [
  {
    name: "a node that another KmAgent has is none of ours",
    node: node({ pod: null, probe: null }),
    taken: { by: "older", nodes: new Set(["node-1"]) },
    kind: "excluded",
    reason: "Excluded",
    says: "KmAgent older",
  },
  {
    name: "a node without the selector's label is excluded, which is no fault",
    node: node({ labels: { "kubernetes.io/os": "windows" } }),
    kind: "excluded",
    reason: "Excluded",
    says: "kubernetes.io/os=linux",
  },
  {
    name: "a virtual node is excluded",
    node: node({ labels: { "kubernetes.io/os": "linux", type: "virtual-kubelet" }, pod: null }),
    kind: "excluded",
    reason: "Excluded",
  },
];

const rows = [...healthyRows, ...unhealthyRows, ...passingRows, ...uncoveredRows, ...takenOverRows, ...excludedRows];

describe("the state of one node", () => {
  it.each(rows)("$name", (row) => {
    const health = judged(row.node, row);
    expect({ kind: health.kind, reason: health.reason }).toEqual({ kind: row.kind, reason: row.reason });
    const collector =
      row.kind === "healthy"
        ? "Running"
        : row.kind === "unhealthy" || row.kind === "uncovered"
          ? "Stopped"
          : row.collector;
    if (collector !== undefined) expect(health.collector).toBe(row.collector ?? collector);
    if (row.agent !== undefined || row.kind === "healthy") expect(health.agent).toBe(row.agent ?? "Running");
    if (row.source !== undefined) expect(health.source).toBe(row.source);
    if (row.says !== undefined) expect(health.message).toContain(row.says);
  });

  it("has a row for every reason", async () => {
    const { NODE_REASONS } = await import("../api/reasons.ts");
    expect(new Set(rows.map(({ reason }) => reason))).toEqual(new Set(Object.keys(NODE_REASONS)));
  });

  it("tells what to do about a fault, and gives no such advice to the healthy", () => {
    expect(judged(node({ probe: probe({ kind: "timeout" }) })).message).toBe(
      "The collector gives no answer on port 13133 in time. It hangs or starves for CPU: look at its limits and logs. Kubelet's liveness probe restarts it.",
    );
    expect(judged(node()).message).toBe("The agent runs and its collector answers.");
  });

  it("keeps the collector's last words, lines and all, as the last error, and none while it runs", () => {
    const last = ended({ message: "first line\nError: second line\n" });
    const health = judged(
      node({ pod: pod({ ready: false, container: waiting("CrashLoopBackOff", { restarts: 1, last }) }) }),
    );
    expect(health.lastError).toBe(
      "the collector ended with exit code 1, restarted once: first line\nError: second line",
    );
    expect(judged(node()).lastError).toBe("");
  });

  it("takes in last words that come later, and then stays with them", () => {
    const loops = (message: string) =>
      node({
        pod: pod({ ready: false, container: waiting("CrashLoopBackOff", { restarts: 1, last: ended({ message }) }) }),
      });
    const silent = judged(loops(""));
    const spoken = judged(loops("Error: why"), { previous: silent });
    expect([silent, spoken].map(({ lastError }) => lastError)).toEqual([
      "the collector ended with exit code 1, restarted once",
      "the collector ended with exit code 1, restarted once: Error: why",
    ]);
    expect(spoken.since).toBe(silent.since);
    expect(judged(loops("Error: why"), { previous: spoken })).toEqual(spoken);
  });

  it("masks secrets in every word of a container", () => {
    const last = ended({ message: "bad key s3cr3t" });
    const health = judged(
      node({ pod: pod({ ready: false, container: waiting("CrashLoopBackOff", { restarts: 1, last }) }) }),
      {
        mask: (text) => text.replaceAll("s3cr3t", "***"),
      },
    );
    expect(JSON.stringify(health)).not.toContain("s3cr3t");
    expect(health.lastError).toContain("bad key ***");
  });
});

describe("times of a node's state", () => {
  it("keeps the beginning while kind and reason stay", () => {
    const sick = node({ probe: probe({ kind: "timeout" }) });
    const first = judged(sick);
    const later = judged(
      { ...sick, probe: probe({ kind: "timeout" }, { misses: 9 }) },
      { previous: first, now: NOW + HOUR },
    );
    expect([first.since, later.since]).toEqual([NOW, NOW]);
  });

  it("begins anew with another reason", () => {
    const first = judged(node({ probe: probe({ kind: "timeout" }) }));
    expect(judged(node({ probe: probe({ kind: "refused" }) }), { previous: first, now: NOW + HOUR }).since).toBe(
      NOW + HOUR,
    );
  });

  it("takes the beginning of a NotReady node from the node itself, so that a new leader tells the same", () => {
    const ready = { status: "Unknown", since: NOW - HOUR, message: "" } as const;
    expect(judged(node({ ready, probe: null })).since).toBe(NOW - HOUR);
  });

  it("tells a NotReady node's story once, though kubelet counts its seconds anew", () => {
    const story = (message: string) => node({ ready: { status: "False", since: NOW - HOUR, message }, probe: null });
    const first = judged(story("pleg was last seen active 3m5s ago; threshold is 3m0s"));
    const later = judged(story("pleg was last seen active 1h13m15.5s ago; threshold is 3m0s"), { previous: first });
    expect(first.message).toContain("3m5s ago");
    expect([later.message, later.lastError]).toEqual([first.message, first.lastError]);
    expect(judged(story("container runtime is down"), { previous: later }).message).toContain("runtime is down");
  });

  it("tells every number of what isn't a count", () => {
    const taint = (value: string) => node({ taints: [{ key: "dedicated", value, effect: "NoSchedule" }], pod: null });
    const first = judged(taint("db1"), { settings: noTolerations });
    expect(judged(taint("db2"), { settings: noTolerations, previous: first }).message).toContain("dedicated=db2");
  });

  it("says when the end of a grace would change the verdict by itself", () => {
    expect(judged(node({ ready: justBecameReady, pod: null, probe: null })).reviewAt).toBe(NOW + MINUTE);
    expect(judged(node({ pod: null, probe: null })).reviewAt).toBe(NOW + 30_000);
    const fresh = pod({ ready: false, container: running({ startedAt: NOW - MINUTE }) });
    const missed = probe({ kind: "timeout" }, { misses: 1 });
    expect(judged(node({ pod: fresh, probe: missed })).reviewAt).toBe(NOW + MINUTE);
    expect(judged(node()).reviewAt).toBeNull();
  });

  it("never gives a moment twice to a pod that is missing", () => {
    const observed = node({ pod: null, probe: null });
    const first = judged(observed);
    const second = judged(observed, { previous: first, now: NOW + 29_000 });
    const third = judged(observed, { previous: second, now: NOW + 30_000 });
    expect([first.kind, second.kind, third.kind]).toEqual(["updating", "updating", "uncovered"]);
  });
});

describe("any node whatsoever", () => {
  it("gets a verdict, whose texts are bounded and whose beginning isn't in the future", () => {
    fc.assert(
      fc.property(anyNode, fc.boolean(), (observed, probesBlocked) => {
        const health = judged(observed, { probesBlocked, settings: noTolerations });
        expect(utf8Bytes(health.message)).toBeLessThanOrEqual(1_024);
        expect(utf8Bytes(health.lastError)).toBeLessThanOrEqual(1_024);
        expect(health.since).toBeLessThanOrEqual(NOW);
        if (health.kind === "healthy") expect([health.agent, health.collector]).toEqual(["Running", "Running"]);
        if (health.kind === "unhealthy" || health.kind === "uncovered") expect(health.collector).toBe("Stopped");
        if (health.collector === "Running") expect(health.lastError).toBe("");
      }),
    );
  });

  it("gets the same verdict again from the same observation at the same time", () => {
    fc.assert(
      fc.property(anyNode, (observed) => {
        const first = judged(observed);
        expect(judged(observed, { previous: first })).toEqual(first);
      }),
    );
  });

  it("changes by time alone only when it said it would", () => {
    fc.assert(
      fc.property(anyNode, fc.integer({ min: 1, max: 3 * HOUR }), (observed, passed) => {
        const first = judged(observed);
        fc.pre(first.reviewAt === null || NOW + passed < first.reviewAt);
        expect(judged(observed, { previous: first, now: NOW + passed })).toEqual(first);
      }),
    );
  });
});
