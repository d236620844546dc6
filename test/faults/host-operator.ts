import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { eventually } from "../eventually.ts";
import { CHECKOUT } from "../installation/operator.ts";
import type { World } from "../installation/world.ts";

/** The release's name in every namespace of these tests: its accounts then have the names that the program takes by default. */
export const RELEASE = "kmagent-operator";

/** A way into the cluster with the rights that the chart gives the operator, and no other. */
export interface Account {
  readonly kubeconfigPath: string;
  /** How the audit log names this very token (`authentication.kubernetes.io/credential-id`), so that two operators can be told apart. */
  readonly credential: string;
  /** Forgets it; the token itself runs out by itself. */
  forget(): void;
}

/** Where the API server is, and the certificate (PEM) by which it is known. */
export async function apiServerOf(world: World): Promise<{ readonly server: string; readonly ca: string }> {
  const entry = await clusterEntry(world);
  return {
    server: entry.server,
    ca: Buffer.from(entry["certificate-authority-data"] ?? "", "base64").toString("utf8"),
  };
}

interface ClusterEntry {
  readonly server: string;
  readonly "certificate-authority-data"?: string;
}

async function clusterEntry({ kubectl }: World): Promise<ClusterEntry> {
  const { stdout } = await kubectl(["config", "view", "--raw", "--flatten", "-o", "json"]);
  const { clusters } = JSON.parse(stdout) as { clusters: readonly { readonly cluster: ClusterEntry }[] };
  const entry = clusters[0]?.cluster;
  if (!entry) throw new Error("the kubeconfig names no cluster");
  return entry;
}

/** A new token of the chart's operator account. `server` may be a proxy to the API server. */
export async function operatorAccount(world: World, namespace: string, server?: string): Promise<Account> {
  const { kubectl } = world;
  const { stdout } = await kubectl(["create", "token", RELEASE, "-n", namespace, "--duration=4h"]);
  const token = stdout.trim();
  const direct = await clusterEntry(world);
  const cluster = server === undefined ? direct : { server };
  const folder = mkdtempSync(join(tmpdir(), "km-account-"));
  const kubeconfigPath = join(folder, "kubeconfig");
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    "current-context": "operator",
    clusters: [{ name: "cluster", cluster }],
    users: [{ name: "operator", user: { token } }],
    contexts: [{ name: "operator", context: { cluster: "cluster", user: "operator", namespace } }],
  };
  writeFileSync(kubeconfigPath, JSON.stringify(kubeconfig), { mode: 0o600 });
  chmodSync(kubeconfigPath, 0o600);
  return { kubeconfigPath, credential: `JTI=${jwtId(token)}`, forget: () => rmSync(folder, { recursive: true }) };
}

function jwtId(token: string): string {
  const claims = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString("utf8")) as { jti: string };
  return claims.jti;
}

/** One line of the operator's log. */
export interface LogLine {
  /** Milliseconds since the epoch at which this process read it. */
  readonly at: number;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The released bundle as a process of this machine: it can be killed within any millisecond, and be stopped and continued. */
export interface HostOperator {
  readonly pid: number;
  readonly log: readonly LogLine[];
  /** Undefined while it runs. */
  readonly ending: Ending | undefined;
  signal(name: NodeJS.Signals): void;
  /** Resolves once it has ended, whoever ended it. */
  readonly ended: Promise<Ending>;
  /** Waits for a line of the log. */
  says(message: string, withinMs?: number): Promise<LogLine>;
  /** Resident memory in bytes. */
  memory(): number;
  /** Stops it in order, by force where it doesn't within 15 s. */
  stop(): Promise<Ending>;
}

/** What the chart gives the pod's process, too. */
const NODE_OPTIONS = "--max-semi-space-size=2 --max-old-space-size=160";

/** Starts the bundle; `npm run build` (or the setup of these tests, which needs the image) has made it. */
export function startHostOperator(
  account: Account,
  options: { readonly namespace: string; readonly leaderElect?: boolean },
): HostOperator {
  const args = ["run", "--kubeconfig", account.kubeconfigPath, "--namespace", options.namespace];
  const addresses = ["--metrics-address", "127.0.0.1:0", "--nodes-address", "127.0.0.1:0"];
  const child = spawn(
    process.execPath,
    [
      join(CHECKOUT, "dist/kmagent-operator.mjs"),
      ...args,
      ...addresses,
      ...(options.leaderElect === true ? ["--leader-elect"] : []),
    ],
    { stdio: ["ignore", "pipe", "inherit"], env: { PATH: process.env["PATH"], NODE_OPTIONS } },
  );
  const log: LogLine[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    log.push({ ...(JSON.parse(line) as { msg: string }), at: Date.now() });
  });
  let ending: Ending | undefined;
  // "close" comes after "exit" and after the last line of its log.
  const ended = once(child, "close").then(([code, signal]) => {
    ending = { code: code as Ending["code"], signal: signal as Ending["signal"] };
    return ending;
  });
  const signal = (name: NodeJS.Signals) => void child.kill(name);
  return {
    pid: child.pid ?? 0,
    log,
    get ending() {
      return ending;
    },
    ended,
    signal,
    says: async (message, withinMs = 60_000) =>
      await eventually(
        `the operator says "${message}"`,
        () => {
          const line = log.find(({ msg }) => msg === message);
          if (!line && ending) throw new Error(`it has ended: ${JSON.stringify(ending)}`);
          return line;
        },
        { withinMs, everyMs: 20 },
      ),
    memory: () => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1]) * 1024,
    async stop() {
      signal("SIGCONT");
      signal("SIGTERM");
      const force = setTimeout(() => signal("SIGKILL"), 15_000);
      try {
        return await ended;
      } finally {
        clearTimeout(force);
      }
    },
  };
}

/** Takes the chart's own operator away, so that the processes of this machine are alone. */
export async function withoutPods({ kubectl }: World, namespace: string): Promise<void> {
  await kubectl(["scale", "deployment", RELEASE, "-n", namespace, "--replicas=0"]);
  const label = `app.kubernetes.io/name=${RELEASE}`;
  await kubectl(["wait", "--for=delete", "pod", "-l", label, "-n", namespace, "--timeout=90s"]);
  // Its lease is released at its end; no trace of it shall delay or excuse the ones that follow.
  await kubectl(["delete", "lease", RELEASE, "-n", namespace, "--ignore-not-found"]);
}
