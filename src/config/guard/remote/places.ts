import { isSameType, typeOf } from "../../components.ts";
import { enabledExtensions } from "../../pipelines.ts";
import { at, exactJson, isMap } from "../../yaml-value.ts";
import { isNeverAllowed, isSameHost, parseHost } from "./address.ts";
import type { Host } from "./address.ts";
import { parseEndpoint } from "./endpoint.ts";
import type { Endpoint } from "./endpoint.ts";
import { referencesIn, substitute } from "./references.ts";
import { found } from "./shape.ts";
import type { Scope, Shape } from "./shape.ts";
import { API_KEY } from "./variables.ts";

/*
 * Shapes of everything that leads somewhere: to a host, to a port, to another component. They are strict on purpose: an endpoint
 * that two programs could read differently is refused, so what is compared here is what the collector dials.
 */

/** Why a host is refused, or null. */
function hostProblem(host: Host, allowed: readonly string[], where: string): string | null {
  if (isNeverAllowed(host))
    return "is link-local or a cloud's metadata service, which no remote configuration may reach";
  const listed = allowed.some((text) => {
    const other = parseHost(text);
    return other !== null && isSameHost(host, other);
  });
  return listed ? null : `leads to a host that the KmAgent doesn't allow; use another one, or add it to ${where}`;
}

/** More of a host or port behind the platform's own endpoint: it would be another one with another `spec.collectorEndpoint`. */
const GLUED = /\$\{(?:env:)?KM_COLLECTOR_ENDPOINT\}(?!(?::[0-9]+)?(?:\/|$))/;

/** The endpoint that a text means once the platform's own variable is filled in. */
function endpointOf(value: unknown, scope: Scope): Endpoint | null {
  if (typeof value !== "string" || GLUED.test(value)) return null;
  const text = substitute(value, "KM_COLLECTOR_ENDPOINT", scope.limits.collectorEndpoint);
  return text.includes("$") ? null : parseEndpoint(text);
}

/** Where exporters may send, in the words of the KmAgent. */
const EXPORTER_HOSTS = "spec.platform.remoteConfig.allowedExporterHosts";
/** Where receivers may dial. */
const RECEIVER_HOSTS = "spec.platform.remoteConfig.allowedReceiverHosts";

/** Where an exporter sends to, by one of the schemes ("" for `host:port`). */
export function exporterEndpoint(...schemes: readonly string[]): Shape {
  return (value, path, scope) => {
    const endpoint = endpointOf(value, scope);
    if (!endpoint || !schemes.includes(endpoint.scheme)) {
      return found(
        "hosts",
        path,
        "must be a plain URL such as https://host:4318, without user, query, escapes or variables of its own",
      );
    }
    const own = parseEndpoint(scope.limits.collectorEndpoint);
    if (own && !isNeverAllowed(endpoint.host) && isSameHost(own.host, endpoint.host)) return [];
    const problem = hostProblem(endpoint.host, scope.limits.exporterHosts, EXPORTER_HOSTS);
    return problem === null ? [] : found("hosts", path, problem);
  };
}

/** What a receiver dials, by one of the schemes ("" for `host:port`), with nothing after it but the one query that it needs. */
export function receiverEndpoint(schemes: readonly string[], query = ""): Shape {
  return (value, path, scope) => {
    const given =
      typeof value === "string" && value.endsWith(query) ? value.slice(0, value.length - query.length) : null;
    const endpoint = given === null ? null : parseEndpoint(given);
    if (!endpoint || !schemes.includes(endpoint.scheme)) {
      return found("hosts", path, "must be a plain endpoint, without user, query, escapes or variables");
    }
    const problem = hostProblem(endpoint.host, scope.limits.receiverHosts, RECEIVER_HOSTS);
    return problem === null ? [] : found("hosts", path, problem);
  };
}

const KUBELET = /^(https:\/\/)?\$\{(env:)?(KM_NODE_NAME|KM_NODE_HOST_IP)\}:10250$/;

/** The node's own kubelet and no other. */
export const kubeletEndpoint: Shape = (value, path) =>
  typeof value === "string" && KUBELET.test(value)
    ? []
    : found("hosts", path, "must be the node's own kubelet: https://${env:KM_NODE_HOST_IP}:10250");

const LISTENER = /^(?:0\.0\.0\.0|\[::\]|127\.0\.0\.1|\[::1\]|localhost|\$\{(?:env:)?KM_POD_IP\})?:([0-9]+)$/;

/** Where a receiver listens: on the port that the operator opens for it. */
export function listener(port: number): Shape {
  return (value, path) =>
    typeof value === "string" && LISTENER.exec(value)?.[1] === String(port)
      ? []
      : found("listeners", path, `must be 0.0.0.0:${port}, for no other port is open`);
}

/** A `file_storage` that is switched on: the operator's own, for the extension's table lets it write nowhere else. */
export const storage: Shape = (value, path, { document }) => {
  const known = typeof value === "string" && isSameType(typeOf(value), "file_storage");
  return known && isMap(at(document, "extensions", value)) && enabledExtensions(document).includes(value)
    ? []
    : found("storage", path, "must name a file_storage among the extensions that service.extensions switches on");
};

const HEADER_NAME = /^[A-Za-z0-9-]{1,128}$/;
/** Headers that decide who answers, or how the request is cut up. */
const ROUTING_HEADERS =
  /^(host|connection|content-length|transfer-encoding|te|trailer|upgrade|forwarded|x-forwarded-.*|proxy-.*)$/i;
const KEY_ALONE = /^(Bearer )?\$\{(env:)?KM_API_KEY\}$/;

/** Headers of an exporter. The API key is allowed as `Authorization` alone; who else reads it is decided by the endpoint. */
export const headers: Shape = (value, path) => {
  if (!isMap(value)) return found("settings", path, "must be a map of headers");
  const entries = Object.entries(value);
  if (entries.length > 32) return found("limits", path, "must have at most 32 headers");
  return entries.flatMap(([name, content]) => {
    const place = `${path}.${name}`;
    if (!HEADER_NAME.test(name))
      return found("settings", path, "has a header whose name isn't letters, digits and - only");
    if (ROUTING_HEADERS.test(name)) return found("refused", place, "must be absent: it decides where a request goes");
    if (typeof content !== "string") return found("settings", place, "must be a text");
    if (content.length > 4_096 || /[^\t\u0020-\u007e]/.test(content))
      return found("settings", place, "must be plain text of one line");
    const references = referencesIn(content);
    if (!references.ok || !references.names.includes(API_KEY)) return [];
    return name.toLowerCase() === "authorization" && KEY_ALONE.test(content)
      ? []
      : found("environment", place, "may hold the API key only as Authorization, by itself or after Bearer");
  });
};

/** Whether settings of an exporter send the API key. */
export function sendsApiKey(settings: unknown): boolean {
  return exactJson(settings).includes(API_KEY);
}
