import { duration, flag, interval, list, mapOf, oneOf, record, scalar, text, timeout, whole } from "../shape.ts";
import type { Shape } from "../shape.ts";
import { errorMode } from "./error-mode.ts";

const telemetryName = text(256);
/** Each dimension multiplies the number of series. */
const dimensions = list(record({ name: telemetryName, default: scalar }, { required: ["name"] }), 16);
const names = list(telemetryName, 32);
const unit = oneOf("ms", "s");
const cacheSize = whole(1, 100_000);
const pipelines = list(text(256), 32);
const counted = mapOf(
  record({
    description: text(),
    conditions: list(text(4_096), 64),
    attributes: list(record({ key: telemetryName, default_value: scalar }, { required: ["key"] }), 16),
  }),
  64,
);

/** Connectors that a remote configuration may use. */
export const CONNECTORS: Readonly<Record<string, Shape>> = {
  forward: record({}),
  spanmetrics: record({
    histogram: record({
      disable: flag,
      unit,
      dimensions,
      explicit: record({ buckets: list(duration(0, 86_400), 64) }),
      exponential: record({ max_size: whole(1, 1_024) }),
    }),
    dimensions,
    calls_dimensions: dimensions,
    exclude_dimensions: names,
    dimensions_cache_size: cacheSize,
    resource_metrics_cache_size: cacheSize,
    resource_metrics_key_attributes: names,
    aggregation_temporality: oneOf("AGGREGATION_TEMPORALITY_CUMULATIVE", "AGGREGATION_TEMPORALITY_DELTA"),
    aggregation_cardinality_limit: whole(0, 100_000),
    metrics_flush_interval: interval,
    metrics_expiration: timeout,
    metric_timestamp_cache_size: cacheSize,
    namespace: telemetryName,
    exemplars: record({ enabled: flag, max_per_data_point: whole(1, 100) }),
    events: record({ enabled: flag, dimensions }),
    include_instrumentation_scope: names,
  }),
  count: record({
    spans: counted,
    spanevents: counted,
    metrics: counted,
    datapoints: counted,
    logs: counted,
  }),
  routing: record({
    default_pipelines: pipelines,
    error_mode: errorMode,
    match_once: flag,
    table: list(
      record({
        context: oneOf("resource", "span", "metric", "datapoint", "log", "request"),
        condition: text(4_096),
        statement: text(4_096),
        action: oneOf("move", "copy"),
        pipelines,
      }),
      64,
    ),
  }),
};
