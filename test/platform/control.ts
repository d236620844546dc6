import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import { json } from "./behaviour.ts";
import type { Behaviour } from "./behaviour.ts";
import type { OtlpSink, SinkMode } from "./otlp-sink.ts";
import { bracketed, listen, readAll } from "./simulator.ts";
import type { Simulator } from "./simulator.ts";

/** A port through which another process drives the simulator. */
export interface Control {
  readonly url: string;
  stop(): Promise<void>;
}

type Handler = (body: unknown, path: string, query: URLSearchParams) => unknown;

/** Serves the control API. What a handler gives is sent as JSON: nothing is 204, `null` is 404. */
export async function startControl(
  host: string,
  port: number,
  { platform, otlp }: { readonly platform: Simulator; readonly otlp: OtlpSink },
): Promise<Control> {
  const handlers: Readonly<Record<string, Handler>> = {
    "GET rows": (_body, hostname) =>
      hostname === "" ? platform.rows() : (platform.rows().find((row) => row.hostname === hostname) ?? null),
    "GET records": (_body, _path, query) => platform.records(Number(query.get("since") ?? 0)),
    "DELETE records": () => platform.clear(),
    "GET violations": () => platform.violations(),
    "PUT behaviour": (body) => platform.tell(body as Behaviour | readonly Behaviour[]),
    "PUT extension": (body) => platform.refuseExtension((body as { refuse: boolean }).refuse),
    "PUT keys": (body) => platform.setApiKeys(body as readonly string[]),
    "GET otlp": () => otlp.counts(),
    "PUT otlp": (body) => otlp.tell(body as SinkMode),
    "DELETE otlp": () => otlp.clear(),
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", "http://control");
    const [, root, name = "", rest = ""] = /^\/([^/]*)\/([^/]*)\/?(.*)$/.exec(url.pathname) ?? [];
    const handler = root === "control" ? handlers[`${request.method ?? ""} ${name}`] : undefined;
    if (handler === undefined) {
      json(response, 404, { error: "no such control" });
      return;
    }
    const text = (await readAll(request)).toString("utf8");
    const result = await handler(text === "" ? null : JSON.parse(text), decodeURIComponent(rest), url.searchParams);
    if (result === undefined) response.writeHead(204).end();
    else json(response, result === null ? 404 : 200, result);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => json(response, 400, { error: String(error) }));
  });
  const bound = await listen(server, host, port);
  return {
    url: `http://${bracketed(host)}:${bound}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
