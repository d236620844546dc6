import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { PODS, resourcePath } from "../../src/kube/resource.ts";
import type { ClusterNode } from "../cluster/cluster.ts";
import { agentPods, isReady, revisionOf, rolloutOf } from "../faults/agents.ts";
import type { AgentPod } from "../faults/ground.ts";
import { eventually } from "../eventually.ts";
import { report } from "../installation/report.ts";
import { enterWorld, install, untilKmAgent } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";

/*
 * While a canary is watched, whatever makes a pod anywhere (a node that comes, an eviction, a deletion) starts the revision that
 * is proved: with the operator there, and with it gone. The canary is baked so long that the phase lasts until the test ends it.
 */

const NAMESPACE = "canary";
const OPERATOR = "app.kubernetes.io/name=kmagent-operator";

let world: World;
let operator: Installation;
let canary: string;
let canaryPod: AgentPod;
let stable: string;
let target: string;
const added: ClusterNode[] = [];

async function wish(mark: string, bakeTime: string): Promise<void> {
  const inline = JSON.stringify({
    receivers: { hostmetrics: { collection_interval: "2s", scrapers: { load: {} } } },
    processors: { attributes: { actions: [{ key: "mark", value: mark, action: "insert" }] } },
    exporters: {
      otlphttp: { endpoint: "${env:KM_COLLECTOR_ENDPOINT}", headers: { Authorization: "${env:KM_API_KEY}" } },
    },
    service: {
      pipelines: { metrics: { receivers: ["hostmetrics"], processors: ["attributes"], exporters: ["otlphttp"] } },
    },
  });
  await operator.applyKmAgent({
    health: { interval: "2s", timeout: "2s", startupGrace: "5s" },
    nodeAgent: { image: world.images.collector, terminationGracePeriodSeconds: 2 },
    clusterAgent: { enabled: false },
    rollout: { bakeTime, progressDeadline: "60s", maxUnavailable: "100%" },
    config: { nodeAgent: { inline } },
  });
}

async function pods(): Promise<ReadonlyMap<string, AgentPod>> {
  return await agentPods(world, NAMESPACE);
}

beforeAll(async () => {
  world = await enterWorld();
  operator = await install(world, { namespace: NAMESPACE });
  await wish("one", "2s");
  stable = rolloutOf(await operator.waitHealthy(120_000)).stable ?? "";
  await wish("two", "30m");
  const baking = await untilKmAgent(
    operator,
    "the canary is healthy, and watched",
    (seen) => rolloutOf(seen).phase === "Canary" && rolloutOf(seen).waitingFor?.gate === "Bake",
    90_000,
  );
  ({ target = "", canaries: [canary = ""] = [] } = rolloutOf(baking));
  const pod = (await pods()).get(canary);
  if (!pod) throw new Error("the canary has no pod");
  canaryPod = pod;
}, 300_000);

afterAll(async () => {
  for (const { name } of added) await world.cluster.removeNode(name, world.signal);
  expect(await operator.leave()).toEqual([]);
}, 240_000);

/** What makes a pod on a node: a node that came just now, or one whose pod goes. */
type Happening = () => Promise<{ readonly node: string; readonly before: AgentPod | undefined }>;

/** The two nodes beside the canary that were there from the beginning, in the order of their names. */
async function other(index: 0 | 1): Promise<{ readonly node: string; readonly before: AgentPod }> {
  const others = [...(await pods())].filter(([node]) => node !== canary && added.every(({ name }) => name !== node));
  const [node, before] = others.toSorted(([a], [b]) => a.localeCompare(b))[index] ?? [];
  if (node === undefined || before === undefined) throw new Error("that node has no pod");
  return { node, before };
}

async function add(): ReturnType<Happening> {
  const node = await world.cluster.addNode(world.signal);
  added.push(node);
  return { node: node.name, before: undefined };
}

async function evict({ node, before }: { node: string; before: AgentPod }): ReturnType<Happening> {
  const { name } = before.metadata;
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace: NAMESPACE } };
  const path = `/api/v1/namespaces/${NAMESPACE}/pods/${name}/eviction`;
  await world.kubectl(["create", "--raw", path, "-f", "-"], JSON.stringify(eviction));
  return { node, before };
}

async function remove({ node, before }: { node: string; before: AgentPod }): ReturnType<Happening> {
  await world.kubectl(["delete", "pod", before.metadata.name, "-n", NAMESPACE, "--wait=false"]);
  return { node, before };
}

/** The pod that came of it, once its agent runs. */
async function successor({ node, before }: Awaited<ReturnType<Happening>>): Promise<AgentPod> {
  return await eventually(
    `another pod on ${node} is ready`,
    async () => {
      const pod = (await pods()).get(node);
      return pod !== undefined && pod.metadata.uid !== before?.metadata.uid && isReady(pod) ? pod : undefined;
    },
    { withinMs: 90_000 },
  );
}

/** Each lets one node's pod be made; what strikes which node changes between the two rounds. */
const HAPPENINGS: readonly { readonly name: string; readonly happen: (round: 0 | 1) => ReturnType<Happening> }[] = [
  { name: "a node that is added", happen: add },
  { name: "a pod that is evicted", happen: async (round) => await evict(await other(round)) },
  { name: "a pod that is deleted", happen: async (round) => await remove(await other(round === 0 ? 1 : 0)) },
];

describe.each([
  { name: "with the operator there", round: 0 as const, begin: () => Promise.resolve() },
  { name: "with the operator killed", round: 1 as const, begin: kill },
])("while a canary is watched, $name,", ({ name, round, begin }) => {
  let came: readonly PromiseSettledResult<AgentPod>[] = [];

  beforeAll(async () => {
    await begin();
    const began = Date.now();
    // At once, for they are different nodes.
    came = await Promise.allSettled(HAPPENINGS.map(async ({ happen }) => await successor(await happen(round))));
    report("canary", { what: name, tookMs: Date.now() - began });
  }, 240_000);

  test.each(HAPPENINGS.map((happening, index) => ({ ...happening, index })))(
    "$name starts the stable revision",
    ({ index }) => {
      const pod = came[index];
      if (pod?.status !== "fulfilled") throw pod?.reason;
      expect(revisionOf(pod.value)).toBe(stable);
    },
  );

  test("the canary goes on with the target, and nothing else has it", async () => {
    const now = await pods();
    expect(now.get(canary)?.metadata.uid).toBe(canaryPod.metadata.uid);
    expect([...now].filter(([, pod]) => revisionOf(pod) !== stable).map(([node]) => node)).toEqual([canary]);
    expect(rolloutOf(await operator.kmagent())).toMatchObject({ phase: "Canary", target, stable, template: stable });
  });
});

/** In the middle of it, as a crash does; and nobody makes another. */
async function kill(): Promise<void> {
  const list = async () => await world.api.list<AgentPod>(resourcePath(PODS, NAMESPACE), { labelSelector: OPERATOR });
  const [pod] = await list();
  const process = { podUid: pod?.metadata.uid ?? "", container: "operator" };
  await world.cluster.signalContainer(process, "SIGKILL", world.signal);
  await world.kubectl(["scale", "deployment", "-n", NAMESPACE, "-l", OPERATOR, "--replicas=0"]);
  await world.kubectl(["delete", "pod", "-n", NAMESPACE, "-l", OPERATOR, "--force", "--grace-period=0"]);
  await eventually("no operator is left", async () => ((await list()).length === 0 ? true : undefined), {
    withinMs: 60_000,
  });
}

describe("once the canary itself is evicted, with the operator still dead,", () => {
  test("its node starts the stable revision, too, and the next operator tries the target again and brings it everywhere", async () => {
    const alone = await successor(await evict({ node: canary, before: canaryPod }));
    expect(revisionOf(alone)).toBe(stable);
    const began = Date.now();
    await world.kubectl(["scale", "deployment", "-n", NAMESPACE, "-l", OPERATOR, "--replicas=1"]);
    await wish("two", "2s");
    const done = await untilKmAgent(
      operator,
      "the target is everywhere",
      (seen) => rolloutOf(seen).phase === "Complete" && rolloutOf(seen).stable === target,
      180_000,
    );
    report("canary", {
      what: "from the operator's return to completion",
      nodes: 3 + added.length,
      tookMs: Date.now() - began,
    });
    expect(done.status?.nodes).toMatchObject({ desired: 3 + added.length, healthy: 3 + added.length });
    expect([...(await pods()).values()].map(revisionOf)).toEqual(
      Array.from({ length: 3 + added.length }, () => target),
    );
  }, 360_000);
});
