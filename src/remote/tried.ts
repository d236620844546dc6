import type { Heeded } from "./note.ts";
import type { RemoteRecord, RolledBackConfig } from "./record.ts";

/** A revision that was taken back, and the platform's configuration in it. */
export type FailedConfig = Pick<RolledBackConfig, "hash" | "revision" | "reason" | "message">;

/** What a rollout has shown of the platform's configurations for one component. */
export interface Tried {
  /** Hash of the one that the stable revision holds; empty where it holds none. */
  readonly provedHash: string;
  /** Null where what is tried or wanted hasn't failed. */
  readonly failed: FailedConfig | null;
}

/** Where nobody looked, or nothing was tried. */
export const NOTHING_TRIED: Tried = { provedHash: "", failed: null };

/** As many as are remembered. */
const KEPT_ROLLED_BACK = 20;

/**
 * Learns from a rollout: what it has proved is what a later failure leads back to, and what it took back isn't wanted any
 * more. A configuration that was proved once stays, whatever fails with it: then it is the other change that failed.
 * `retry` is the annotation's value.
 */
export function learn(given: RemoteRecord, { provedHash, failed }: Tried, retry: string): Heeded {
  const record = followRetry(prove(given, provedHash), retry);
  const { accepted, proved } = record;
  if (accepted === null || failed?.hash !== accepted.hash || proved?.hash === accepted.hash) {
    return { record, notes: [] };
  }
  const named = retry === failed.hash || retry === failed.revision;
  const entry: RolledBackConfig = { ...failed, together: false, since: accepted.since, retried: named };
  const others = record.rolledBack.filter(({ hash }) => hash !== entry.hash);
  return {
    record: {
      ...record,
      accepted: proved,
      rolledBack: [entry, ...others].slice(0, KEPT_ROLLED_BACK),
      rolledBackText: accepted.text,
    },
    notes: [{ kind: "rolledBack", rolledBack: entry }],
  };
}

/** Notes that the newest one was taken back together with another change. */
export function blameBoth(record: RemoteRecord): RemoteRecord {
  return {
    ...record,
    rolledBack: record.rolledBack.map((each, at) => (at === 0 ? { ...each, together: true } : each)),
  };
}

/** Whether a person asks to try it again, by its hash or by its revision. */
export function isRetried({ hash, revision, retried }: RolledBackConfig, retry: string): boolean {
  return !retried && (retry === hash || retry === revision);
}

/** The record without a configuration that is about to be tried again. */
export function forgive(record: RemoteRecord, hash: string): RemoteRecord {
  const isNewest = record.rolledBack[0]?.hash === hash;
  return {
    ...record,
    rolledBack: record.rolledBack.filter((each) => each.hash !== hash),
    rolledBackText: isNewest ? null : record.rolledBackText,
  };
}

function prove(record: RemoteRecord, hash: string): RemoteRecord {
  const { accepted, proved } = record;
  return accepted?.hash === hash && proved?.hash !== hash ? { ...record, proved: accepted } : record;
}

/** An annotation that was something else in between asks anew. */
function followRetry(record: RemoteRecord, retry: string): RemoteRecord {
  const isOver = ({ hash, revision, retried }: RolledBackConfig) => retried && retry !== hash && retry !== revision;
  if (!record.rolledBack.some(isOver)) return record;
  return {
    ...record,
    rolledBack: record.rolledBack.map((each) => (isOver(each) ? { ...each, retried: false } : each)),
  };
}
