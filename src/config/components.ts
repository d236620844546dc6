import type { KmAgentSpec } from "../api/kmagent.ts";

/** The five classes of components of a collector, as the sections of its configuration name them. */
export const KINDS = ["receivers", "processors", "exporters", "extensions", "connectors"] as const;

/** One of the five classes. */
export type Kind = (typeof KINDS)[number];

/** What an image holds. */
export interface Distribution {
  readonly name: KmAgentSpec["distribution"];
  /** Component types of each class. */
  readonly components: Readonly<Record<Kind, readonly string[]>>;
  /**
   * Whether the list is complete. The one of `contrib` isn't: that image has hundreds, others in each release, so what isn't
   * listed is left to the collector itself.
   */
  readonly complete: boolean;
}

/** The Kubernetes build of the vendor's agent, 1.2.0. */
const KLOUDMATE: Distribution["components"] = {
  extensions: ["memory_limiter", "zpages", "file_storage", "health_check", "cgroupruntime"],
  exporters: ["debug", "nop", "otlp", "otlphttp"],
  connectors: ["spanmetrics"],
  processors: [
    ...["batch", "memory_limiter", "resource", "resourcedetection", "attributes", "redaction", "probabilistic_sampler"],
    ...["cumulativetodelta", "deltatorate", "filter", "metricstransform", "transform", "groupbyattrs", "span"],
    ...["groupbytrace", "isolationforest", "k8sattributes"],
  ],
  receivers: [
    ...["otlp", "hostmetrics", "filelog", "prometheus", "httpcheck", "syslog", "netflow", "snmp", "fluentforward"],
    ...[
      "apache",
      "elasticsearch",
      "kafkametrics",
      "mongodbatlas",
      "mongodb",
      "mysql",
      "nginx",
      "oracledb",
      "postgresql",
    ],
    ...["rabbitmq", "redis", "saphana", "sqlquery", "vcenter", "awscloudwatchmetrics", "awscloudwatch"],
    ...["awscontainerinsightreceiver", "awsecscontainermetrics", "azuremonitor", "googlecloudmonitoring"],
    ...["k8s_cluster", "k8sobjects", "kubeletstats", "k8s_events", "k8slog", "ebpfreceiver"],
  ],
};

/** What the built-in defaults use of the OpenTelemetry contrib image. */
const CONTRIB: Distribution["components"] = {
  extensions: ["file_storage", "health_check"],
  exporters: ["debug", "nop", "otlp", "otlphttp"],
  connectors: ["spanmetrics", "forward", "count", "routing"],
  processors: [
    "batch",
    "memory_limiter",
    "resource",
    "resourcedetection",
    "attributes",
    "filter",
    "transform",
    "k8sattributes",
  ],
  receivers: [
    "otlp",
    "hostmetrics",
    "filelog",
    "prometheus",
    "k8s_cluster",
    "k8sobjects",
    "kubeletstats",
    "k8s_events",
  ],
};

/** The distribution that a spec names. */
export function distributionOf(spec: Pick<KmAgentSpec, "distribution" | "components">): Distribution {
  switch (spec.distribution) {
    case "kloudmate":
      return { name: "kloudmate", components: KLOUDMATE, complete: true };
    case "contrib":
      return { name: "contrib", components: CONTRIB, complete: false };
    case "custom": {
      const none = { receivers: [], processors: [], exporters: [], extensions: [], connectors: [] };
      return { name: "custom", components: spec.components ?? none, complete: true };
    }
  }
}

/** A type under whichever of its names the distribution surely holds it, or undefined where it doesn't. */
export function nameIn(distribution: Distribution, kind: Kind, type: string): string | undefined {
  return distribution.components[kind].find((name) => isSameType(name, type));
}

/**
 * Whether two types are names of one component. The collector is renaming its components, `filelog` to `file_log` and the like;
 * images hold the old name, the new one, or both for some releases.
 */
export function isSameType(a: string, b: string): boolean {
  return canonicalType(a) === canonicalType(b);
}

/** One spelling for all names of a type: `filelog` for `file_log` too. */
export function canonicalType(type: string): string {
  const bare = type.replaceAll("_", "");
  return bare === "otlpgrpc" ? "otlp" : bare;
}

/** The type in a component's id: `filelog` of `filelog/containers`. */
export function typeOf(id: string): string {
  const slash = id.indexOf("/");
  return slash === -1 ? id : id.slice(0, slash);
}
