import { createServer, request } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { request as secureRequest } from "node:https";
import type { RequestOptions } from "node:https";
import type { AddressInfo } from "node:net";

/** What stands between an operator and its API server. */
export type ApiFault =
  | { readonly kind: "none" }
  /** Every request is refused with 429 and this `Retry-After`. */
  | { readonly kind: "throttle"; readonly retryAfterSeconds: number }
  /** Every request is passed on after so many milliseconds. */
  | { readonly kind: "slow"; readonly delayMs: number }
  /** Every request is read and never answered; what is open then says nothing more, also after, as behind a half-open connection. */
  | { readonly kind: "silence" }
  /**
   * The nth write from now on is done by the API server. Its answer is then given or lost with its connection, and `then` is
   * called: after a given answer is on its way, before a lost one's connection is closed. Everything else is passed on.
   */
  | {
      readonly kind: "afterWrite";
      readonly nth: number;
      readonly answer: "given" | "lost";
      readonly then: (write: string) => void;
    };

/** A proxy on loopback, without TLS of its own. */
export interface ApiProxy {
  readonly url: string;
  /** Requests that came since the last call, by verb (`WATCH` for watches). */
  taken(): Readonly<Record<string, number>>;
  /** Writes that were done since the fault became what it is, such as `PATCH …/pods/x`: without leases, events and dry runs. */
  written(): readonly string[];
  become(fault: ApiFault): void;
  /** Closes every connection in the middle of whatever it carries. */
  cut(): void;
  stop(): Promise<void>;
}

/** Passes requests on to the server of a kubeconfig's cluster; their bearer tokens go with them. */
export async function startApiProxy(target: { readonly server: string; readonly ca: string }): Promise<ApiProxy> {
  const { hostname, port, protocol } = new URL(target.server);
  const send = protocol === "https:" ? secureRequest : request;
  let fault: ApiFault = { kind: "none" };
  let counts: Record<string, number> = {};
  let writes: string[] = [];
  const streams = new Set<() => void>();
  const open = new Set<ServerResponse>();
  const mute = new WeakSet<ServerResponse>();

  /** Counts a write that is done, and tells whether its answer is lost. */
  const isLost = (write: string, outgoing: ServerResponse): boolean => {
    writes.push(write);
    if (fault.kind !== "afterWrite" || writes.length !== fault.nth) return false;
    const { answer, then } = fault;
    if (answer === "given") outgoing.on("finish", () => then(write));
    else then(write);
    return answer === "lost";
  };

  const pass = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const options: RequestOptions = {
      hostname,
      port,
      ca: target.ca,
      method: incoming.method,
      path: incoming.url,
      headers: { ...incoming.headers, host: `${hostname}:${port}` },
    };
    const onward = send(options, (answer) => {
      if (mute.has(outgoing)) return;
      const write = writeOf(incoming);
      if (write !== null && isLost(write, outgoing)) return void outgoing.destroy();
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.on("data", (chunk: Uint8Array) => {
        if (!mute.has(outgoing)) outgoing.write(chunk);
      });
      answer.on("end", () => {
        if (!mute.has(outgoing)) outgoing.end();
      });
      answer.on("error", () => {
        if (!mute.has(outgoing)) outgoing.destroy();
      });
    });
    onward.on("error", () => {
      if (!mute.has(outgoing)) outgoing.destroy();
    });
    outgoing.on("close", () => void onward.destroy());
    incoming.pipe(onward);
  };

  const server = createServer((incoming, outgoing) => {
    const verb = incoming.url?.includes("watch=true") === true ? "WATCH" : (incoming.method ?? "");
    counts[verb] = (counts[verb] ?? 0) + 1;
    open.add(outgoing);
    outgoing.on("close", () => open.delete(outgoing));
    switch (fault.kind) {
      case "none":
      case "afterWrite":
        pass(incoming, outgoing);
        break;
      case "throttle":
        outgoing.writeHead(429, { "retry-after": String(fault.retryAfterSeconds), "content-type": "text/plain" });
        outgoing.end("too many requests");
        break;
      case "slow": {
        const timer = setTimeout(() => pass(incoming, outgoing), fault.delayMs);
        outgoing.on("close", () => clearTimeout(timer));
        break;
      }
      case "silence":
        incoming.resume();
        break;
      default:
        fault satisfies never;
    }
  });
  server.on("connection", (socket) => {
    const end = () => void socket.destroy();
    streams.add(end);
    socket.on("close", () => streams.delete(end));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken() {
      const taken = counts;
      counts = {};
      return taken;
    },
    written: () => writes,
    become(next) {
      fault = next;
      writes = [];
      if (next.kind === "silence") for (const response of open) mute.add(response);
    },
    cut() {
      for (const end of streams) end();
    },
    async stop() {
      for (const end of streams) end();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

/** A request that changes something, in words; the lease and events change nothing of a KmAgent's, and a dry run nothing at all. */
function writeOf({ method = "", url = "" }: IncomingMessage): string | null {
  const { pathname, searchParams } = new URL(url, "http://proxy");
  if (method === "GET" || /\/(leases|events)(\/|$)/.test(pathname) || searchParams.has("dryRun")) return null;
  return `${method} ${pathname.replace(/^.*\/namespaces\/[^/]+\//, "")}`;
}
