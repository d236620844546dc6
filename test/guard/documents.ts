import { distributionOf } from "../../src/config/components.ts";
import { readDocument } from "../../src/config/document.ts";
import type { RemoteContext } from "../../src/config/guard/rule.ts";
import { judgeRemote } from "../../src/config/remote.ts";
import type { JudgedConfig } from "../../src/config/remote.ts";

/*
 * Documents that a remote configuration may be, from which the bad ones of the tests are one change away. The vendor's defaults
 * are rebuilt from what its collectors are known to be configured with; those of the OpenTelemetry pages have their shapes.
 */

/** What the tests' KmAgent allows. */
export const CONTEXT: RemoteContext = {
  component: "node-agent",
  distribution: distributionOf({ distribution: "kloudmate" }),
  agent: { namespace: "km-agent", name: "agents" },
  limits: {
    collectorEndpoint: "https://otel.example.com:4318",
    exporterHosts: ["gateway.example.com", "10.1.2.3", "fd12::1", "169.254.1.1"],
    receiverHosts: ["db.example.com", "10.1.2.4", "metadata.google.internal", "2852039166"],
    features: { logs: true, metrics: true, traces: true },
    memory: { "node-agent": 512 * 2 ** 20, "cluster-agent": null },
  },
};

/** Judges a text as the platform's. */
export function judgeText(text: string, change: Partial<RemoteContext> = {}): JudgedConfig {
  const reading = readDocument(text);
  return reading.ok ? judgeRemote(reading.document, { ...CONTEXT, ...change }) : reading;
}

/** The vendor's default of the node agents. */
export const VENDOR_NODE = `
exporters:
  otlphttp:
    endpoint: \${env:KM_COLLECTOR_ENDPOINT}
    headers:
      Authorization: \${env:KM_API_KEY}
extensions:
  health_check: { endpoint: "0.0.0.0:13133" }
receivers:
  hostmetrics:
    collection_interval: 60s
    scrapers: { cpu: {}, disk: {}, filesystem: {}, load: {}, memory: {}, network: {}, paging: {}, process: {}, processes: {}, system: {} }
  kubeletstats:
    collection_interval: 30s
    endpoint: \${env:KM_NODE_NAME}:10250
    auth_type: serviceAccount
    insecure_skip_verify: true
    metric_groups: [volume, node, pod, container]
    metrics:
      k8s.pod.cpu_limit_utilization: { enabled: true }
  filelog/containers:
    include: [/var/log/pods/*/*/*.log]
    exclude: ["/**/*.gz", "/var/log/pods/km-agent_*/**/*.log"]
    max_log_size: 1MiB
    poll_interval: 10s
    include_file_path: true
    operators:
      - { type: container, id: container-parser }
      - { type: recombine, combine_field: body, is_first_entry: 'body matches "^[0-9]{4}-[0-9]{2}-[0-9]{2}|^{"', source_identifier: 'attributes["log.file.path"]' }
      - { type: json_parser, if: 'body matches "^{.*}$"', parse_to: attributes }
      - { type: flatten, field: attributes.nested, if: attributes.nested != nil }
      - { type: time_parser, parse_from: attributes.time, layout: "%Y-%m-%dT%H:%M:%S", if: attributes.time != nil }
      - { type: severity_parser, parse_from: attributes.level, if: attributes.level != nil }
      - { type: trace_parser, trace_id: { parse_from: attributes.trace_id }, span_id: { parse_from: attributes.span_id } }
      - { type: add, field: attributes.level, value: info, if: attributes.level == nil }
processors:
  batch: { send_batch_size: 10000, timeout: 10s }
  k8sattributes:
    auth_type: serviceAccount
    passthrough: false
    filter: { node_from_env_var: KM_NODE_NAME }
    extract: { metadata: [k8s.pod.name, k8s.namespace.name], labels: [{ tag_name: app, key: app, from: pod }] }
    pod_association: [{ sources: [{ from: resource_attribute, name: k8s.pod.uid }] }]
  resource: { attributes: [{ key: host.id, from_attribute: k8s.node.uid, action: insert }, { key: k8s.cluster.name, value: "\${env:KM_CLUSTER_NAME}", action: insert }] }
  resource/hostmetrics: { attributes: [{ key: is.k8s.node, value: "yes", action: insert }] }
  resourcedetection: { detectors: [env, system], timeout: 5s }
  attributes/metrics: { actions: [{ key: cluster, value: "\${env:KM_CLUSTER_NAME}", action: insert }] }
  groupbyattrs/filelog: { keys: [k8s.pod.uid] }
  cumulativetodelta: { include: { metrics: [system.network.io], match_type: strict } }
  deltatorate: { metrics: [system.network.io] }
  metricstransform/system: { transforms: [{ include: "system\\\\.(.*)", match_type: regexp, action: insert, new_name: "host.$\${1}" }] }
  transform/ostype: { metric_statements: [{ context: resource, statements: ['set(attributes["os.type"], "linux")'] }] }
service:
  extensions: [health_check]
  pipelines:
    metrics/hostmetrics: { receivers: [hostmetrics], processors: [resourcedetection, resource, resource/hostmetrics, attributes/metrics, metricstransform/system, cumulativetodelta, deltatorate, transform/ostype, batch], exporters: [otlphttp] }
    metrics/kubeletstats: { receivers: [kubeletstats], processors: [k8sattributes, resource, batch], exporters: [otlphttp] }
    logs/containers: { receivers: [filelog/containers], processors: [groupbyattrs/filelog, k8sattributes, batch], exporters: [otlphttp] }
`;

/** The vendor's default of the cluster agent, whose variable with a default value it has to do without. */
export const VENDOR_CLUSTER = `
exporters:
  otlphttp: { endpoint: "\${env:KM_COLLECTOR_ENDPOINT}", headers: { Authorization: "\${env:KM_API_KEY}" } }
extensions:
  health_check: { endpoint: "0.0.0.0:13133" }
receivers:
  k8s_cluster: { collection_interval: 30s, distribution: kubernetes, node_conditions_to_report: [Ready, DiskPressure] }
  k8s_events: { auth_type: serviceAccount, namespaces: [default] }
  k8sobjects/1: { auth_type: serviceAccount, objects: [{ name: pods, mode: pull, interval: 24h }, { name: configmaps, mode: pull }] }
  k8sobjects/2: { auth_type: serviceAccount, objects: [{ name: deployments, mode: watch, group: apps }] }
  otlp: { protocols: { grpc: { endpoint: "0.0.0.0:4317" }, http: { endpoint: "0.0.0.0:4318" } } }
processors:
  batch: { send_batch_size: 10000, timeout: 10s }
  k8sattributes: { auth_type: serviceAccount }
  resource: { attributes: [{ key: km.agent.version, value: "\${env:KM_AGENT_VERSION}", action: insert }] }
  transform/loglevels: { log_statements: [{ context: log, statements: ['set(severity_text, "INFO") where severity_text == ""'] }] }
  transform/add_labels: { log_statements: [] }
service:
  extensions: [health_check]
  pipelines:
    logs/k8s_events: { receivers: [k8s_events], processors: [resource, batch], exporters: [otlphttp] }
    logs/k8sobjects: { receivers: [k8sobjects/1, k8sobjects/2], processors: [transform/loglevels, batch], exporters: [otlphttp] }
    logs/otlp: { receivers: [otlp], processors: [k8sattributes, batch], exporters: [otlphttp] }
    metrics/k8s_cluster: { receivers: [k8s_cluster], processors: [resource, batch], exporters: [otlphttp] }
    metrics/otlp: { receivers: [otlp], exporters: [otlphttp] }
    traces/otlp: { receivers: [otlp], processors: [batch], exporters: [otlphttp] }
`;

/** A gateway as the OpenTelemetry pages show one, with everything that leads somewhere. */
export const GATEWAY = `
extensions:
  health_check: { endpoint: "0.0.0.0:13133" }
  file_storage: { directory: /var/lib/kmagent, timeout: 1s }
receivers:
  otlp: { protocols: { grpc: { endpoint: "0.0.0.0:4317" }, http: { endpoint: "0.0.0.0:4318" } } }
  prometheus:
    config:
      global: { scrape_interval: 30s }
      scrape_configs:
        - job_name: shop
          metrics_path: /metrics
          static_configs: [{ targets: ["db.example.com:9100"], labels: { team: shop } }]
          metric_relabel_configs: [{ source_labels: [__name__], regex: "go_.*", action: drop }]
  mysql: { endpoint: "db.example.com:3306", username: reader, password: secret, collection_interval: 10s }
  nginx: { endpoint: "http://db.example.com/status", collection_interval: 10s }
  mongodb: { hosts: [{ endpoint: "10.1.2.4:27017" }] }
  filelog:
    include: [/var/log/pods/shop_*/*/*.log]
    storage: file_storage
    operators: [{ type: regex_parser, regex: "^(?P<level>[A-Z]+) (?P<text>.*)$", on_error: send }, { type: filter, expr: 'attributes.level == "DEBUG"' }]
processors:
  memory_limiter: { check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 20 }
  batch: { send_batch_size: 8192, send_batch_max_size: 10000, timeout: 1s }
  filter/quiet: { error_mode: ignore, traces: { span: ['attributes["http.route"] == "/healthz"'] } }
  probabilistic_sampler: { sampling_percentage: 15.3 }
  redaction: { allow_all_keys: true, blocked_values: ["4[0-9]{12}"] }
  attributes: { actions: [{ key: price, value: "$$5", action: insert }] }
connectors:
  spanmetrics: { dimensions: [{ name: http.method, default: GET }], metrics_flush_interval: 15s }
exporters:
  otlphttp/own:
    traces_endpoint: https://otel.example.com:4318/v1/traces
    metrics_endpoint: https://otel.example.com:4318/v1/metrics
    logs_endpoint: https://otel.example.com:4318/v1/logs
    headers: { Authorization: "Bearer \${KM_API_KEY}", X-Team: shop }
    compression: gzip
    timeout: 30s
    retry_on_failure: { enabled: true, initial_interval: 5s, max_interval: 30s, max_elapsed_time: 300s }
    sending_queue: { enabled: true, num_consumers: 10, queue_size: 10000, storage: file_storage }
  otlp/gateway: { endpoint: "gateway.example.com:4317", tls: { insecure: false, min_version: "1.2" } }
  debug: { verbosity: basic }
service:
  extensions: [health_check, file_storage]
  telemetry: { logs: { level: debug, output_paths: [/tmp/log] }, metrics: { level: none } }
  pipelines:
    traces: { receivers: [otlp], processors: [memory_limiter, filter/quiet, probabilistic_sampler, redaction, attributes, batch], exporters: [otlphttp/own, otlp/gateway, spanmetrics] }
    metrics: { receivers: [spanmetrics, prometheus, mysql, nginx, mongodb], processors: [memory_limiter, batch], exporters: [otlphttp/own] }
    logs: { receivers: [filelog], processors: [memory_limiter, batch], exporters: [otlphttp/own, debug] }
`;
