import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { endStateOf } from "../faults/end-state.ts";
import type { Aside, EndState } from "../faults/end-state.ts";
import { operatorAccount, RELEASE, startHostOperator, withoutPods } from "../faults/host-operator.ts";
import type { Account, HostOperator } from "../faults/host-operator.ts";
import { seeded } from "../faults/random.ts";
import { eventually } from "../eventually.ts";
import { report } from "../installation/report.ts";
import { enterWorld, install, SOAK } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";

/*
 * SIGKILL at any moment. The operator is the released bundle as a process of this machine with the chart's own rights. It is
 * alone and takes no lease, which would only put fifteen seconds between two kills; test/e2e/leader.test.ts is about that.
 */

const NAMESPACE = "crash";
const KILLS = SOAK ? 150 : 6;
const KILLS_OF_THE_NAMELESS = SOAK ? 50 : 3;
/** The time after the start in which an operator writes what it finds undone, milliseconds. */
const FIRST_PASSES_MS = 1_500;
const SEED = Number(process.env["SEED"] ?? 20_261_123);
const TEST_MS = SOAK ? 3_600_000 : 300_000;

let world: World;
let operator: Installation;
let account: Account;
let running: HostOperator | undefined;
/** Milliseconds from the start of a process until its first pass. */
let startMs: number;
let undisturbed: EndState;

const random = seeded(SEED);

beforeAll(async () => {
  world = await enterWorld(2 * TEST_MS + 600_000);
  operator = await install(world, { namespace: NAMESPACE, release: RELEASE });
  await withoutPods(world, NAMESPACE);
  account = await operatorAccount(world, NAMESPACE);
  const first = await start();
  const began = Date.now();
  await wish();
  await first.says("caches synced");
  startMs = Date.now() - began;
  await allWell();
  undisturbed = sameWays(await endStateOf(world, operator));
  await first.stop();
}, 400_000);

afterAll(async () => {
  await running?.stop();
  account.forget();
  expect(await operator.leave()).toEqual([]);
}, 240_000);

/** One at a time: a test that failed may have left its own. */
async function start(): Promise<HostOperator> {
  await running?.stop();
  running = startHostOperator(account, { namespace: NAMESPACE });
  return running;
}

/** What is wished for: the same each time but for the round's own marks. */
async function wish(round?: number): Promise<void> {
  const { collector } = world.images;
  await operator.applyKmAgent({
    health: { interval: "2s", timeout: "2s", startupGrace: "5s" },
    nodeAgent: {
      image: collector,
      terminationGracePeriodSeconds: 1,
      podAnnotations: { "kmagent.test/round": round === undefined ? "end" : String(round) },
    },
    config: { features: { logs: round === undefined || round % 2 === 0 } },
  });
}

async function allWell(): Promise<void> {
  await operator.waitHealthy(180_000);
  await operator.waitFor("Ready", "True", 60_000);
  await operator.waitFor("ClusterAgentAvailable", "True", 60_000);
  await operator.waitFor("PlatformConnected", "True", 60_000);
}

async function deleteByHand(kind: "daemonset" | "deployment" | "configmap"): Promise<void> {
  const label = "app.kubernetes.io/name=km-agent";
  await world.kubectl(["delete", kind, "-l", label, "-n", NAMESPACE, "--wait=false"]);
}

/** What happens while the operator starts, works and dies, in turn. */
const HAPPENINGS: readonly (readonly [what: string, happen: (round: number) => Promise<void>])[] = [
  ["another configuration and template", wish],
  ["the DaemonSet is deleted", () => deleteByHand("daemonset")],
  ["another configuration and template", wish],
  ["the ConfigMaps are deleted", () => deleteByHand("configmap")],
  ["the Deployment is deleted", () => deleteByHand("deployment")],
  ["nothing", () => Promise.resolve()],
];

/** Starts the operator and kills it: in one round of three while it starts, in two while it writes and for a while after. */
async function startAndKill(round: number, what: string, happen: (round: number) => Promise<void>): Promise<void> {
  const killed = await start();
  const afterMs = Math.round(random() * (round % 3 === 0 ? startMs : FIRST_PASSES_MS));
  try {
    const happened = happen(round);
    if (round % 3 !== 0) await killed.says("caches synced");
    await new Promise((resolve) => setTimeout(resolve, afterMs));
    killed.signal("SIGKILL");
    await happened;
    expect(await killed.ended).toEqual({ code: null, signal: "SIGKILL" });
  } finally {
    killed.signal("SIGKILL");
  }
  const since = round % 3 === 0 ? "start" : "synced";
  report("crash", { seed: SEED, round, what, since, afterMs, lastWord: killed.log.at(-1)?.msg ?? "" });
}

/** The end state, without what was kept from earlier and is judged by itself. */
function sameWays({ inUse, pods, status }: EndState & Aside): EndState {
  return { inUse, pods, status };
}

async function expectTheEnd(expected: EndState): Promise<void> {
  let end = await endStateOf(world, operator);
  await eventually(
    "everything is as it would be without",
    async () => {
      end = await endStateOf(world, operator);
      return isDeepStrictEqual(sameWays(end), expected) ? true : undefined;
    },
    { withinMs: 60_000, everyMs: 1_000 },
  ).catch(() => undefined);
  // Again, for its account of what differs.
  expect(sameWays(end)).toEqual(expected);
  expect(end.orphans).toEqual([]);
  for (const kept of Object.values(end.earlier)) expect(kept).toBeLessThanOrEqual(3);
}

describe("an operator that is killed at any moment", () => {
  test(
    "comes to the end that it would have come to without",
    async () => {
      for (let round = 0; round < KILLS; round++) {
        const [what, happen] = HAPPENINGS[round % HAPPENINGS.length] ?? ["nothing", () => Promise.resolve()];
        await startAndKill(round, what, happen);
      }
      const last = await start();
      await wish();
      const began = Date.now();
      await allWell();
      report("crash", { seed: SEED, kills: KILLS, healthyAfterMs: Date.now() - began });
      await expectTheEnd(undisturbed);
      expect(last.log.filter(({ level }) => level === "error")).toEqual([]);
      await last.stop();
    },
    TEST_MS,
  );

  test(
    "leaves no object of a KmAgent that was deleted and made anew meanwhile",
    async () => {
      for (let round = 0; round < KILLS_OF_THE_NAMELESS; round++) {
        await startAndKill(round, "the KmAgent is deleted and made anew", async () => {
          await world.kubectl(["delete", "kmagent", "km-agent", "-n", NAMESPACE, "--wait=false"]);
          await wish(round);
        });
      }
      await start();
      await wish();
      await allWell();
      // The cluster agent's pod before goes once the new one is proved.
      const end = await eventually(
        "one pod of each",
        async () => {
          const seen = await endStateOf(world, operator);
          return isDeepStrictEqual(seen.pods, undisturbed.pods) ? seen : undefined;
        },
        { withinMs: 120_000 },
      );
      expect(end.orphans).toEqual([]);
      expect(Object.keys(end.inUse).filter((name) => !name.startsWith("ConfigMap/"))).toEqual([
        "DaemonSet/km-agent",
        "Deployment/km-agent-cluster",
      ]);
    },
    TEST_MS,
  );

  test("isn't needed for the end: what it made goes with the KmAgent", async () => {
    running?.signal("SIGKILL");
    await running?.ended;
    await world.kubectl(["delete", "kmagent", "km-agent", "-n", NAMESPACE]);
    const end = await eventually(
      "nothing is left",
      async () => {
        const { inUse, pods, earlier } = await endStateOf(world, operator);
        const left = [...Object.keys(inUse), ...pods, ...Object.keys(earlier)];
        if (left.length > 0) throw new Error(left.join(", "));
        return { inUse, pods, earlier };
      },
      { withinMs: 90_000, everyMs: 500 },
    );
    expect(end).toEqual({ inUse: {}, pods: [], earlier: {} });
    expect(await operator.kmagent()).toBeUndefined();
    // Nobody did it but the garbage collector.
    expect(running?.ending).toEqual({ code: null, signal: "SIGKILL" });
  });
});
