import type { NodeReason } from "../api/reasons.ts";
import type { ExportHealth } from "./export-health.ts";
import type { ExporterLine } from "./witness.ts";

/*
 * What is seen of the fleet, as plain data without Kubernetes' shapes: `reconcile/gather.ts` maps nodes, pods and probes to it.
 * All times are milliseconds since the epoch.
 */

/** A taint that keeps pods away from a node. */
export interface Taint {
  readonly key: string;
  readonly value: string;
  readonly effect: "NoSchedule" | "PreferNoSchedule" | "NoExecute";
}

/** How a container ended. `message` is its own termination message or its last log lines: foreign text. */
export interface Termination {
  readonly exitCode: number;
  readonly signal: number | null;
  /** Kubelet's word, such as `OOMKilled`, `Error`, `Completed`. */
  readonly reason: string;
  readonly message: string;
  readonly finishedAt: number;
}

/** The agent's container as kubelet reports it; `last` is how its previous run ended. */
export type ContainerObservation =
  | {
      readonly state: "waiting";
      readonly reason: string;
      readonly message: string;
      readonly restarts: number;
      readonly last: Termination | null;
    }
  | {
      readonly state: "running";
      readonly startedAt: number;
      readonly restarts: number;
      readonly last: Termination | null;
    }
  | { readonly state: "terminated"; readonly restarts: number; readonly last: Termination };

/** A pod of ours on a node. */
export interface PodObservation {
  readonly name: string;
  readonly uid: string;
  /** Value of the revision label, empty where there is none. */
  readonly revision: string;
  readonly createdAt: number;
  /** When the scheduler placed it; `createdAt` while it hasn't. */
  readonly placedAt: number;
  readonly deleting: boolean;
  readonly phase: "Pending" | "Running" | "Succeeded" | "Failed" | "Unknown";
  /** `status.reason` and `status.message` of the pod, such as `Evicted`. */
  readonly reason: string;
  readonly message: string;
  /** Kubelet's readiness. */
  readonly ready: boolean;
  /** Message of the condition `PodScheduled` while it is False, else empty. */
  readonly unschedulable: string;
  readonly ip: string;
  /** Port of the collector's own metrics; `null` where the configuration has none that can be reached. */
  readonly metricsPort: number | null;
  readonly image: string;
  readonly container: ContainerObservation | null;
}

/** Outcome of one `GET /` on port 13133 of a pod. */
export type ProbeOutcome =
  | { readonly kind: "ok"; readonly upSince: number | null }
  | { readonly kind: "status"; readonly code: number }
  | { readonly kind: "redirect"; readonly code: number }
  | { readonly kind: "timeout" }
  | { readonly kind: "refused" }
  | { readonly kind: "unreachable"; readonly detail: string }
  | { readonly kind: "tooLarge" }
  | { readonly kind: "garbage"; readonly detail: string };

/** The newest probe of a pod, and how many before it missed in a row. */
export interface ProbeObservation {
  readonly podUid: string;
  readonly at: number;
  readonly outcome: ProbeOutcome;
  /** Misses in a row up to and with this one; 0 after a hit. */
  readonly misses: number;
  /** Whether this pod ever answered 200. */
  readonly everOk: boolean;
  readonly latencyMs: number;
}

/** What the counters of a pod's collector say of its exports. */
export interface ExportObservation {
  /** When they were read last. */
  readonly at: number;
  readonly health: ExportHealth;
  readonly exporters: readonly ExporterLine[];
}

/**
 * A pod of ours that failed as a whole, evicted for instance; it may be gone already. It is shown until the node's next one
 * runs, and longer where no pass has told of it yet.
 */
export interface FailedPodObservation {
  readonly pod: PodObservation;
  readonly told: boolean;
}

/** One node and what runs on it. */
export interface NodeObservation {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly os: string;
  readonly architecture: string;
  /** The node's Ready condition; `null` where there is none yet. */
  readonly ready: {
    readonly status: "True" | "False" | "Unknown";
    readonly since: number;
    readonly message: string;
  } | null;
  readonly createdAt: number;
  readonly deleting: boolean;
  /** The newest pod of ours that isn't being deleted, else the newest one that is. */
  readonly pod: PodObservation | null;
  /** Whether an older pod of ours is still ending there, beside `pod`; it keeps its ports and its room until it is gone. */
  readonly isMakingWay: boolean;
  readonly failedPod: FailedPodObservation | null;
  readonly probe: ProbeObservation | null;
  /** Of `pod`; `null` where its counters haven't been read, or can't be. */
  readonly exports: ExportObservation | null;
}

/** What the API server may refuse the agents' pods for; each is a node's reason as well. */
export const POD_REFUSALS = [
  "PodSecurityViolation",
  "QuotaExceeded",
  "AdmissionDenied",
  "PodInvalid",
  "ServiceAccountMissing",
] as const satisfies readonly NodeReason[];

/** Why the DaemonSet controller makes no pods at all, in the API server's own words. */
export interface PodRefusal {
  readonly kind: (typeof POD_REFUSALS)[number];
  readonly message: string;
}

/** Everything that health is decided from. */
export interface FleetObservation {
  readonly nodes: readonly NodeObservation[];
  /** What the API server said of a dry-run pod: `null` where it took it, `untried` where this process hasn't asked. */
  readonly refusal: PodRefusal | "untried" | null;
  /** Why the operator itself makes no pods, in a sentence; empty where it does. */
  readonly withheld: string;
  /** Nodes that an older KmAgent has, and its name. */
  readonly taken: { readonly by: string; readonly nodes: ReadonlySet<string> } | null;
  /**
   * False where `previous` is an earlier operator's status that lists some of its faulty nodes only: then a fault that it doesn't list
   * may be an old one, of which no event tells.
   */
  readonly remembersAll: boolean;
  /** Revision that new pods should carry. */
  readonly targetRevision: string;
}
