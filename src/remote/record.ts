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

/**
 * What the platform wants of one component and what became of it: everything that must outlive the process, for the platform may
 * give an answer once only. Times are milliseconds since the epoch, of whole seconds.
 */
export interface RemoteRecord {
  /** The one that counts where the spec gives none. */
  readonly accepted: (AcceptedConfig & { readonly since: number }) | null;
  /** A newer one that waits until `remoteConfig.minInterval` is over. */
  readonly waiting: AcceptedConfig | null;
  /** When a restart that the platform asked for began last. It is part of what pods are made of. */
  readonly restartedAt: number | null;
  /** Whether another one waits for `remoteConfig.minInterval`. */
  readonly restartWaits: boolean;
  /** The newest first; none of them is tried again by itself. */
  readonly refused: readonly RefusedConfig[];
  /** The newest refused document as YAML, for a person to read and for a retry; null where it was too large to keep. */
  readonly refusedText: string | null;
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
  waiting: null,
  restartedAt: null,
  restartWaits: false,
  refused: [],
  refusedText: null,
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
