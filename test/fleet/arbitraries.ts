import fc from "fast-check";
import type {
  ExportObservation,
  ContainerObservation,
  FleetObservation,
  NodeObservation,
  PodObservation,
  ProbeObservation,
  ProbeOutcome,
  Termination,
} from "../../src/health/observation.ts";
import { HOUR, NOW, TARGET } from "./observations.ts";

/** Times around the tests' moment, some of them in the future, as clocks of other machines give them. */
const time = fc.integer({ min: NOW - 3 * HOUR, max: NOW + HOUR });
const words = fc.oneof(
  fc.constantFrom(
    "",
    "Evicted",
    "OutOfcpu",
    "CrashLoopBackOff",
    "ImagePullBackOff",
    "CreateContainerError",
    "OOMKilled",
    "Completed",
    "__proto__",
  ),
  fc.string({ unit: "binary", maxLength: 60 }),
);

/** The usual value four times of five, so that rare states don't hide all others. */
function mostly<T>(usual: T, rare: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, rare);
}

const restarts = fc.nat({ max: 3 });

const termination: fc.Arbitrary<Termination> = fc.record({
  exitCode: fc.constantFrom(0, 1, 137, 255),
  signal: fc.constantFrom(null, 0, 9),
  reason: words,
  message: words,
  finishedAt: time,
});
const last = fc.option(termination);

const container: fc.Arbitrary<ContainerObservation> = fc.oneof(
  fc.record({ state: fc.constant("waiting" as const), reason: words, message: words, restarts, last }),
  fc.record({ state: fc.constant("running" as const), startedAt: time, restarts, last }),
  fc.record({ state: fc.constant("terminated" as const), restarts, last: termination }),
);

const podUid = fc.constantFrom("pod-1", "pod-2");

const pod: fc.Arbitrary<PodObservation> = fc.record({
  name: words,
  uid: podUid,
  revision: fc.constantFrom(TARGET, "rev1", ""),
  createdAt: time,
  placedAt: time,
  deleting: mostly(false, fc.constant(true)),
  phase: mostly<PodObservation["phase"]>(
    "Running",
    fc.constantFrom("Pending" as const, "Succeeded" as const, "Failed" as const, "Unknown" as const),
  ),
  reason: words,
  message: words,
  ready: fc.boolean(),
  unschedulable: fc.constantFrom("", "1 Insufficient memory", "1 node(s) didn't have free ports", "whatever"),
  ip: fc.constant("10.0.0.1"),
  metricsPort: fc.constant(8888),
  image: fc.constant("image:1"),
  container: fc.option(container),
});

const outcome: fc.Arbitrary<ProbeOutcome> = fc.oneof(
  fc.record({ kind: fc.constant("ok" as const), upSince: fc.option(time) }),
  fc.record({
    kind: fc.constantFrom("status" as const, "redirect" as const),
    code: fc.integer({ min: 100, max: 599 }),
  }),
  fc.record({ kind: fc.constantFrom("timeout" as const, "refused" as const, "tooLarge" as const) }),
  fc.record({ kind: fc.constantFrom("unreachable" as const, "garbage" as const), detail: words }),
);

const probe: fc.Arbitrary<ProbeObservation> = fc
  .record({
    podUid,
    at: time,
    outcome,
    misses: fc.integer({ min: 1, max: 5 }),
    everOk: fc.boolean(),
    latencyMs: fc.nat({ max: 100 }),
  })
  .map((one) => (one.outcome.kind === "ok" ? { ...one, misses: 0, everOk: true } : one));

const exports: fc.Arbitrary<ExportObservation> = fc.record({
  at: time,
  health: fc.record({
    state: fc.constantFrom("Flowing" as const, "Failing" as const, "Idle" as const, "Unknown" as const),
    failing: fc.constantFrom([], ["otlphttp (logs)"]),
    since: time,
  }),
  exporters: fc.constant([]),
});

/** Any node at all, with contradictions that a cache in the middle of its events may show. */
export const anyNode: fc.Arbitrary<NodeObservation> = fc.record({
  name: fc
    .constantFrom("node-1", "node-2", "node-3", "node-10")
    .chain((name) => fc.nat({ max: 9 }).map((index) => `${name}${index}`)),
  labels: mostly<Record<string, string>>(
    { "kubernetes.io/os": "linux" },
    fc.constantFrom({ "kubernetes.io/os": "windows" }, {}, { "kubernetes.io/os": "linux", type: "virtual-kubelet" }),
  ),
  taints: fc.array(
    fc.record({
      key: mostly("dedicated", fc.constantFrom("ToBeDeletedByClusterAutoscaler", "node.kubernetes.io/unschedulable")),
      value: fc.constantFrom("", "x"),
      effect: fc.constantFrom("NoSchedule" as const, "PreferNoSchedule" as const, "NoExecute" as const),
    }),
    { maxLength: 2 },
  ),
  os: fc.constant("linux"),
  architecture: fc.constantFrom("amd64", "arm64"),
  ready: mostly<NodeObservation["ready"]>(
    { status: "True", since: NOW - 4 * HOUR, message: "" },
    fc.option(
      fc.record({
        status: fc.constantFrom("True" as const, "False" as const, "Unknown" as const),
        since: time,
        message: words,
      }),
    ),
  ),
  createdAt: time,
  deleting: mostly(false, fc.constant(true)),
  pod: fc.option(pod),
  isMakingWay: fc.boolean(),
  failedPod: mostly(null, fc.record({ pod, told: fc.boolean() })),
  probe: fc.option(probe),
  exports: fc.option(exports),
});

/** Any fleet; names are unique, as the API server keeps them. */
export const anyFleet: fc.Arbitrary<FleetObservation> = fc.record({
  nodes: fc.uniqueArray(anyNode, { selector: (node) => node.name, maxLength: 12 }),
  refusal: fc.oneof(
    fc.constantFrom(null, "untried" as const),
    fc.record({
      kind: fc.constantFrom("PodSecurityViolation" as const, "QuotaExceeded" as const, "AdmissionDenied" as const),
      message: words,
    }),
  ),
  withheld: mostly("", words),
  taken: mostly(null, fc.record({ by: words, nodes: fc.constant(new Set<string>()) })),
  remembersAll: fc.boolean(),
  targetRevision: fc.constant(TARGET),
});
