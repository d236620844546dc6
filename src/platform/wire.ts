import * as z from "zod";
import { isJsonObject } from "../api/json.ts";
import type { JsonObject } from "../api/json.ts";

/** Whether an agent or a collector works, in the platform's two words. */
export type RunState = "Running" | "Stopped";

/** The status of one node's agent: nine fields, all of them always there, as the platform's HTTP API has them. */
export interface NodeReport {
  readonly is_docker: false;
  /** The agent's identity on the platform. */
  readonly hostname: string;
  /** Operating system of the node, as its kubelet names it. */
  readonly platform: string;
  readonly architecture: string;
  readonly agent_version: string;
  readonly collector_version: string;
  readonly agent_status: RunState;
  readonly collector_status: RunState;
  /** Why something is stopped, empty where nothing is. */
  readonly last_error_message: string;
}

/** The cluster's check-in as the platform has always known it. */
export interface BaseCheckIn {
  readonly agent_version: string;
  readonly apm_enabled: boolean;
  readonly architecture: string;
  readonly collector_status: RunState;
  readonly collector_version: string;
  readonly hostname: string;
  readonly k8s_deployments: readonly [];
  readonly logs_enabled: boolean;
  readonly namespaces: null;
  readonly platform: "k8s";
}

/** The check-in with the two fields that we add; a platform that refuses them gets the base alone. */
export interface CheckInRequest extends BaseCheckIn {
  readonly agent_status: RunState;
  readonly last_error_message: string;
}

/** The check-in without the fields that we added. */
export function withoutExtension(request: CheckInRequest): BaseCheckIn {
  return {
    agent_version: request.agent_version,
    apm_enabled: request.apm_enabled,
    architecture: request.architecture,
    collector_status: request.collector_status,
    collector_version: request.collector_version,
    hostname: request.hostname,
    k8s_deployments: request.k8s_deployments,
    logs_enabled: request.logs_enabled,
    namespaces: request.namespaces,
    platform: request.platform,
  };
}

/**
 * What the platform wants, from its answer to a check-in. A configuration is plain JSON of whatever type, not judged yet; `null` is
 * none. What is no map is for the guard to refuse, for whoever sent it has to hear why.
 */
export interface CheckInAnswer {
  readonly restartRequired: boolean;
  readonly nodeAgent: unknown;
  readonly clusterAgent: unknown;
}

/** An answer, or `tooLong` where it was so long that it wasn't read: whatever it was, it can't be used as a configuration. */
export type HeardAnswer = CheckInAnswer | "tooLong";

const answerSchema = z.object({
  restart_required: z.boolean().nullish(),
  config: z.object({ daemonset_config: z.unknown().optional(), deployment_config: z.unknown().optional() }).nullish(),
});

/** Reads the answer to a check-in: unknown fields are ignored, missing ones mean false or null; `null` where a type is wrong. */
export function readCheckInAnswer(answer: JsonObject): CheckInAnswer | null {
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) return null;
  return {
    restartRequired: parsed.data.restart_required ?? false,
    nodeAgent: parsed.data.config?.daemonset_config ?? null,
    clusterAgent: parsed.data.config?.deployment_config ?? null,
  };
}

/** Whether the answer to a node's report asks for something. Nodes get their configuration through the cluster, so it is ignored. */
export function asksForChange(answer: JsonObject): boolean {
  return (answer["config"] ?? null) !== null || answer["restart_required"] === true;
}

/**
 * Reads a JSON object. Integers beyond 2^53 become `bigint`: a collector's setting must not change on its way through us.
 * `null` for anything that isn't a JSON object.
 */
export function parseJsonObject(text: string): JsonObject | null {
  let value: unknown;
  try {
    value = /\d{16}/.test(text) ? JSON.parse(text, exactInteger) : JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  return isJsonObject(value) ? value : null;
}

function exactInteger(_key: string, value: unknown, context?: { readonly source?: string }): unknown {
  if (typeof value !== "number" || Number.isSafeInteger(value)) return value;
  return /^-?\d+$/.test(context?.source ?? "") ? BigInt(context?.source ?? 0) : value;
}
