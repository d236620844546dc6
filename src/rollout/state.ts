import type { KmAgentStatus } from "../api/kmagent.ts";
import type { RolloutRecord } from "./record.ts";

/** The rollout as the status holds it. */
export type RolloutStatus = NonNullable<KmAgentStatus["rollout"]>;

/** What a rollout waits for: the gate's name and a sentence. */
export interface Waiting {
  readonly gate: string;
  readonly message: string;
}

/** What every phase knows. */
interface Reached {
  /** Revision that is wanted. */
  readonly target: string;
  /** Last revision that was proved; empty while none was. */
  readonly stable: string;
  /** Nodes at the target, and those that failed there. */
  readonly updated: number;
  readonly failed: number;
  /** Nodes that run another revision and could be moved. */
  readonly outdated: number;
  /** What a staged rollout goes on from; Kubernetes' own keeps no record. */
  readonly record?: RolloutRecord;
}

/**
 * A rollout, by its phase.
 *
 * Kubernetes' RollingUpdate, which `observe-rolling-update.ts` follows, reaches `Install`, `Progressing` and `Complete` alone:
 * it has no canary and never goes back by itself. The others belong to the staged strategy (`staged-rollout.ts`).
 */
export type RolloutState =
  | ({ readonly phase: "Install"; readonly waitingFor: Waiting | null } & Reached)
  | ({ readonly phase: "Canary"; readonly canaries: readonly string[]; readonly waitingFor: Waiting | null } & Reached)
  | ({ readonly phase: "Progressing"; readonly waitingFor: Waiting | null } & Reached)
  | ({ readonly phase: "Complete" } & Reached)
  | ({ readonly phase: "RollingBack"; readonly reason: string; readonly message: string } & Reached)
  | ({ readonly phase: "RolledBack"; readonly reason: string; readonly message: string } & Reached)
  | ({ readonly phase: "Stalled"; readonly reason: string; readonly message: string } & Reached);

/** What the rollout waits for, where its phase can wait. */
export function waitingFor(state: RolloutState): Waiting | null {
  switch (state.phase) {
    case "Install":
    case "Canary":
    case "Progressing":
      return state.waitingFor;
    case "Complete":
    case "RollingBack":
    case "RolledBack":
    case "Stalled":
      return null;
    default:
      return state satisfies never;
  }
}

/** Whether the cluster is being moved. */
export function isMoving(state: RolloutState): boolean {
  switch (state.phase) {
    case "Install":
    case "Canary":
    case "Progressing":
    case "RollingBack":
      return true;
    case "Complete":
      return state.outdated > 0;
    case "RolledBack":
    case "Stalled":
      return false;
    default:
      return state satisfies never;
  }
}
