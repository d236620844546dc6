import type { Refusals } from "../change.ts";

/** Components in a pipeline of a signal that they don't carry. */
export const SIGNALS: Refusals = {
  rule: "signals",
  node: [
    [
      "logs in a pipeline of metrics",
      "metrics/kubeletstats: { receivers: [kubeletstats]",
      "metrics/kubeletstats: { receivers: [filelog/containers]",
      "service.pipelines.metrics/kubeletstats.receivers[0]",
    ],
    [
      "a processor of metrics in a pipeline of logs",
      "processors: [groupbyattrs/filelog,",
      "processors: [deltatorate, groupbyattrs/filelog,",
      "service.pipelines.logs/containers.processors[1]",
    ],
  ],
  gateway: [
    [
      "metrics made of metrics by a connector of traces",
      "receivers: [filelog], processors: [memory_limiter, batch], exporters: [otlphttp/own, debug]",
      "receivers: [filelog], processors: [memory_limiter, batch], exporters: [otlphttp/own, debug, spanmetrics]",
      "service.pipelines.logs.exporters[2]",
    ],
  ],
};
