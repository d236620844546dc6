import { createServer } from "node:http";
import { connect } from "node:net";
import type { Socket } from "node:net";
import { listen } from "./simulator.ts";

/** An HTTP proxy that tunnels and counts. */
export interface TestProxy {
  readonly url: string;
  /** Targets (`host:port`) of every CONNECT, in order. */
  readonly tunnels: readonly string[];
  /** Answers each CONNECT with this status in place of a tunnel; 200 tunnels. */
  answerWith(status: number): void;
  stop(): Promise<void>;
}

/**
 * Starts a proxy that knows CONNECT only: everything else gets 405. Names are resolved by the proxy, so `hosts` may lead a
 * made-up name to loopback.
 */
export async function startProxy(
  options: { readonly host?: string; readonly port?: number; readonly hosts?: Readonly<Record<string, string>> } = {},
): Promise<TestProxy> {
  const host = options.host ?? "127.0.0.1";
  const tunnels: string[] = [];
  const sockets = new Set<Socket>();
  let status = 200;
  const server = createServer((_request, response) => void response.writeHead(405).end());
  const watch = (socket: Socket): void => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
    // Either end may go at any time; the other one is then closed, and there is nothing else to do.
    socket.on("error", () => socket.destroy());
  };
  server.on("connect", (request, socket: Socket, head: Buffer) => {
    const target = request.url ?? "";
    tunnels.push(target);
    watch(socket);
    if (status !== 200) return void socket.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: 0\r\n\r\n`);
    const { hostname, port: targetPort } = new URL(`http://${target}`);
    const name = hostname.replace(/^\[(.+)\]$/, "$1");
    const upstream = connect(Number(targetPort), options.hosts?.[name] ?? name, () => {
      socket.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.write(head);
      upstream.pipe(socket).pipe(upstream);
    });
    watch(upstream);
    upstream.once("close", () => socket.destroy());
    socket.once("close", () => upstream.destroy());
  });
  const bound = await listen(server, host, options.port ?? 0);
  return {
    url: `http://${host}:${bound}`,
    tunnels,
    answerWith: (code) => {
      status = code;
    },
    stop: async () => {
      for (const socket of sockets) socket.destroy();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
