import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { PODS, resourcePath } from "../../src/kube/resource.ts";
import { endStateOf } from "../faults/end-state.ts";
import { operatorAccount, RELEASE, startHostOperator, withoutPods } from "../faults/host-operator.ts";
import type { Account, HostOperator } from "../faults/host-operator.ts";
import { untilRow } from "../installation/platform-process.ts";
import { report } from "../installation/report.ts";
import { operatorWrites } from "../installation/writes.ts";
import { enterWorld, install, SOAK, untilKmAgent } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";

/*
 * A platform that is away. An hour is compressed: with intervals of five seconds in place of a minute and more, a minute
 * holds as many reports and check-ins that fail as a quarter of an hour does by default.
 */

const NAMESPACE = "outage";
const AWAY_MS = SOAK ? 600_000 : 60_000;
const MEGABYTE = 1024 * 1024;

let world: World;
let operator: Installation;
let account: Account;
let running: HostOperator;

beforeAll(async () => {
  world = await enterWorld(AWAY_MS + 1_200_000);
  operator = await install(world, { namespace: NAMESPACE, release: RELEASE });
  await withoutPods(world, NAMESPACE);
  account = await operatorAccount(world, NAMESPACE);
  running = startHostOperator(account, { namespace: NAMESPACE });
  const { collector } = world.images;
  const { platform } = operator.platform;
  await operator.applyKmAgent({
    platform: { endpoint: platform, configCheckInterval: "5s", nodeReports: { interval: "10s" } },
    nodeAgent: { image: collector, terminationGracePeriodSeconds: 1 },
  });
  await operator.waitHealthy(240_000);
  await operator.waitFor("Ready", "True", 60_000);
  await operator.waitFor("PlatformConnected", "True", 60_000);
  await operator.waitClusterAgentProved();
}, 400_000);

afterAll(async () => {
  await running.stop();
  account.forget();
  expect(await operator.leave()).toEqual([]);
}, 240_000);

interface Agent {
  readonly metadata: { readonly name: string; readonly uid: string };
  readonly spec: { readonly nodeName: string };
}

async function agents(): Promise<readonly Agent[]> {
  const labelSelector = "app.kubernetes.io/component=node-agent";
  return await world.api.list<Agent>(resourcePath(PODS, NAMESPACE), { labelSelector });
}

describe("a platform that is away", () => {
  test(
    "changes nothing in the cluster but what the status says of it, takes no memory, and is told the newest state after",
    async () => {
      const before = await endStateOf(world, operator);
      const pods = (await agents()).map(({ metadata }) => metadata.uid).toSorted();
      await operator.platform.tell({ kind: "status", code: 503 });
      const awaySince = new Date();
      const told = await operator.waitFor("PlatformConnected", "False", 60_000);
      expect(told.status?.nodes?.["healthy"]).toBe(3);
      const memory = running.memory();
      await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
      const grown = running.memory() - memory;
      const writes = await operatorWrites(world, NAMESPACE, awaySince);
      expect(writes.filter(({ object }) => object !== "kmagents/km-agent/status")).toEqual([]);
      // The condition's change, and no more for every try that failed.
      expect(writes.length).toBeLessThanOrEqual(3);
      expect((await endStateOf(world, operator)).inUse).toEqual(before.inUse);
      expect((await agents()).map(({ metadata }) => metadata.uid).toSorted()).toEqual(pods);
      expect(grown).toBeLessThan(24 * MEGABYTE);

      // News that the platform can't be told yet.
      const broken = (await agents())[0];
      if (!broken) throw new Error("no agent runs");
      const node = broken.spec.nodeName;
      await world.cluster.signalContainer(
        { podUid: broken.metadata.uid, container: "km-agent" },
        "SIGSTOP",
        world.signal,
      );
      await untilKmAgent(
        operator,
        `${node} is unhealthy`,
        ({ status }) => status?.unhealthyNodes?.some((finding) => finding.node === node) === true,
        90_000,
      );
      const backAt = Date.now();
      await operator.platform.tell([]);
      const row = await untilRow(operator.platform, node, { collector_status: "Stopped" }, 90_000);
      report("platform-outage", {
        awayMs: backAt - awaySince.getTime(),
        memoryMiB: Math.round(running.memory() / MEGABYTE),
        grownMiB: Math.round(grown / MEGABYTE),
        writes: writes.length,
        heardAfterMs: row.at - backAt,
      });
      expect(row.body["last_error_message"]).not.toBe("");
      await operator.waitFor("PlatformConnected", "True", 60_000);
      await world.kubectl(["delete", "pod", broken.metadata.name, "-n", NAMESPACE, "--wait=false"]);
      await operator.waitHealthy(120_000);
    },
    AWAY_MS + 480_000,
  );
});
