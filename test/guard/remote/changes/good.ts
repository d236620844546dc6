import type { Change } from "../change.ts";

/** One more setting of the node agents' exporter. */
const exporterWith = (name: string, line: string): Change => [
  `an exporter with ${name}`,
  "    headers:\n",
  `    ${line}\n    headers:\n`,
];

/** Changes of the vendor's default of the node agents after which it is as good as before. */
export const GOOD: readonly Change[] = [
  ["the short form of a variable", "${env:KM_COLLECTOR_ENDPOINT}", "${KM_COLLECTOR_ENDPOINT}"],
  [
    "a path after the endpoint's variable",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}/otlp",
  ],
  [
    "the endpoint's host in capitals",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    "endpoint: https://OTEL.example.com:4318",
  ],
  [
    "another port of the endpoint's host",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    "endpoint: https://otel.example.com",
  ],
  ["an address that is allowed", "endpoint: ${env:KM_COLLECTOR_ENDPOINT}", "endpoint: https://10.1.2.3:4318"],
  [
    "an address of IPv6 in another spelling",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    'endpoint: "https://[fd12:0:0::0001]:4318"',
  ],
  [
    "an allowed address as IPv4-mapped IPv6",
    "endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
    'endpoint: "https://[::ffff:10.1.2.3]:4318"',
  ],
  ["a whole number that came through floating point", "send_batch_size: 10000", "send_batch_size: 1.0e+04"],
  [
    "kubelet by the node's address",
    "endpoint: ${env:KM_NODE_NAME}:10250",
    "endpoint: https://${env:KM_NODE_HOST_IP}:10250",
  ],
  [
    "braces around plain words",
    "include: [/var/log/pods/*/*/*.log]",
    'include: ["/var/log/pods/{shop,web}_*/**/*.{log,txt}"]',
  ],
  [
    "an attribute that is called env",
    "parse_from: attributes.level, if: attributes.level != nil",
    "parse_from: attributes.level, if: 'attributes.env != nil && attributes[\"env\"] != 1'",
  ],
  ["a dollar sign at the end of a pattern", '"^[0-9]{4}-[0-9]{2}-[0-9]{2}|^{"', '"x$"'],
  ["a batch that doesn't wait", "timeout: 10s", "timeout: 0s"],
  ["a batch that waits as long as the collector's own", "timeout: 10s", "timeout: 200ms"],
  ["0 without a unit", "timeout: 10s", "timeout: 0"],
  exporterWith("no limit of time, as numbers", "timeout: 0\n    retry_on_failure: { max_elapsed_time: 0 }"),
  exporterWith("batches that count as the collector's own", "sending_queue: { batch: {} }"),
  exporterWith(
    "batches that count as their queue",
    "sending_queue: { sizer: bytes, queue_size: 1000000, batch: { min_size: 10000 } }",
  ),
  exporterWith(
    "a queue of requests whose batches count items",
    "sending_queue: { sizer: requests, batch: { sizer: items } }",
  ),
  exporterWith(
    "a queue whose batches count in another way",
    "sending_queue: { sizer: items, queue_size: 100, batch: { sizer: bytes } }",
  ),
  exporterWith("no pings", "http2_read_idle_timeout: 0"),
  exporterWith("a ping each second", "http2_read_idle_timeout: 1s"),
  [
    "logs that are retried as the collector does it by itself",
    "poll_interval: 10s",
    "poll_interval: 10s\n    retry_on_failure: { enabled: true, initial_interval: 1s, max_interval: 30s, max_elapsed_time: 0 }",
  ],
  [
    "series that are kept for a day",
    "cumulativetodelta: { include",
    "cumulativetodelta: { max_staleness: 24h, include",
  ],
  ["series that are kept for ever", "cumulativetodelta: { include", "cumulativetodelta: { max_staleness: 0, include"],
  ["its host detected once", "detectors: [env, system]", "detectors: [env, system], refresh_interval: 0"],
  ["a component that is defined and not used", "processors:\n", "processors:\n  batch/unused: {}\n"],
  ["no health endpoint, for it is added", "extensions: [health_check]", "extensions: []"],
  [
    "what it says of the collector's own telemetry",
    "service:\n",
    "service:\n  telemetry: { metrics: { readers: [{ periodic: { exporter: { otlp: { endpoint: 'http://evil' } } } }] } }\n",
  ],
];
