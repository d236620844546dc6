import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Kubeconfig } from "../../src/kube/kubeconfig.ts";

/** One request as it came. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** The next call that a scenario waits for, and what it's answered with. */
export interface Step {
  /** In words, for the failure's message. */
  readonly name: string;
  readonly method?: string;
  readonly path?: string;
  /** Parameters that must be so; null for one that must be absent. Others are free. */
  readonly query?: Readonly<Record<string, string | null>>;
  readonly answer: (response: ServerResponse, call: Call) => void;
}

/**
 * An API server on loopback that plays a scenario: each call must be the next one of the script, and a call that isn't, or one
 * too many, fails the test (`verify`).
 */
export class ScriptedApiServer {
  readonly calls: Call[] = [];
  /** Connections opened since the start. */
  connections = 0;
  readonly #steps: Step[];
  readonly #unexpected: string[] = [];
  readonly #server: Server;

  private constructor(steps: readonly Step[]) {
    this.#steps = [...steps];
    this.#server = createServer((request, response) => this.#take(request, response));
    this.#server.on("connection", () => this.connections++);
  }

  static async start(steps: readonly Step[]): Promise<ScriptedApiServer> {
    const server = new ScriptedApiServer(steps);
    await new Promise<void>((resolve) => server.#server.listen(0, "127.0.0.1", resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  get kubeconfig(): Kubeconfig {
    return {
      server: this.url,
      cluster: { name: "scripted", server: this.url, skipTLSVerify: false },
      user: { name: "tester" },
      impersonate: {},
      namespace: undefined,
    };
  }

  /** Whether every step has been played. */
  get finished(): boolean {
    return this.#steps.length === 0 || this.#unexpected.length > 0;
  }

  /** Adds steps to the end of the script. */
  expect(...steps: readonly Step[]): void {
    this.#steps.push(...steps);
  }

  /** Throws what went against the script, and what of it was never asked for. */
  verify(): void {
    const missing = this.#steps.map(({ name }) => `never asked: ${name}`);
    const problems = [...this.#unexpected, ...missing];
    if (problems.length > 0) throw new Error(problems.join("\n"));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #take(request: IncomingMessage, response: ServerResponse): void {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://server");
      const call: Call = {
        method: request.method ?? "",
        path: url.pathname,
        query: Object.fromEntries(url.searchParams),
        headers: request.headers,
        body: Buffer.concat(chunks).toString("utf8"),
      };
      this.calls.push(call);
      const step = this.#steps.shift();
      const problem = step ? mismatch(step, call) : `one call too many: ${call.method} ${request.url}`;
      if (problem !== undefined) {
        this.#unexpected.push(problem);
        response.writeHead(500).end("unexpected");
      } else step?.answer(response, call);
    });
  }
}

function mismatch(step: Step, call: Call): string | undefined {
  const told = `${call.method} ${call.path} ${JSON.stringify(call.query)}`;
  if (step.method !== undefined && step.method !== call.method)
    return `${step.name}: wanted ${step.method}, got ${told}`;
  if (step.path !== undefined && step.path !== call.path) return `${step.name}: wanted ${step.path}, got ${told}`;
  for (const [key, value] of Object.entries(step.query ?? {})) {
    if ((call.query[key] ?? null) !== value) return `${step.name}: wanted ${key}=${value}, got ${told}`;
  }
  return undefined;
}

/** Answers with JSON. */
export function json(body: unknown, status = 200, headers: Record<string, string> = {}): Step["answer"] {
  return (response) => {
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
  };
}

/** Answers with the API server's `Status`. */
export function refuse(
  code: number,
  reason: string,
  extra: { readonly headers?: Record<string, string>; readonly details?: unknown; readonly message?: string } = {},
): Step["answer"] {
  return json(statusOf(code, reason, extra), code, extra.headers);
}

export function statusOf(
  code: number,
  reason: string,
  extra: { readonly details?: unknown; readonly message?: string } = {},
): unknown {
  return {
    kind: "Status",
    apiVersion: "v1",
    status: "Failure",
    code,
    reason,
    message: extra.message ?? `${reason} it is`,
    details: extra.details,
  };
}

/** Breaks the connection without an answer. */
export function reset(): Step["answer"] {
  return (response) => void response.socket?.destroy();
}

/** Never answers. */
export function hang(): Step["answer"] {
  return () => undefined;
}
