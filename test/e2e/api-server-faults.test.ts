import { afterAll, beforeAll, describe, expect, jest, test } from "@jest/globals";
import { LABEL } from "../../src/api/labels.ts";
import { DAEMONSETS, PODS, resourcePath } from "../../src/kube/resource.ts";
import { startApiProxy } from "../faults/api-proxy.ts";
import type { ApiFault, ApiProxy } from "../faults/api-proxy.ts";
import { apiServerOf, operatorAccount, RELEASE, startHostOperator, withoutPods } from "../faults/host-operator.ts";
import type { Account, HostOperator } from "../faults/host-operator.ts";
import type { AgentPod } from "../faults/ground.ts";
import { fencedWrites } from "../faults/terms.ts";
import { eventually } from "../eventually.ts";
import type { KubernetesObject } from "../installation/kubectl.ts";
import { report } from "../installation/report.ts";
import { enterWorld, install, SOAK } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";

/*
 * An API server that is away, stands still, refuses, is slow or says nothing. The operator is one process from the first test
 * to the last, under leader election as the chart runs it, and speaks through a proxy that counts what it asks for.
 */

const NAMESPACE = "api-faults";
const AWAY_MS = SOAK ? 60_000 : 15_000;
/** Requests of any kind that are no storm, for each second of a fault: the operator has eight watches and a lease. */
const CALM_PER_SECOND = 8;
/** After a fault, everything is listed and watched anew once. */
const CALM_AFTERWARDS = 120;
/** How long it may take until a change is repaired after a fault: 90 s in which a watch may say nothing, and a slow machine. */
const CATCH_UP_MS = 150_000;

jest.setTimeout(AWAY_MS + CATCH_UP_MS + 180_000);

let world: World;
let operator: Installation;
let proxy: ApiProxy;
let account: Account;
let running: HostOperator;
let began: Date;

beforeAll(async () => {
  world = await enterWorld(30 * 60_000);
  operator = await install(world, { namespace: NAMESPACE, release: RELEASE });
  await withoutPods(world, NAMESPACE);
  proxy = await startApiProxy(await apiServerOf(world));
  account = await operatorAccount(world, NAMESPACE, proxy.url);
  began = new Date();
  running = startHostOperator(account, { namespace: NAMESPACE, leaderElect: true });
  const { collector } = world.images;
  await operator.applyKmAgent({ nodeAgent: { image: collector, terminationGracePeriodSeconds: 1 } });
  await operator.waitHealthy(240_000);
}, 400_000);

afterAll(async () => {
  await running.stop();
  await proxy.stop();
  account.forget();
  expect(await operator.leave()).toEqual([]);
}, 240_000);

async function daemonSet(): Promise<KubernetesObject | undefined> {
  return await world.api.get(resourcePath(DAEMONSETS, NAMESPACE, "km-agent"));
}

/** Something that the operator has to notice and mend; it is done past the proxy. */
async function disturb(): Promise<string> {
  const uid = (await daemonSet())?.metadata.uid ?? "";
  await world.kubectl(["delete", "daemonset", "km-agent", "-n", NAMESPACE, "--wait=false", "--ignore-not-found"]);
  return uid;
}

/** The same while the operator is refused everything, so that it isn't mended before the fault begins. */
async function disturbUnheard(): Promise<string> {
  proxy.become({ kind: "throttle", retryAfterSeconds: 1 });
  return await disturb();
}

/** Waits until each node runs a Ready pod of the DaemonSet that is there, and none of one that is gone. */
async function settled(withinMs: number): Promise<void> {
  const nodes = await world.cluster.nodes(world.signal);
  await eventually(
    "all pods are the present DaemonSet's",
    async () => {
      const uid = (await daemonSet())?.metadata.uid;
      const selection = { labelSelector: `${LABEL.component}=node-agent` };
      const items = await world.api.list<AgentPod>(resourcePath(PODS, NAMESPACE), selection);
      const seen = items.map(({ metadata, status }) => ({
        name: metadata.name,
        isPresent: metadata.ownerReferences?.some((owner) => owner.uid === uid) === true,
        isReady: status.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True") === true,
      }));
      if (seen.length === nodes.length && seen.every(({ isPresent, isReady }) => isPresent && isReady)) return true;
      throw new Error(JSON.stringify(seen));
    },
    { withinMs },
  );
}

/** Waits until it has caught up with everything, says how long that took, and that it is the same process. */
async function expectCatchUp(fault: string, disturbed: string, faultMs: number): Promise<void> {
  const during = proxy.taken();
  const endedAt = Date.now();
  await eventually(
    `another DaemonSet after ${fault}`,
    async () => {
      const uid = (await daemonSet())?.metadata.uid;
      return uid !== undefined && uid !== disturbed ? true : undefined;
    },
    { withinMs: CATCH_UP_MS },
  );
  const caughtUpAfterMs = Date.now() - endedAt;
  await settled(120_000);
  await operator.waitHealthy(120_000);
  const after = proxy.taken();
  report("api-server-faults", { fault, faultMs, caughtUpAfterMs, during, after, memory: running.memory() });
  expect(running.ending).toBeUndefined();
  expect(total(during)).toBeLessThan(CALM_AFTERWARDS + (CALM_PER_SECOND * faultMs) / 1_000);
  expect(total(after)).toBeLessThan(CALM_AFTERWARDS + (CALM_PER_SECOND * (Date.now() - endedAt)) / 1_000);
}

function total(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

async function elapse(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}

describe("an operator whose API server", () => {
  test("was away and has forgotten its history catches up by itself", async () => {
    const { cluster, signal } = world;
    const disturbed = await disturbUnheard();
    const stoppedAt = Date.now();
    await cluster.stopApiServer(signal);
    proxy.become({ kind: "none" });
    proxy.taken();
    try {
      await elapse(AWAY_MS);
      // The old versions are gone with the API server's own cache: 410 for who asks for them.
      await cluster.compactEtcd(signal);
    } finally {
      await cluster.startApiServer(signal);
    }
    await expectCatchUp("away", disturbed, Date.now() - stoppedAt);
  });

  test("stands still with its sockets open catches up by itself", async () => {
    const { cluster } = world;
    const disturbed = await disturbUnheard();
    const stoppedAt = Date.now();
    cluster.signalControlPlane("kube-apiserver", "SIGSTOP");
    proxy.become({ kind: "none" });
    proxy.taken();
    try {
      await elapse(AWAY_MS);
    } finally {
      cluster.signalControlPlane("kube-apiserver", "SIGCONT");
    }
    await expectCatchUp("stands still", disturbed, Date.now() - stoppedAt);
  });

  const FAULTS: readonly (readonly [what: string, fault: ApiFault])[] = [
    ["refuses everything with 429", { kind: "throttle", retryAfterSeconds: 2 }],
    ["answers after 3 s", { kind: "slow", delayMs: 3_000 }],
    ["says nothing more", { kind: "silence" }],
  ];

  test.each(FAULTS)("%s catches up by itself", async (what, fault) => {
    proxy.taken();
    const beganAt = Date.now();
    proxy.become(fault);
    const disturbed = await disturb();
    try {
      await elapse(AWAY_MS);
    } finally {
      proxy.become({ kind: "none" });
    }
    await expectCatchUp(what, disturbed, Date.now() - beganAt);
  });

  test("cuts every connection in the middle catches up by itself", async () => {
    proxy.taken();
    const beganAt = Date.now();
    const disturbed = await disturb();
    for (let cut = 0; cut < 5; cut++) {
      proxy.cut();
      await elapse(500);
    }
    await expectCatchUp("cuts", disturbed, Date.now() - beganAt);
  });

  test("came back while Kubernetes' controllers looked away takes away the pods that they forgot", async () => {
    const { cluster, signal } = world;
    const before = (await daemonSet())?.metadata.uid;
    // Their watch breaks, and one DaemonSet takes another's name before they look again.
    cluster.signalControlPlane("kube-controller-manager", "SIGSTOP");
    try {
      await cluster.stopApiServer(signal);
      await cluster.startApiServer(signal);
      await disturb();
      await eventually(
        "another DaemonSet",
        async () => {
          const uid = (await daemonSet())?.metadata.uid;
          return uid !== undefined && uid !== before ? true : undefined;
        },
        { withinMs: CATCH_UP_MS },
      );
    } finally {
      cluster.signalControlPlane("kube-controller-manager", "SIGCONT");
    }
    const beganAt = Date.now();
    await settled(180_000);
    await operator.waitHealthy(120_000);
    report("api-server-faults", { fault: "forgotten pods", goneAfterMs: Date.now() - beganAt });
  });

  test("did all that never had a write without a lease, or more than 10 s after the last renewal", async () => {
    const writes = await fencedWrites(world, NAMESPACE, began);
    expect(writes.filter(({ held }) => !held)).toEqual([]);
    // An API server that stood still notes a request when it wakes, however long before it was sent: 5 s lie in between.
    expect(writes.filter(({ sinceRenewalMs }) => sinceRenewalMs > 15_000)).toEqual([]);
    report("api-server-faults", {
      writes: writes.length,
      latestMs: Math.max(...writes.map(({ sinceRenewalMs }) => sinceRenewalMs)),
    });
  });
});
