import type { Component } from "../api/labels.ts";

/** A remote configuration that the guard took. */
export interface AcceptedConfig {
  /** `hashOf` what the platform sent. */
  readonly hash: string;
  /** The collector's configuration as the guard made it of what was sent. */
  readonly text: string;
}

/** A remote configuration that the guard refused. */
export interface RefusedConfig {
  readonly hash: string;
  /** Rule, path in the document and sentence of the first finding. */
  readonly rule: string;
  readonly path: string;
  readonly message: string;
  /** Milliseconds since the epoch. */
  readonly since: number;
}

/** A remote configuration that the guard took, and with which the agents didn't work. */
export interface RolledBackConfig {
  readonly hash: string;
  /** The revision that was made of it, and why that was taken back. */
  readonly revision: string;
  readonly reason: string;
  readonly message: string;
  /** Whether something else was changed with it, so that nobody can know which of the two was at fault. */
  readonly together: boolean;
  /** From when on it counted, until it failed. Milliseconds since the epoch. */
  readonly since: number;
  /** Whether the retry annotation named it when it failed: only a new one tries it again. */
  readonly retried: boolean;
}

/** A remote configuration that counts, or waits to, and since when. */
export type CountingConfig = AcceptedConfig & { readonly since: number };

/**
 * What the platform wants of one component and what became of it: everything that must outlive the process, for the platform may
 * give an answer once only. Times are milliseconds since the epoch, of whole seconds.
 */
export interface RemoteRecord {
  /** The one that counts where the spec gives none. */
  readonly accepted: CountingConfig | null;
  /** The last one that was proved, which counts again where a newer one fails; null where that is the default. */
  readonly proved: CountingConfig | null;
  /** A newer one that waits until `remoteConfig.minInterval` is over. */
  readonly waiting: CountingConfig | null;
  /** When a restart that the platform asked for began last. It is part of what pods are made of. */
  readonly restartedAt: number | null;
  /** Whether another one waits for `remoteConfig.minInterval`. */
  readonly restartWaits: boolean;
  /** The newest first; none of them is tried again by itself. */
  readonly refused: readonly RefusedConfig[];
  /** The newest refused document as YAML, for a person to read and for a retry; null where it was too large to keep. */
  readonly refusedText: string | null;
  /** Those that were taken back, the newest first; none of them is tried again by itself. */
  readonly rolledBack: readonly RolledBackConfig[];
  /** The newest of them, for a retry; null once another one was accepted. */
  readonly rolledBackText: string | null;
  /** Hash of the configuration that the platform sent last; empty where it has sent none. */
  readonly heard: string;
  /** What the last answer asked for, empty for nothing: the same one again and again is one wish and not many. */
  readonly asked: string;
  /** The retry that was done last, so that an annotation which stays is obeyed once. */
  readonly retried: string;
}

/** A component about which the platform has said nothing. */
export const NO_RECORD: RemoteRecord = {
  accepted: null,
  proved: null,
  waiting: null,
  restartedAt: null,
  restartWaits: false,
  refused: [],
  refusedText: null,
  rolledBack: [],
  rolledBackText: null,
  heard: "",
  asked: "",
  retried: "",
};

/** One for each component. */
export type RemoteRecords = Readonly<Record<Component, RemoteRecord>>;

/** Before the platform has sent anything. */
export const NO_RECORDS: RemoteRecords = { "node-agent": NO_RECORD, "cluster-agent": NO_RECORD };

/** Both components, in the order in which they are told of. */
export const COMPONENTS = ["node-agent", "cluster-agent"] as const satisfies readonly Component[];
