import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startApiProxy } from "../faults/api-proxy.ts";
import type { ApiProxy } from "../faults/api-proxy.ts";
import { apiServerOf, operatorAccount, RELEASE, startHostOperator, withoutPods } from "../faults/host-operator.ts";
import type { Account, HostOperator } from "../faults/host-operator.ts";
import { flawedNode, markedConfiguration } from "../faults/marked-configuration.ts";
import { seeded } from "../faults/random.ts";
import { settledEnd } from "../faults/rollout-end.ts";
import type { RolloutEnd } from "../faults/rollout-end.ts";
import { watchObjects } from "../faults/watch.ts";
import type { Watch } from "../faults/watch.ts";
import { eventually } from "../eventually.ts";
import { report } from "../installation/report.ts";
import { enterWorld, install, SOAK } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";
import { podDeletions } from "../installation/writes.ts";
import { areSeen, harmOf } from "../rollout/harm.ts";
import type { Change } from "../rollout/harm.ts";
import type { SeenPod } from "../rollout/pod-history.ts";

/*
 * SIGKILL after one write of a rollout or of a rollback, in turn after each. The operator is the released bundle as a process of
 * this machine; a proxy before the API server counts its writes. The way back is the long one: the canary proves the change,
 * and the next node fails.
 */

const NAMESPACE = "rollout-crash";
const SEED = Number(process.env["SEED"] ?? 20_261_128);
const BAKE_MS = 1_000;
const TEST_MS = SOAK ? 3 * 3_600_000 : 900_000;

/** What happens to the operator at the write: it dies with or without having heard the answer, or it lives and never hears it. */
const BLOWS = ["killed", "killed unanswered", "unanswered"] as const;
interface Blow {
  readonly nth: number;
  readonly how: (typeof BLOWS)[number];
}

/** One change of what the agents run, from the wish to the end. */
interface Run {
  readonly end: RolloutEnd;
  /** What it was struck after; undefined where it wasn't. */
  readonly struckAfter: string | undefined;
  readonly writes: number;
}

type Rollout = Readonly<Partial<Record<"phase" | "target" | "stable", string>>> & {
  readonly rejected?: readonly { readonly nodes?: readonly string[] }[];
};

let world: World;
let operator: Installation;
let proxy: ApiProxy;
let account: Account;
let pods: Watch<SeenPod>;
let nodes: readonly string[];
let running: HostOperator;
const processes: HostOperator[] = [];
let wishes = 0;

beforeAll(async () => {
  world = await enterWorld(2 * TEST_MS + 600_000);
  operator = await install(world, { namespace: NAMESPACE, release: RELEASE });
  await withoutPods(world, NAMESPACE);
  proxy = await startApiProxy(await apiServerOf(world));
  account = await operatorAccount(world, NAMESPACE, proxy.url);
  nodes = (await world.cluster.nodes(world.signal)).map(({ name }) => name).toSorted();
  const selector = "app.kubernetes.io/component=node-agent";
  pods = watchObjects(world.kubectl, world.cluster.kubeconfigPath, ["pods", "-n", NAMESPACE, "-l", selector]);
  start();
  await wish("first");
  await operator.waitHealthy(180_000);
}, 400_000);

afterAll(async () => {
  await running.stop();
  await pods.stop();
  await proxy.stop();
  account.forget();
  expect(await operator.leave()).toEqual([]);
}, 240_000);

function start(): void {
  running = startHostOperator(account, { namespace: NAMESPACE });
  processes.push(running);
}

/** Wishes for another configuration, which no collector on the flawed node takes. */
async function wish(mark: string, flawed?: string): Promise<void> {
  const flaw = flawed === undefined ? undefined : flawedNode(`flawed-${mark}`, NAMESPACE, flawed, nodes);
  if (flaw) await world.kubectl.apply(flaw.configMap);
  const configuration = markedConfiguration(mark, flaw && "fatalSomewhere");
  await operator.applyKmAgent({
    health: { interval: "2s", timeout: "2s", startupGrace: "5s" },
    nodeAgent: { image: world.images.collector, terminationGracePeriodSeconds: 1, ...flaw?.nodeAgent },
    clusterAgent: { enabled: false },
    rollout: { bakeTime: `${BAKE_MS}ms`, progressDeadline: "3m", maxUnavailable: 1 },
    config: { nodeAgent: { inline: JSON.stringify(configuration) } },
  });
}

async function rolloutOf(): Promise<Rollout> {
  return (await operator.kmagent())?.status?.rollout ?? {};
}

/** The node on which the next change is to fail: not its canary, which is where the last one failed. */
async function nextFlawedNode(): Promise<string> {
  const canary = (await rolloutOf()).rejected?.[0]?.nodes?.[0] ?? nodes[0];
  return nodes.find((node) => node !== canary) ?? "";
}

/** Brings one change to its end, with a blow or without. `expected` is the end that is waited for, if it is known. */
async function change(kind: "rollout" | "rollback", expected?: RolloutEnd, blow?: Blow): Promise<Run> {
  const began = new Date();
  const mark = `mark-${String(++wishes).padStart(3, "0")}`;
  const before = await rolloutOf();
  const flawed = kind === "rollback" ? await nextFlawedNode() : undefined;
  let struckAfter: string | undefined;
  const struck = new Promise<void>((resolve) => {
    const then = (write: string) => {
      struckAfter = write;
      if (blow?.how !== "unanswered") running.signal("SIGKILL");
      resolve();
    };
    if (blow === undefined) proxy.become({ kind: "none" });
    else proxy.become({ kind: "afterWrite", nth: blow.nth, answer: blow.how === "killed" ? "given" : "lost", then });
  });
  const revived = struck.then(async () => {
    if (blow?.how === "unanswered") return;
    expect(await running.ended).toEqual({ code: null, signal: "SIGKILL" });
    start();
    await running.says("caches synced");
  });
  await wish(mark, flawed);
  const phase = kind === "rollout" ? "Complete" : "RolledBack";
  const over = async () => {
    const now = await rolloutOf();
    if (now.phase === phase && now.target !== before.target) return now;
    throw new Error(JSON.stringify({ blow, struckAfter, ...now }));
  };
  const { target = "", stable = "" } = await eventually(phase, over, { withinMs: 240_000 });
  const words = { [mark]: "<mark>", [target]: "<target>", [stable]: "<stable>" };
  if (flawed !== undefined) for (const node of nodes) words[node] = node === flawed ? "<flawed>" : "<fine>";
  let end = await settledEnd(world, operator, words, expected);
  const writes = proxy.written();
  proxy.become({ kind: "none" });
  if (struckAfter !== undefined) {
    // It may have died after the last write of all.
    await revived;
    end = await settledEnd(world, operator, words, expected);
  }
  await expectNoHarm({ kind, target, wasKilled: struckAfter !== undefined && blow?.how !== "unanswered" }, began);
  const what = blow ? { ...blow, struckAfter } : { writes };
  report("rollout-crash", { seed: SEED, kind, ...what, tookMs: Date.now() - began.getTime() });
  return { end, struckAfter, writes: writes.length };
}

/** Pods go once and only where they must, and never two nodes at a time, by the API server's own log. */
async function expectNoHarm(of: Pick<Change, "kind" | "target" | "wasKilled">, began: Date): Promise<void> {
  const deletions = await podDeletions(world, NAMESPACE, began);
  await eventually("the watch has seen each deletion", () => areSeen(pods.seen, deletions) || undefined, {
    withinMs: 30_000,
  });
  const touches = of.kind === "rollback" ? 2 : nodes.length;
  expect(harmOf(pods.seen, deletions, { ...of, bakeMs: BAKE_MS, touches })).toEqual([]);
}

/** What is struck, and in which ways: each way in turn after every write, or some ways after a few that the seed spreads over it. */
const CASES: readonly (readonly ["rollout" | "rollback", readonly Blow["how"][]])[] = SOAK
  ? BLOWS.flatMap((how) => [["rollout", [how]] as const, ["rollback", [how]] as const])
  : [
      ["rollout", ["killed", "unanswered", "killed unanswered"]],
      ["rollback", ["killed unanswered", "killed"]],
    ];

/** The points of a run that are struck. */
function blows(writes: number, ways: readonly Blow["how"][]): Blow[] {
  if (SOAK) return ways.flatMap((how) => Array.from({ length: writes }, (_, at) => ({ nth: at + 1, how })));
  const random = seeded(SEED);
  return ways.map((how, at) => ({ how, nth: 1 + Math.floor(((at + random()) / ways.length) * writes) }));
}

describe("an operator that is struck after one write", () => {
  test.each(CASES.map(([kind, ways]) => [kind, ways.join(", "), ways] as const))(
    "of a %s (%s) comes to the same end, deletes no pod twice, and takes no second node down",
    async (kind, _, ways) => {
      const undisturbed = await change(kind);
      expect(undisturbed.end).toMatchObject({ templates: 1, orphans: [] });
      let strikes = 0;
      for (const blow of blows(undisturbed.writes, ways)) {
        const { end, struckAfter } = await change(kind, undisturbed.end, blow);
        expect({ blow, struckAfter, ...end }).toEqual({ blow, struckAfter, ...undisturbed.end });
        if (struckAfter !== undefined) strikes += 1;
      }
      // A status is written when it is due, so one change takes some writes fewer than another.
      expect(strikes).toBeGreaterThan(0);
      // What is told of a node is the truth about its collector; everything else would be the operator's own.
      const lines = processes.flatMap(({ log }) => log);
      expect(lines.filter((line) => line["level"] === "error" && !("node" in line))).toEqual([]);
    },
    TEST_MS,
  );
});
