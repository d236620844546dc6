import { setTimeout as delay } from "node:timers/promises";
import type { KubeClient } from "../../src/kube/client.ts";
import { readAuditLog } from "../cluster/local/audit-log.ts";
import { median } from "./figures.ts";
import type { Figure } from "./figures.ts";
import { addForeignPods, addNodes, kmagentBody, KMAGENTS_PATH } from "./fleet.ts";
import type { PlatformEndpoints } from "./fleet.ts";
import { measureStart } from "./latency.ts";
import { NAMESPACE, startOperator } from "./operator-process.ts";
import type { OperatorInstallation, OperatorProcess } from "./operator-process.ts";
import type { ScaleCluster } from "./scale-cluster.ts";
import { watchDaemonSets } from "./sightings.ts";
import type { Sightings } from "./sightings.ts";
import { settledMemory, waitHealthy } from "./waiting.ts";

/** How much is done. */
export interface Extent {
  /** Sizes of the fleet after the first ten nodes, ascending, with their budgets in MiB. */
  readonly sizes: readonly { readonly nodes: number; readonly budget: number | null }[];
  readonly foreignPods: number;
  readonly settleMs: number;
  readonly restSeconds: number;
}

/** All of it. */
export const FULL: Extent = {
  sizes: [
    { nodes: 1_000, budget: 95 },
    { nodes: 5_000, budget: 130 },
  ],
  foreignPods: 20_000,
  settleMs: 60_000,
  restSeconds: process.env["SOAK"] === "1" ? 600 : 60,
};
/** A taste. */
export const QUICK: Extent = {
  sizes: [{ nodes: 200, budget: null }],
  foreignPods: 500,
  settleMs: 10_000,
  restSeconds: 20,
};

const FIRST_NODES = 10;
const FLEET = "fleet";

/** What measuring the operator's costs needs. */
export interface CostBench {
  readonly extent: Extent;
  readonly cluster: ScaleCluster;
  readonly client: KubeClient;
  readonly platform: PlatformEndpoints;
  readonly installation: OperatorInstallation;
  readonly figures: Figure[];
  readonly say: (line: string) => void;
}

interface Bench extends CostBench {
  readonly sightings: Sightings;
}

/** How soon the operator starts, what it takes at rest and how that grows with the fleet. */
export async function measureCosts(bench: CostBench, signal: AbortSignal): Promise<void> {
  const sightings = await watchDaemonSets(bench.client, signal);
  try {
    await measure({ ...bench, sightings }, signal);
  } finally {
    await sightings.stop();
  }
}

async function measure(bench: Bench, signal: AbortSignal): Promise<void> {
  const { extent, client, figures } = bench;
  await addNodes(client, 0, FIRST_NODES, signal);
  await client.request({ method: "POST", path: KMAGENTS_PATH, body: kmagentBody(FLEET, bench.platform) }, signal);
  let operator = startOperator(bench.installation, "first");
  await waitHealthy(client, FLEET, FIRST_NODES, signal);
  operator = await starts(bench, operator, { nodes: FIRST_NODES, budget: 1.5, rounds: 3 }, signal);
  await waitHealthy(client, FLEET, FIRST_NODES, signal);
  await memory(bench, operator, { nodes: FIRST_NODES, budget: 80 }, signal);
  await rest(bench, signal);
  let nodes = FIRST_NODES;
  for (const size of extent.sizes) {
    bench.say(`${size.nodes} nodes join`);
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
  bench.say(`${extent.foreignPods} foreign pods`);
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
}

/** Restarts the operator some times; the last one runs on. */
async function starts(
  { client, sightings, installation, figures, say }: Bench,
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
async function rest({ cluster, extent, figures, say }: Bench, signal: AbortSignal): Promise<void> {
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
