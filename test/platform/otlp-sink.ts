import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { bracketed, listen } from "./simulator.ts";

const inflate = promisify(gunzip);

/** How the sink answers: as it should, with a status, never, or not at all (nobody listens). */
export type SinkMode =
  | { readonly kind: "ok" }
  | { readonly kind: "status"; readonly code: number }
  | { readonly kind: "hang" }
  | { readonly kind: "refuse" };

/** What arrived from one sender. Only accepted requests count. */
export interface SinkCount {
  readonly requests: number;
  /** After decompression. */
  readonly bytes: number;
  readonly metrics: number;
  readonly logs: number;
  readonly traces: number;
  /** When the last request came, milliseconds since the epoch. */
  readonly lastAt: number;
}

/** Everything that the sink has counted. */
export interface SinkCounts {
  readonly byAddress: Readonly<Record<string, SinkCount>>;
  /** By the resource attribute `k8s.node.name`; a request of several nodes counts for each. */
  readonly byNode: Readonly<Record<string, SinkCount>>;
  /** Requests that were refused as told, or for their key. */
  readonly refused: number;
}

/** A receiver of OTLP over HTTP that counts what comes and keeps nothing. */
export interface OtlpSink {
  readonly url: string;
  counts(): SinkCounts;
  tell(mode: SinkMode): Promise<void>;
  clear(): void;
  stop(): Promise<void>;
}

/** How a sink is started. Without keys every sender is taken. */
export interface SinkOptions {
  readonly host?: string;
  readonly port?: number;
  readonly apiKeys?: readonly string[];
  /** Serves https with this certificate. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

const SIGNALS = { "/v1/metrics": "metrics", "/v1/logs": "logs", "/v1/traces": "traces" } as const;
const MAX_BYTES = 32 * 1024 * 1024;

/** Starts a sink and waits until it listens. */
export async function startOtlpSink(options: SinkOptions = {}): Promise<OtlpSink> {
  const host = options.host ?? "127.0.0.1";
  let mode: SinkMode = { kind: "ok" };
  let byAddress = new Map<string, SinkCount>();
  let byNode = new Map<string, SinkCount>();
  let refused = 0;

  const refuse = (response: ServerResponse, code: number): void => {
    refused += 1;
    response.writeHead(code, { "content-length": 0 }).end();
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = request.url ?? "";
    if (request.method !== "POST" || !isSignal(path)) {
      refuse(response, 404);
      return;
    }
    const body = await readRequest(request);
    if (mode.kind === "hang") return;
    if (mode.kind === "status") {
      refuse(response, mode.code);
      return;
    }
    if (options.apiKeys !== undefined && !options.apiKeys.includes(request.headers.authorization ?? "")) {
      refuse(response, 401);
      return;
    }
    const signal = SIGNALS[path];
    add(byAddress, request.socket.remoteAddress ?? "", signal, body.length);
    for (const node of nodeNames(body)) add(byNode, node, signal, body.length);
    const isJson = request.headers["content-type"] === "application/json";
    // An empty message is the whole answer to an export that was taken in full.
    const reply = isJson ? "{}" : "";
    response.writeHead(200, {
      "content-type": isJson ? "application/json" : "application/x-protobuf",
      "content-length": reply.length,
    });
    response.end(reply);
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, response).catch(() => response.destroy());
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer({ ...options.tls }, listener);
  const port = await listen(server, host, options.port ?? 0);
  const close = async (): Promise<void> => {
    server.closeAllConnections();
    if (server.listening) await new Promise<void>((resolve) => server.close(() => resolve()));
  };

  return {
    url: `${options.tls === undefined ? "http" : "https"}://${bracketed(host)}:${port}`,
    counts: () => ({ byAddress: Object.fromEntries(byAddress), byNode: Object.fromEntries(byNode), refused }),
    tell: async (told) => {
      mode = told;
      if (told.kind === "refuse") await close();
      else if (!server.listening) await listen(server, host, port);
      // What hung is let go, so that its sender tries again.
      else server.closeAllConnections();
    },
    clear: () => {
      byAddress = new Map();
      byNode = new Map();
      refused = 0;
    },
    stop: close,
  };
}

function isSignal(path: string): path is keyof typeof SIGNALS {
  return Object.hasOwn(SIGNALS, path);
}

function add(counts: Map<string, SinkCount>, key: string, signal: "metrics" | "logs" | "traces", bytes: number): void {
  const old = counts.get(key) ?? { requests: 0, bytes: 0, metrics: 0, logs: 0, traces: 0, lastAt: 0 };
  counts.set(key, {
    ...old,
    requests: old.requests + 1,
    bytes: old.bytes + bytes,
    [signal]: old[signal] + 1,
    lastAt: Date.now(),
  });
}

async function readRequest(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES) throw new Error("the request is too long");
    chunks.push(chunk);
  }
  const body = Buffer.concat(chunks);
  return request.headers["content-encoding"] === "gzip" ? inflate(body, { maxOutputLength: MAX_BYTES }) : body;
}

const KEY = Buffer.from("k8s.node.name");

/**
 * Values of the attribute `k8s.node.name`, found without reading the whole message. In protobuf a `KeyValue` is the key,
 * `0a <length> …`, and the value, `12 <length> 0a <length> …`, in either order: the collector writes the value first. Node names
 * are shorter than 126 bytes in every cluster of ours, so each length is one byte.
 */
function nodeNames(body: Buffer): Set<string> {
  const names = new Set<string>();
  for (let at = body.indexOf(KEY); at >= 0; at = body.indexOf(KEY, at + KEY.length)) {
    const start = valueAfter(body, at + KEY.length) ?? valueBefore(body, at - 2);
    if (start !== null) names.add(body.toString("utf8", start, start + (body[start - 1] ?? 0)));
  }
  return names;
}

/** Where the string begins whose value field begins at `at`; `null` where none does. */
function valueAfter(body: Buffer, at: number): number | null {
  const length = body[at + 3] ?? 0;
  return body[at] === 0x12 && body[at + 1] === length + 2 && body[at + 2] === 0x0a ? at + 4 : null;
}

/** Where the string begins whose value field ends before `end`. */
function valueBefore(body: Buffer, end: number): number | null {
  for (let length = 1; length < 126; length++) {
    const start = end - length;
    if (start < 4) return null;
    if (body[start - 1] === length && valueAfter(body, start - 4) === start) return start;
  }
  return null;
}
