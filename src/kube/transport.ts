import { Pool, ProxyAgent } from "undici";
import type { Dispatcher } from "undici";
import { KmError } from "../api/errors.ts";
import type { Credentials, TlsOptions } from "./credentials.ts";
import type { Kubeconfig } from "./kubeconfig.ts";

const CONNECT_TIMEOUT_MS = 10_000;
/** Under the 60 s after which load balancers in front of API servers drop an idle connection. */
const IDLE_MS = 45_000;
const MAX_REQUEST_CONNECTIONS = 8;

/** Short requests and watches never share a connection, so that a stream can't delay a lease's renewal. */
export type Lane = "requests" | "watches";

/**
 * The connections to one API server. They are made anew only when the TLS credentials change (`tlsHash`); the old ones then
 * end with the last request on them.
 *
 * HTTP/1.1 on purpose: a watch that goes silent is one socket, and dropping it takes nothing else along.
 */
export class Transport {
  readonly #origin: string;
  readonly #proxyUrl: string | undefined;
  #current: { readonly tlsHash: string; readonly lanes: Readonly<Record<Lane, Dispatcher>> } | undefined;
  readonly #closing = new Set<Promise<void>>();

  constructor(kubeconfig: Kubeconfig) {
    const url = serverUrl(kubeconfig.server);
    this.#origin = url.origin;
    this.#proxyUrl = kubeconfig.cluster.proxyUrl;
  }

  /** The connections for `lane` that speak with these credentials. */
  dispatcher(lane: Lane, credentials: Credentials): Dispatcher {
    if (this.#current?.tlsHash !== credentials.tlsHash) {
      const old = this.#current;
      const lanes = {
        requests: this.#open("requests", credentials.tls),
        watches: this.#open("watches", credentials.tls),
      };
      this.#current = { tlsHash: credentials.tlsHash, lanes };
      if (old) for (const dispatcher of Object.values(old.lanes)) this.#close(dispatcher, false);
    }
    return this.#current.lanes[lane];
  }

  get origin(): string {
    return this.#origin;
  }

  /** Ends every connection, also those in use. */
  async close(): Promise<void> {
    if (this.#current) for (const dispatcher of Object.values(this.#current.lanes)) this.#close(dispatcher, true);
    this.#current = undefined;
    await Promise.all(this.#closing);
  }

  #open(lane: Lane, tls: TlsOptions): Dispatcher {
    const shared = {
      connections: lane === "requests" ? MAX_REQUEST_CONNECTIONS : null,
      allowH2: false,
      // Deadlines are the caller's, on its own clock; undici's would end a quiet watch.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: IDLE_MS,
      keepAliveMaxTimeout: IDLE_MS,
    };
    const connect = { ...tls, timeout: CONNECT_TIMEOUT_MS, keepAlive: true, keepAliveInitialDelay: 15_000 };
    if (this.#proxyUrl !== undefined) {
      return new ProxyAgent({
        ...shared,
        uri: this.#proxyUrl,
        requestTls: connect,
        connect: { timeout: CONNECT_TIMEOUT_MS, keepAlive: true },
      });
    }
    return new Pool(this.#origin, { ...shared, connect });
  }

  #close(dispatcher: Dispatcher, atOnce: boolean): void {
    const closing: Promise<void> = (atOnce ? dispatcher.destroy() : dispatcher.close()).finally(() =>
      this.#closing.delete(closing),
    );
    this.#closing.add(closing);
  }
}

/** The server's URL; throws `InvalidSpec` for one that would carry credentials in clear text to another machine. */
export function serverUrl(server: string): URL {
  const url = URL.parse(server);
  if (!url || (url.protocol !== "https:" && url.protocol !== "http:")) {
    throw new KmError("InvalidSpec", "the kubeconfig's server is no http(s) URL");
  }
  const loopback =
    url.hostname === "localhost" || url.hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(url.hostname);
  if (url.protocol === "http:" && !loopback) {
    throw new KmError(
      "InvalidSpec",
      `the kubeconfig's server ${url.host} is plain http: credentials would travel in clear text`,
    );
  }
  return url;
}

/** A failure below HTTP, as one of our codes: only undici's or the system's error code is told. */
export function errorOfTransport(error: unknown, what: string): KmError {
  if (error instanceof KmError) return error;
  const { code } = error as { code?: unknown };
  const name = typeof code === "string" ? code : error instanceof Error ? error.name : "unknown error";
  const timeout = name === "UND_ERR_CONNECT_TIMEOUT" || name === "ETIMEDOUT";
  return new KmError(timeout ? "Timeout" : "Unavailable", `${what}: no answer (${name})`, { cause: error });
}

/** Whether a failure can come from a connection that the server closed while it lay idle: then once more is worth it. */
export function isStaleConnection(error: KmError): boolean {
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return code === "UND_ERR_SOCKET" || code === "ECONNRESET" || code === "EPIPE";
}
