import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { LABEL } from "../../src/api/labels.ts";
import { DAEMONSETS, resourcePath } from "../../src/kube/resource.ts";
import { eventually } from "../eventually.ts";
import { agentPods, revisionOf, rolloutOf, touched } from "../faults/agents.ts";
import type { Rollout } from "../faults/agents.ts";
import type { AgentPod } from "../faults/ground.ts";
import { report } from "../installation/report.ts";
import { conditionOf, enterWorld, install, untilKmAgent } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";

/* A change reaches the nodes by a canary and waves, and a bad one never gets further than its canary. */

const NAMESPACE = "rollout";

let world: World;
let operator: Installation;

/** A configuration that sends a metric every two seconds; `mark` makes it another revision, `broken` one that no collector takes. */
function configuration(mark: string, broken = false): string {
  return JSON.stringify({
    receivers: {
      hostmetrics: { collection_interval: "2s", scrapers: { memory: {} } },
    },
    processors: { attributes: { actions: [{ key: "mark", value: mark, action: "insert" }] } },
    exporters: {
      otlphttp: {
        endpoint: "${env:KM_COLLECTOR_ENDPOINT}",
        headers: { Authorization: "${env:KM_API_KEY}" },
        ...(broken && { compression: "no-such-compression" }),
      },
    },
    service: {
      pipelines: { metrics: { receivers: ["hostmetrics"], processors: ["attributes"], exporters: ["otlphttp"] } },
    },
  });
}

async function wish(mark: string, more: { broken?: boolean; rollout?: object } = {}): Promise<void> {
  await operator.applyKmAgent({
    health: { interval: "2s", timeout: "2s", startupGrace: "5s" },
    nodeAgent: { image: world.images.collector, terminationGracePeriodSeconds: 2 },
    clusterAgent: { enabled: false },
    rollout: { bakeTime: "4s", progressDeadline: "60s", maxUnavailable: 1, ...more.rollout },
    config: { nodeAgent: { inline: configuration(mark, more.broken) } },
  });
}

const pods = () => agentPods(world, NAMESPACE);
const revisions = (of: Iterable<AgentPod>) => new Set([...of].map(revisionOf));

async function templateRevision(): Promise<string> {
  const daemonSet = await world.api.get(resourcePath(DAEMONSETS, NAMESPACE, "km-agent"));
  const { template } = (
    daemonSet as unknown as { spec: { template: { metadata: { labels: Record<string, string> } } } }
  ).spec;
  return template.metadata.labels[LABEL.revision] ?? "";
}

const until = (what: string, holds: (rollout: Rollout) => boolean, withinMs = 90_000) =>
  untilKmAgent(operator, what, (seen) => holds(rolloutOf(seen)), withinMs);

const isComplete =
  (before: string) =>
  ({ phase, target, stable }: Rollout) =>
    phase === "Complete" && target === stable && target !== before;

beforeAll(async () => {
  world = await enterWorld(600_000);
  operator = await install(world, { namespace: NAMESPACE });
  await wish("one");
  await operator.waitHealthy(120_000);
}, 240_000);

afterAll(async () => {
  expect(await operator.leave()).toEqual([]);
}, 180_000);

describe("a staged rollout", () => {
  test("proves a good change on a canary before the template moves, and replaces each pod once", async () => {
    const before = await pods();
    const { stable = "" } = rolloutOf(await operator.kmagent());
    const began = Date.now();
    await wish("two");
    const trying = await until("a canary", ({ phase }) => phase === "Canary", 20_000);
    const [canary = ""] = rolloutOf(trying).canaries ?? [];
    const { target = "" } = rolloutOf(trying);
    await eventually("the canary's pod", async () => revisionOf((await pods()).get(canary)) === target || undefined, {
      withinMs: 30_000,
    });
    if (rolloutOf(await operator.kmagent()).phase === "Canary") expect(await templateRevision()).toBe(stable);
    await until("completion", isComplete(stable));
    report("rollout", { change: "good", nodes: before.size, tookMs: Date.now() - began });
    const after = await pods();
    expect(revisions(after.values())).toEqual(new Set([target]));
    expect(await templateRevision()).toBe(target);
    expect(await deletions(before)).toEqual(
      Object.fromEntries([...before.values()].map(({ metadata }) => [metadata.name, 1])),
    );
    const canaryPod = after.get(canary);
    expect(canaryPod?.metadata.name).toContain(target);
  }, 150_000);

  test("takes a change back that the collector refuses, with its words, and touches no other node", async () => {
    const before = await pods();
    const { stable = "" } = rolloutOf(await operator.kmagent());
    const began = Date.now();
    await wish("three", { broken: true });
    const back = await until("the way back", ({ phase }) => phase === "RolledBack");
    report("rollout", { change: "refused by the collector", tookMs: Date.now() - began });
    const [rejected] = rolloutOf(back).rejected ?? [];
    expect(rejected).toMatchObject({
      reason: "CollectorExited",
      message: expect.stringContaining("no-such-compression"),
    });
    expect(conditionOf(back, "Ready")).toMatchObject({ status: "False", reason: "RolledBack" });
    expect(conditionOf(back, "RolloutComplete")).toMatchObject({ status: "False", reason: "RolledBack" });
    const after = await pods();
    expect(touched(before, after)).toHaveLength(1);
    expect(revisions(after.values())).toEqual(new Set([stable]));
    const { stdout: events } = await world.kubectl(["get", "events", "-n", NAMESPACE, "-o", "json"]);
    expect(events).toContain("RollbackStarted");
  }, 150_000);

  test("asks before it leaves its canary, where approval is asked for", async () => {
    const { stable = "" } = rolloutOf(await operator.kmagent());
    await wish("four", { rollout: { approval: "Manual" } });
    const asking = await until("the question", ({ waitingFor }) => waitingFor?.gate === "Approval");
    const { target = "", canaries: [canary = ""] = [] } = rolloutOf(asking);
    const others = [...(await pods())].filter(([node]) => node !== canary);
    expect(revisions(others.map(([, pod]) => pod))).toEqual(new Set([stable]));
    expect(await templateRevision()).toBe(stable);
    const approval = `kloudmate.com/approve=${target}`;
    await world.kubectl(["annotate", "kmagent", "km-agent", "-n", NAMESPACE, approval, "--overwrite"]);
    await until("completion", isComplete(stable), 120_000);
    expect(revisions((await pods()).values())).toEqual(new Set([target]));
  }, 240_000);

  test("goes on where it was when the operator is killed in the middle", async () => {
    const before = await pods();
    const { stable = "" } = rolloutOf(await operator.kmagent());
    await wish("five");
    await until("waves", ({ phase }) => phase === "Progressing", 60_000);
    const label = "app.kubernetes.io/name=kmagent-operator";
    await world.kubectl(["delete", "pod", "-l", label, "-n", NAMESPACE, "--force", "--grace-period=0"]);
    await until("completion", isComplete(stable), 120_000);
    expect(await deletions(before)).toEqual(
      Object.fromEntries([...before.values()].map(({ metadata }) => [metadata.name, 1])),
    );
  }, 200_000);
});

/** How often the operator deleted each of these pods, by the audit log. */
async function deletions(of: ReadonlyMap<string, AgentPod>): Promise<Record<string, number>> {
  const names = new Set([...of.values()].map(({ metadata }) => metadata.name));
  const counts: Record<string, number> = {};
  for await (const event of world.cluster.auditEvents(new Date(Date.now() - 600_000), world.signal)) {
    const name = event.objectRef?.name ?? "";
    const isOurs = event.verb === "delete" && event.objectRef?.resource === "pods" && names.has(name);
    const byOperator = event.user.username.includes(`${NAMESPACE}:`);
    if (isOurs && byOperator && event.stage === "ResponseComplete") counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}
