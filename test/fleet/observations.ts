import type {
  ContainerObservation,
  FleetObservation,
  NodeObservation,
  PodObservation,
  ProbeObservation,
  ProbeOutcome,
  Termination,
} from "../../src/health/observation.ts";
import type { HealthSettings } from "../../src/health/settings.ts";

/** The moment at which the tests' passes run: long after everything in them was made. */
export const NOW = Date.UTC(2026, 10, 23, 12);
export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
/** The revision that the tests' fleets want. */
export const TARGET = "rev2";

/** A mask that hides nothing. */
export const unmasked = (text: string): string => text;

/** The schema's defaults. */
export const SETTINGS: HealthSettings = {
  failureThreshold: 3,
  startupGraceMs: 2 * MINUTE,
  terminationGraceMs: 90_000,
  nodeSelector: { "kubernetes.io/os": "linux" },
  affinity: undefined,
  tolerations: [{ operator: "Exists" }],
  hostNetwork: false,
};

/** A run of a container that ended an hour ago. */
export function ended(of: Partial<Termination> = {}): Termination {
  return { exitCode: 1, signal: null, reason: "Error", message: "", finishedAt: NOW - HOUR, ...of };
}

/** A container that has run for two hours without a restart. */
export function running(of: Partial<Extract<ContainerObservation, { state: "running" }>> = {}): ContainerObservation {
  return { state: "running", startedAt: NOW - 2 * HOUR, restarts: 0, last: null, ...of };
}

/** A container that kubelet holds back. */
export function waiting(
  reason: string,
  of: Partial<Extract<ContainerObservation, { state: "waiting" }>> = {},
): ContainerObservation {
  return { state: "waiting", reason, message: "", restarts: 0, last: null, ...of };
}

/** A pod that has been ready for two hours. */
export function pod(of: Partial<PodObservation> = {}): PodObservation {
  return {
    name: "km-agent-x",
    uid: "pod-1",
    revision: TARGET,
    createdAt: NOW - 2 * HOUR,
    placedAt: of.createdAt ?? NOW - 2 * HOUR,
    deleting: false,
    phase: "Running",
    reason: "",
    message: "",
    ready: true,
    unschedulable: "",
    ip: "10.0.0.1",
    metricsPort: 8888,
    image: "registry.example.com/km-kube-agent:1.2.0",
    container: running(),
    ...of,
  };
}

/** A probe of that pod, a second old. */
export function probe(
  outcome: ProbeOutcome = { kind: "ok", upSince: NOW - HOUR },
  of: Partial<ProbeObservation> = {},
): ProbeObservation {
  return {
    podUid: "pod-1",
    at: NOW - 1_000,
    outcome,
    misses: outcome.kind === "ok" ? 0 : 3,
    everOk: true,
    latencyMs: 4,
    ...of,
  };
}

/** A healthy node that is two hours old. */
export function node(of: Partial<NodeObservation> = {}): NodeObservation {
  return {
    name: "node-1",
    labels: { "kubernetes.io/os": "linux" },
    taints: [],
    os: "linux",
    architecture: "amd64",
    ready: { status: "True", since: NOW - 2 * HOUR, message: "kubelet is posting ready status" },
    createdAt: NOW - 2 * HOUR,
    deleting: false,
    pod: pod(),
    isMakingWay: false,
    failedPod: null,
    probe: probe(),
    exports: null,
    ...of,
  };
}

/** A healthy node of a fleet, with a pod and a probe of its own. */
export function nodeOfFleet(index: number, of: Partial<NodeObservation> = {}): NodeObservation {
  const uid = `pod-${index}`;
  return node({
    name: `node-${index}`,
    pod: pod({ uid, name: `km-agent-${index}` }),
    probe: probe(undefined, { podUid: uid }),
    ...of,
  });
}

/** A fleet in which nothing is refused. */
export function fleet(nodes: readonly NodeObservation[], of: Partial<FleetObservation> = {}): FleetObservation {
  return { nodes, refusal: null, withheld: "", taken: null, remembersAll: true, targetRevision: TARGET, ...of };
}
