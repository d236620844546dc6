import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { readOtlp } from "./otlp-message.ts";
import type { OtlpSignal } from "./otlp-message.ts";
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
  /** Data points, log records and spans. */
  readonly items: number;
  /** When the last request came, milliseconds since the epoch. */
  readonly lastAt: number;
  /** The longest time between two requests, milliseconds. */
  readonly longestGapMs: number;
}

/** Everything that the sink has counted. */
export interface SinkCounts {
  readonly byAddress: Readonly<Record<string, SinkCount>>;
  /** By the resource attribute `k8s.node.name`; a request of several nodes counts for each. */
  readonly byNode: Readonly<Record<string, SinkCount>>;
  /** Likewise by `k8s.pod.name`: what a collector itself has sent, and not the one before it on its node. */
  readonly byPod: Readonly<Record<string, SinkCount>>;
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
  let byPod = new Map<string, SinkCount>();
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
    const isJson = request.headers["content-type"] === "application/json";
    const parts = isJson ? [] : readOtlp(body, signal);
    const arrived = { signal, bytes: body.length };
    add(byAddress, request.socket.remoteAddress ?? "", { ...arrived, items: sumOf(parts) });
    for (const [node, of] of Map.groupBy(parts, (part) => part.node))
      add(byNode, node, { ...arrived, items: sumOf(of) });
    for (const [pod, of] of Map.groupBy(parts, (part) => part.pod)) add(byPod, pod, { ...arrived, items: sumOf(of) });
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
    counts: () => ({
      byAddress: Object.fromEntries(byAddress),
      byNode: Object.fromEntries(byNode),
      byPod: Object.fromEntries(byPod),
      refused,
    }),
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
      byPod = new Map();
      refused = 0;
    },
    stop: close,
  };
}

function isSignal(path: string): path is keyof typeof SIGNALS {
  return Object.hasOwn(SIGNALS, path);
}

/** One request, as far as it counts for one sender. */
interface Arrived {
  readonly signal: OtlpSignal;
  readonly bytes: number;
  readonly items: number;
}

const NOTHING = { requests: 0, bytes: 0, metrics: 0, logs: 0, traces: 0, items: 0, longestGapMs: 0 };

function add(counts: Map<string, SinkCount>, key: string | null, { signal, bytes, items }: Arrived): void {
  if (key === null) return;
  const now = Date.now();
  const old = counts.get(key) ?? { ...NOTHING, lastAt: now };
  counts.set(key, {
    ...old,
    requests: old.requests + 1,
    bytes: old.bytes + bytes,
    items: old.items + items,
    [signal]: old[signal] + 1,
    lastAt: now,
    longestGapMs: Math.max(old.longestGapMs, now - old.lastAt),
  });
}

function sumOf(parts: readonly { readonly items: number }[]): number {
  return parts.reduce((sum, { items }) => sum + items, 0);
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
