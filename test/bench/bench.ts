import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { cpus, loadavg, totalmem } from "node:os";
import { join } from "node:path";
import type { KubeClient } from "../../src/kube/client.ts";
import { METRICS_PORT } from "../../src/config/defaults/building-blocks.ts";
import { run } from "../cluster/command.ts";
import { runUntilInterrupted } from "../cluster/interrupt.ts";
import { clusterIdentity } from "../cluster/local/identity.ts";
import { CHECKOUT } from "../installation/operator.ts";
import { startPlatform } from "../installation/platform-process.ts";
import { FULL, measureCosts, QUICK } from "./costs.ts";
import { table } from "./figures.ts";
import type { Figure } from "./figures.ts";
import { administrator, PLATFORM_KEYS } from "./fleet.ts";
import type { PlatformEndpoints } from "./fleet.ts";
import { measureGuard } from "./guard.ts";
import { measureLatency } from "./latency.ts";
import { BUNDLE, installForProcess } from "./operator-process.ts";
import type { OperatorInstallation } from "./operator-process.ts";
import { measureProbes } from "./probes.ts";
import { measureRollout } from "./rollout.ts";
import { ensureScaleTools, startScaleCluster } from "./scale-cluster.ts";
import type { ScaleCluster } from "./scale-cluster.ts";
import { weakNodes } from "./weak-nodes.ts";

/*
 * `node test/bench/bench.ts [--quick] [part…]` measures and prints, whatever comes out. The parts are those of PARTS, all of
 * them where none is named; `--quick` is for trying it out, with fewer nodes and rounds.
 */

/** Says in the inner process that it is the inner one. */
const INSIDE = "--inside";

/** A fake cluster with the chart in it, and what is beside it. */
interface Installed {
  readonly cluster: ScaleCluster;
  readonly client: KubeClient;
  readonly platform: PlatformEndpoints;
  readonly installation: OperatorInstallation;
}

/** Measures one part and gives its figures one by one, so that those of a part that ends too early are there. */
type Part = (isQuick: boolean, figures: Figure[], signal: AbortSignal) => Promise<void>;

const PARTS: Readonly<Record<string, Part>> = {
  async guard(_, figures) {
    say("the guard");
    figures.push(...(await measureGuard()));
  },
  async probes(_, figures) {
    figures.push(...(await measureProbes(say)));
  },
  async latency(isQuick, figures, signal) {
    await withCluster("latency", signal, 0, async ({ client, platform, installation }) => {
      const rounds = isQuick ? 5 : 50;
      figures.push(...(await measureLatency({ client, platform, installation, rounds, say }, signal)));
    });
  },
  async rollout(isQuick, figures, signal) {
    const nodes = isQuick ? 100 : 500;
    await withCluster("rollout", signal, nodes, async ({ client, platform, installation }) => {
      figures.push(...(await measureRollout({ client, platform, installation, nodes, say }, signal)));
    });
  },
  async costs(isQuick, figures, signal) {
    await withCluster("costs", signal, 0, async (installed) => {
      await measureCosts({ ...installed, extent: isQuick ? QUICK : FULL, figures, say }, signal);
    });
  },
};

async function main(signal: AbortSignal): Promise<void> {
  if (!existsSync(BUNDLE)) throw new Error('the bundle isn\'t there: run "make build"');
  const named = process.argv.slice(2).filter((word) => !word.startsWith("--"));
  const unknown = named.find((name) => !(name in PARTS));
  if (unknown !== undefined) throw new Error(`there is no ${unknown}; parts are ${Object.keys(PARTS).join(", ")}`);
  if (process.argv.includes(INSIDE)) {
    await inside(named.length === 0 ? Object.keys(PARTS) : named, process.argv.includes("--quick"), signal);
    return;
  }
  await ensureScaleTools(signal);
  // Namespaces of its own: its addresses collide with nothing, and all that it starts ends with it.
  const namespaces = [
    "--net",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--mount-proc",
    "--propagation",
    "private",
  ];
  const script = [process.execPath, join(import.meta.dirname, "bench.ts"), INSIDE, ...process.argv.slice(2)];
  const child = spawn("nice", ["unshare", ...namespaces, "--", ...script], { stdio: "inherit" });
  signal.addEventListener("abort", () => child.kill("SIGKILL"), { once: true });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) throw new Error("the benchmark didn't come to its end");
}

async function inside(parts: readonly string[], isQuick: boolean, signal: AbortSignal): Promise<void> {
  const figures: Figure[] = [];
  await run(["ip", "link", "set", "lo", "up"], signal);
  try {
    for (const part of parts) await PARTS[part]?.(isQuick, figures, signal);
  } finally {
    console.log(`\n${machine()}\n\n${table(figures)}`);
  }
}

/** Does something with a fake cluster of its own, some of whose nodes are weak if it is told how many there will be. */
async function withCluster(
  part: string,
  signal: AbortSignal,
  nodes: number,
  work: (installed: Installed) => Promise<void>,
): Promise<void> {
  const identity = clusterIdentity(CHECKOUT, { KM_CLUSTER: `bench-${part}` });
  const cluster = await startScaleCluster(identity, signal, nodes === 0 ? undefined : weakNodes(nodes));
  const ports = ["13133", String(METRICS_PORT)];
  const listener = spawn(process.execPath, [join(import.meta.dirname, "probe-listener.ts"), ...ports], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  const platform = await startPlatform({ host: "127.0.0.1", apiKeys: PLATFORM_KEYS });
  const client = await administrator(cluster.kubeconfigPath);
  try {
    const installation = await installForProcess(cluster, signal);
    await work({ cluster, client, platform, installation });
  } catch (error) {
    say(`ended too early; the operator's last words: ${lastWords(cluster.directory)}`);
    throw error;
  } finally {
    await client.close();
    await platform.stop();
    listener.stdin.end();
    await cluster.stop();
  }
}

/** The end of the newest of the operator's logs. */
function lastWords(directory: string): string {
  const logs = readdirSync(directory).filter((name) => name.startsWith("operator-") && name.endsWith(".log"));
  const newest = logs.map((name) => join(directory, name)).sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs)[0];
  return newest === undefined ? "none" : readFileSync(newest, "utf8").slice(-2_000);
}

function machine(): string {
  const [cpu] = cpus();
  const memory = Math.round(totalmem() / 1024 ** 3);
  const day = new Date().toISOString().slice(0, 10);
  // Without this nobody could tell a slow operator from a busy machine.
  const [, , load = 0] = loadavg();
  return `${day}, ${cpus().length} × ${cpu?.model ?? "CPU"}, ${memory} GiB, Node.js ${process.version}, Kubernetes 1.34.4 and etcd on the same machine, load average ${load.toFixed(0)}.`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

await runUntilInterrupted(main);
