import type { KubeClient } from "../../src/kube/client.ts";
import { eventually } from "../eventually.ts";
import { percentile } from "./figures.ts";
import type { Figure } from "./figures.ts";
import { addNodes, DAEMONSETS_PATH, kmagentBody, KMAGENTS_PATH } from "./fleet.ts";
import type { PlatformEndpoints } from "./fleet.ts";
import { NAMESPACE, startOperator } from "./operator-process.ts";
import type { OperatorInstallation, OperatorProcess } from "./operator-process.ts";
import { watchDaemonSets } from "./sightings.ts";
import type { Sightings } from "./sightings.ts";
import { waitHealthy, waitLeading } from "./waiting.ts";

/** The image that somebody puts into the DaemonSet. */
const DRIFT = "example.org/drift:1";

/** What measuring latencies needs. */
export interface LatencyBench {
  readonly client: KubeClient;
  readonly platform: PlatformEndpoints;
  readonly installation: OperatorInstallation;
  readonly rounds: number;
  readonly say: (line: string) => void;
}

const NODES = 10;

/** How soon a KmAgent becomes a DaemonSet, and how soon that is repaired. */
export async function measureLatency(bench: LatencyBench, signal: AbortSignal): Promise<Figure[]> {
  const { client, platform, installation, rounds } = bench;
  bench.say(`${rounds} KmAgents, one after the other`);
  await addNodes(client, 0, NODES, signal);
  const sightings = await watchDaemonSets(client, signal);
  const operator = startOperator(installation, "latencies");
  try {
    await waitLeading(operator);
    const found = await measureRounds(client, sightings, platform, { rounds, nodes: NODES }, signal);
    return [
      row("KmAgent created → DaemonSet visible", found.created, 50, 60),
      row("KmAgent created → DaemonSet visible", found.created, 99, 250),
      row("drift in the DaemonSet → repaired", found.repaired, 50, 200),
      row("drift in the DaemonSet → repaired", found.repaired, 99, 200),
    ];
  } finally {
    await operator.stop();
    await sightings.stop();
  }
}

function row(what: string, values: readonly number[], percent: number, budget: number): Figure {
  return {
    what: `${what}, ${percent === 50 ? "median" : `p${percent}`} of ${values.length}`,
    measured: percentile(values, percent),
    budget,
    unit: "ms",
  };
}

/** How long each round took, milliseconds. */
interface Latencies {
  readonly created: readonly number[];
  readonly repaired: readonly number[];
}

/**
 * Rounds of one KmAgent each: made, until its DaemonSet is seen; then the DaemonSet's image is changed by somebody, until it is
 * seen changed back; then deleted, until its pods are gone, whose deletion would be in the next round's way.
 */
async function measureRounds(
  client: KubeClient,
  sightings: Sightings,
  platform: PlatformEndpoints,
  { rounds, nodes }: { readonly rounds: number; readonly nodes: number },
  signal: AbortSignal,
): Promise<Latencies> {
  const created: number[] = [];
  const repaired: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const name = `round-${round}`;
    let image = "";
    const added = sightings.next((type, seen) => {
      // It has the KmAgent's own name.
      if (type !== "ADDED" || seen.metadata.name !== name) return false;
      image = seen.spec.template.spec.containers[0]?.image ?? "";
      return true;
    });
    const body = kmagentBody(name, platform);
    const asked = performance.now();
    await client.request({ method: "POST", path: KMAGENTS_PATH, body }, signal);
    created.push((await added) - asked);
    await waitHealthy(client, name, nodes, signal);

    let isDrifted = false;
    const back = sightings.next((_, seen) => {
      if (seen.metadata.name !== name) return false;
      const now = seen.spec.template.spec.containers[0]?.image;
      isDrifted ||= now === DRIFT;
      return isDrifted && now === image;
    });
    const drifted = performance.now();
    await client.request(
      {
        method: "PATCH",
        path: `${DAEMONSETS_PATH}/${name}`,
        query: { fieldManager: "somebody" },
        body: [{ op: "replace", path: "/spec/template/spec/containers/0/image", value: DRIFT }],
        contentType: "application/json-patch+json",
      },
      signal,
    );
    repaired.push((await back) - drifted);

    const gone = sightings.next((type, seen) => type === "DELETED" && seen.metadata.name === name);
    await client.request({ method: "DELETE", path: `${KMAGENTS_PATH}/${name}` }, signal);
    await gone;
    await waitGone(client, name, signal);
  }
  return { created, repaired };
}

async function waitGone(client: KubeClient, name: string, signal: AbortSignal): Promise<void> {
  const query = { labelSelector: `app.kubernetes.io/instance=${name}` };
  const path = `/api/v1/namespaces/${NAMESPACE}/pods`;
  await eventually(
    `the pods of ${name} are gone`,
    async () => {
      const { body } = await client.request({ method: "GET", path, query }, signal);
      return (body as { items: readonly unknown[] }).items.length === 0 ? true : undefined;
    },
    { withinMs: 60_000 },
  );
}

/**
 * Milliseconds from the start of the process until what changed while no operator ran is seen in the DaemonSet. The started
 * operator is handed over as it runs.
 */
export async function measureStart(
  client: KubeClient,
  sightings: Sightings,
  installation: OperatorInstallation,
  { kmagent, round }: { readonly kmagent: string; readonly round: string },
  signal: AbortSignal,
): Promise<{ readonly ms: number; readonly operator: OperatorProcess }> {
  const body = { spec: { nodeAgent: { podLabels: { round } } } };
  await client.request(
    { method: "PATCH", path: `${KMAGENTS_PATH}/${kmagent}`, body, contentType: "application/merge-patch+json" },
    signal,
  );
  const seen = sightings.next(
    (type, { spec }) => type !== "DELETED" && spec.template.metadata.labels?.["round"] === round,
  );
  const operator = startOperator(installation, `${NAMESPACE}-${round}`);
  return { ms: (await seen) - operator.startedAt, operator };
}
