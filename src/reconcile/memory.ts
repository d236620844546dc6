import type { NodeHealth } from "../health/node-health.ts";
import type { PodObservation, PodRefusal } from "../health/observation.ts";
import type { Desired, DesiredInput } from "../resources/desired.ts";
import type { KubeObject } from "../kube/resource.ts";
import type { RemoteRecords } from "../remote/record.ts";
import type { ObjectMemory } from "./object-decision.ts";
import type { StatusMemory } from "./status-repair.ts";

/** A rendering that is kept from pass to pass: reading large configurations takes longer than everything else. */
export interface Rendered {
  readonly input: DesiredInput;
  readonly desired: Desired;
}

/**
 * What is kept of one KmAgent between passes, in memory alone: after a restart it is made anew from the cluster, at the
 * price of one apply for each object.
 */
export interface KmAgentMemory {
  /** When this process first looked at the KmAgent, milliseconds since the epoch; `null` before. */
  readonly begunAt: number | null;
  /** Verdicts of the last pass by node; `null` before the first, when status tells what was known. */
  readonly health: ReadonlyMap<string, NodeHealth> | null;
  /** The last rendering of the wanted objects. */
  readonly rendered: Rendered | null;
  /** What the last usable spec wanted; `null` where none has been seen yet. */
  readonly lastValid: readonly KubeObject[] | null;
  /** What the platform wants, as it is held in ConfigMaps; `null` before they were read. */
  readonly remote: RemoteRecords | null;
  /** By `objectId`. */
  readonly objects: ReadonlyMap<string, ObjectMemory>;
  /** The last dry-run of a pod: what was said of it, and when. Milliseconds since the epoch. */
  readonly refusal: { readonly verdict: PodRefusal | null; readonly at: number } | null;
  /** What the API server said of a canary's pod; `null` where it took it. */
  readonly canaryRefusal: { readonly revision: string; readonly reason: string; readonly message: string } | null;
  /** UIDs of pods that we deleted and that the cache still shows. */
  readonly removedPods: ReadonlySet<string>;
  /** Last words of containers that ended without a termination message, by `lastWordsKey`. */
  readonly lastWords: ReadonlyMap<string, string>;
  /** `null` while this process has written no status. */
  readonly status: StatusMemory | null;
  /** The last write that failed in a way that is tried again; empty after a pass without one. */
  readonly failure: string;
}

/** Memory of a KmAgent that has just been seen for the first time. */
export const NO_MEMORY: KmAgentMemory = {
  begunAt: null,
  health: null,
  rendered: null,
  lastValid: null,
  remote: null,
  objects: new Map(),
  refusal: null,
  canaryRefusal: null,
  removedPods: new Set(),
  lastWords: new Map(),
  status: null,
  failure: "",
};

/**
 * The last end of a pod's container, whose words don't change any more. The number of restarts doesn't tell ends apart: it grows
 * only with the next start.
 */
export function lastWordsKey({ uid, container }: Pick<PodObservation, "uid" | "container">): string {
  return `${uid}/${container?.last?.finishedAt ?? 0}`;
}
