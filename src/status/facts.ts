import type { KmAgentSpec, KmAgentStatus } from "../api/kmagent.ts";
import type { ConditionReason } from "../api/reasons.ts";
import type { FleetExports } from "../health/fleet-exports.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import type { ReplicaRecord } from "../rollout/replica-record.ts";
import type { RolloutState } from "../rollout/state.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** Whether spec and configuration can be used. */
type ConfigurationFacts =
  | {
      readonly kind: "valid";
      /** Fields whose URL is plain http, such as `collectorEndpoint`. */
      readonly insecureEndpoints: readonly string[];
    }
  | {
      readonly kind: "invalid";
      readonly reason: Extract<
        ConditionReason,
        | "InvalidSpec"
        | "InvalidConfig"
        | "SecretNotFound"
        | "SecretKeyNotFound"
        | "SecretNotReadable"
        | "ConfigMapNotFound"
        | "ConfigMapNotReadable"
        | "ConfigMapKeyNotFound"
      >;
      readonly message: string;
    };

/**
 * The cluster agent's Deployment. `reason` and `message` say what is wrong while it isn't ready; `record` is where its rollout
 * stands, of which Kubernetes' own rolling update keeps none.
 */
export type ClusterAgentFacts =
  | { readonly kind: "disabled" }
  | { readonly kind: "missing"; readonly record: ReplicaRecord | null }
  | {
      readonly kind: "present";
      readonly ready: boolean;
      readonly revision: string;
      readonly reason: string;
      readonly message: string;
      readonly record: ReplicaRecord | null;
    };

/** How the platform takes our reports. The message holds nothing that changes by itself, such as a count of retries. */
interface PlatformFacts {
  readonly kind:
    "notContacted" | "connected" | "unauthorized" | "unreachable" | "throttled" | "error" | "badAnswer" | "disabled";
  readonly message: string;
}

/** What keeps the operator from making what is wanted until a person acts. */
interface StalledFacts {
  readonly reason: Extract<
    ConditionReason,
    "NameConflict" | "NodeOverlap" | "ApplyRefused" | "Forbidden" | "ApiKeyRejected" | "RevisionLost"
  >;
  readonly message: string;
}

/** A field that somebody else keeps setting, or an entry that somebody added, and that is left to them. */
export interface OverriddenField {
  /** Whether it is an entry of theirs (a container, volume or variable) beside ours. */
  readonly added: boolean;
  /** Kind and name, such as `DaemonSet km-agent`. */
  readonly object: string;
  readonly path: string;
  readonly value: string;
}

/** What became of the platform's last configuration. */
interface RemoteFacts {
  readonly kind:
    "none" | "disabled" | "applied" | "applying" | "waiting" | "refused" | "overridden" | "failed" | "rolledBack";
  readonly message: string;
  /** The verdict on the last one; `null` where there is none. Milliseconds since the epoch. */
  readonly last: {
    readonly hash: string;
    readonly verdict: "Accepted" | "Refused" | "Overridden" | "Failed" | "RolledBack";
    readonly rule: string;
    readonly path: string;
    readonly message: string;
    readonly since: number;
  } | null;
  /** Each configuration that the message speaks of, with when it was accepted or refused. */
  readonly told: readonly { readonly hash: string; readonly since: number }[];
}

/** Everything that a status is made of, as plain data. `null` means: nothing is known in this pass. */
export interface StatusFacts {
  /** `metadata.generation` of the resource that the pass read. */
  readonly generation: number;
  /** `null` where the spec can't be read at all; `configuration` then says why. */
  readonly spec: KmAgentSpec | null;
  readonly fleet: FleetHealth | null;
  readonly configuration: ConfigurationFacts | null;
  /** What new pods are made from, which isn't always what is wanted. */
  readonly inForce: { readonly source: "Spec" | "Remote" | "Default"; readonly revision: string } | null;
  readonly rollout: RolloutState | null;
  readonly clusterAgent: ClusterAgentFacts | null;
  readonly platform: PlatformFacts;
  readonly stalled: StalledFacts | null;
  /** The last apply failed and is tried again. */
  readonly failure: { readonly message: string } | null;
  readonly overridden: readonly OverriddenField[];
  /** What would be changed if the KmAgent weren't paused, a sentence each. */
  readonly wouldChange: readonly string[];
  readonly remote: RemoteFacts;
  /** `null` where no node could be judged. */
  readonly telemetry: FleetExports | null;
  /** What the status says of it while this process hasn't read for long enough; `null` once it has, or where it says nothing. */
  readonly telemetryBefore: (Omit<ConditionVerdict, "type"> & { readonly byEarlier: boolean }) | null;
  readonly versions: NonNullable<KmAgentStatus["versions"]>;
  readonly platformURL: string;
  readonly operatorVersion: string;
}
