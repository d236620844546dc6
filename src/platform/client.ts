import type { Clock } from "../api/clock.ts";
import { readBody } from "./body.ts";
import { Connections } from "./connections.ts";
import type { Route } from "./connections.ts";
import { isProtocolError, networkFault } from "./network-fault.ts";
import type { Outcome } from "./outcome.ts";
import { parseJsonObject } from "./wire.ts";
import type { Dispatcher } from "undici";

/** Bytes of an answer's body that are read at most, before decompression and after. */
const MAX_BODY_BYTES = 1024 * 1024;
/** The whole call, from name resolution to the last byte. */
const DEADLINE_MS = 10_000;
/** Bodies of failed calls are read, unseen, to keep the connection; longer ones cost it. */
const MAX_DISCARDED_BYTES = 16 * 1024;
/** The longest wait that the platform can ask for. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** Where to call and with what. */
export interface ClientSettings extends Omit<Route, "endpoint"> {
  readonly endpoint: string;
  /** Sent verbatim as `Authorization`; appears nowhere else. */
  readonly apiKey: string;
  /** Version of the operator, for `User-Agent`. */
  readonly version: string;
  readonly clock: Clock;
}

/** The one call that the platform has. */
export interface PlatformClient {
  /**
   * Sends `payload` as JSON. Every failure is an outcome; it never rejects. A redirect is never followed: it would carry the
   * API key elsewhere. A connection that was closed under the request is tried once more within the same 10 s, for reports say
   * a state and may arrive twice.
   */
  post(payload: object, signal: AbortSignal): Promise<Outcome>;
  /** Ends the connections once the calls under way have settled. */
  close(): Promise<void>;
}

/** A client for one endpoint and one key. */
export function createPlatformClient(settings: ClientSettings): PlatformClient {
  const endpoint = new URL(settings.endpoint);
  const where = `${endpoint.origin}${endpoint.pathname}`;
  const connections = new Connections({ ...settings, endpoint });
  const headers = {
    "content-type": "application/json",
    authorization: settings.apiKey,
    "accept-encoding": "gzip",
    "user-agent": `kmagent-operator/${settings.version}`,
  };

  const attempt = async (body: string, signal: AbortSignal): Promise<Outcome> => {
    const { clock } = settings;
    const timer = new AbortController();
    const cancel = clock.after(DEADLINE_MS, () => timer.abort());
    const either = AbortSignal.any([signal, timer.signal]);
    const once = () =>
      connections.use((dispatcher) =>
        exchange(dispatcher, endpoint, { headers, body, signal: either, wallNow: clock.wallNow() }, where),
      );
    try {
      try {
        return await once();
      } catch (error) {
        if (networkFault(error)?.fault !== "reset" || either.aborted) throw error;
        return await once();
      }
    } catch (error) {
      if (signal.aborted) return { kind: "aborted", message: "Stopped before the platform answered." };
      if (timer.signal.aborted) {
        connections.renew();
        return unreachable(
          "timeout",
          where,
          `no complete answer within ${DEADLINE_MS / 1000} s; check firewalls and spec.proxy`,
        );
      }
      return failure(error, where, connections.proxied);
    } finally {
      cancel();
    }
  };

  return {
    post: async (payload, signal) =>
      isHeaderValue(settings.apiKey)
        ? attempt(JSON.stringify(payload), signal)
        : {
            kind: "unauthorized",
            message:
              "The API key holds a character that no HTTP header can carry, such as a line break at its end; put it into the Secret without.",
          },
    close: () => connections.close(),
  };
}

interface Exchange {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly signal: AbortSignal;
  readonly wallNow: number;
}

async function exchange(
  dispatcher: Dispatcher,
  endpoint: URL,
  { headers, body, signal, wallNow }: Exchange,
  where: string,
): Promise<Outcome> {
  const response = await dispatcher.request({
    origin: endpoint.origin,
    path: `${endpoint.pathname}${endpoint.search}`,
    method: "POST",
    headers,
    body,
    signal,
  });
  if (response.statusCode !== 200) {
    await discard(response);
    return refusal(response.statusCode, retryAfter(headerOf(response, "retry-after"), wallNow), where);
  }
  const read = await readBody(response.body, headerOf(response, "content-encoding"), MAX_BODY_BYTES);
  if (!read.ok) {
    const outcome = badAnswer(where, `the answer can't be used: ${read.why}`);
    return read.tooLong ? { ...outcome, tooLong: true } : outcome;
  }
  const answer = parseJsonObject(read.text);
  return answer === null
    ? badAnswer(where, "the answer is no JSON object")
    : { kind: "ok", answer, message: "The platform took the last report." };
}

/** Reads a short body to its end, so that the connection can be used again, and drops a long one with its connection. */
async function discard(response: Dispatcher.ResponseData): Promise<void> {
  const length = Number(headerOf(response, "content-length"));
  if (headerOf(response, "content-length") !== "" && length <= MAX_DISCARDED_BYTES) await response.body.dump();
  else {
    // Destroying it makes undici tell so as an error, which nobody needs to hear.
    response.body.on("error", () => undefined);
    response.body.destroy();
  }
}

function refusal(status: number, retryAfterMs: number | null, where: string): Outcome {
  if (status === 401) {
    return {
      kind: "unauthorized",
      message: `${where}: the API key isn't taken (HTTP 401); put a valid one into the Secret.`,
    };
  }
  if (status === 403) {
    return {
      kind: "forbidden",
      message: `${where}: the API key may not do this (HTTP 403); check its rights on the platform.`,
    };
  }
  if (status === 429) {
    return { kind: "throttled", retryAfterMs, message: `${where}: the platform asks for fewer calls (HTTP 429).` };
  }
  if (status === 408 || status >= 500) {
    return { kind: "serverError", retryAfterMs, message: `${where}: the platform fails (HTTP ${status}).` };
  }
  if (status === 400 || status === 413 || status === 422) {
    return { kind: "rejected", message: `${where}: the platform doesn't take the report (HTTP ${status}).` };
  }
  if (status >= 300 && status < 400) {
    return badAnswer(where, `the answer is a redirect (HTTP ${status}), which isn't followed with the API key`);
  }
  return badAnswer(where, `the answer is HTTP ${status}, which the platform doesn't give`);
}

function failure(error: unknown, where: string, proxied: boolean): Outcome {
  const fault = networkFault(error);
  if (fault !== null) return unreachable(fault.fault, proxied ? `${where} (through the proxy)` : where, fault.clause);
  if (isProtocolError(error)) return badAnswer(where, "what answers doesn't speak HTTP");
  // The error's own text may quote what was received or sent, so it isn't shown.
  const name = (error as { name?: unknown } | null)?.name;
  return unreachable("network", where, `the call failed (${typeof name === "string" ? name : "unknown error"})`);
}

function unreachable(
  fault: Extract<Outcome, { kind: "unreachable" }>["fault"],
  where: string,
  clause: string,
): Outcome {
  return { kind: "unreachable", fault, message: `${where}: ${clause}.` };
}

function badAnswer(where: string, clause: string): Extract<Outcome, { kind: "badAnswer" }> {
  return { kind: "badAnswer", message: `${where}: ${clause}; check platform.endpoint and what stands on the way.` };
}

function headerOf(response: Dispatcher.ResponseData, name: string): string {
  const value = response.headers[name];
  return Array.isArray(value) ? (value[0] ?? "") : (value ?? "");
}

/** Milliseconds to wait, from whole seconds or an HTTP date; an hour at most, `null` where nothing readable is said. */
function retryAfter(value: string, wallNow: number): number | null {
  if (/^\d{1,9}$/.test(value.trim())) return Math.min(Number(value) * 1000, MAX_RETRY_AFTER_MS);
  const date = value.trim().endsWith("GMT") ? Date.parse(value) : Number.NaN;
  return Number.isNaN(date) ? null : Math.min(Math.max(date - wallNow, 0), MAX_RETRY_AFTER_MS);
}

/** Visible ASCII with blanks inside: what `Authorization` can carry on every path. */
function isHeaderValue(value: string): boolean {
  return /^[\x21-\x7e]+( +[\x21-\x7e]+)*$/.test(value);
}
