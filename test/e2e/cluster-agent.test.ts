import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { DEPLOYMENTS, PODS, resourcePath } from "../../src/kube/resource.ts";
import { eventually } from "../eventually.ts";
import type { KubernetesObject } from "../installation/kubectl.ts";
import { report } from "../installation/report.ts";
import { conditionOf, enterWorld, install, testSpec, untilKmAgent } from "../installation/world.ts";
import type { Installation, KmAgentObject, World } from "../installation/world.ts";

/*
 * The one cluster agent: a configuration from the platform that the guard takes and the collector refuses never replaces the
 * pod that works.
 */

const NAMESPACE = "cluster-agent";
const REVISION = "kloudmate.com/revision";
const DEADLINE_SECONDS = 120;
/** What only the collector can know: the guard reads no more of a statement than how it begins. */
const NO_SUCH = "NoSuchFunction";

let world: World;
let operator: Installation;

interface Pod extends KubernetesObject {
  readonly metadata: KubernetesObject["metadata"] & { readonly uid: string; readonly deletionTimestamp?: string };
  readonly status: {
    readonly conditions?: readonly { type: string; status: string; lastTransitionTime: string }[];
    readonly containerStatuses?: readonly { restartCount: number }[];
  };
}

interface ClusterAgent {
  readonly ready?: boolean;
  readonly phase?: string;
  readonly target?: string;
  readonly stable?: string;
  readonly rejected?: readonly { readonly revision: string; readonly reason: string; readonly message: string }[];
}

const agentOf = (kmagent: KmAgentObject | undefined): ClusterAgent => kmagent?.status?.clusterAgent ?? {};

beforeAll(async () => {
  world = await enterWorld();
  operator = await install(world, { namespace: NAMESPACE });
  const { platform } = testSpec(world.images, operator.platform);
  await operator.applyKmAgent({
    platform: { ...platform, remoteConfig: { minInterval: "0s" } },
    rollout: { bakeTime: "4s", maxUnavailable: "100%", progressDeadline: `${DEADLINE_SECONDS}s` },
  });
  await operator.waitHealthy(180_000);
  await until("the first revision is stable", ({ phase, ready }) => phase === "Complete" && ready === true, 180_000);
  await operator.waitFor("PlatformConnected", "True", 60_000);
}, 500_000);

afterAll(async () => {
  expect(await operator.leave()).toEqual([]);
}, 240_000);

const until = (what: string, holds: (agent: ClusterAgent, seen: KmAgentObject) => boolean, withinMs = 120_000) =>
  untilKmAgent(operator, what, (seen) => holds(agentOf(seen), seen), withinMs);

/** A configuration of the cluster agent; `mark` tells one from the other. */
function configuration(mark: string, value = '"yes"') {
  return {
    receivers: { otlp: { protocols: { http: { endpoint: "0.0.0.0:4318" } } } },
    processors: {
      transform: { trace_statements: [`set(resource.attributes["mark"], ${value})`] },
      batch: { timeout: mark },
    },
    exporters: {
      otlphttp: { endpoint: "${env:KM_COLLECTOR_ENDPOINT}", headers: { Authorization: "${env:KM_API_KEY}" } },
    },
    service: {
      pipelines: { traces: { receivers: ["otlp"], processors: ["transform", "batch"], exporters: ["otlphttp"] } },
    },
  };
}

async function send(document: object): Promise<void> {
  const body = { restart_required: true, config: { daemonset_config: null, deployment_config: document } };
  await operator.platform.tell({ hostname: "test-cluster", kind: "config", body });
}

/** Waits for so many more check-ins, which is as long as it takes for answers to have been heeded. */
async function afterCheckIns(more: number): Promise<void> {
  const count = async () => (await operator.platform.row("test-cluster"))?.count ?? 0;
  const before = await count();
  await eventually(`${more} check-ins`, async () => ((await count()) >= before + more ? true : undefined), {
    withinMs: 60_000,
  });
}

/** The cluster agent's pods that aren't being deleted. */
async function pods(): Promise<readonly Pod[]> {
  const labelSelector = "app.kubernetes.io/component=cluster-agent";
  const listed = await world.api.list<Pod>(resourcePath(PODS, NAMESPACE), { labelSelector });
  return listed.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** What would differ if the pod had been restarted, or had been unready for a moment. */
function lifeOf(pod: Pod | undefined) {
  const ready = pod?.status.conditions?.find(({ type }) => type === "Ready");
  return { uid: pod?.metadata.uid, ready, restarts: pod?.status.containerStatuses?.[0]?.restartCount };
}

async function deployment() {
  const found = await world.api.get<
    KubernetesObject & {
      metadata: { generation: number };
      spec: { template: { metadata: { labels: Record<string, string> } } };
    }
  >(resourcePath(DEPLOYMENTS, NAMESPACE, "km-agent-cluster"));
  if (!found) throw new Error("the Deployment is gone");
  return { generation: found.metadata.generation, revision: found.spec.template.metadata.labels[REVISION] ?? "" };
}

/** Everything that check-ins have said in words. */
async function told(): Promise<readonly string[]> {
  return (await operator.platform.records()).map(
    ({ payload }) => (payload as { last_error_message?: string }).last_error_message ?? "",
  );
}

const isBack = ({ phase, rejected = [] }: ClusterAgent) => phase === "RolledBack" && rejected.length > 0;

describe("a configuration of the cluster agent that its collector refuses", () => {
  test("never replaces the pod that works, and status, event and platform say why", async () => {
    const [old] = await pods();
    const { stable = "" } = agentOf(await operator.kmagent());
    expect((await deployment()).revision).toBe(stable);
    const began = performance.now();
    await send(configuration("2s", `${NO_SUCH}()`));
    const kmagent = await until("the way back", isBack, DEADLINE_SECONDS * 1_000);
    await eventually(
      "the old template and no pod but the old one",
      async () => {
        const [{ revision }, now] = [await deployment(), await pods()];
        if (revision === stable && now.length === 1) return true;
        throw new Error(JSON.stringify([revision, now.map(({ metadata }) => metadata.name)]));
      },
      { withinMs: DEADLINE_SECONDS * 1_000 },
    );
    report("cluster-agent", { what: "refused by the collector, taken back", tookMs: performance.now() - began });
    expect((await pods()).map(lifeOf)).toEqual([lifeOf(old)]);
    const [rejected] = agentOf(kmagent).rejected ?? [];
    expect(rejected).toMatchObject({ reason: "CollectorExited", message: expect.stringContaining(NO_SUCH) });
    expect(agentOf(kmagent)).toMatchObject({ stable, target: rejected?.revision });
    const says = { message: expect.stringContaining(NO_SUCH) };
    const settled = await until(
      "the condition of what works",
      (_, seen) => conditionOf(seen, "ClusterAgentAvailable")?.reason === "RolledBack",
    );
    expect(conditionOf(settled, "ClusterAgentAvailable")).toMatchObject({ status: "True", ...says });
    const remote = conditionOf(settled, "RemoteConfigApplied");
    expect(remote).toMatchObject({ status: "False", reason: "RolledBack", ...says });
    expect(remote?.message).toContain("The built-in configuration stays in force.");
    await eventually(
      "an event and the platform's word",
      async () => {
        const { stdout: events } = await world.kubectl(["get", "events", "-n", NAMESPACE, "-o", "json"]);
        const list = (JSON.parse(events) as { items: { reason: string; message: string }[] }).items;
        const event = list.find(({ reason, message }) => reason === "RolledBack" && message.includes(NO_SUCH));
        const upstream = (await told()).find((text) => text.includes("rolled back") && text.includes(NO_SUCH));
        if (event && upstream !== undefined) return true;
        throw new Error(JSON.stringify({ event, upstream }));
      },
      { withinMs: 60_000 },
    );
  }, 400_000);

  test("moves nothing when it is sent again and again", async () => {
    const before = [await deployment(), (await pods()).map(lifeOf)];
    await afterCheckIns(3);
    expect([await deployment(), (await pods()).map(lifeOf)]).toEqual(before);
  }, 90_000);

  test("stays rejected, with its reason, where operator and status are lost", async () => {
    const before = [await deployment(), (await pods()).map(lifeOf)];
    const { target } = agentOf(await operator.kmagent());
    const selector = "app.kubernetes.io/name=kmagent-operator";
    const scale = async (replicas: number) =>
      await world.kubectl(["scale", "deployment", "-l", selector, "-n", NAMESPACE, `--replicas=${replicas}`]);
    await scale(0);
    await world.kubectl(["wait", "pod", "-l", selector, "-n", NAMESPACE, "--for=delete", "--timeout=60s"]);
    const forget = JSON.stringify([{ op: "remove", path: "/status/clusterAgent" }]);
    await world.kubectl([
      ...["patch", "kmagent", "km-agent", "-n", NAMESPACE],
      ...["--subresource=status", "--type=json", "-p", forget],
    ]);
    await scale(1);
    // What was rolled back isn't wanted any more: the new record is that of what runs.
    const kmagent = await until(
      "the record anew",
      ({ phase, rejected = [] }) => phase !== undefined && rejected.length > 0,
    );
    const [rejected] = agentOf(kmagent).rejected ?? [];
    expect(rejected).toMatchObject({ revision: target, reason: "CollectorExited" });
    expect(rejected?.message).toContain(NO_SUCH);
    await afterCheckIns(2);
    expect([await deployment(), (await pods()).map(lifeOf)]).toEqual(before);
  }, 300_000);

  test("makes way for a good one", async () => {
    const [old] = await pods();
    const { stable } = agentOf(await operator.kmagent());
    const began = performance.now();
    await send(configuration("3s"));
    const kmagent = await until(
      "the good one is in force",
      (agent, seen) =>
        agent.phase === "Complete" &&
        agent.stable !== stable &&
        conditionOf(seen, "RemoteConfigApplied")?.reason === "Applied",
    );
    report("cluster-agent", { what: "good, in force", tookMs: performance.now() - began });
    expect(conditionOf(kmagent, "ClusterAgentAvailable")).toMatchObject({ status: "True", reason: "Available" });
    const { stable: proved } = agentOf(kmagent);
    expect((await deployment()).revision).toBe(proved);
    const now = await pods();
    expect(now.map(({ metadata }) => metadata.labels?.[REVISION])).toEqual([proved]);
    expect(now.map(({ metadata }) => metadata.uid)).not.toContain(old?.metadata.uid);
  }, 200_000);
});
