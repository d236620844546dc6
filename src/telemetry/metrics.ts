import { Counter, Gauge, Histogram, Registry } from "prom-client";
import { METRICS } from "./metric-table.ts";
import type { LabelsOf, MetricDefinition, MetricName, MetricNameOf, ScopeOf } from "./metric-table.ts";

/** One series of a gauge. */
interface Series<N extends MetricName> {
  readonly labels: LabelsOf<N>;
  readonly value: number;
}

/** Where rooms count and measure. Names and labels are checked against the table by the compiler. */
export interface Metrics {
  /** Adds `by` (1 where not given) to a counter. */
  add<N extends MetricNameOf<"counter">>(name: N, labels: LabelsOf<N>, by?: number): void;
  /** Sets one series of a gauge. */
  set<N extends MetricNameOf<"gauge">>(name: N, labels: LabelsOf<N>, value: number): void;
  /** Adds one observation to a histogram; none has labels as yet. */
  observe(name: MetricNameOf<"histogram">, seconds: number): void;
  /** Makes `series` the only ones of a gauge among those whose labels match `scope`: what went away vanishes. */
  replace<N extends MetricNameOf<"gauge">>(name: N, scope: ScopeOf<N>, series: readonly Series<N>[]): void;
  /** Calls `read` before each rendering, for values that needn't be kept current. */
  onScrape(read: () => void): void;
  /** All metrics in Prometheus' text format. */
  render(): Promise<string>;
}

/** Content type of what `render` gives. */
export const METRICS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

/** A registry of its own with every metric of the table in it; those without labels start at zero. */
export function createMetrics(versions: { readonly operator: string }): Metrics {
  const registry = new Registry();
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  const live = new Map<string, Map<string, Readonly<Record<string, string>>>>();
  const scrapes: (() => void)[] = [];

  for (const [name, definition] of Object.entries<MetricDefinition>(METRICS)) {
    const settings = { name, help: definition.help, labelNames: [...definition.labels], registers: [registry] };
    if (definition.type === "counter") counters.set(name, new Counter(settings));
    else if (definition.type === "gauge") gauges.set(name, new Gauge(settings));
    else histograms.set(name, new Histogram({ ...settings, buckets: [...(definition.buckets ?? [])] }));
  }

  const set = (name: MetricName, labels: Readonly<Record<string, string>>, value: number) => {
    seriesOf(live, name).set(seriesKey(name, labels), labels);
    of(gauges, name).set(labels, value);
  };
  const metrics: Metrics = {
    add: (name, labels, by = 1) => of(counters, name).inc(labels, by),
    set,
    observe: (name, seconds) => of(histograms, name).observe(seconds),
    replace: (name, scope, series) => {
      const wanted = new Set(series.map(({ labels }) => seriesKey(name, labels)));
      const known = seriesOf(live, name);
      for (const [key, labels] of known) {
        if (wanted.has(key) || !matches(labels, scope)) continue;
        of(gauges, name).remove(labels);
        known.delete(key);
      }
      for (const { labels, value } of series) set(name, labels, value);
    },
    onScrape: (read) => void scrapes.push(read),
    render: async () => {
      for (const read of scrapes) read();
      return registry.metrics();
    },
  };
  metrics.set("kmagent_operator_build_info", { version: versions.operator, node_version: process.version }, 1);
  metrics.onScrape(processReader(metrics));
  return metrics;
}

/** Reads the process' own figures; cheap, and only when somebody asks. */
function processReader(metrics: Metrics): () => void {
  let last = performance.eventLoopUtilization();
  let spent = 0;
  return () => {
    const { user, system } = process.cpuUsage();
    const memory = process.memoryUsage();
    const current = performance.eventLoopUtilization();
    const seconds = (user + system) / 1e6;
    metrics.add("process_cpu_seconds_total", {}, seconds - spent);
    spent = seconds;
    metrics.set("process_resident_memory_bytes", {}, memory.rss);
    metrics.set("process_start_time_seconds", {}, performance.timeOrigin / 1000);
    metrics.set("nodejs_heap_size_used_bytes", {}, memory.heapUsed);
    metrics.set("nodejs_eventloop_utilization", {}, performance.eventLoopUtilization(current, last).utilization);
    last = current;
  };
}

const seriesKey = (name: MetricName, labels: Readonly<Record<string, string>>) =>
  METRICS[name].labels.map((label) => labels[label]).join("\u0000");

function seriesOf<T>(live: Map<string, Map<string, T>>, name: string): Map<string, T> {
  const known = live.get(name) ?? new Map<string, T>();
  live.set(name, known);
  return known;
}

const matches = (labels: Readonly<Record<string, string>>, scope: Readonly<Record<string, string | undefined>>) =>
  Object.entries(scope).every(([key, value]) => labels[key] === value);

function of<T>(all: ReadonlyMap<string, T>, name: string): T {
  const metric = all.get(name);
  if (metric === undefined) throw new TypeError(`no metric ${name} of this type`);
  return metric;
}
