/** What a rule asks, and an example of what it refuses, for the reference page. */
interface RuleEntry {
  readonly asks: string;
  /** One line of YAML that the rule refuses. */
  readonly refuses: string;
}

/** Rules of every configuration, wherever it comes from, by the word that findings carry. */
export const COMMON_RULES: Readonly<Record<string, RuleEntry>> = {
  size: {
    asks: "At most 256 KiB, and 100,000 line breaks, commas, colons and opening brackets.",
    refuses: "a document of 5 MB",
  },
  depth: { asks: "At most 32 levels.", refuses: "{a: {a: {a: …}}}" },
  yaml: { asks: "One document of YAML 1.2, a map, in which every parser reads the same.", refuses: "receivers: [" },
  "yaml-alias": { asks: "No anchors and no aliases.", refuses: "otlp/2: *otlp" },
  "yaml-key": {
    asks: "Plain keys, each once, on one line and up to 1,024 characters; no merge keys.",
    refuses: "<<: { endpoint: x }",
  },
  "yaml-tag": { asks: "No tags.", refuses: "timeout: !!str 5" },
  "yaml-number": {
    asks: "Numbers and times that every version of YAML reads alike, or in quotes.",
    refuses: "mode: 0750",
  },
  sections: { asks: "Sections that a collector knows.", refuses: "procesors: {}" },
  components: {
    asks: "Components that the image has; from the platform only those listed below.",
    refuses: "receivers: { receiver_creator: {} }",
  },
  pipelines: {
    asks: "At least one pipeline, each with receivers and exporters.",
    refuses: "traces: { receivers: [otlp] }",
  },
  references: { asks: "What pipelines name is defined.", refuses: "receivers: [jaeger]" },
  health_check: {
    asks: "The health endpoint on 0.0.0.0:13133, added where it is missing.",
    refuses: "endpoint: localhost:13133",
  },
};

/** Rules of remote configurations alone. */
export const REMOTE_RULES: Readonly<Record<string, RuleEntry>> = {
  json: { asks: "JSON whose top is a map.", refuses: '["receivers"]' },
  text: { asks: "Printable texts; keys without `::` and without variables.", refuses: '"tls::insecure": true' },
  environment: {
    asks: "Variables from the list below as `${env:NAME}` or `${NAME}`, in values; the API key only as `Authorization` of an exporter; no `env()` in expressions of log operators.",
    refuses: "value: ${env:PATH}",
  },
  settings: {
    asks: "Settings that the component's table knows, of their type.",
    refuses: "otlphttp: { endpoints: [x] }",
  },
  refused: {
    asks: "Nothing that reads files, signs in by other means, or weakens encryption.",
    refuses: "tls: { ca_file: /etc/x }",
  },
  hosts: {
    asks: "Exporters only to the collector endpoint's host and `allowedExporterHosts`, receivers only to `allowedReceiverHosts` and the node's kubelet; never link-local, never a cloud's metadata service.",
    refuses: "endpoint: http://0xa9fea9fe/",
  },
  listeners: { asks: "Listeners on 4317 and 4318 alone, each once.", refuses: "grpc: { endpoint: 0.0.0.0:9999 }" },
  paths: {
    asks: "Logs below the directories of container logs, on nodes.",
    refuses: "include: [/var/log/pods/../../x]",
  },
  storage: { asks: "Files only in the agent's own directory.", refuses: "file_storage: { directory: /tmp }" },
  limits: {
    asks: "Bounds of queues, batches (100 ms at least, or 0), intervals (1 s at least), dimensions and parts.",
    refuses: "collection_interval: 10ms",
  },
  signals: {
    asks: "Signals that `spec.config.features` has switched on, and components that carry them.",
    refuses: "profiles: { receivers: [otlp], exporters: [debug] }",
  },
  memory_limiter: {
    asks: "`memory_limiter` first in each pipeline; ours is added where a pipeline has none.",
    refuses: "processors: [batch, memory_limiter]",
  },
};
