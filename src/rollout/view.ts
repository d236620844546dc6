import type { ExportState } from "../health/export-health.ts";
import type { NodeKind } from "../health/node-kind.ts";
import type { ExporterLine } from "../health/witness.ts";
import type { Rejection } from "./record.ts";

/** A node's pod, as far as a rollout looks at it. Times are milliseconds since the epoch. */
export interface RolloutPod {
  readonly uid: string;
  readonly revision: string;
  readonly createdAt: number;
  /** When its container began, by the node's clock; `null` while it doesn't run. */
  readonly startedAt: number | null;
  readonly deleting: boolean;
  /** Whether kubelet calls it ready: with its first probe, some 10 s after the container began. */
  readonly ready: boolean;
  /** How often kubelet has restarted its container, and when the run before this one ended. */
  readonly restarts: number;
  readonly lastExitAt: number | null;
  /** Whether this very pod was ever seen to answer, and when last: what is known of it ends there, however late it is now. */
  readonly answered: boolean;
  readonly answeredAt: number | null;
  /** Whether it delivers what it receives; `null` where nobody has looked. */
  readonly exports: ExportState | null;
  /** Whether what it receives never reaches an exporter; see `ExportHealth.heldBack`. */
  readonly heldBack: boolean;
  /** Its exporters, by which one pod's failure is compared with what others deliver; `null` where its counters can't be read. */
  readonly exporters: readonly ExporterLine[] | null;
}

/** A node, as far as a rollout looks at it. */
export interface RolloutNode {
  readonly node: string;
  readonly kind: NodeKind;
  /** The node's reason and words, as its health gives them. */
  readonly reason: string;
  readonly message: string;
  /** Since when kind and reason are what they are. */
  readonly since: number;
  readonly architecture: string;
  /** The newest pod that isn't being deleted, else the newest one that is. */
  readonly pod: RolloutPod | null;
}

/** `spec.rollout` with times in milliseconds. Read anew in each step: all of it may change in the middle. */
export interface RolloutSettings {
  readonly canary: string | number;
  readonly bakeMs: number;
  readonly maxUnavailable: string | number;
  readonly maxFailures: string | number;
  readonly deadlineMs: number;
  readonly autoRollback: boolean;
  readonly approval: "Automatic" | "Manual";
  /** `health.maxUnhealthy`: with more unhealthy nodes than this a first installation proves nothing. */
  readonly maxUnhealthy: string | number;
}

/** Everything that one step of a staged rollout is decided from, besides its own record. */
export interface RolloutView {
  /** Revision that the spec, the platform and the rest of the input lead to. */
  readonly wanted: string;
  readonly nodes: readonly RolloutNode[];
  /** Revision in the DaemonSet's pod template; `null` while there is no DaemonSet. */
  readonly liveTemplate: string | null;
  /** Whether Kubernetes' controller has acted upon that template: pods that it makes from now on carry it. */
  readonly templateSeen: boolean;
  /** What the revisions' own annotations say, for the case that the record is lost. */
  readonly noted: { readonly stable: string; readonly rejected: readonly Rejection[] };
  /** Revisions that no rollback takes back, for they bring another API key or CA bundle alone; see `irrevocable.ts`. */
  readonly irrevocable: ReadonlySet<string>;
  /** Values of the annotations on the KmAgent; empty where there are none. */
  readonly approve: string;
  readonly retry: string;
  /** Why the API server refuses a canary's pod, by a dry run before anything was deleted; `null` where it doesn't. */
  readonly refused: { readonly reason: string; readonly message: string } | null;
  readonly paused: boolean;
  readonly settings: RolloutSettings;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** Whether a node should have an agent. */
export function isDesired({ kind }: RolloutNode): boolean {
  return kind !== "excluded" && kind !== "leaving";
}

/** Nodes that should have an agent. */
export function desiredCount(view: RolloutView): number {
  return view.nodes.filter((node) => isDesired(node)).length;
}

/** Whether a pod can be replaced there and the outcome means something: not on nodes that are down, going, or too young. */
export function isMovable({ kind }: RolloutNode): boolean {
  return kind === "healthy" || kind === "unhealthy" || kind === "updating" || kind === "uncovered";
}
