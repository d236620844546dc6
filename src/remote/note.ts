import { timestamp } from "../api/time.ts";
import type { RefusedConfig, RemoteRecord, RolledBackConfig } from "./record.ts";

/** What something waits for. */
export interface Wait {
  /** `platform.remoteConfig.minInterval`, or that a first revision is proved, which may come sooner. */
  readonly for: "interval" | "proof";
  /** Milliseconds since the epoch; `Infinity` while the installation that is to prove one hasn't begun. */
  readonly until: number;
}

/** What a wait is for, to go behind "waits for", with its end where that is known. */
export function describeWait(wait: Wait): string {
  if (wait.for === "interval") return `platform.remoteConfig.minInterval until ${timestamp(wait.until)}`;
  const end = Number.isFinite(wait.until) ? `, until ${timestamp(wait.until)} at most` : "";
  return `a first revision to be proved, to which it could be taken back${end}`;
}

/** What came of an answer, for log, event and metric. */
export type Note =
  /** It counts from now on. */
  | { readonly kind: "accepted"; readonly hash: string }
  /** It is what counts already, or makes the same of its pods, so nothing moves; what waited to replace that isn't wanted any more. */
  | { readonly kind: "kept"; readonly hash: string }
  | { readonly kind: "waits"; readonly hash: string; readonly wait: Wait }
  | { readonly kind: "refused"; readonly refused: RefusedConfig; readonly findings: number }
  /** It counts, and the guard would refuse it now, for the spec allows less than when it was accepted. */
  | {
      readonly kind: "refusedSince";
      readonly hash: string;
      readonly rule: string;
      readonly path: string;
      readonly message: string;
      readonly findings: number;
    }
  /** The agents didn't work with it; what was proved before counts again. */
  | { readonly kind: "rolledBack"; readonly rolledBack: RolledBackConfig }
  | { readonly kind: "restart" }
  | { readonly kind: "restartWaits"; readonly wait: Wait }
  /** Nothing moves: it counts already, it was refused before, or it was asked for before. */
  | { readonly kind: "same"; readonly hash: string }
  /** A configuration without `restart_required`. */
  | { readonly kind: "unasked"; readonly hash: string };

/** A record after something happened, and what that was. */
export interface Heeded {
  readonly record: RemoteRecord;
  readonly notes: readonly Note[];
}
