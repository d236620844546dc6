import { createHash } from "node:crypto";
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo } from "node:net";
import { answer, json } from "./behaviour.ts";
import type { Behaviour } from "./behaviour.ts";
import { judge, judgeRequest } from "./contract.ts";
import type { Judgement } from "./contract.ts";

/** How a simulator is started. */
export interface SimulatorOptions {
  /** Address to listen on; loopback where not given. */
  readonly host?: string;
  /** 0, the default, takes a free port. */
  readonly port?: number;
  /** Keys that are taken. Only their hashes are kept. */
  readonly apiKeys: readonly string[];
  /** Serves https with this certificate. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** One call as it was received. The key isn't kept: only whether it was one of ours. */
export interface CallRecord {
  readonly number: number;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly remoteAddress: string;
  readonly mode: Judgement["mode"];
  readonly extended: boolean;
  readonly authorized: boolean;
  readonly payload: unknown;
  readonly breaches: readonly string[];
  /** What it was answered with: a status, or the behaviour's name. */
  readonly answered: string;
}

/** The newest accepted state of one agent, as the platform's page would list it. */
export interface Row {
  readonly hostname: string;
  readonly mode: Judgement["mode"];
  readonly body: Readonly<Record<string, unknown>>;
  readonly at: number;
  /** How many reports made it. */
  readonly count: number;
  /** Number of the record that made it what it is. */
  readonly record: number;
}

/** A platform that keeps its contract strictly, remembers what it heard, and can be told to misbehave. */
export interface Simulator {
  /** The URL for `platform.endpoint`. */
  readonly url: string;
  rows(): readonly Row[];
  /** Calls after the one of this number; the newest 20,000 are kept. */
  records(since?: number): readonly CallRecord[];
  /** Breaches of the contract since the start or the last `clear`; a test that causes one fails by them. */
  violations(): readonly string[];
  /** How to answer from now on; the first that fits a call counts, and where none fits the answer is 200. */
  tell(behaviours: Behaviour | readonly Behaviour[]): void;
  /** Whether the two added fields of a check-in are answered with 400, as by a platform that doesn't know them. */
  refuseExtension(refuse: boolean): void;
  /** Takes other keys from now on. */
  setApiKeys(apiKeys: readonly string[]): void;
  /** Forgets rows, records and violations. */
  clear(): void;
  stop(): Promise<void>;
}

const MAX_RECORDS = 20_000;
const MAX_REQUEST_BYTES = 1024 * 1024;

/** Starts a simulator and waits until it listens. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  let keys = hashes(options.apiKeys);
  let behaviours: { readonly behaviour: Behaviour; left: number }[] = [];
  let refusing = false;
  let records: CallRecord[] = [];
  let violations: string[] = [];
  let last = 0;
  const rows = new Map<string, Row>();
  const stopping = new AbortController();

  const pick = (hostname: string): Behaviour => {
    const found = behaviours.find(
      ({ behaviour, left }) => left > 0 && (behaviour.hostname === undefined || behaviour.hostname === hostname),
    );
    if (found === undefined) return { kind: "ok" };
    found.left -= 1;
    return found.behaviour;
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await readAll(request);
    const { payload, problem } = parse(body);
    const judgement = judge(payload);
    const breaches = [
      ...judgeRequest(request.method, request.url ?? "", request.headers["content-type"]),
      ...(problem === null ? judgement.breaches : [problem]),
    ];
    const authorized = keys.has(hash(request.headers.authorization ?? ""));
    const hostname = hostnameOf(payload);
    last += 1;
    const keep = (answered: string): void => {
      records.push({
        number: last,
        at: Date.now(),
        remoteAddress: request.socket.remoteAddress ?? "",
        mode: judgement.mode,
        extended: judgement.extended,
        authorized,
        payload,
        breaches,
        answered,
      });
      if (records.length > MAX_RECORDS) records = records.slice(-MAX_RECORDS / 2);
    };
    if (breaches.length > 0) {
      violations.push(...breaches.map((breach) => `call ${last} of ${hostname}: ${breach}`));
      keep("400");
      json(response, 400, { error: breaches.join("; ") });
      return;
    }
    if (!authorized) {
      keep("401");
      json(response, 401, { error: "unknown key" });
      return;
    }
    if (refusing && judgement.extended) {
      keep("400");
      json(response, 400, { error: "unknown fields" });
      return;
    }
    const behaviour = pick(hostname);
    keep(behaviour.kind);
    if (behaviour.kind === "ok" || behaviour.kind === "config") {
      const count = (rows.get(`${judgement.mode} ${hostname}`)?.count ?? 0) + 1;
      rows.set(`${judgement.mode} ${hostname}`, {
        hostname,
        mode: judgement.mode,
        body: payload as Row["body"],
        at: Date.now(),
        count,
        record: last,
      });
    }
    answer(behaviour, response, stopping.signal);
  };

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    handle(request, response).catch((error: unknown) => {
      // A client that went away while it was sending is part of the game; anything else is a fault of the simulator.
      if (!request.destroyed) violations.push(`simulator: ${String(error)}`);
      response.destroy();
    });
  };
  const server = options.tls === undefined ? createServer(listener) : createTlsServer({ ...options.tls }, listener);
  const port = await listen(server, options.host ?? "127.0.0.1", options.port ?? 0);
  const scheme = options.tls === undefined ? "http" : "https";

  return {
    url: `${scheme}://${bracketed(options.host ?? "127.0.0.1")}:${port}/agents/config-check`,
    rows: () => [...rows.values()],
    records: (since = 0) => records.filter(({ number }) => number > since),
    violations: () => violations,
    tell: (told) => {
      const list = Array.isArray(told) ? (told as readonly Behaviour[]) : [told as Behaviour];
      behaviours = list.map((behaviour) => ({ behaviour, left: behaviour.times ?? Number.POSITIVE_INFINITY }));
    },
    refuseExtension: (refuse) => {
      refusing = refuse;
    },
    setApiKeys: (apiKeys) => {
      keys = hashes(apiKeys);
    },
    clear: () => {
      rows.clear();
      records = [];
      violations = [];
    },
    stop: async () => {
      stopping.abort();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** Binds a server and says which port it got. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, resolve);
  });
  return (server.address() as AddressInfo).port;
}

/** An address as a URL's host. */
export function bracketed(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}

/** A whole request body of 1 MiB at most. */
export async function readAll(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_REQUEST_BYTES) throw new Error("the request is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function parse(body: Buffer): { payload: unknown; problem: string | null } {
  try {
    return { payload: JSON.parse(body.toString("utf8")) as unknown, problem: null };
  } catch {
    return { payload: null, problem: "the payload is no JSON" };
  }
}

function hostnameOf(payload: unknown): string {
  const hostname = (payload as { hostname?: unknown } | null)?.hostname;
  return typeof hostname === "string" ? hostname : "";
}

function hashes(apiKeys: readonly string[]): Set<string> {
  return new Set(apiKeys.map(hash));
}

function hash(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
