/** The three kinds of telemetry, as a pipeline names them. */
export type Signal = "metrics" | "logs" | "traces";

/**
 * A collector's own counters of one exporter and signal: sums since its process began. A counter that isn't shown is 0: the
 * collector shows `sent` and `send_failed` only after the first of their kind.
 */
export interface ExporterReading {
  /** Its id in the configuration, such as `otlphttp/second`. */
  readonly exporter: string;
  readonly signal: Signal;
  /** Items delivered. */
  readonly sent: number;
  /** Items lost: given up after the last retry, or refused by a full queue. */
  readonly failed: number;
  /** What waits or is on its way, in whatever unit the queue counts; only 0 or more means anything. */
  readonly pending: number;
}

/** One reading of a collector's counters. */
export interface CounterReading {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** When the collector's process began, by its own uptime; `null` where it doesn't tell. */
  readonly startedAt: number | null;
  /** What all receivers have got, by signal, whether the pipeline took it from them or not. */
  readonly received: Readonly<Partial<Record<Signal, number>>>;
  readonly exporters: readonly ExporterReading[];
}
