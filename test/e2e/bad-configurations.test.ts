import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { agentPods, operatorNode, revisionOf, rolloutOf, touched } from "../faults/agents.ts";
import { BAD_CONFIGURATIONS, BAD_TEXTS, goodConfiguration, NOBODY } from "../faults/bad-configurations.ts";
import type { Document } from "../faults/bad-configurations.ts";
import { deliveryOf } from "../faults/delivery.ts";
import { groundOf } from "../faults/ground.ts";
import type { AgentPod } from "../faults/ground.ts";
import { toldBy } from "../faults/told.ts";
import type { Told } from "../faults/told.ts";
import { eventually } from "../eventually.ts";
import { report } from "../installation/report.ts";
import { conditionOf, enterWorld, install, testSpec, untilKmAgent } from "../installation/world.ts";
import type { Installation, KmAgentObject, World } from "../installation/world.ts";

/*
 * Configurations of the platform that the guard takes and the real collector fails with (test/faults/bad-configurations.ts),
 * while telemetry flows to a sink that counts what arrives of each pod. What the guard itself refuses moves nothing at all:
 * that is in test/e2e/remote-config.test.ts.
 */

const NAMESPACE = "bad-configurations";
/** From a configuration's sending to the last canary's return. */
const BACK_MS = 150_000;
const APPLIED_MS = 120_000;
/** Telemetry is sent each second. More than this much silence is a loss, however slow the machine. */
const GAP_MS = 20_000;

let world: World;
let operator: Installation;
let told: Told;

beforeAll(async () => {
  world = await enterWorld();
  operator = await install(world, { namespace: NAMESPACE });
  told = toldBy(world, operator);
  await send(goodConfiguration("first"));
  await applySpec();
  await untilApplied("first");
}, 300_000);

afterAll(async () => {
  expect(await operator.leave()).toEqual([]);
}, 240_000);

/** The rollout's settings make no other revision, so they may change from one configuration to the next. */
async function applySpec(rollout: object = {}, inline?: string): Promise<void> {
  const { platform } = testSpec(world.images, operator.platform);
  await operator.applyKmAgent({
    platform: { ...platform, remoteConfig: { minInterval: "0s", allowedExporterHosts: [NOBODY] } },
    nodeAgent: {
      image: world.images.collector,
      terminationGracePeriodSeconds: 2,
      resources: { requests: { memory: "64Mi" }, limits: { memory: "256Mi" } },
    },
    clusterAgent: { enabled: false },
    health: { interval: "2s", timeout: "2s", startupGrace: "5s" },
    rollout: { bakeTime: "1s", maxUnavailable: "100%", progressDeadline: "120s", ...rollout },
    config: inline === undefined ? {} : { nodeAgent: { inline } },
  });
}

/** What the platform answers to each check-in from now on. */
async function send(document: Document): Promise<void> {
  const body = { restart_required: true, config: { daemonset_config: document, deployment_config: null } };
  await operator.platform.tell({ hostname: "test-cluster", kind: "config", body });
}

interface LastRemote {
  readonly hash?: string;
  readonly verdict?: string;
}

const lastRemote = (kmagent: KmAgentObject | undefined): LastRemote =>
  (kmagent?.status?.config as { lastRemote?: LastRemote } | undefined)?.lastRemote ?? {};

/** Hash of the one that was in force last. */
let lastGood = "";

/** Waits until the configuration that was sent last is in force on all nodes. */
async function untilApplied(mark: string): Promise<KmAgentObject> {
  const began = Date.now();
  const kmagent = await untilKmAgent(
    operator,
    `the configuration "${mark}" is in force`,
    (seen) => conditionOf(seen, "RemoteConfigApplied")?.reason === "Applied" && lastRemote(seen).hash !== lastGood,
    APPLIED_MS,
  );
  lastGood = lastRemote(kmagent).hash ?? "";
  report("bad-configurations", { what: `a good one after it (${mark})`, tookMs: Date.now() - began });
  return kmagent;
}

/** Said to be taken back, whatever was rolled out since. */
const isSaid = (kmagent: KmAgentObject, hash = lastRemote(kmagent).hash) =>
  conditionOf(kmagent, "RemoteConfigApplied")?.reason === "RolledBack" &&
  lastRemote(kmagent).verdict === "RolledBack" &&
  lastRemote(kmagent).hash === hash;

const isBack = (kmagent: KmAgentObject) => rolloutOf(kmagent).phase === "RolledBack" && isSaid(kmagent);

/** Nothing of what those collectors have got is missing, and none of them was silent. */
async function expectNoLoss(pods: readonly AgentPod[]): Promise<void> {
  for (const pod of pods) {
    const delivery = await deliveryOf(world, operator, pod);
    report("bad-configurations", { node: pod.spec.nodeName, ...delivery });
    expect(delivery.accepted).toBeGreaterThan(0);
    expect(delivery.lost).toBe(0);
    expect(delivery.longestGapMs).toBeLessThan(GAP_MS);
    expect(pod.status.containerStatuses?.map(({ restartCount }) => restartCount)).toEqual([0]);
  }
}

/** Waits for so many more check-ins, which is as long as it takes for answers to have been heeded. */
async function afterCheckIns(more: number): Promise<void> {
  const count = async () => (await operator.platform.row("test-cluster"))?.count ?? 0;
  const before = await count();
  await eventually(`${more} check-ins`, async () => ((await count()) >= before + more ? true : undefined), {
    withinMs: 60_000,
  });
}

describe("a configuration of the spec", () => {
  test.each(BAD_TEXTS)(
    "$name is never rendered, and the agents go on",
    async ({ text, message }) => {
      const before = await agentPods(world, NAMESPACE);
      await applySpec({}, text);
      const kmagent = await operator.waitFor("ConfigValid", "False", 60_000);
      expect(conditionOf(kmagent, "ConfigValid")?.message).toMatch(message);
      expect(conditionOf(kmagent, "Ready")).toMatchObject({ status: "False", message: expect.stringMatching(message) });
      await eventually(
        "event and log say so",
        async () => {
          const said = [await told.events("ConditionChanged"), await told.log("ConditionChanged")];
          return said.every((texts) => texts.some((each) => message.test(each))) ? true : undefined;
        },
        { withinMs: 30_000, everyMs: 1_000 },
      );
      await applySpec();
      await operator.waitFor("ConfigValid", "True", 60_000);
      await afterCheckIns(1);
      const after = await agentPods(world, NAMESPACE);
      expect(touched(before, after)).toEqual([]);
      await expectNoLoss([...after.values()]);
    },
    180_000,
  );
});

describe("a configuration of the platform", () => {
  test.each(BAD_CONFIGURATIONS.map((bad, index) => ({ ...bad, index })))(
    "$name is taken back, at no other node's cost, and one that works is taken after it",
    async ({ document, lasting, fails, strike, cure, reason, message, index }) => {
      await applySpec({ maxUnavailable: 1 });
      const before = await agentPods(world, NAMESPACE);
      const { stable = "", rejected: [last] = [] } = rolloutOf(await operator.kmagent());
      // The canary is the node that the one before has broken; the first by name of the others comes next.
      const second = [...before.keys()].toSorted().find((node) => !(last?.nodes ?? []).includes(node)) ?? "";
      const ground = groundOf(world, operator, second);
      await strike?.(ground);

      const sentAt = Date.now();
      await send(document);
      if (lasting !== undefined) {
        const isSo = ({ status }: KmAgentObject) =>
          status?.unhealthyNodes?.some(({ reason: is }) => is === lasting) ?? false;
        await untilKmAgent(operator, `a node has the reason ${lasting}`, isSo, BACK_MS);
        await applySpec({ maxUnavailable: 1, progressDeadline: "10s" });
      }
      const back = await untilKmAgent(
        operator,
        "it is taken back, and every node is healthy",
        (seen) =>
          isBack(seen) &&
          rolloutOf(seen).rejected?.[0]?.revision !== last?.revision &&
          seen.status?.nodes?.["healthy"] === before.size,
        BACK_MS,
      );
      const backAt = Date.now();
      const { hash = "" } = lastRemote(back);
      const [rejection] = rolloutOf(back).rejected ?? [];
      report("bad-configurations", {
        what: reason,
        failedAfterMs: Date.parse(rejection?.since ?? "") - sentAt,
        backAfterMs: backAt - sentAt,
      });

      const after = await agentPods(world, NAMESPACE);
      const moved = touched(before, after);
      await expectNoLoss([...after].flatMap(([node, pod]) => (moved.includes(node) ? [] : [pod])));
      expect(moved).toHaveLength(fails === "canary" ? 1 : 2);
      expect(rejection?.nodes).toEqual(fails === "canary" ? moved : [ground.node]);
      expect([...after.values()].map(revisionOf)).toEqual([...after.keys()].map(() => stable));
      expect(rolloutOf(back)).toMatchObject({ template: stable, stable });

      expect(rejection).toMatchObject({ reason, message: expect.stringMatching(message) });
      for (const type of ["Ready", "RolloutComplete", "RemoteConfigApplied"]) {
        expect(conditionOf(back, type)).toMatchObject({
          status: "False",
          reason: "RolledBack",
          message: expect.stringMatching(message),
        });
      }
      await told.rollback(rejection?.revision ?? "", hash, message);

      await cure?.(ground);
      await applySpec();
      await send(goodConfiguration(`after ${index}`));
      await untilApplied(`after ${index}`);
      const good = await agentPods(world, NAMESPACE);
      expect(touched(after, good)).toEqual([...after.keys()].toSorted());

      await send(document);
      await untilKmAgent(operator, "it is known as rolled back", (seen) => isSaid(seen, hash), 60_000);
      await afterCheckIns(1);
      expect(touched(good, await agentPods(world, NAMESPACE))).toEqual([]);
    },
    360_000,
  );

  test("that works reaches every node but one that is down, which gets it when it returns", async () => {
    const own = await operatorNode(world, NAMESPACE);
    const before = await agentPods(world, NAMESPACE);
    const down = [...before.keys()].toSorted().findLast((node) => node !== own) ?? "";
    await applySpec();
    await world.cluster.stopKubelet(down, world.signal);
    try {
      await untilKmAgent(
        operator,
        `${down} is NotReady`,
        ({ status }) =>
          status?.unhealthyNodes?.some(({ node, reason }) => node === down && reason === "NodeNotReady") ?? false,
        90_000,
      );
      await send(goodConfiguration("while one is down"));
      const kmagent = await untilApplied("while one is down");
      expect(conditionOf(kmagent, "RemoteConfigApplied")?.message).toContain("in force on 2 of 3 nodes");
      expect(rolloutOf(kmagent)).toMatchObject({ phase: "Complete", updated: 2 });
      expect(kmagent.status?.unhealthyNodes).toMatchObject([{ node: down, reason: "NodeNotReady" }]);
      await eventually(
        "the platform knows it",
        async () =>
          (await told.platform()).some((text) => text.includes("is in force on 2 of 3 nodes")) ? true : undefined,
        { withinMs: 30_000 },
      );
      const after = await agentPods(world, NAMESPACE);
      expect(touched(before, after)).toEqual([...before.keys()].filter((node) => node !== down).toSorted());
      // Its collector doesn't know that its kubelet is gone.
      await expectNoLoss([after.get(down)].filter((pod) => pod !== undefined));
      await afterCheckIns(1);
      expect(touched(after, await agentPods(world, NAMESPACE))).toEqual([]);
    } finally {
      await world.cluster.startKubelet(down, world.signal);
    }
    const returnedAt = Date.now();
    const { target = "" } = rolloutOf(await operator.kmagent());
    await untilKmAgent(
      operator,
      `${down} runs it, too`,
      (seen) => rolloutOf(seen).updated === 3 && seen.status?.nodes?.["healthy"] === 3,
      APPLIED_MS,
    );
    report("bad-configurations", { what: "a node that was down runs it", afterItsReturnMs: Date.now() - returnedAt });
    expect([...(await agentPods(world, NAMESPACE)).values()].map(revisionOf)).toEqual([target, target, target]);
  }, 360_000);
});
