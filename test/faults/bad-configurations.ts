import type { NodeReason } from "../../src/api/reasons.ts";
import { nodeDirectory } from "../../src/resources/names.ts";
import type { Ground } from "./ground.ts";

/*
 * Configurations that the guard takes, for nothing in them is forbidden, and that real collectors fail with nevertheless. All
 * of them are sent by the platform; none needs another image.
 */

/** A collector's configuration as the platform sends it. */
export type Document = Readonly<Record<string, unknown>>;

/** A configuration with which a collector fails, and what a person would say of it. */
export interface BadConfiguration {
  /** A sentence's second half: "a configuration …". */
  readonly name: string;
  readonly document: Document;
  /** A node's reason that may still come right until `rollout.progressDeadline`: once a node has it, the test cuts that short. */
  readonly lasting?: NodeReason;
  /** Whether the first node that tries it fails, or one that gets it after its canary was proved. */
  readonly fails: "canary" | "later";
  /** What sets the node apart on which it fails later; undone by `cure`. */
  readonly strike?: (ground: Ground) => Promise<unknown>;
  readonly cure?: (ground: Ground) => Promise<unknown>;
  /** The rejection's reason. */
  readonly reason: string;
  /** What its message says, and with it event, condition, log and platform. */
  readonly message: RegExp;
}

/** A host that `allowedExporterHosts` names and nobody has ever had. */
export const NOBODY = "nobody.default.svc.cluster.local";

const TELEMETRY_INTERVAL = "1s";
const OURS = { endpoint: "${env:KM_COLLECTOR_ENDPOINT}", headers: { Authorization: "${env:KM_API_KEY}" } };
const pipeline = (more: Document = {}) => ({
  receivers: ["hostmetrics"],
  processors: ["resource"],
  exporters: ["otlphttp"],
  ...more,
});
const insert = (key: string, value: string) => ({ action: "upsert", key, value });

/** One that works: some metrics each second, with the names of node and pod. `mark` makes it another one. */
export function goodConfiguration(mark: string, more: Document = {}): Document {
  return {
    receivers: { hostmetrics: { collection_interval: TELEMETRY_INTERVAL, scrapers: { load: {} } } },
    processors: named(mark),
    exporters: { otlphttp: OURS },
    service: { pipelines: { metrics: pipeline() } },
    ...more,
  };
}

function named(mark: string) {
  const attributes = [
    insert("k8s.node.name", "${env:KM_NODE_NAME}"),
    insert("k8s.pod.name", "${env:KM_POD_NAME}"),
    insert("mark", mark),
  ];
  return { resource: { attributes } };
}

/** 16 bytes that are doubled this often are four gigabytes. */
const DOUBLINGS = 28;
const BLOATED = [
  'set(resource.attributes["bloat"], "sixteen letters.")',
  ...Array.from(
    { length: DOUBLINGS },
    () => 'set(resource.attributes["bloat"], Concat([resource.attributes["bloat"], resource.attributes["bloat"]], ""))',
  ),
];

/** Where the collector of `filelog` remembers how far it has read, on its node. */
const positions = ({ operator }: Ground) => `${nodeDirectory(operator.namespace, "km-agent")}/receiver_filelog_`;

/** All of them; the one that fails later, last, for its canary is the node that failed before. */
export const BAD_CONFIGURATIONS: readonly BadConfiguration[] = [
  {
    name: "that the collector refuses at its start, for a statement calls a function that nobody has",
    document: goodConfiguration("refused", {
      processors: {
        ...named("refused"),
        transform: { metric_statements: ['set(resource.attributes["a"], NoSuchFunction())'] },
      },
      service: { pipelines: { metrics: pipeline({ processors: ["resource", "transform"] }) } },
    }),
    fails: "canary",
    reason: "CollectorExited",
    message: /NoSuchFunction/,
  },
  {
    name: "that the collector dies of after ten seconds, for its first scrape grows beyond the memory limit",
    document: goodConfiguration("bloated", {
      receivers: {
        hostmetrics: { initial_delay: "10s", collection_interval: TELEMETRY_INTERVAL, scrapers: { load: {} } },
      },
      processors: { ...named("bloated"), transform: { metric_statements: BLOATED } },
      service: { pipelines: { metrics: pipeline({ processors: ["resource", "transform"] }) } },
    }),
    fails: "canary",
    reason: "OOMKilled",
    message: /more memory than its limit/,
  },
  {
    name: "with which the collector never becomes healthy, for it waits for the answer of an API server that refuses it",
    document: goodConfiguration("waiting", {
      processors: {
        ...named("waiting"),
        k8sattributes: {
          auth_type: "none",
          wait_for_metadata: true,
          wait_for_metadata_timeout: "3600s",
          extract: { metadata: ["k8s.pod.uid"] },
        },
      },
      service: { pipelines: { metrics: pipeline({ processors: ["resource", "k8sattributes"] }) } },
    }),
    lasting: "HealthCheckFailed",
    fails: "canary",
    reason: "HealthCheckFailed",
    message: /answers HTTP 503 on port 13133/,
  },
  {
    name: "that works but for an exporter that reaches nobody",
    document: goodConfiguration("nobody", {
      exporters: { otlphttp: OURS, "otlphttp/nobody": { endpoint: `http://${NOBODY}:4318` } },
      service: { pipelines: { metrics: pipeline({ exporters: ["otlphttp", "otlphttp/nobody"] }) } },
    }),
    fails: "canary",
    reason: "ExportsFailing",
    message: /otlphttp\/nobody \(metrics\) delivers nothing, while nodes of another revision deliver/,
  },
  {
    name: "that works on the canary and fails on a node whose file of log positions can't be opened",
    document: goodConfiguration("positions", {
      extensions: { file_storage: { directory: "/var/lib/kmagent" } },
      receivers: {
        hostmetrics: { collection_interval: TELEMETRY_INTERVAL, scrapers: { load: {} } },
        // Of a namespace that isn't there: it is the start that fails.
        filelog: { include: ["/var/log/pods/nobody_*/*/*.log"], storage: "file_storage" },
      },
      service: {
        extensions: ["file_storage"],
        pipelines: { metrics: pipeline(), logs: pipeline({ receivers: ["filelog"] }) },
      },
    }),
    fails: "later",
    strike: (ground) => ground.exec("mkdir", "-p", positions(ground)),
    cure: (ground) => ground.exec("rmdir", positions(ground)),
    reason: "CollectorExited",
    message: /receiver_filelog_: is a directory/,
  },
];

/** Each name stands nine times for the one before it: a billion values in half a kilobyte. */
const ALIAS_BOMB = [
  'a0: &a0 ["lol"]',
  ...Array.from({ length: 9 }, (_, level) => {
    const before = Array.from({ length: 9 }, () => `*a${String(level)}`);
    return `a${String(level + 1)}: &a${String(level + 1)} [${before.join(", ")}]`;
  }),
].join("\n");

/** What only a spec can hold, for the platform sends JSON: texts that no collector ever sees. */
export const BAD_TEXTS: readonly { readonly name: string; readonly text: string; readonly message: RegExp }[] = [
  { name: "that isn't YAML", text: "receivers: [hostmetrics", message: /isn't valid YAML 1\.2/ },
  { name: "that is an alias bomb", text: ALIAS_BOMB, message: /alias/ },
  {
    name: "that names a component which the image hasn't",
    text: JSON.stringify(goodConfiguration("nosuch", { receivers: { nosuch: {} } })),
    message: /receivers\.nosuch/,
  },
];
