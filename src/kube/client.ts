import type { Dispatcher } from "undici";
import type { Clock } from "../api/clock.ts";
import { KmError } from "../api/errors.ts";
import { linkSignal, slept, throwIfAborted } from "./clock.ts";
import type { LinkedSignal } from "./clock.ts";
import { CredentialSource } from "./credentials.ts";
import type { Kubeconfig } from "./kubeconfig.ts";
import { LineSplitter } from "./lines.ts";
import { errorOfAnswer, parseWarnings } from "./status.ts";
import { Transport, errorOfTransport, isStaleConnection, serverUrl } from "./transport.ts";
import type { Lane } from "./transport.ts";

const DEFAULT_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_BYTES = 64 * 1024 * 1024;
const DEFAULT_MAX_LINE_BYTES = 16 * 1024 * 1024;
const MAX_ERROR_BYTES = 256 * 1024;
/** More than this isn't waited inside one call; the caller's own backoff takes over. */
const MAX_RETRY_WAIT_MS = 5_000;

/** Query parameters; what is undefined is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

/** The HTTP methods of the Kubernetes API. */
export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** The content type of a patch that sets the members it names and removes those that are null (RFC 7396). */
export const MERGE_PATCH = "application/merge-patch+json";

/** One call. */
export interface KubeRequest {
  readonly method: Method;
  readonly path: string;
  readonly query?: Query;
  /** Sent as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  /** For the whole call, tries and waits included. */
  readonly timeoutMs?: number;
  readonly maxBytes?: number;
  /** `text` for logs; else the answer must be JSON. */
  readonly as?: "json" | "text";
  /**
   * How often the call is tried again; GETs twice unless told, others never. A connection that was closed while idle is worth
   * it, and `Throttled` or `Unavailable` with a `Retry-After` of `MAX_RETRY_WAIT_MS` at most.
   */
  readonly retries?: number;
  /** Called immediately before each sending; what it throws ends the call. */
  readonly beforeSend?: () => void;
}

/** A success (2xx); everything else is thrown. */
export interface KubeResponse {
  readonly status: number;
  readonly body: unknown;
  /** The texts of the answer's `Warning` headers. */
  readonly warnings: readonly string[];
}

/** A watch to open. */
export interface WatchRequest {
  readonly path: string;
  readonly query?: Query;
  readonly maxLineBytes?: number;
  /** For the answer's headers; the stream itself has no deadline but the caller's signal. */
  readonly timeoutMs?: number;
  /** Called when the server has accepted the watch. */
  readonly onOpen?: () => void;
}

/**
 * The API server, spoken to in JSON.
 *
 * Guarantees: every call ends by its deadline, its signal or its answer; holds `maxBytes` at most; fails with a `KmError`
 * whose message has no credentials and no stranger's body; never follows a redirect. A 401 makes it ask once more with
 * credentials read anew.
 */
export interface KubeClient {
  request(request: KubeRequest, signal: AbortSignal): Promise<KubeResponse>;
  /** The parsed lines of a watch, one at a time, as fast as they are taken. Ends when the server ends the stream in order. */
  watch(request: WatchRequest, signal: AbortSignal): AsyncGenerator<unknown, void, void>;
  close(): Promise<void>;
}

/** One sent request and how it ended; status 0 where no answer came. */
export interface RequestSeen {
  readonly method: Method | "WATCH";
  readonly status: number;
  readonly durationMs: number;
}

/** Which API server a client speaks to, and who hears of each request. */
export interface KubeClientOptions {
  readonly kubeconfig: Kubeconfig;
  /** The operator's version, for `User-Agent`. */
  readonly version: string;
  readonly clock: Clock;
  readonly onRequest?: (seen: RequestSeen) => void;
}

/** Connects lazily: nothing is sent before the first call. */
export function createKubeClient(options: KubeClientOptions): KubeClient {
  return new HttpKubeClient(options);
}

interface Sending {
  readonly lane: Lane;
  readonly method: Method;
  readonly path: string;
  readonly query: Query | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly beforeSend: (() => void) | undefined;
}

class HttpKubeClient implements KubeClient {
  readonly #credentials: CredentialSource;
  readonly #transport: Transport;
  readonly #basePath: string;
  readonly #userAgent: string;
  readonly #clock: Clock;
  readonly #onRequest: (seen: RequestSeen) => void;

  constructor(options: KubeClientOptions) {
    this.#credentials = new CredentialSource(options.kubeconfig, options.clock);
    this.#transport = new Transport(options.kubeconfig);
    this.#basePath = serverUrl(options.kubeconfig.server).pathname.replace(/\/$/, "");
    this.#userAgent = `kmagent-operator/${options.version}`;
    this.#clock = options.clock;
    this.#onRequest = options.onRequest ?? (() => undefined);
  }

  async request(request: KubeRequest, signal: AbortSignal): Promise<KubeResponse> {
    const what = `${request.method} ${request.path}`;
    const linked = linkSignal(signal);
    const timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const cancel = this.#clock.after(timeoutMs, () =>
      linked.abort(new KmError("Timeout", `${what}: no answer within ${Math.round(timeoutMs)} ms`)),
    );
    try {
      return await this.#tryRequest(request, what, linked);
    } finally {
      cancel();
      linked.release();
    }
  }

  async #tryRequest(request: KubeRequest, what: string, linked: LinkedSignal): Promise<KubeResponse> {
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const sending: Sending = {
      lane: "requests",
      method: request.method,
      path: request.path,
      query: request.query,
      headers: {
        accept: request.as === "text" ? "*/*" : "application/json",
        ...(body !== undefined && { "content-type": request.contentType ?? "application/json" }),
      },
      body,
      beforeSend: request.beforeSend,
    };
    const retries = request.retries ?? (request.method === "GET" ? 2 : 0);
    for (let attempt = 0; ; attempt++) {
      try {
        const answer = await this.#send(sending, what, linked);
        const bytes = await readBounded(answer, request.maxBytes ?? DEFAULT_MAX_BYTES, what);
        return {
          status: answer.statusCode,
          body: request.as === "text" ? bytes.toString("utf8") : parseJson(bytes, what),
          warnings: parseWarnings(answer.headers["warning"]),
        };
      } catch (error) {
        const failure = failureOf(error, what, linked.signal);
        const wait = attempt < retries ? retryWait(failure) : undefined;
        if (wait === undefined) throw failure;
        if (wait > 0) await slept(this.#clock, wait, linked.signal);
        if (linked.signal.aborted) throw failureOf(failure, what, linked.signal);
      }
    }
  }

  async *watch(request: WatchRequest, signal: AbortSignal): AsyncGenerator<unknown, void, void> {
    const what = `WATCH ${request.path}`;
    const linked = linkSignal(signal);
    const timeoutMs = request.timeoutMs ?? DEFAULT_TIMEOUT_MS;
    const cancel = this.#clock.after(timeoutMs, () =>
      linked.abort(new KmError("Timeout", `${what}: no answer within ${timeoutMs} ms`)),
    );
    let body: Dispatcher.ResponseData["body"] | undefined;
    try {
      const answer = await this.#send(
        {
          lane: "watches",
          method: "GET",
          path: request.path,
          query: { ...request.query, watch: true },
          headers: { accept: "application/json" },
          body: undefined,
          beforeSend: undefined,
        },
        what,
        linked,
      );
      cancel();
      body = answer.body;
      request.onOpen?.();
      const lines = new LineSplitter(request.maxLineBytes ?? DEFAULT_MAX_LINE_BYTES);
      for await (const chunk of body as AsyncIterable<Uint8Array>) {
        for (const line of lines.push(chunk)) yield parseJson(line, what);
      }
      if (lines.held > 0) throw new KmError("BadResponse", `${what}: the stream ended within a line`);
    } catch (error) {
      throw failureOf(error, what, linked.signal);
    } finally {
      cancel();
      linked.release();
      // Ends the connection also where the caller stopped taking lines; what undici says about that concerns nobody.
      body?.on("error", () => undefined).destroy();
    }
  }

  async close(): Promise<void> {
    await this.#transport.close();
  }

  /** Sends once, twice where the credentials are refused; gives the answer's head if it is a success. */
  async #send(sending: Sending, what: string, linked: LinkedSignal): Promise<Dispatcher.ResponseData> {
    const answer = await this.#dispatch(sending, linked);
    if (answer.statusCode < 300) return answer;
    const failure = await refusal(answer, what);
    if (failure.code !== "Unauthorized" || !this.#credentials.forget()) throw failure;
    const second = await this.#dispatch(sending, linked);
    if (second.statusCode < 300) return second;
    throw await refusal(second, what);
  }

  async #dispatch(sending: Sending, linked: LinkedSignal): Promise<Dispatcher.ResponseData> {
    const credentials = await this.#credentials.get();
    throwIfAborted(linked.signal);
    const started = this.#clock.now();
    const seen = (status: number) => {
      const method = sending.lane === "watches" ? "WATCH" : sending.method;
      this.#onRequest({ method, status, durationMs: this.#clock.now() - started });
    };
    sending.beforeSend?.();
    try {
      const answer = await this.#transport.dispatcher(sending.lane, credentials).request({
        origin: this.#transport.origin,
        path: `${this.#basePath}${sending.path}${queryString(sending.query)}`,
        method: sending.method,
        headers: { ...credentials.headers, ...sending.headers, "user-agent": this.#userAgent },
        body: sending.body ?? null,
        signal: linked.signal,
      });
      seen(answer.statusCode);
      return answer;
    } catch (error) {
      seen(0);
      throw error;
    }
  }
}

/** What went wrong: where the signal was raised, its own reason (deadline, silence or stop), whatever undici made of it. */
function failureOf(error: unknown, what: string, signal: AbortSignal): KmError {
  if (signal.aborted && signal.reason instanceof KmError) return signal.reason;
  return errorOfTransport(error, what);
}

async function refusal(answer: Dispatcher.ResponseData, what: string): Promise<KmError> {
  const retryAfter = answer.headers["retry-after"];
  let body: unknown;
  try {
    body = JSON.parse((await readBounded(answer, MAX_ERROR_BYTES, what)).toString("utf8"));
  } catch {
    // No JSON, too much of it or a broken connection: the status line says enough.
    body = undefined;
  }
  return errorOfAnswer(answer.statusCode, body, what, typeof retryAfter === "string" ? retryAfter : undefined);
}

async function readBounded(answer: Dispatcher.ResponseData, maxBytes: number, what: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let held = 0;
  for await (const chunk of answer.body as AsyncIterable<Uint8Array>) {
    held += chunk.length;
    // Leaving the loop destroys the stream, and its connection with it.
    if (held > maxBytes) throw new KmError("TooLarge", `${what}: the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, held);
}

function parseJson(text: Buffer | string, what: string): unknown {
  try {
    return JSON.parse(typeof text === "string" ? text : text.toString("utf8"));
  } catch {
    // V8's message quotes the text, which may hold anything.
    throw new KmError("BadResponse", `${what}: the answer is not JSON`);
  }
}

/** How long to wait before the same call is worth sending again; undefined where it isn't. */
function retryWait(failure: KmError): number | undefined {
  if (isStaleConnection(failure)) return 0;
  const asked = failure.retryAfterMs;
  const kind = failure.code === "Throttled" || failure.code === "Unavailable";
  return kind && asked !== undefined && asked <= MAX_RETRY_WAIT_MS ? asked : undefined;
}

function queryString(query: Query | undefined): string {
  const parameters = new URLSearchParams();
  for (const [key, value] of Object.entries(query ?? {})) if (value !== undefined) parameters.set(key, String(value));
  const text = parameters.toString();
  return text === "" ? "" : `?${text}`;
}
