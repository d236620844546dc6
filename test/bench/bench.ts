import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { KubeClient } from "../../src/kube/client.ts";
import { runUntilInterrupted } from "../cluster/interrupt.ts";
import { clusterIdentity } from "../cluster/local/identity.ts";
import { readAuditLog } from "../cluster/local/audit-log.ts";
import { CHECKOUT } from "../installation/operator.ts";
import { startPlatform } from "../installation/platform-process.ts";
import { median, percentile, table } from "./figures.ts";
import type { Figure } from "./figures.ts";
import { addForeignPods, addNodes, administrator, kmagentBody, KMAGENTS_PATH, PLATFORM_KEYS } from "./fleet.ts";
import type { PlatformEndpoints } from "./fleet.ts";
import { measureLatencies, measureStart } from "./latency.ts";
import { BUNDLE, installForProcess, NAMESPACE, startOperator } from "./operator-process.ts";
import type { OperatorInstallation, OperatorProcess } from "./operator-process.ts";
import { measureProbes } from "./probes.ts";
import { ensureScaleTools, startScaleCluster } from "./scale-cluster.ts";
import type { ScaleCluster } from "./scale-cluster.ts";
import { watchDaemonSets } from "./sightings.ts";
import type { Sightings } from "./sightings.ts";
import { settledMemory, waitHealthy, waitLeading } from "./waiting.ts";

/** How much is done: `--quick` is for trying it out, in some two minutes. */
interface Extent {
  readonly rounds: number;
  /** Sizes of the fleet after the first ten nodes, ascending, with their budgets in MiB. */
  readonly sizes: readonly { readonly nodes: number; readonly budget: number | null }[];
  readonly foreignPods: number;
  readonly settleMs: number;
  readonly restSeconds: number;
}

const FULL: Extent = {
  rounds: 50,
  sizes: [
    { nodes: 1_000, budget: 95 },
    { nodes: 5_000, budget: 130 },
  ],
  foreignPods: 20_000,
  settleMs: 60_000,
  restSeconds: process.env["SOAK"] === "1" ? 600 : 60,
};
const QUICK: Extent = {
  rounds: 5,
  sizes: [{ nodes: 200, budget: null }],
  foreignPods: 500,
  settleMs: 10_000,
  restSeconds: 20,
};

const FIRST_NODES = 10;
const FLEET = "fleet";
const INSIDE = "--inside";

/** What a bench under way holds. */
interface Bench {
  readonly extent: Extent;
  readonly cluster: ScaleCluster;
  readonly client: KubeClient;
  readonly sightings: Sightings;
  readonly platform: PlatformEndpoints;
  readonly installation: OperatorInstallation;
  readonly figures: Figure[];
}

async function main(signal: AbortSignal): Promise<void> {
  if (!existsSync(BUNDLE)) throw new Error('the bundle isn\'t there: run "make build"');
  if (process.argv.includes(INSIDE)) {
    await inside(process.argv.includes("--quick") ? QUICK : FULL, signal);
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

async function inside(extent: Extent, signal: AbortSignal): Promise<void> {
  const cluster = await startScaleCluster(clusterIdentity(CHECKOUT, { KM_CLUSTER: "bench" }), signal);
  const listener = spawn(process.execPath, [join(import.meta.dirname, "probe-listener.ts"), "13133"], {
    stdio: ["pipe", "ignore", "inherit"],
  });
  const platform = await startPlatform({ host: "127.0.0.1", apiKeys: PLATFORM_KEYS });
  const client = await administrator(cluster.kubeconfigPath);
  const sightings = await watchDaemonSetsOnceInstalled(cluster, client, signal);
  const figures: Figure[] = [];
  try {
    await measure({ extent, cluster, client, platform, figures, ...sightings }, signal);
  } catch (error) {
    say(`ended too early; the operator's last words: ${lastWords(cluster.directory)}`);
    throw error;
  } finally {
    console.log(`\n${machine()}\n\n${table(figures)}`);
    await sightings.sightings.stop();
    await client.close();
    await platform.stop();
    listener.stdin.end();
    await cluster.stop();
  }
}

async function watchDaemonSetsOnceInstalled(cluster: ScaleCluster, client: KubeClient, signal: AbortSignal) {
  const installation = await installForProcess(cluster, signal);
  return { installation, sightings: await watchDaemonSets(client, signal) };
}

async function measure(bench: Bench, signal: AbortSignal): Promise<void> {
  const { extent, client, figures } = bench;
  await addNodes(client, 0, FIRST_NODES, signal);
  await latencies(bench, signal);
  await client.request({ method: "POST", path: KMAGENTS_PATH, body: kmagentBody(FLEET, bench.platform) }, signal);
  let operator = startOperator(bench.installation, "first");
  await waitHealthy(client, FLEET, FIRST_NODES, signal);
  operator = await starts(bench, operator, { nodes: FIRST_NODES, budget: 1.5, rounds: 3 }, signal);
  await waitHealthy(client, FLEET, FIRST_NODES, signal);
  await memory(bench, operator, { nodes: FIRST_NODES, budget: 80 }, signal);
  await rest(bench, signal);
  let nodes = FIRST_NODES;
  for (const size of extent.sizes) {
    say(`${size.nodes} nodes join`);
    const cpu = operator.cpuSeconds();
    const began = performance.now();
    await addNodes(client, nodes, size.nodes, signal);
    await waitHealthy(client, FLEET, size.nodes, signal, 30 * 60_000);
    figures.push({
      what: `CPU while ${size.nodes - nodes} nodes join`,
      measured: operator.cpuSeconds() - cpu,
      budget: null,
      unit: "s",
      note: `in ${Math.round((performance.now() - began) / 1_000)} s`,
    });
    ({ nodes } = size);
    await memory(bench, operator, size, signal);
  }
  const before = await settledMemory(operator, 0, signal);
  say(`${extent.foreignPods} foreign pods`);
  await addForeignPods(client, extent.foreignPods, signal);
  const after = await settledMemory(operator, extent.settleMs / 2, signal);
  figures.push({
    what: `${extent.foreignPods} foreign pods add`,
    measured: Math.max(0, after.resident - before.resident),
    budget: 5,
    unit: "MiB",
  });
  operator = await starts(bench, operator, { nodes, budget: nodes >= 5_000 ? 4 : null, rounds: 1 }, signal);
  await waitHealthy(client, FLEET, nodes, signal, 10 * 60_000);
  await memory(bench, operator, { nodes, budget: extent.sizes.at(-1)?.budget ?? null }, signal, ", after a restart");
  await operator.stop();
  await probes(figures);
}

async function latencies(bench: Bench, signal: AbortSignal): Promise<void> {
  const { client, sightings, platform, extent, figures, installation } = bench;
  say(`${extent.rounds} KmAgents, one after the other`);
  const operator = startOperator(installation, "latencies");
  await waitLeading(operator);
  const found = await measureLatencies(
    client,
    sightings,
    platform,
    { rounds: extent.rounds, nodes: FIRST_NODES },
    signal,
  );
  await operator.stop();
  const row = (what: string, values: readonly number[], percent: number, budget: number): Figure => ({
    what: `${what}, ${percent === 50 ? "median" : `p${percent}`} of ${values.length}`,
    measured: percentile(values, percent),
    budget,
    unit: "ms",
  });
  figures.push(
    row("KmAgent created → DaemonSet visible", found.created, 50, 60),
    row("KmAgent created → DaemonSet visible", found.created, 99, 250),
    row("drift in the DaemonSet → repaired", found.repaired, 50, 200),
    row("drift in the DaemonSet → repaired", found.repaired, 99, 200),
  );
}

/** Restarts the operator some times; the last one runs on. */
async function starts(
  { client, sightings, installation, figures }: Bench,
  running: OperatorProcess,
  { nodes, budget, rounds }: { readonly nodes: number; readonly budget: number | null; readonly rounds: number },
  signal: AbortSignal,
): Promise<OperatorProcess> {
  say(`starts at ${nodes} nodes`);
  const times: number[] = [];
  let operator = running;
  for (let i = 0; i < rounds; i++) {
    await operator.stop();
    const round = `start-${nodes}-${i}`;
    const started = await measureStart(client, sightings, installation, { kmagent: FLEET, round }, signal);
    times.push(started.ms / 1_000);
    ({ operator } = started);
  }
  figures.push({ what: `start → first reconcile, ${nodes} nodes`, measured: median(times), budget, unit: "s" });
  return operator;
}

async function memory(
  { extent, figures }: Bench,
  operator: OperatorProcess,
  { nodes, budget }: { readonly nodes: number; readonly budget: number | null },
  signal: AbortSignal,
  when = "",
): Promise<void> {
  const { resident, peak, files } = await settledMemory(operator, extent.settleMs, signal);
  const note = `${files.toFixed(0)} of it mapped files; ${peak.toFixed(0)} at its highest`;
  figures.push({ what: `memory (RSS) at ${nodes} nodes${when}`, measured: resident, budget, unit: "MiB", note });
}

/** Counts what the operator writes while nothing happens, but for its lease. */
async function rest({ cluster, extent, figures }: Bench, signal: AbortSignal): Promise<void> {
  say(`${extent.restSeconds} s at rest`);
  const since = new Date();
  await delay(extent.restSeconds * 1_000, undefined, { signal });
  const writing = new Set(["create", "update", "patch", "delete", "deletecollection"]);
  let writes = 0;
  for await (const { user, verb, objectRef } of readAuditLog(cluster.auditLog, since, signal)) {
    const ours = user.username === `system:serviceaccount:${NAMESPACE}:kmagent-operator`;
    if (ours && writing.has(verb) && objectRef?.resource !== "leases") writes += 1;
  }
  figures.push({
    what: `writes at rest but the lease's, in ${extent.restSeconds} s`,
    measured: writes,
    budget: 0,
    unit: "",
  });
}

async function probes(figures: Figure[]): Promise<void> {
  for (const silent of [0, 5]) {
    say(`5,000 probes, ${silent} % of them black holes`);
    const { wallSeconds, cpuSeconds, timedOut } = await measureProbes(silent);
    const what = silent === 0 ? "5,000 probes, all healthy" : "5,000 probes, 5 % black holes";
    figures.push(
      { what, measured: wallSeconds, budget: silent === 0 ? 10 : 20, unit: "s", note: `${timedOut} timed out` },
      { what: `${what}: CPU`, measured: cpuSeconds, budget: 3, unit: "s" },
    );
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
  return `${day}, ${cpus().length} × ${cpu?.model ?? "CPU"}, ${memory} GiB, Node.js ${process.version}, Kubernetes 1.34.4 and etcd on the same machine.`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

await runUntilInterrupted(main);
