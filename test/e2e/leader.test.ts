import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { DAEMONSETS, resourcePath } from "../../src/kube/resource.ts";
import { groundOf } from "../faults/ground.ts";
import { operatorAccount, RELEASE, startHostOperator, withoutPods } from "../faults/host-operator.ts";
import type { Account, HostOperator } from "../faults/host-operator.ts";
import { seeded } from "../faults/random.ts";
import { fencedWrites } from "../faults/terms.ts";
import { watchObjects } from "../faults/watch.ts";
import { eventually } from "../eventually.ts";
import type { KubernetesObject } from "../installation/kubectl.ts";
import { report } from "../installation/report.ts";
import { enterWorld, install, SOAK, untilKmAgent } from "../installation/world.ts";
import type { Installation, KmAgentObject, World } from "../installation/world.ts";

/*
 * Two replicas, as processes of this machine, each with a token of its own, by which the API server's audit log tells them
 * apart. Whenever the leader fails, the DaemonSet is deleted: the next leader has something to write, and so has the old one
 * as soon as it wakes.
 */

const NAMESPACE = "leader";
const ROUNDS = SOAK ? 10 : 1;
const TEST_MS = SOAK ? 1_800_000 : 240_000;
/** What is promised for a change of leaders, milliseconds. */
const TAKEOVER_MS = 17_000;
/** How long after its last renewal a leader may write, milliseconds. */
const WRITES_MS = 10_000;

/** Two of its lease's durations, milliseconds: it wakes long after another one leads. */
const STANDS_STILL_MS = 30_000;

interface Replica {
  readonly name: string;
  readonly account: Account;
  readonly process: HostOperator;
}

let world: World;
let operator: Installation;
let began: Date;
const replicas: Replica[] = [];
const random = seeded(Number(process.env["SEED"] ?? 20_261_123));

beforeAll(async () => {
  world = await enterWorld(3 * TEST_MS);
  operator = await install(world, { namespace: NAMESPACE, release: RELEASE });
  await withoutPods(world, NAMESPACE);
  began = new Date();
  const first = await join();
  await first.process.says("leading");
  const { collector } = world.images;
  await operator.applyKmAgent({ nodeAgent: { image: collector, terminationGracePeriodSeconds: 1 } });
  await operator.waitHealthy(180_000);
}, 400_000);

afterAll(async () => {
  await Promise.all(replicas.map(({ process: each }) => each.stop()));
  for (const { account } of replicas) account.forget();
  expect(await operator.leave()).toEqual([]);
}, 240_000);

/** Another replica. */
async function join(): Promise<Replica> {
  const account = await operatorAccount(world, NAMESPACE);
  const replica = {
    name: `replica ${replicas.length + 1}`,
    account,
    process: startHostOperator(account, { namespace: NAMESPACE, leaderElect: true }),
  };
  replicas.push(replica);
  await replica.process.says("caches synced");
  return replica;
}

function newest(): Replica {
  const replica = replicas.at(-1);
  if (!replica) throw new Error("nobody runs");
  return replica;
}

/** Lets the rest of a time pass that began at `since`. */
async function elapsed(since: number, ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, since + ms - Date.now()));
}

async function daemonSet(): Promise<KubernetesObject | undefined> {
  return await world.api.get(resourcePath(DAEMONSETS, NAMESPACE, "km-agent"));
}

/** Lets the leader fail, deletes the DaemonSet, and gives the times until the next one leads and the DaemonSet is back. */
async function takeover(next: Replica, fail: () => void) {
  const before = (await daemonSet())?.metadata.uid;
  const failedAt = Date.now();
  fail();
  await world.kubectl(["delete", "daemonset", "km-agent", "-n", NAMESPACE, "--wait=false"]);
  const leading = await next.process.says("leading", 40_000);
  await eventually(
    "another DaemonSet",
    async () => {
      const uid = (await daemonSet())?.metadata.uid;
      return uid !== undefined && uid !== before ? true : undefined;
    },
    { withinMs: 30_000 },
  );
  return { leadsAfterMs: leading.at - failedAt, repairedAfterMs: Date.now() - failedAt };
}

describe("two replicas", () => {
  test(
    "the other one takes over within 17 s when the leader is killed",
    async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const leader = newest();
        const next = await join();
        const took = await takeover(next, () => leader.process.signal("SIGKILL"));
        report("leader", { fault: "SIGKILL", ...took });
        expect(took.leadsAfterMs).toBeLessThanOrEqual(TAKEOVER_MS);
      }
    },
    TEST_MS,
  );

  test(
    "the other one takes over within 17 s when the leader stands still for 30 s, and the old one writes nothing when it wakes",
    async () => {
      for (let round = 0; round < ROUNDS; round++) {
        const leader = newest();
        const next = await join();
        // At any moment of its two seconds between renewals.
        await new Promise((resolve) => setTimeout(resolve, random() * 2_000));
        const stoppedAt = Date.now();
        const took = await takeover(next, () => leader.process.signal("SIGSTOP"));
        expect(took.leadsAfterMs).toBeLessThanOrEqual(TAKEOVER_MS);
        // What is promised is about a leader that stood still for that long: no condition shows it, the time itself is meant.
        await elapsed(stoppedAt, STANDS_STILL_MS);
        leader.process.signal("SIGCONT");
        const wokenAt = Date.now();
        const line = await leader.process.says("lease lost", 30_000);
        report("leader", { fault: "SIGSTOP", ...took, steppedDownAfterMs: line.at - wokenAt });
        // It would be a candidate for the next change.
        expect(await leader.process.stop()).toEqual({ code: 0, signal: null });
      }
    },
    TEST_MS,
  );

  test("the other one takes over at once when the leader is stopped in order", async () => {
    const leader = newest();
    const next = await join();
    const took = await takeover(next, () => leader.process.signal("SIGTERM"));
    report("leader", { fault: "SIGTERM", ...took, ending: await leader.process.ended });
    expect(took.leadsAfterMs).toBeLessThan(12_000);
    expect(leader.process.ending).toEqual({ code: 0, signal: null });
  });

  test("a new leader calls no silent collector healthy before it has asked it long enough itself", async () => {
    const node = (await world.cluster.nodes(world.signal))[1]?.name ?? "";
    const ground = groundOf(world, operator, node);
    const isListed = ({ status }: KmAgentObject) =>
      status?.unhealthyNodes?.some((found) => found.node === node) === true;
    await ground.ready();
    await ground.signal("SIGSTOP");
    await untilKmAgent(operator, `${node} is unhealthy`, isListed, 60_000);
    const watch = watchObjects<KmAgentObject>(world.kubectl, world.cluster.kubeconfigPath, [
      "kmagents",
      "-n",
      NAMESPACE,
    ]);
    try {
      const leader = newest();
      const next = await join();
      leader.process.signal("SIGTERM");
      const leading = await next.process.says("leading", 40_000);
      // The answer to a change of the spec is a status that the new leader wrote.
      const { collector } = world.images;
      const nodeAgent = { image: collector, terminationGracePeriodSeconds: 1 };
      await operator.applyKmAgent({ nodeAgent, health: { interval: "4s", startupGrace: "5s" } });
      const isTaken = ({ metadata, status }: KmAgentObject) => status?.observedGeneration === metadata.generation;
      await untilKmAgent(operator, "the change is observed", isTaken, 30_000);
      const wokenAt = Date.now();
      await ground.signal("SIGCONT");
      await operator.waitHealthy();
      const told = watch.seen.filter(({ at }) => at > leading.at && at < wokenAt).map(({ object }) => object);
      expect(told.filter(isTaken)).not.toEqual([]);
      expect(told.filter((kmagent) => !isListed(kmagent))).toEqual([]);
    } finally {
      await watch.stop();
    }
  });

  test("nobody wrote without holding the lease, or more than 10 s after its last renewal", async () => {
    const writes = await fencedWrites(world, NAMESPACE, began);
    const latest = Math.max(...writes.map(({ sinceRenewalMs }) => sinceRenewalMs));
    const writers = new Set(writes.map(({ credential }) => credential));
    report("leader", { writes: writes.length, writers: writers.size, latestMs: latest });
    expect(writers).toEqual(new Set(replicas.map(({ account }) => account.credential)));
    expect(writes.filter(({ held }) => !held)).toEqual([]);
    expect(writes.filter(({ sinceRenewalMs }) => sinceRenewalMs > WRITES_MS)).toEqual([]);
  });
});
