import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { KmError } from "../api/errors.ts";
import { METRICS_CONTENT_TYPE } from "./metrics.ts";
import type { Metrics } from "./metrics.ts";
import type { Log } from "./log.ts";

// Not by import: an import reads every export, also those that load Node.js' own fetch and WebSocket (13 MB of resident memory).
const { createServer } = process.getBuiltinModule("node:http");

/** What a route answers; an iterable body is written piece by piece, as fast as the reader takes it. */
interface HttpAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string | Iterable<string>;
}

/** Answers GET and HEAD of one path. */
export type HttpRoute = (query: URLSearchParams) => HttpAnswer | Promise<HttpAnswer>;

/** Where to listen, and what to answer. */
export interface HttpServerOptions {
  /** `host:port`; no host (`:8080`) means every address of the pod, port 0 any free port; IPv6 in brackets. */
  readonly address: string;
  readonly routes: Readonly<Record<string, HttpRoute>>;
  readonly log: Log;
}

/** A server that listens. */
export interface HttpServer {
  readonly port: number;
  /** Ends every connection and resolves when the port is free. */
  close(): Promise<void>;
}

/** Bounds against slow or many readers: the server is for kubelet, Prometheus and one person at a time. */
const LIMITS = { connections: 64, headersMs: 5_000, requestMs: 10_000, answerMs: 30_000, headerBytes: 8_192 } as const;

/**
 * Serves `routes` until `signal` aborts or `close` is called.
 * Throws a `KmError` of code `InvalidSpec` for an address that isn't one, `Unavailable` where it can't be bound.
 */
export async function serveHttp(options: HttpServerOptions, signal: AbortSignal): Promise<HttpServer> {
  const { host, port } = parseAddress(options.address);
  const server = createServer(
    {
      maxHeaderSize: LIMITS.headerBytes,
      headersTimeout: LIMITS.headersMs,
      requestTimeout: LIMITS.requestMs,
      connectionsCheckingInterval: 5_000,
      keepAliveTimeout: 5_000,
    },
    (request, response) => {
      answer(options.routes, request, response).catch((error: unknown) => {
        options.log.warn({ err: error, path: pathOf(request) }, "an HTTP request failed");
        response.destroy();
      });
    },
  );
  server.maxConnections = LIMITS.connections;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(new KmError("Unavailable", `can't listen on ${options.address}`, { cause })),
    );
    server.listen({ port, ...(host !== "" && { host }) }, resolve);
  });
  server.on("error", (error) => options.log.error({ err: error, address: options.address }, "the HTTP server failed"));
  signal.addEventListener("abort", () => void close(), { once: true });
  if (signal.aborted) await close();
  return { port: (server.address() as AddressInfo | null)?.port ?? port, close };
}

/** The routes of kubelet and Prometheus. `alive` and `ready` give `null`, or a sentence on what is wrong. */
export function operatorRoutes(of: {
  readonly alive: () => string | null;
  readonly ready: () => string | null;
  readonly metrics: Metrics;
}): Readonly<Record<string, HttpRoute>> {
  const verdict = (problem: string | null): HttpAnswer => plain(problem === null ? 200 : 503, problem ?? "ok");
  return {
    "/healthz": () => verdict(of.alive()),
    "/readyz": () => verdict(of.ready()),
    "/metrics": async () => ({ status: 200, contentType: METRICS_CONTENT_TYPE, body: await of.metrics.render() }),
  };
}

/**
 * `/nodes`: `{"nodes":[…]}` with one node a line. `?name=` asks for one node by its name. Where `read` gives `null`, nothing
 * is known yet (503).
 */
export function nodesRoute(read: () => Iterable<{ readonly node: string }> | null): HttpRoute {
  return (query) => {
    const nodes = read();
    if (nodes === null) return plain(503, "nothing is known yet");
    return { status: 200, contentType: "application/json", body: jsonLines(nodes, query.get("name")) };
  };
}

function* jsonLines(nodes: Iterable<{ readonly node: string }>, name: string | null): Iterable<string> {
  let before = '{"nodes":[\n';
  for (const node of nodes) {
    if (name !== null && node.node !== name) continue;
    yield before + JSON.stringify(node);
    before = ",\n";
  }
  yield before === ",\n" ? "\n]}\n" : '{"nodes":[]}\n';
}

async function answer(
  routes: HttpServerOptions["routes"],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.resume();
  response.setTimeout(LIMITS.answerMs, () => response.destroy());
  const { status, contentType, body } = await answerOf(routes, request);
  response.writeHead(status, {
    "content-type": contentType,
    "x-content-type-options": "nosniff",
    ...(status === 405 && { allow: "GET, HEAD" }),
    ...(typeof body === "string" && { "content-length": Buffer.byteLength(body) }),
  });
  if (request.method === "HEAD" || typeof body === "string") {
    response.end(request.method === "HEAD" ? undefined : body);
    return;
  }
  for (const piece of batches(body, 16_384)) {
    if (response.destroyed) return;
    if (!response.write(piece)) await drained(response);
  }
  response.end();
}

async function answerOf(routes: HttpServerOptions["routes"], request: IncomingMessage): Promise<HttpAnswer> {
  if (request.method !== "GET" && request.method !== "HEAD") return plain(405, "only GET and HEAD");
  const path = pathOf(request);
  const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
  if (route === undefined) return plain(404, `there is ${Object.keys(routes).join(", ")}`);
  return route(new URLSearchParams((request.url ?? "").slice(path.length + 1)));
}

const pathOf = (request: IncomingMessage) => (request.url ?? "/").split("?", 1)[0] ?? "/";

const plain = (status: number, text: string): HttpAnswer => ({
  status,
  contentType: "text/plain; charset=utf-8",
  body: `${text}\n`,
});

/** Joins small pieces, for a write of its own for each of thousands of lines would cost more than making them. */
function* batches(pieces: Iterable<string>, size: number): Iterable<string> {
  let held = "";
  for (const piece of pieces) {
    held += piece;
    if (held.length < size) continue;
    yield held;
    held = "";
  }
  if (held !== "") yield held;
}

/** Resolves when the reader has taken what was written, or is gone. */
const drained = (response: ServerResponse) =>
  new Promise<void>((resolve) => {
    const done = () => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });

/** Host (empty for all) and port of `host:port`. */
export function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const [, bracketed, bare = "", digits = ""] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]]*)):(\d{1,5})$/.exec(address) ?? [];
  const port = Number(digits);
  if (digits === "" || port > 65_535)
    throw new KmError("InvalidSpec", `not an address of the form host:port: ${JSON.stringify(address)}`);
  return { host: bracketed ?? bare, port };
}
