import type { Rejection } from "./record.ts";

/** What is wrong, in one word and in a sentence. */
export interface ReplicaFault {
  readonly reason: string;
  readonly message: string;
}

/** A pod of the Deployment, as far as its rollout looks at it. Times are milliseconds since the epoch. */
export interface ReplicaPod {
  readonly revision: string;
  readonly node: string;
  /** Whether Kubernetes calls its node Ready: a pod on a node that is down proves nothing against its revision. */
  readonly nodeReady: boolean;
  readonly createdAt: number;
  readonly ready: boolean;
  /** The last end of its collector; `null` where it never ended. `isSilent`: its last words may be on their way still. */
  readonly ended: (ReplicaFault & { readonly at: number; readonly isSilent: boolean }) | null;
  /** What keeps it from getting ready and may still come right, such as an image that can't be pulled. */
  readonly trouble: ReplicaFault | null;
}

/** Everything that one step of a one-replica rollout is decided from, besides its own record. */
export interface ReplicaView {
  /** Revision that the spec, the platform and the rest of the input lead to. */
  readonly wanted: string;
  /** Revision in the Deployment's pod template; `null` while there is no Deployment. */
  readonly liveTemplate: string | null;
  /** Whether Kubernetes' controller has acted upon that template. */
  readonly templateSeen: boolean;
  /** Whether Kubernetes calls the template's pod available, that is Ready for `bakeTime`, and no other is left. */
  readonly isComplete: boolean;
  /** Why no pod of the template can be made. `isOverdue`: Kubernetes has given up. `null` where nothing is known to be wrong. */
  readonly podless: (ReplicaFault & { readonly isOverdue: boolean }) | null;
  /** Pods that live, the newest first: not those that are being deleted or that failed as a whole. */
  readonly pods: readonly ReplicaPod[];
  /** Revisions whose pod templates are known, so that the Deployment could hold them. */
  readonly restorable: ReadonlySet<string>;
  /** What the revisions' own annotations say, for the case that the record is lost. */
  readonly noted: { readonly stable: string; readonly rejected: readonly Rejection[] };
  /** Whether what is wanted differs from the stable revision only by what no rollback takes back: the API key, the CA bundle. */
  readonly isIrrevocable: boolean;
  /** Value of the annotation `kloudmate.com/retry`; empty where there is none. */
  readonly retry: string;
  readonly paused: boolean;
  readonly settings: { readonly bakeMs: number; readonly deadlineMs: number; readonly autoRollback: boolean };
  /** Milliseconds since the epoch. */
  readonly now: number;
}
