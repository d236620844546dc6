import { at, isList, isMap } from "./yaml-value.ts";
import type { YamlMap, YamlValue } from "./yaml-value.ts";

/**
 * The port on which a collector with this configuration shows its own counters to other pods; `null` where it doesn't, because
 * somebody switched them off, sends them elsewhere, or keeps them on the loopback, which is the collector's own choice too.
 */
export function metricsPort(document: YamlMap): number | null {
  const metrics = at(document, "service", "telemetry", "metrics");
  if (!isMap(metrics) || metrics["level"] === "none") return null;
  const readers = metrics["readers"];
  if (isList(readers)) {
    const ports = readers.map((reader) => pulledAt(at(reader, "pull", "exporter", "prometheus")));
    return ports.find((port) => port !== null) ?? null;
  }
  // How releases before 0.123 say it.
  const { address } = metrics;
  const [, host, port] = (typeof address === "string" ? /^(.*):(\d+)$/.exec(address) : null) ?? [];
  return host === undefined ? null : reachable(host, Number(port));
}

function pulledAt(prometheus: YamlValue | undefined): number | null {
  if (!isMap(prometheus)) return null;
  const { host, port } = prometheus;
  return typeof host === "string" && typeof port === "number" ? reachable(host, port) : null;
}

const LOOPBACK = /^(localhost|127\.|\[?::1\]?$)/;

function reachable(host: string, port: number): number | null {
  return LOOPBACK.test(host) || port < 1 || port > 65_535 ? null : port;
}
