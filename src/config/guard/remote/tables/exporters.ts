import { at, isMap } from "../../../yaml-value.ts";
import { exporterEndpoint, headers, sendsApiKey } from "../places.ts";
import { all, flag, found, intervalOrOff, never, oneOf, record, timeout, whole } from "../shape.ts";
import type { Shape } from "../shape.ts";
import { exporterTls } from "./client-tls.ts";
import { exporterRetry, sendingQueue } from "./queue-and-retry.ts";

const NO_AUTH = "authenticators read files and ask hosts of their own; send a header";

const COMPRESSION = ["gzip", "zstd", "snappy", "none", ""] as const;
const buffer = whole(0, 16_777_216);

const common: Readonly<Record<string, Shape>> = {
  headers,
  timeout,
  read_buffer_size: buffer,
  write_buffer_size: buffer,
  tls: exporterTls,
  retry_on_failure: exporterRetry,
  sending_queue: sendingQueue,
  auth: never(NO_AUTH),
  middlewares: never(NO_AUTH),
};

/** Where an API key is sent in clear text though the spec's own endpoint is encrypted. */
function keyInClearText(...endpoints: readonly string[]): Shape {
  return (value, path, { limits }) => {
    if (!isMap(value) || !sendsApiKey(value["headers"] ?? null) || limits.collectorEndpoint.startsWith("http:"))
      return [];
    return endpoints.flatMap((key) => {
      const endpoint = at(value, key);
      return typeof endpoint === "string" && endpoint.startsWith("http:")
        ? found("hosts", `${path}.${key}`, "must be https, for the API key goes there")
        : [];
    });
  };
}

/** Levels differ by algorithm, and some have none. */
const compressionLevel: Shape = (value, path, scope) => {
  const { compression = "gzip", compression_params: params } = isMap(value) ? value : {};
  const level = at(params, "level");
  if (level === undefined) return [];
  const place = `${path}.compression_params.level`;
  if (compression === "zstd") return whole(1, 11)(level, place, scope);
  return compression === "gzip" || compression === "zlib" || compression === "deflate"
    ? whole(-1, 9)(level, place, scope)
    : found("settings", place, "must be absent: this compression has no levels");
};

const HTTP_ENDPOINTS = ["endpoint", "traces_endpoint", "metrics_endpoint", "logs_endpoint", "profiles_endpoint"];
const httpEndpoint = exporterEndpoint("http", "https");

/** Without any endpoint the collector wouldn't start. */
const someEndpoint: Shape = (value, path) =>
  isMap(value) && HTTP_ENDPOINTS.some((key) => Object.hasOwn(value, key))
    ? []
    : found("settings", `${path}.endpoint`, "must be set");

const otlpHttp = all(
  record({
    ...common,
    ...Object.fromEntries(HTTP_ENDPOINTS.map((key) => [key, httpEndpoint])),
    encoding: oneOf("proto", "json"),
    compression: oneOf(...COMPRESSION, "deflate", "zlib", "lz4"),
    compression_params: record({ level: whole(-1, 11) }),
    max_idle_conns: whole(0, 1_000),
    max_idle_conns_per_host: whole(0, 1_000),
    max_conns_per_host: whole(0, 1_000),
    idle_conn_timeout: timeout,
    disable_keep_alives: flag,
    // Each time a ping is sent.
    http2_read_idle_timeout: intervalOrOff,
    http2_ping_timeout: timeout,
    force_attempt_http2: flag,
    proxy_url: never("it sends everything to another host; spec.proxy is the place for a proxy"),
    cookies: never("an exporter has no use for cookies"),
  }),
  someEndpoint,
  compressionLevel,
  keyInClearText(...HTTP_ENDPOINTS),
);

const otlpGrpc = all(
  record(
    {
      ...common,
      endpoint: exporterEndpoint("", "http", "https"),
      compression: oneOf(...COMPRESSION),
      keepalive: record({ time: intervalOrOff, timeout, permit_without_stream: flag }),
      wait_for_ready: flag,
      balancer_name: oneOf("round_robin", "pick_first"),
      authority: never("it names another host to the other side"),
    },
    { required: ["endpoint"] },
  ),
  keyInClearText("endpoint"),
);

/** Exporters that a remote configuration may use. */
export const EXPORTERS: Readonly<Record<string, Shape>> = {
  otlp: otlpGrpc,
  otlphttp: otlpHttp,
  nop: record({}),
  debug: record({
    verbosity: oneOf("basic", "normal"),
    sampling_initial: whole(1, 100),
    sampling_thereafter: whole(1, 1_000_000),
    use_internal_logger: flag,
    output_paths: never("it writes to files"),
    sending_queue: sendingQueue,
  }),
};
