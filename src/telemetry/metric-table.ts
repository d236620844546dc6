/** One metric: what Prometheus gets to know about it. */
export interface MetricDefinition {
  readonly type: "gauge" | "counter" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, in seconds. */
  readonly buckets?: readonly number[];
}

const FAST = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30] as const;

/**
 * Every metric of the operator. `kmagent_*` speaks of the fleets, `kmagent_operator_*` of the operator itself, `process_*` and
 * `nodejs_*` of its process. `docs/reference/metrics.md` is generated from this table.
 */
export const METRICS = {
  kmagent_nodes: {
    type: "gauge",
    help: "Nodes by state: healthy, unhealthy, updating, starting, leaving, notReady, uncovered, excluded.",
    labels: ["namespace", "name", "state"],
  },
  kmagent_node_status: {
    type: "gauge",
    help: "1 for each node that is unhealthy or has no agent, with the reason; with --all-node-metrics for every node.",
    labels: ["namespace", "name", "node", "state", "reason"],
  },
  kmagent_node_exports: {
    type: "gauge",
    help: "Nodes whose collector runs, by what its own counters say of its exports: Flowing, Failing, Idle, Unknown.",
    labels: ["namespace", "name", "state"],
  },
  kmagent_failing_exporter: {
    type: "gauge",
    help: "Nodes on which an exporter fails, by its name in the collector's configuration and its signal.",
    labels: ["namespace", "name", "exporter"],
  },
  kmagent_condition: {
    type: "gauge",
    help: "1 for the present status (True, False or Unknown) and reason of each condition.",
    labels: ["namespace", "name", "type", "status", "reason"],
  },
  kmagent_rollout_phase: {
    type: "gauge",
    help: "1 for the phase that the rollout is in.",
    labels: ["namespace", "name", "phase"],
  },
  kmagent_probes_total: {
    type: "counter",
    help: "Probes of collectors by outcome: ok, status, redirect, timeout, refused, unreachable, tooLarge, garbage, and discarded for those that failed on the operator's own side.",
    labels: ["outcome"],
  },
  kmagent_probe_duration_seconds: {
    type: "histogram",
    help: "Time from connecting to a collector to its whole answer, for probes that were answered.",
    labels: [],
    buckets: FAST,
  },
  kmagent_counter_readings_total: {
    type: "counter",
    help: "Readings of collectors' own counters, by ok or the code of the error that ended them.",
    labels: ["code"],
  },
  kmagent_operator_reconciles_total: {
    type: "counter",
    help: "Passes over a KmAgent, by ok or the code of the error that ended it.",
    labels: ["code"],
  },
  kmagent_operator_reconcile_duration_seconds: {
    type: "histogram",
    help: "Duration of one pass over a KmAgent.",
    labels: [],
    buckets: FAST,
  },
  kmagent_operator_queue_depth: {
    type: "gauge",
    help: "KmAgents that wait for a pass.",
    labels: [],
  },
  kmagent_operator_reflector_lists_total: {
    type: "counter",
    help: "Complete lists of a resource read from the API server.",
    labels: ["resource"],
  },
  kmagent_operator_reflector_watches_total: {
    type: "counter",
    help: "Watches of a resource opened.",
    labels: ["resource"],
  },
  kmagent_operator_reflector_errors_total: {
    type: "counter",
    help: "Lists and watches of a resource that failed, by code.",
    labels: ["resource", "code"],
  },
  kmagent_operator_reflector_objects: {
    type: "gauge",
    help: "Objects of a resource held in memory.",
    labels: ["resource"],
  },
  kmagent_operator_reflector_last_event_timestamp_seconds: {
    type: "gauge",
    help: "When something of a resource was heard last, a bookmark included.",
    labels: ["resource"],
  },
  kmagent_operator_api_writes_total: {
    type: "counter",
    help: "Writes of objects and statuses to the API server by verb (create, apply, patch, delete), resource, and ok or the error's code; dry runs aren't counted.",
    labels: ["verb", "resource", "code"],
  },
  kmagent_operator_platform_reports_total: {
    type: "counter",
    help: "Calls to the platform by kind (node, checkIn) and outcome.",
    labels: ["kind", "outcome"],
  },
  kmagent_operator_platform_queue: {
    type: "gauge",
    help: "Nodes whose newest state waits to be reported.",
    labels: [],
  },
  kmagent_operator_remote_configs_total: {
    type: "counter",
    help: "Configurations that the platform sent, by component, by verdict (accepted, kept, waits, refused, rolledBack, same, ignored) and by the rule that refused them.",
    labels: ["component", "verdict", "rule"],
  },
  kmagent_operator_events_dropped_total: {
    type: "counter",
    help: "Events that were not written, because of the rate limit or the API server.",
    labels: [],
  },
  kmagent_operator_leader: {
    type: "gauge",
    help: "1 while this process holds the lease, else 0.",
    labels: [],
  },
  kmagent_operator_build_info: {
    type: "gauge",
    help: "1, with the versions of the operator and of Node.js.",
    labels: ["version", "node_version"],
  },
  process_cpu_seconds_total: { type: "counter", help: "User and system CPU time spent, in seconds.", labels: [] },
  process_resident_memory_bytes: { type: "gauge", help: "Resident memory, in bytes.", labels: [] },
  process_start_time_seconds: { type: "gauge", help: "Start of the process, in seconds since the epoch.", labels: [] },
  nodejs_heap_size_used_bytes: { type: "gauge", help: "Used part of V8's heap, in bytes.", labels: [] },
  nodejs_eventloop_utilization: {
    type: "gauge",
    help: "Share of the time since the last scrape that the event loop was busy, from 0 to 1.",
    labels: [],
  },
} as const satisfies Record<string, MetricDefinition>;

/** The table's type, from which names and labels are checked at every use. */
type MetricTable = typeof METRICS;
/** Name of any metric. */
export type MetricName = keyof MetricTable;
/** Names of the metrics of one type. */
export type MetricNameOf<T extends MetricDefinition["type"]> = {
  [N in MetricName]: MetricTable[N]["type"] extends T ? N : never;
}[MetricName];
/** The labels that a metric must be given, all of them. */
export type LabelsOf<N extends MetricName> = Readonly<Record<MetricTable[N]["labels"][number], string>>;
/** Some of the labels of a metric: those series that carry them are meant. */
export type ScopeOf<N extends MetricName> = Readonly<Partial<Record<MetricTable[N]["labels"][number], string>>>;
