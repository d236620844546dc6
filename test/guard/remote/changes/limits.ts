import type { Refusals } from "../change.ts";
import { exporterWith } from "../change.ts";

/** Queues, batches, intervals and paths without a bound, and bounds that contradict each other. */
export const LIMITS: Refusals = {
  rule: "limits",
  node: [
    [
      "a recombination without bound",
      "combine_field: body,",
      "combine_field: body, max_batch_size: 1000000,",
      "receivers.filelog/containers.operators[1].max_batch_size",
    ],
    exporterWith("a queue without bound", "sending_queue: { queue_size: 100000 }", "sending_queue.queue_size"),
    exporterWith(
      "a queue of too many bytes",
      "sending_queue: { sizer: bytes, queue_size: 1000000000 }",
      "sending_queue.queue_size",
    ),
    exporterWith("a thousand consumers", "sending_queue: { num_consumers: 1000 }", "sending_queue.num_consumers"),
    exporterWith("a time limit of a year", "timeout: 9000h", "timeout"),
    exporterWith(
      "retries a hundred times a second",
      "retry_on_failure: { initial_interval: 10ms }",
      "retry_on_failure.initial_interval",
    ),
    [
      "scrapes a hundred times a second",
      "collection_interval: 60s",
      "collection_interval: 10ms",
      "receivers.hostmetrics.collection_interval",
    ],
    [
      "logs looked for all the time",
      "poll_interval: 10s",
      "poll_interval: 1ms",
      "receivers.filelog/containers.poll_interval",
    ],
    [
      "log lines of a gigabyte",
      "max_log_size: 1MiB",
      "max_log_size: 1GiB",
      "receivers.filelog/containers.max_log_size",
    ],
    [
      "a batch of a billion",
      "send_batch_size: 10000",
      "send_batch_size: 1000000000",
      "processors.batch.send_batch_size",
    ],
    [
      "a batch beyond all integers",
      "send_batch_size: 10000",
      "send_batch_size: 18446744073709551615",
      "processors.batch.send_batch_size",
    ],
    [
      "a batch smaller than it waits for",
      "send_batch_size: 10000",
      "send_batch_size: 10000, send_batch_max_size: 10",
      "processors.batch.send_batch_max_size",
    ],
    ["a batch that waits a day", "timeout: 10s", "timeout: 24h", "processors.batch.timeout"],
    ["a batch that waits a nanosecond", "timeout: 10s", "timeout: 1ns", "processors.batch.timeout"],
    ["a batch that hardly waits", "timeout: 10s", "timeout: 99ms", "processors.batch.timeout"],
    ...["initial_interval", "max_interval"].map(
      (key) =>
        [
          `logs whose ${key} of retries is a nanosecond`,
          "poll_interval: 10s",
          `poll_interval: 10s\n    retry_on_failure: { enabled: true, ${key}: 1ns }`,
          `receivers.filelog/containers.retry_on_failure.${key}`,
        ] as const,
    ),
    exporterWith("a ping each nanosecond", "http2_read_idle_timeout: 1ns", "http2_read_idle_timeout"),
    exporterWith("a ping ten times a second", "http2_read_idle_timeout: 100ms", "http2_read_idle_timeout"),
    exporterWith(
      "batches that are flushed a thousand times a second",
      "sending_queue: { batch: { sizer: items, flush_timeout: 1ms } }",
      "sending_queue.batch.flush_timeout",
    ),
    exporterWith(
      "retries that end before the first",
      "retry_on_failure: { initial_interval: 10s, max_interval: 10s, max_elapsed_time: 5s }",
      "retry_on_failure.max_elapsed_time",
    ),
    [
      "stale series looked for each nanosecond",
      "cumulativetodelta: { include",
      "cumulativetodelta: { max_staleness: 1ns, include",
      "processors.cumulativetodelta.max_staleness",
    ],
    ["its host detected without end", "timeout: 5s }", "timeout: 0s }", "processors.resourcedetection.timeout"],
    [
      "its host detected each nanosecond",
      "detectors: [env, system]",
      "detectors: [env, system], refresh_interval: 1ns",
      "processors.resourcedetection.refresh_interval",
    ],
    [
      "no time between scrapes",
      "collection_interval: 60s",
      "collection_interval: 0",
      "receivers.hostmetrics.collection_interval",
    ],
    [
      "entities told of each nanosecond",
      "collection_interval: 60s",
      "metadata_collection_interval: 1ns",
      "receivers.hostmetrics.metadata_collection_interval",
    ],
    [
      "a retry that ends before it begins",
      "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
      'endpoint: "${env:KM_COLLECTOR_ENDPOINT}"\n    retry_on_failure: { max_elapsed_time: 10s }',
      "exporters.otlphttp.retry_on_failure.max_elapsed_time",
    ],
    [
      "a level that its compression doesn't have",
      "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
      'endpoint: "${env:KM_COLLECTOR_ENDPOINT}"\n    compression_params: { level: 11 }',
      "exporters.otlphttp.compression_params.level",
    ],
    [
      "a batch larger than its queue",
      "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
      'endpoint: "${env:KM_COLLECTOR_ENDPOINT}"\n    sending_queue: { sizer: items, queue_size: 100, batch: { sizer: items } }',
      "exporters.otlphttp.sending_queue.batch.min_size",
    ],
    exporterWith(
      "a batch larger than a queue whose way to count it takes over",
      "sending_queue: { sizer: items, queue_size: 100, batch: { flush_timeout: 1s } }",
      "sending_queue.batch.min_size",
    ),
    exporterWith(
      "a batch larger than the queue of the collector's own size",
      "sending_queue: { sizer: items, batch: {} }",
      "sending_queue.batch.min_size",
    ),
    [
      "a path of many groups of alternatives",
      "include: [/var/log/pods/*/*/*.log]",
      'include: ["/var/log/pods/{a,b}{a,b}{a,b}{a,b}{a,b}*"]',
      "receivers.filelog/containers.include[0]",
    ],
    [
      "a path of many depths",
      "include: [/var/log/pods/*/*/*.log]",
      'include: ["/var/log/pods/**/a/**/b/**/c"]',
      "receivers.filelog/containers.include[0]",
    ],
    [
      "a path left out by many groups of alternatives",
      '"/**/*.gz"',
      `"${"{a,b}".repeat(50)}"`,
      "receivers.filelog/containers.exclude[0]",
    ],
  ],
  gateway: [
    [
      "a scrape a hundred times a second",
      "scrape_interval: 30s",
      "scrape_interval: 10ms",
      "receivers.prometheus.config.global.scrape_interval",
    ],
    [
      "a limiter at all memory",
      "limit_percentage: 80",
      "limit_percentage: 100",
      "processors.memory_limiter.limit_percentage",
    ],
    [
      "a limiter that looks all the time",
      "check_interval: 1s",
      "check_interval: 1ms",
      "processors.memory_limiter.check_interval",
    ],
    [
      "a limiter that looks once a day",
      "check_interval: 1s",
      "check_interval: 24h",
      "processors.memory_limiter.check_interval",
    ],
    [
      "a limiter that looks every eleven seconds",
      "check_interval: 1s",
      "check_interval: 11s",
      "processors.memory_limiter.check_interval",
    ],
    [
      "a limiter beyond the container's memory",
      "limit_percentage: 80, spike_limit_percentage: 20",
      "limit_mib: 65536",
      "processors.memory_limiter.limit_mib",
    ],
    [
      "a limiter at all of the container's memory",
      "limit_percentage: 80, spike_limit_percentage: 20",
      "limit_mib: 487",
      "processors.memory_limiter.limit_mib",
    ],
    [
      "a limiter whose spike is its limit",
      "spike_limit_percentage: 20",
      "spike_limit_percentage: 80",
      "processors.memory_limiter.spike_limit_percentage",
    ],
    [
      "a limiter that collects less often beyond its hard limit",
      "check_interval: 1s",
      "check_interval: 1s, min_gc_interval_when_soft_limited: 0, min_gc_interval_when_hard_limited: 1s",
      "processors.memory_limiter.min_gc_interval_when_soft_limited",
    ],
    ...["time", "max_connection_age", "max_connection_idle"].map(
      (key) =>
        [
          `connections with a ${key} of a nanosecond`,
          'grpc: { endpoint: "0.0.0.0:4317" }',
          `grpc: { keepalive: { server_parameters: { ${key}: 1ns } } }`,
          `receivers.otlp.protocols.grpc.keepalive.server_parameters.${key}`,
        ] as const,
    ),
    [
      "a ping of gRPC each nanosecond",
      'tls: { insecure: false, min_version: "1.2" }',
      "keepalive: { time: 1ns }",
      "exporters.otlp/gateway.keepalive.time",
    ],
    [
      "a check of pipelines each nanosecond",
      'health_check: { endpoint: "0.0.0.0:13133" }',
      'health_check: { endpoint: "0.0.0.0:13133", check_collector_pipeline: { interval: 1ns } }',
      "extensions.health_check.check_collector_pipeline.interval",
    ],
    [
      "too many dimensions",
      "dimensions: [{ name: http.method, default: GET }]",
      `dimensions: [${Array.from({ length: 17 }, (_, i) => `{ name: a${i} }`).join(", ")}]`,
      "connectors.spanmetrics.dimensions",
    ],
    [
      "a cache without bound",
      "metrics_flush_interval: 15s",
      "dimensions_cache_size: 100000000",
      "connectors.spanmetrics.dimensions_cache_size",
    ],
    [
      "a flush a hundred times a second",
      "metrics_flush_interval: 15s",
      "metrics_flush_interval: 10ms",
      "connectors.spanmetrics.metrics_flush_interval",
    ],
    [
      "a scrape that may take longer than the time between two",
      "scrape_interval: 30s",
      "scrape_interval: 30s, scrape_timeout: 40s",
      "receivers.prometheus.config.global.scrape_timeout",
    ],
  ],
  cluster: [
    ["an inventory every moment", "interval: 24h", "interval: 1ms", "receivers.k8sobjects/1.objects[0].interval"],
  ],
};
