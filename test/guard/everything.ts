import type { Kind } from "../../src/config/components.ts";
import { distributionOf } from "../../src/config/components.ts";
import type { RemoteContext } from "../../src/config/guard/rule.ts";
import type { YamlMap, YamlValue } from "../../src/config/yaml-value.ts";
import { CONTEXT } from "./documents.ts";

/*
 * Components of the tests' own collector with every setting that the guard's tables allow, each with a value that both accept.
 * From these the tests make wrong types for each allowed key, and look at what guard and collector say of them.
 */

/** What the tests' KmAgent says where its image is the test cluster's stock collector. */
export const LOCAL_CONTEXT: RemoteContext = {
  ...CONTEXT,
  distribution: distributionOf({
    distribution: "custom",
    components: {
      extensions: ["health_check", "file_storage"],
      receivers: ["otlp", "hostmetrics", "filelog"],
      processors: [
        ...["batch", "memory_limiter", "k8sattributes", "resourcedetection", "resource", "attributes", "transform"],
        ...["filter", "groupbyattrs", "cumulativetodelta", "metricstransform"],
      ],
      exporters: ["debug", "nop", "otlp", "otlphttp"],
      connectors: [],
    },
  }),
};

/** One component, and the signal of the pipeline in which the tests use it. */
export interface Sample {
  readonly kind: Kind;
  readonly type: string;
  readonly signal: "logs" | "metrics" | "traces";
  readonly settings: YamlMap;
}

const on = { enabled: true };
const queue: YamlMap = {
  enabled: true,
  num_consumers: 2,
  queue_size: 2_000_000,
  sizer: "bytes",
  wait_for_result: false,
  block_on_overflow: true,
  storage: "file_storage",
  batch: { flush_timeout: "200ms", sizer: "bytes", min_size: 1_000, max_size: 100_000 },
};
const retry: YamlMap = {
  enabled: true,
  initial_interval: "5s",
  randomization_factor: 0.5,
  multiplier: 1.5,
  max_interval: "30s",
  max_elapsed_time: "300s",
};
const clientTls: YamlMap = {
  insecure: false,
  insecure_skip_verify: false,
  include_system_ca_certs_pool: true,
  min_version: "1.2",
  max_version: "1.3",
  cipher_suites: ["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"],
  curve_preferences: ["X25519", "P256"],
};
const exporter: YamlMap = {
  headers: { Authorization: "${env:KM_API_KEY}", "X-Team": "shop" },
  timeout: "10s",
  read_buffer_size: 4_096,
  write_buffer_size: 4_096,
  tls: clientTls,
  retry_on_failure: retry,
  sending_queue: queue,
};
const limiter: YamlMap = {
  check_interval: "1s",
  limit_mib: 400,
  spike_limit_mib: 100,
  limit_percentage: 80,
  spike_limit_percentage: 20,
  min_gc_interval_when_soft_limited: "10s",
  min_gc_interval_when_hard_limited: "1s",
};
/** What all parsers have in common; one of them sets it, and the others what is their own. */
const PARSER: YamlMap = {
  output: "last",
  on_error: "send",
  if: "body != nil",
  parse_from: "body",
  parse_to: "attributes",
  body: "body.text",
  timestamp: { parse_from: "attributes.time", layout: "%Y", layout_type: "strptime", location: "UTC" },
  severity: {
    parse_from: "attributes.level",
    preset: "default",
    mapping: { error: "oops", warn: ["hm", { min: 1, max: 9 }] },
    overwrite_text: true,
  },
  trace: {
    trace_id: { parse_from: "attributes.a" },
    span_id: { parse_from: "attributes.b" },
    trace_flags: { parse_from: "attributes.c" },
  },
  scope_name: { parse_from: "attributes.logger" },
};
const operator = (type: string, more: YamlMap = {}): YamlMap => ({ type, id: type, ...more });
const operators: readonly YamlMap[] = [
  {
    type: "router",
    id: "router",
    default: "container",
    routes: [{ expr: 'body == "x"', output: ["container"], attributes: { kind: "x" } }],
  },
  operator("container", { ...PARSER, format: "containerd", add_metadata_from_filepath: true, max_log_size: "1MiB" }),
  operator("csv_parser", { header: "a,b", header_delimiter: ",", delimiter: ",", lazy_quotes: true }),
  operator("csv_parser", { id: "by-attribute", header_attribute: "columns" }),
  operator("json_parser", { parse_ints: true }),
  operator("json_array_parser", { header: "a,b" }),
  operator("key_value_parser", { delimiter: "=", pair_delimiter: " " }),
  operator("regex_parser", { regex: "^(?P<a>.*)$", cache: { size: 10 } }),
  operator("scope_name_parser", { parse_from: "attributes.logger" }),
  operator("severity_parser", {
    parse_from: "attributes.level",
    preset: "none",
    mapping: { fatal: 7 },
    overwrite_text: true,
  }),
  operator("syslog_parser", {
    protocol: "rfc5424",
    location: "UTC",
    enable_octet_counting: true,
    allow_skip_pri_header: true,
    max_octets: 8_192,
  }),
  operator("time_parser", { parse_from: "attributes.time", layout: "%Y", layout_type: "strptime", location: "UTC" }),
  operator("trace_parser", {
    trace_id: { parse_from: "attributes.a" },
    span_id: { parse_from: "attributes.b" },
    trace_flags: { parse_from: "attributes.c" },
  }),
  operator("uri_parser"),
  operator("add", { field: "attributes.x", value: "EXPR(body)" }),
  operator("assign_keys", { field: "body", keys: ["a", "b"] }),
  operator("copy", { from: "body", to: "attributes.y" }),
  operator("filter", { expr: 'body == ""', drop_ratio: 0.5 }),
  operator("flatten", { field: "attributes.nested" }),
  operator("move", { from: "attributes.y", to: "attributes.z" }),
  operator("noop", {}),
  operator("recombine", {
    is_first_entry: 'body matches "^x"',
    max_batch_size: 100,
    max_unmatched_batch_size: 100,
    combine_field: "body",
    combine_with: "\n",
    source_identifier: 'attributes["log.file.path"]',
    overwrite_with: "oldest",
    force_flush_period: "5s",
    max_sources: 10,
    max_log_size: "1MiB",
  }),
  operator("regex_replace", { field: "body", regex: "a+", replace_with: "b" }),
  operator("remove", { field: "attributes.z" }),
  operator("retain", { fields: ["attributes.x"] }),
  operator("sanitize_utf8", { field: "body" }),
  operator("unquote", { field: "body" }),
  { type: "noop", id: "last" },
];

const switches: YamlMap = {};
const plainScraper = { metrics: switches };
const devices: YamlMap = { devices: ["sda"], match_type: "strict" };
const statements = ['set(resource.attributes["a"], "b")'];
const matched: YamlMap = {
  match_type: "regexp",
  services: ["a"],
  resources: [{ key: "a", value: "b" }],
  libraries: [{ name: "a", version: "1" }],
  span_names: ["a"],
  span_kinds: ["SPAN_KIND_SERVER"],
  attributes: [{ key: "a", value: "b" }],
  regexp: { cacheenabled: true, cachemaxnumentries: 10 },
};

const actions: readonly YamlMap[] = [
  { key: "a", value: "b", action: "insert", default_value: "z" },
  { key: "b", from_attribute: "a", action: "update" },
  { key: "c", from_context: "metadata.a", action: "upsert" },
  { key: "d", pattern: "x.*", action: "delete" },
  { key: "e", action: "hash" },
  { key: "f", pattern: "^(?P<g>.*)$$", action: "extract" },
  { key: "g", converted_type: "int", action: "convert" },
];
const logMatch: YamlMap = {
  match_type: "strict",
  log_bodies: ["a"],
  log_severity_texts: ["INFO"],
  log_severity_number: { min: 9, match_undefined: true },
};
const block: YamlMap = {
  context: "resource",
  conditions: ['attributes["a"] != nil'],
  statements: ['set(attributes["a"], "b")'],
  error_mode: "silent",
};

/** Every component of the tests' collector that a remote configuration may use. */
export const SAMPLES: readonly Sample[] = [
  {
    kind: "receivers",
    type: "otlp",
    signal: "traces",
    settings: {
      protocols: {
        grpc: {
          endpoint: "0.0.0.0:4317",
          transport: "tcp",
          max_recv_msg_size_mib: 4,
          max_concurrent_streams: 100,
          read_buffer_size: 4_096,
          write_buffer_size: 4_096,
          include_metadata: true,
          keepalive: {
            server_parameters: {
              max_connection_idle: "10s",
              max_connection_age: "10s",
              max_connection_age_grace: "10s",
              time: "10s",
              timeout: "10s",
            },
            enforcement_policy: { min_time: "10s", permit_without_stream: true },
          },
        },
        http: {
          endpoint: "0.0.0.0:4318",
          cors: { allowed_origins: ["https://a.example.com"], allowed_headers: ["X-A"], max_age: 60 },
          max_request_body_size: 1_000_000,
          include_metadata: true,
          compression_algorithms: ["gzip", "zstd"],
          read_timeout: "10s",
          read_header_timeout: "10s",
          write_timeout: "10s",
          idle_timeout: "10s",
          keep_alives_enabled: true,
          traces_url_path: "/v1/traces",
          metrics_url_path: "/v1/metrics",
          logs_url_path: "/v1/logs",
        },
      },
    },
  },
  {
    kind: "receivers",
    type: "hostmetrics",
    signal: "metrics",
    settings: {
      collection_interval: "10s",
      initial_delay: "1s",
      timeout: "5s",
      metadata_collection_interval: "5m",
      scrapers: {
        cpu: { metrics: { "system.cpu.utilization": on } },
        disk: { ...plainScraper, include: devices, exclude: devices },
        filesystem: {
          ...plainScraper,
          include_virtual_filesystems: false,
          include_devices: devices,
          exclude_devices: devices,
          include_fs_types: { fs_types: ["ext4"], match_type: "strict" },
          exclude_fs_types: { fs_types: ["proc"], match_type: "strict" },
          include_mount_points: { mount_points: ["/"], match_type: "strict" },
          exclude_mount_points: { mount_points: ["/proc/.*"], match_type: "regexp" },
        },
        load: { ...plainScraper, cpu_average: true },
        memory: plainScraper,
        network: {
          ...plainScraper,
          include: { interfaces: ["eth0"], match_type: "strict" },
          exclude: { interfaces: ["lo"], match_type: "strict" },
        },
        paging: plainScraper,
        process: {
          ...plainScraper,
          resource_attributes: { "process.command_line": { enabled: false } },
          include: { names: ["a"], match_type: "strict" },
          exclude: { names: ["b"], match_type: "strict" },
          mute_process_all_errors: true,
          mute_process_name_error: true,
          mute_process_exe_error: true,
          mute_process_io_error: true,
          mute_process_user_error: true,
          mute_process_cgroup_error: true,
          scrape_process_delay: "1s",
        },
        processes: plainScraper,
        system: plainScraper,
      },
    },
  },
  {
    kind: "receivers",
    type: "filelog",
    signal: "logs",
    settings: {
      include: ["/var/log/pods/{a,b}_*/*/*.log"],
      exclude: ["/var/log/pods/x_*/*/*.log"],
      exclude_older_than: "24h",
      start_at: "end",
      poll_interval: "1s",
      max_concurrent_files: 100,
      max_batches: 2,
      max_log_size: "1MiB",
      fingerprint_size: "1kb",
      initial_buffer_size: "16KiB",
      encoding: "utf-8",
      multiline: { line_start_pattern: "^x", omit_pattern: true },
      force_flush_period: "500ms",
      preserve_leading_whitespaces: true,
      preserve_trailing_whitespaces: true,
      include_file_name: true,
      include_file_path: true,
      include_file_name_resolved: true,
      include_file_path_resolved: true,
      include_file_owner_name: true,
      include_file_owner_group_name: true,
      include_file_record_number: true,
      include_file_record_offset: true,
      delete_after_read: false,
      compression: "gzip",
      attributes: { a: "EXPR(body)" },
      resource: { b: "c" },
      operators,
      storage: "file_storage",
      retry_on_failure: { enabled: true, initial_interval: "1s", max_interval: "10s", max_elapsed_time: "1m" },
    },
  },
  {
    kind: "receivers",
    type: "filelog",
    signal: "logs",
    settings: {
      include: ["/var/log/pods/*/*/*.log"],
      multiline: { line_end_pattern: "x$$" },
      ordering_criteria: {
        regex: "^(?P<rotation>.*)$$",
        top_n: 2,
        group_by: "^(?P<g>.*)$$",
        sort_by: [
          { sort_type: "timestamp", regex_key: "rotation", ascending: true, layout: "%Y", location: "UTC" },
          { sort_type: "numeric", regex_key: "rotation", ascending: false },
        ],
      },
    },
  },
  { kind: "processors", type: "memory_limiter", signal: "logs", settings: limiter },
  {
    kind: "processors",
    type: "batch",
    signal: "logs",
    settings: {
      timeout: "1s",
      send_batch_size: 100,
      send_batch_max_size: 200,
      metadata_keys: ["a"],
      metadata_cardinality_limit: 10,
    },
  },
  {
    kind: "processors",
    type: "k8sattributes",
    signal: "logs",
    settings: {
      auth_type: "serviceAccount",
      passthrough: false,
      wait_for_metadata: false,
      wait_for_metadata_timeout: "10s",
      extract: {
        metadata: ["k8s.pod.name"],
        annotations: [
          { tag_name: "$$1", key_regex: "x/(.*)", from: "pod" },
          { tag_name: "b", key: "b", from: "node" },
        ],
        labels: [
          { tag_name: "app", key: "app", from: "namespace" },
          { tag_name: "$$1", key_regex: "y/(.*)", from: "job" },
        ],
        otel_annotations: true,
      },
      filter: {
        node: "worker-1",
        node_from_env_var: "KM_NODE_NAME",
        namespace: "shop",
        fields: [{ key: "spec.hostNetwork", value: "true", op: "equals" }],
        labels: [{ key: "app", value: "x", op: "exists" }],
      },
      pod_association: [{ sources: [{ from: "resource_attribute", name: "k8s.pod.uid" }, { from: "connection" }] }],
      exclude: { pods: [{ name: "x" }] },
    },
  },
  {
    kind: "processors",
    type: "resourcedetection",
    signal: "metrics",
    settings: {
      detectors: ["env", "system"],
      override: true,
      timeout: "1s",
      refresh_interval: "1m",
      system: { hostname_sources: ["os"], resource_attributes: { "host.name": on } },
      k8snode: { auth_type: "serviceAccount", node_from_env_var: "KM_NODE_NAME", resource_attributes: {} },
      kubeadm: { auth_type: "serviceAccount", resource_attributes: {} },
    },
  },
  {
    kind: "processors",
    type: "resource",
    signal: "logs",
    settings: { attributes: actions },
  },
  {
    kind: "processors",
    type: "attributes",
    signal: "traces",
    settings: {
      actions,
      include: matched,
      exclude: matched,
    },
  },
  {
    kind: "processors",
    type: "attributes",
    signal: "logs",
    settings: {
      actions: [{ key: "a", value: true, action: "upsert" }],
      include: logMatch,
      exclude: logMatch,
    },
  },
  {
    kind: "processors",
    type: "attributes",
    signal: "metrics",
    settings: {
      actions: [{ key: "a", value: 7, action: "upsert" }],
      include: { match_type: "strict", metric_names: ["a"] },
      exclude: { match_type: "strict", metric_names: ["a"] },
    },
  },
  {
    kind: "processors",
    type: "transform",
    signal: "logs",
    settings: {
      error_mode: "ignore",
      flatten_data: false,
      trace_statements: [block],
      metric_statements: [block],
      log_statements: [
        {
          context: "log",
          conditions: ["log.body != nil"],
          statements: ['set(log.body, "x")'],
          error_mode: "silent",
        },
      ],
    },
  },
  { kind: "processors", type: "transform", signal: "metrics", settings: { metric_statements: statements } },
  {
    kind: "processors",
    type: "filter",
    signal: "traces",
    settings: {
      error_mode: "ignore",
      traces: {
        resource: ['attributes["a"] == "b"'],
        span: ['attributes["a"] == "b"'],
        spanevent: ['attributes["a"] == "b"'],
      },
      metrics: {
        resource: ['attributes["a"] == "b"'],
        metric: ['name == "a"'],
        datapoint: ['attributes["a"] == "b"'],
      },
      logs: { resource: ['attributes["a"] == "b"'], log_record: ['body == "b"'] },
    },
  },
  {
    kind: "processors",
    type: "filter",
    signal: "metrics",
    settings: {
      metrics: {
        include: {
          match_type: "regexp",
          regexp: { cacheenabled: true, cachemaxnumentries: 10 },
          metric_names: ["a"],
          resource_attributes: [{ key: "a", value: "b" }],
        },
        exclude: {
          match_type: "regexp",
          regexp: { cacheenabled: true, cachemaxnumentries: 10 },
          metric_names: ["a"],
          resource_attributes: [{ key: "a", value: "b" }],
        },
        regexp: { cacheenabled: true, cachemaxnumentries: 10 },
      },
    },
  },
  {
    kind: "processors",
    type: "filter",
    signal: "logs",
    settings: {
      logs: {
        include: {
          match_type: "strict",
          resource_attributes: [{ key: "a", value: "b" }],
          record_attributes: [{ key: "a", value: "b" }],
          severity_texts: ["INFO"],
          severity_number: { min: "INFO", match_undefined: true },
          bodies: ["a"],
        },
        exclude: {
          match_type: "regexp",
          resource_attributes: [{ key: "a", value: "b" }],
          record_attributes: [{ key: "a", value: "b" }],
          severity_texts: ["INFO"],
          severity_number: { min: "warn", match_undefined: false },
          bodies: ["a"],
        },
      },
    },
  },
  {
    kind: "processors",
    type: "filter",
    signal: "traces",
    settings: { spans: { include: matched, exclude: matched } },
  },
  { kind: "processors", type: "groupbyattrs", signal: "logs", settings: { keys: ["k8s.pod.uid"] } },
  {
    kind: "processors",
    type: "cumulativetodelta",
    signal: "metrics",
    settings: {
      max_staleness: "10m",
      initial_value: "drop",
      include: {
        metrics: ["a"],
        match_type: "regexp",
        metric_types: ["sum"],
        regexp: { cacheenabled: true, cachemaxnumentries: 10 },
      },
      exclude: {
        metrics: ["b"],
        match_type: "strict",
        metric_types: ["histogram"],
        regexp: { cacheenabled: false, cachemaxnumentries: 10 },
      },
    },
  },
  {
    kind: "processors",
    type: "metricstransform",
    signal: "metrics",
    settings: {
      transforms: [
        {
          include: "a.(.*)",
          match_type: "regexp",
          experimental_match_labels: { a: "b" },
          action: "insert",
          new_name: "b.$${1}",
          submatch_case: "lower",
          operations: [
            { action: "add_label", new_label: "x", new_value: "y" },
            {
              action: "update_label",
              label: "a",
              new_label: "b",
              value_actions: [{ value: "x", new_value: "y" }],
            },
            { action: "delete_label_value", label: "a", label_value: "b" },
            { action: "toggle_scalar_data_type" },
            { action: "experimental_scale_value", experimental_scale: 2.5 },
            { action: "aggregate_labels", label_set: ["a"], aggregation_type: "sum" },
            {
              action: "aggregate_label_values",
              label: "a",
              aggregated_values: ["x", "y"],
              new_value: "z",
              aggregation_type: "max",
            },
          ],
        },
        { include: "a", action: "update", new_name: "b" },
        { include: "a", match_type: "regexp", action: "combine", new_name: "b", aggregation_type: "sum" },
        { include: "a", action: "group", group_resource_labels: { a: "b" } },
      ],
    },
  },
  {
    kind: "exporters",
    type: "otlp",
    signal: "traces",
    settings: {
      ...exporter,
      endpoint: "gateway.example.com:4317",
      compression: "zstd",
      keepalive: { time: "10s", timeout: "10s", permit_without_stream: true },
      wait_for_ready: true,
      balancer_name: "round_robin",
    },
  },
  {
    kind: "exporters",
    type: "otlphttp",
    signal: "logs",
    settings: {
      ...exporter,
      endpoint: "${env:KM_COLLECTOR_ENDPOINT}",
      traces_endpoint: "https://gateway.example.com/v1/traces",
      metrics_endpoint: "https://gateway.example.com/v1/metrics",
      logs_endpoint: "https://gateway.example.com/v1/logs",
      profiles_endpoint: "https://gateway.example.com/v1/profiles",
      encoding: "json",
      compression: "gzip",
      compression_params: { level: 5 },
      max_idle_conns: 10,
      max_idle_conns_per_host: 10,
      max_conns_per_host: 10,
      idle_conn_timeout: "10s",
      disable_keep_alives: true,
      http2_read_idle_timeout: "10s",
      http2_ping_timeout: "10s",
      force_attempt_http2: true,
    },
  },
  { kind: "exporters", type: "nop", signal: "logs", settings: {} },
  {
    kind: "exporters",
    type: "debug",
    signal: "logs",
    settings: {
      verbosity: "normal",
      sampling_initial: 2,
      sampling_thereafter: 100,
      use_internal_logger: false,
      sending_queue: {
        ...queue,
        queue_size: 100_000,
        sizer: "items",
        batch: { flush_timeout: "1s", sizer: "items", min_size: 10, max_size: 100 },
      },
    },
  },
  {
    kind: "extensions",
    type: "health_check",
    signal: "logs",
    settings: {
      endpoint: "0.0.0.0:13133",
      path: "/",
      response_body: { healthy: "yes", unhealthy: "no" },
      check_collector_pipeline: { enabled: false, interval: "5m", exporter_failure_threshold: 5 },
    },
  },
  {
    kind: "extensions",
    type: "file_storage",
    signal: "logs",
    settings: {
      directory: "/var/lib/kmagent",
      timeout: "1s",
      fsync: true,
      create_directory: true,
      recreate: true,
      compaction: {
        on_start: true,
        on_rebound: true,
        directory: "/var/lib/kmagent",
        rebound_needed_threshold_mib: 100,
        rebound_trigger_threshold_mib: 10,
        max_transaction_size: 1_000,
        check_interval: "5s",
        cleanup_on_start: true,
      },
    },
  },
];

/** Values of every type; a setting gets those of other types than its own, and a number other numbers. */
export const OTHER_VALUES: readonly YamlValue[] = [
  ...["text", "10s", 0, 1, -1, 1.5, 10n ** 20n, true, null],
  ...[[], ["text"], [1], [{}], {}, { enabled: "x" }, { key: null }],
];

/** A collector of the tests' own components that is busy from its start: it reads, receives, changes and sends. */
export const BUSY = `
extensions:
  health_check: { endpoint: "0.0.0.0:13133" }
  file_storage: { directory: /var/lib/kmagent }
receivers:
  otlp: { protocols: { grpc: { endpoint: "0.0.0.0:4317" }, http: { endpoint: "0.0.0.0:4318" } } }
  hostmetrics: { collection_interval: 1s, initial_delay: 0s, scrapers: { memory: {}, load: {}, network: {} } }
  filelog:
    include: [/var/log/pods/*/*/*.log]
    start_at: beginning
    poll_interval: 1s
    storage: file_storage
    operators:
      - { type: container }
      - { type: add, field: attributes.level, value: EXPR(body), if: attributes.level == nil }
processors:
  memory_limiter: { check_interval: 1s, limit_percentage: 80, spike_limit_percentage: 20 }
  batch: { timeout: 100ms }
  resource: { attributes: [{ key: k8s.cluster.name, value: "\${env:KM_CLUSTER_NAME}", action: upsert }] }
  resourcedetection: { detectors: [env, system], timeout: 1s }
  attributes: { actions: [{ key: team, value: shop, action: upsert }] }
  transform: { log_statements: ['set(log.attributes["x"], "y")'] }
  filter: { traces: { span: ['attributes["http.route"] == "/healthz"'] } }
exporters:
  otlphttp/own:
    endpoint: \${env:KM_COLLECTOR_ENDPOINT}
    logs_endpoint: https://otel.example.com:4318/v1/logs
    headers: { Authorization: "\${env:KM_API_KEY}", X-Team: shop }
    sending_queue: { enabled: true, num_consumers: 2, queue_size: 100 }
  otlp/gateway: { endpoint: "gateway.example.com:4317", tls: { insecure: false } }
  otlphttp/address: { endpoint: "http://10.1.2.3:4318", compression: none }
  debug: { verbosity: basic }
service:
  extensions: [health_check, file_storage]
  pipelines:
    logs: { receivers: [otlp, filelog], processors: [memory_limiter, resource, transform, batch], exporters: [otlphttp/own, otlp/gateway] }
    metrics: { receivers: [otlp, hostmetrics], processors: [memory_limiter, resourcedetection, attributes, batch], exporters: [otlphttp/own, otlphttp/address, debug] }
    traces: { receivers: [otlp], processors: [memory_limiter, filter, batch], exporters: [otlphttp/own, otlp/gateway] }
`;
