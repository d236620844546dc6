import type { KmAgentStatus } from "../api/kmagent.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import type { KubeObject, OwnerReference } from "../kube/resource.ts";
import type { Rendered } from "./memory.ts";
import type { EventNote } from "./condition-events.ts";
import type { Difference } from "./drift.ts";
import type { ApplyReason, ObjectDecision, ObjectMemory } from "./object-decision.ts";
import type { RemoteStep } from "./remote-step.ts";
import type { StatusFacts } from "../status/facts.ts";

/** One write, as data. `execute` does it and decides nothing. */
export type Write =
  /** Looks past the cache first: an object of that name that is somebody else's is left untouched. */
  | {
      readonly kind: "create";
      readonly object: KubeObject;
      readonly wish: string;
      /** What is known of it from before, to judge by what is found. */
      readonly memory: ObjectMemory;
      /** Time of the pass; milliseconds since the epoch. */
      readonly at: number;
    }
  | {
      readonly kind: "apply";
      readonly object: KubeObject;
      readonly wish: string;
      readonly uid: string;
      readonly because: ApplyReason;
      readonly drifted: readonly Difference[];
    }
  | { readonly kind: "delete"; readonly object: KubeObject }
  /** Looks past the cache first: the pod stays where its owner is there, or nobody has the owner's name. */
  | {
      readonly kind: "deleteOrphan";
      readonly object: KubeObject;
      readonly owner: Pick<OwnerReference, "apiVersion" | "kind" | "name" | "uid">;
    }
  /** Asks whether such a pod would be admitted; nothing is made. */
  | { readonly kind: "tryPod"; readonly object: KubeObject }
  /** Asks whether a canary's pod would be admitted, before another makes way for it. */
  | { readonly kind: "tryCanary"; readonly object: KubeObject; readonly revision: string }
  /** Makes a canary's pod; that its name is taken means that it is there. */
  | { readonly kind: "createPod"; readonly object: KubeObject; readonly revision: string }
  /** Sets labels of a pod that is there. */
  | { readonly kind: "labelPod"; readonly object: KubeObject }
  /** Sets annotations of an object that is there; `null` takes one away. */
  | {
      readonly kind: "annotate";
      readonly object: KubeObject;
      readonly annotations: Readonly<Record<string, string | null>>;
    }
  | { readonly kind: "status"; readonly status: KmAgentStatus };

/** What one pass came to. */
export interface Plan {
  /** In order; the first that fails ends the others, but a status is always written. */
  readonly writes: readonly Write[];
  /** What happened to nodes: told whatever becomes of the writes. */
  readonly events: readonly EventNote[];
  /** What a written status says: told once it is written, or a status that can't be would be told of with every try. */
  readonly statusEvents: readonly EventNote[];
  /** `null` where nothing could be judged yet. */
  readonly fleet: FleetHealth | null;
  /** UIDs of the node agents' pods that the caches show. */
  readonly podUids: ReadonlySet<string>;
  /** What was rendered, for the next pass to take where its input is the same. */
  readonly rendered: Rendered | null;
  /** The objects that are kept in shape, also while the spec can't be used. */
  readonly lastValid: readonly KubeObject[] | null;
  /** What the platform wants from now on, what came of its answers, and what is told of it; `null` where nobody looked. */
  readonly remote: RemoteStep | null;
  /** What became of the platform's last configuration. */
  readonly remoteOutcome: StatusFacts["remote"];
  /** The status as it should be, whether or not it is written now. */
  readonly status: KmAgentStatus;
  /** Time of the next pass where nothing happens before; milliseconds since the epoch. */
  readonly nextAt: number | null;
}

/** A wanted object and what was decided about it. */
export interface DecidedObject {
  readonly object: KubeObject;
  readonly wish: string;
  /** What was known of it, for this wish. */
  readonly memory: ObjectMemory;
  readonly decision: ObjectDecision;
}
