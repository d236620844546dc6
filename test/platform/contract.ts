/*
 * The platform's side of the HTTP contract, written apart from the operator's so that one mistake can't hide in both. Each check
 * gives sentences; none means that the payload keeps the contract.
 */

type Check = (value: unknown) => boolean;

const text: Check = (value) => typeof value === "string";
const bool: Check = (value) => typeof value === "boolean";
const oneOf =
  (...words: readonly unknown[]): Check =>
  (value) =>
    words.includes(value);
const status = oneOf("Running", "Stopped");
const name: Check = (value) => typeof value === "string" && value.length > 0 && value.length <= 320;
const architecture = oneOf("amd64", "arm64");

/** The nine fields of a node. */
const NODE: Readonly<Record<string, Check>> = {
  is_docker: oneOf(false),
  hostname: name,
  platform: oneOf("linux", "windows"),
  architecture,
  agent_version: text,
  collector_version: text,
  agent_status: status,
  collector_status: status,
  last_error_message: (value) => typeof value === "string" && Buffer.byteLength(value) <= 4096,
};

/** The ten fields of a cluster. */
const CLUSTER: Readonly<Record<string, Check>> = {
  platform: oneOf("k8s"),
  hostname: name,
  architecture,
  agent_version: text,
  collector_version: text,
  collector_status: status,
  k8s_deployments: (value) => Array.isArray(value) && value.every(isWorkload),
  logs_enabled: bool,
  apm_enabled: bool,
  namespaces: (value) => value === null || (Array.isArray(value) && value.length > 0 && value.every(text)),
};

/** What later clients add to a cluster's check-in: both or none. */
const EXTENSION: Readonly<Record<string, Check>> = {
  agent_status: status,
  last_error_message: NODE["last_error_message"] ?? text,
};

function isWorkload(value: unknown): boolean {
  const fields = { namespace: text, deployment: text, kind: text, enabled: bool, language: text };
  return breaches(value, fields).length === 0;
}

/** Who a payload speaks for, and what is wrong with it. */
export interface Judgement {
  readonly mode: "node" | "cluster";
  readonly extended: boolean;
  readonly breaches: readonly string[];
}

/** Judges a parsed payload. */
export function judge(payload: unknown): Judgement {
  const object = typeof payload === "object" && payload !== null ? (payload as Record<string, unknown>) : {};
  if (object["platform"] !== "k8s")
    return { mode: "node", extended: false, breaches: [...breaches(payload, NODE), ...contradictions(object)] };
  const extended = Object.keys(EXTENSION).some((key) => key in object);
  return { mode: "cluster", extended, breaches: breaches(payload, extended ? { ...CLUSTER, ...EXTENSION } : CLUSTER) };
}

/** What no field of a node shows alone: a text that tells of an error while nothing is stopped, or none while the collector is. */
function contradictions(node: Readonly<Record<string, unknown>>): string[] {
  const { agent_status: agent, collector_status: collector, last_error_message: error } = node;
  if (agent === "Running" && collector === "Running" && error !== "")
    return [`last_error_message is ${JSON.stringify(error)} though both are Running`];
  return collector === "Stopped" && error === "" ? ["last_error_message is empty though the collector is Stopped"] : [];
}

function breaches(payload: unknown, fields: Readonly<Record<string, Check>>): string[] {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload))
    return ["the payload is no JSON object"];
  const object = payload as Record<string, unknown>;
  return [
    ...Object.keys(fields)
      .filter((key) => !(key in object))
      .map((key) => `${key} is missing`),
    ...Object.keys(object)
      .filter((key) => !(key in fields))
      .map((key) => `${key} is unknown`),
    ...Object.entries(fields)
      .filter(([key, check]) => key in object && !check(object[key]))
      .map(([key]) => `${key} has a wrong value: ${JSON.stringify(object[key])}`),
  ];
}

/** What must hold of the request itself. */
export function judgeRequest(
  method: string | undefined,
  path: string,
  contentType: string | undefined,
): readonly string[] {
  return [
    ...(method === "POST" ? [] : [`the method is ${method ?? "none"}, not POST`]),
    ...(path === "/agents/config-check" ? [] : [`the path is ${path}`]),
    ...(contentType?.split(";")[0]?.trim() === "application/json"
      ? []
      : [`the content type is ${contentType ?? "missing"}`]),
  ];
}
