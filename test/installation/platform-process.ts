import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, openSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { eventually } from "../eventually.ts";
import type { SinkCounts } from "../platform/otlp-sink.ts";

/** One row of the platform: the newest state that it was told under one hostname. */
export interface PlatformRow {
  readonly hostname: string;
  readonly mode: "node" | "cluster";
  readonly body: Readonly<Record<string, unknown>>;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly count: number;
}

/** Where a simulator listens. */
export interface PlatformAddresses {
  readonly platform: string;
  readonly otlp: string;
  readonly control: string;
}

/** The platform's simulator in a process of its own, driven over its control port. */
export interface PlatformProcess extends PlatformAddresses {
  readonly pid: number;
  rows(): Promise<readonly PlatformRow[]>;
  row(hostname: string): Promise<PlatformRow | undefined>;
  /** Payloads that broke the contract; a test that ends with any has failed. */
  violations(): Promise<readonly string[]>;
  /** How it answers from now on; `[]` is as it should. */
  tell(behaviour: object | readonly object[]): Promise<void>;
  /** Every call as it came, refused ones too; never with its key. */
  records(): Promise<readonly Readonly<Record<string, unknown>>[]>;
  /** The keys that are taken from now on. */
  setApiKeys(keys: readonly string[]): Promise<void>;
  otlpCounts(): Promise<SinkCounts>;
  /** How telemetry is answered from now on, such as `{ kind: "status", code: 401 }`; `{ kind: "ok" }` is as it should be. */
  tellOtlp(mode: object): Promise<void>;
  stop(): Promise<void>;
}

/** How to start it. `detached` leaves it running after this process, with its output in `logFile`. */
export interface PlatformOptions {
  readonly host: string;
  readonly apiKeys: readonly string[];
  readonly detachedLog?: string;
  /** Key and certificate as PEM text: platform and telemetry then speak https. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** Starts a simulator and waits until it listens. */
export async function startPlatform(options: PlatformOptions): Promise<PlatformProcess> {
  const log = options.detachedLog === undefined ? "inherit" : openSync(options.detachedLog, "a");
  const secrets = options.tls && mkdtempSync(join(tmpdir(), "km-platform-"));
  const args = ["--host", options.host, "--port", "0", "--control", "127.0.0.1:0", "--otlp-port", "0"];
  if (options.tls && secrets !== undefined) {
    for (const [name, text] of [["tls-key", options.tls.key] as const, ["tls-cert", options.tls.cert] as const]) {
      writeFileSync(join(secrets, name), text, { mode: 0o600 });
      args.push(`--${name}`, join(secrets, name));
    }
  }
  const child = spawn(
    process.execPath,
    [
      join(import.meta.dirname, "../platform/main.ts"),
      ...args,
      ...options.apiKeys.flatMap((key) => ["--api-key", key]),
    ],
    { stdio: ["ignore", "pipe", log], detached: options.detachedLog !== undefined },
  ) as ChildProcessByStdio<null, Readable, null>;
  const lines = createInterface({ input: child.stdout });
  const [first] = (await Promise.race([
    once(lines, "line"),
    once(child, "exit").then(() => Promise.reject(new Error("the platform simulator ended at once"))),
  ])) as [string];
  // They have been read by now.
  if (secrets !== undefined) rmSync(secrets, { recursive: true });
  if (options.detachedLog !== undefined) {
    lines.close();
    child.stdout.destroy();
    child.unref();
  }
  return {
    ...attachPlatform(JSON.parse(first) as PlatformAddresses, child.pid ?? 0),
    async stop() {
      if (child.exitCode !== null) return;
      child.kill("SIGTERM");
      await once(child, "exit");
    },
  };
}

/** Waits until the platform's row of an agent has these fields, such as `collector_status: "Running"`, and gives it. */
export async function untilRow(
  platform: Pick<PlatformProcess, "row">,
  hostname: string,
  fields: Readonly<Record<string, unknown>>,
  withinMs: number,
): Promise<PlatformRow> {
  return await eventually(
    `the platform has ${JSON.stringify(fields)} of ${hostname}`,
    async () => {
      const row = await platform.row(hostname);
      if (row && Object.entries(fields).every(([field, value]) => row.body[field] === value)) return row;
      throw new Error(JSON.stringify(row?.body));
    },
    { withinMs },
  );
}

/** A running simulator by its addresses. */
export function attachPlatform(addresses: PlatformAddresses, pid: number): PlatformProcess {
  const call = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${addresses.control}/control/${path}`, {
      method,
      signal: AbortSignal.timeout(10_000),
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    if (answer.status === 404) return undefined;
    if (!answer.ok) throw new Error(`simulator: ${method} ${path}: ${answer.status}`);
    const text = await answer.text();
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  };
  return {
    ...addresses,
    pid,
    rows: async () => (await call("GET", "rows")) as readonly PlatformRow[],
    row: async (hostname) => (await call("GET", `rows/${encodeURIComponent(hostname)}`)) as PlatformRow | undefined,
    violations: async () => (await call("GET", "violations")) as readonly string[],
    tell: async (behaviour) => {
      await call("PUT", "behaviour", behaviour);
    },
    records: async () => (await call("GET", "records")) as readonly Readonly<Record<string, unknown>>[],
    setApiKeys: async (keys) => {
      await call("PUT", "keys", keys);
    },
    tellOtlp: async (mode) => {
      await call("PUT", "otlp", mode);
    },
    otlpCounts: async () => (await call("GET", "otlp")) as SinkCounts,
    stop() {
      process.kill(pid, "SIGTERM");
      return Promise.resolve();
    },
  };
}
