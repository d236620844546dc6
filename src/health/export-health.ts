/** The three kinds of telemetry, as a pipeline names them. */
type Signal = "metrics" | "logs" | "traces";

/**
 * A collector's own counters of one exporter and signal. The sums since the process began; a counter that the collector
 * doesn't show yet is 0: it shows `sent` and `send_failed` only after the first of their kind.
 */
export interface ExporterSample {
  readonly exporter: string;
  readonly signal: Signal;
  readonly sent: number;
  readonly failed: number;
  /** Batches that wait or are on their way: the greater of the queue's size and the requests in flight. */
  readonly pending: number;
}

/** One reading of a collector's counters. */
export interface CounterSample {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** What all receivers have accepted, by signal. */
  readonly accepted: Readonly<Partial<Record<Signal, number>>>;
  readonly exporters: readonly ExporterSample[];
}

/**
 * Whether a collector delivers what it receives.
 * - `Flowing`: something was sent.
 * - `Failing`: nothing was sent, though there was something to send.
 * - `Idle`: there was nothing to send.
 * - `Unknown`: nobody can say yet.
 */
export type ExportState = "Flowing" | "Failing" | "Idle" | "Unknown";

/** The verdict on one collector. */
export interface ExportHealth {
  readonly state: ExportState;
  /** Exporters with their signal that fail, such as `otlphttp (metrics)`, sorted. */
  readonly failing: readonly string[];
}

/** The verdict on a fleet: how many nodes are in each state, and who fails. */
export interface FleetExports {
  readonly flowing: number;
  readonly failing: number;
  readonly idle: number;
  /** Nodes whose exports fail, sorted. */
  readonly failingNodes: readonly string[];
  /** Their exporters, sorted. */
  readonly failingExporters: readonly string[];
}

/**
 * How long `sent` must stand still before that means something, milliseconds: more than a scrape and a batch's timeout.
 * The collector's own `send_failed` comes only after its retries end, five minutes by default.
 */
const STANDSTILL_MS = 20_000;

/** The exporter that writes to the collector's own log; it delivers nothing to anybody. */
const DEBUG_EXPORTER = /^(debug|logging)(\/|$)/;

/** The counters of a process that has just begun: what a canary's first reading is compared with. */
export function startOfRun(at: number): CounterSample {
  return { at, accepted: {}, exporters: [] };
}

/**
 * Compares two readings of the same pod. Each exporter is judged for itself, for one endpoint can take what another
 * refuses; one that fails decides. A counter that fell tells of a new process, whose counts began at 0.
 */
export function exportHealth(earlier: CounterSample | null, later: CounterSample): ExportHealth {
  if (earlier === null) return { state: "Unknown", failing: [] };
  const verdicts = later.exporters
    .filter(({ exporter }) => !DEBUG_EXPORTER.test(exporter))
    .map((sample) => ({ sample, state: exporterState(sample, earlier, later) }));
  const failing = verdicts
    .filter(({ state }) => state === "Failing")
    .map(({ sample }) => `${sample.exporter} (${sample.signal})`)
    .sort();
  const has = (state: ExportState) => verdicts.some((verdict) => verdict.state === state);
  if (failing.length > 0) return { state: "Failing", failing };
  if (has("Flowing")) return { state: "Flowing", failing };
  return { state: has("Unknown") || verdicts.length === 0 ? "Unknown" : "Idle", failing };
}

function exporterState(now: ExporterSample, earlier: CounterSample, later: CounterSample): ExportState {
  const before = earlier.exporters.find(({ exporter, signal }) => exporter === now.exporter && signal === now.signal);
  if (grown(before?.sent, now.sent) > 0) return "Flowing";
  if (grown(before?.failed, now.failed) > 0) return "Failing";
  const isLong = later.at - earlier.at >= STANDSTILL_MS;
  // Pending in both readings: in one alone it may be a batch that has just come.
  if (now.pending > 0) return isLong && (before?.pending ?? 0) > 0 ? "Failing" : "Unknown";
  if (isLong) return "Idle";
  return grown(earlier.accepted[now.signal], later.accepted[now.signal] ?? 0) > 0 ? "Unknown" : "Idle";
}

/** How much a counter grew; after a restart of the process, all that it shows. */
function grown(before: number | undefined, now: number): number {
  return before === undefined || now < before ? now : now - before;
}

/** Sums up the nodes. Those of which nothing is known count nowhere. */
export function fleetExports(nodes: ReadonlyMap<string, ExportHealth>): FleetExports {
  const count = (state: ExportState) =>
    nodes.values().reduce((sum, health) => sum + (health.state === state ? 1 : 0), 0);
  const failing = [...nodes].filter(([, { state }]) => state === "Failing");
  return {
    flowing: count("Flowing"),
    failing: failing.length,
    idle: count("Idle"),
    failingNodes: failing.map(([node]) => node).sort(),
    failingExporters: [...new Set(failing.flatMap(([, health]) => health.failing))].sort(),
  };
}
