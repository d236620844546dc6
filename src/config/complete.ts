import { typeOf } from "./components.ts";
import { HEALTH_ENDPOINT, METRICS_PORT } from "./defaults/building-blocks.ts";
import { enabledExtensions } from "./pipelines.ts";
import { at, isList, isMap } from "./yaml-value.ts";
import type { YamlMap } from "./yaml-value.ts";

/**
 * Adds to a configuration what the operator needs of every collector, where it is missing: the health endpoint on 13133, and
 * the collector's own metrics on a port of the pod. What somebody set on purpose stays; the guard judges it.
 */
export function complete(document: YamlMap): YamlMap {
  return withTelemetry(withHealthCheck(document));
}

function withHealthCheck(document: YamlMap): YamlMap {
  const extensions = at(document, "extensions") ?? null;
  const service = at(document, "service") ?? null;
  // Malformed sections are left to the guard.
  if ((extensions !== null && !isMap(extensions)) || (service !== null && !isMap(service))) return document;
  if (enabledExtensions(document).some((id) => typeOf(id) === "health_check" && Object.hasOwn(extensions ?? {}, id))) {
    return withEndpoint(document);
  }
  const [id] = Object.keys(extensions ?? {}).filter((name) => typeOf(name) === "health_check");
  const enabled = at(service ?? undefined, "extensions") ?? [];
  if (!isList(enabled)) return document;
  return withEndpoint({
    ...document,
    extensions: id === undefined ? { ...extensions, health_check: { endpoint: HEALTH_ENDPOINT } } : extensions,
    service: { ...service, extensions: [...new Set([...enabled, id ?? "health_check"])] },
  });
}

/** Without an endpoint the extension listens on the loopback alone, where neither kubelet nor the operator can ask it. */
function withEndpoint(document: YamlMap): YamlMap {
  const extensions = at(document, "extensions");
  if (!isMap(extensions)) return document;
  const entries = Object.entries(extensions).map(([id, settings]) => {
    const silent =
      typeOf(id) === "health_check" && (settings === null || (isMap(settings) && !Object.hasOwn(settings, "endpoint")));
    return [id, silent ? { ...settings, endpoint: HEALTH_ENDPOINT } : settings] as const;
  });
  return { ...document, extensions: Object.fromEntries(entries) };
}

function withTelemetry(document: YamlMap): YamlMap {
  const service = at(document, "service");
  const telemetry = at(service, "telemetry") ?? {};
  const metrics = at(telemetry, "metrics") ?? {};
  if (!isMap(service) || !isMap(telemetry) || !isMap(metrics)) return document;
  const settled = Object.hasOwn(metrics, "readers") || Object.hasOwn(metrics, "address") || metrics["level"] === "none";
  if (settled) return document;
  const readers = [{ pull: { exporter: { prometheus: { host: "0.0.0.0", port: METRICS_PORT } } } }];
  return { ...document, service: { ...service, telemetry: { ...telemetry, metrics: { ...metrics, readers } } } };
}
