import { isDeepStrictEqual } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startApiProxy } from "../faults/api-proxy.ts";
import type { ApiProxy } from "../faults/api-proxy.ts";
import { apiServerOf, operatorAccount, RELEASE, startHostOperator, withoutPods } from "../faults/host-operator.ts";
import type { Account, HostOperator } from "../faults/host-operator.ts";
import { FLAWED_NODES, markedConfiguration } from "../faults/marked-configuration.ts";
import { seeded } from "../faults/random.ts";
import { rolloutEndOf } from "../faults/rollout-end.ts";
import type { RolloutEnd } from "../faults/rollout-end.ts";
import { watchObjects } from "../faults/watch.ts";
import type { Watch } from "../faults/watch.ts";
import { eventually } from "../installation/eventually.ts";
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
  readonly kind: (typeof BLOWS)[number];
}

/** One change of what the agents run, from the wish to the end. */
interface Run {
  readonly end: RolloutEnd;
  /** What it was struck after; undefined where it wasn't. */
  readonly struckAfter: string | undefined;
  readonly writes: readonly string[];
}

interface Rollout {
  readonly phase?: string;
  readonly target?: string;
  readonly stable?: string;
  readonly rejected?: readonly { readonly nodes?: readonly string[] }[];
}

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
async function wish(mark: string, flawedNode?: string): Promise<void> {
  const flawed = `flawed-nodes-${mark}`;
  if (flawedNode !== undefined) {
    const data = Object.fromEntries(nodes.map((node) => [node, node === flawedNode ? "none-such" : "gzip"]));
    await world.kubectl.apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: flawed, namespace: NAMESPACE },
      data,
    });
  }
  const configuration = markedConfiguration(mark, flawedNode === undefined ? undefined : "fatalSomewhere");
  await operator.applyKmAgent({
    health: { interval: "2s", timeout: "2s", startupGrace: "5s" },
    nodeAgent: {
      image: world.images.collector,
      terminationGracePeriodSeconds: 1,
      ...(flawedNode !== undefined && {
        extraVolumes: [{ name: "flawed-nodes", configMap: { name: flawed } }],
        extraVolumeMounts: [{ name: "flawed-nodes", mountPath: FLAWED_NODES }],
      }),
    },
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
  const flawedNode = kind === "rollback" ? await nextFlawedNode() : undefined;
  let struckAfter: string | undefined;
  const struck = new Promise<void>((resolve) => {
    const then = (write: string) => {
      struckAfter = write;
      if (blow?.kind !== "unanswered") running.signal("SIGKILL");
      resolve();
    };
    if (blow === undefined) proxy.become({ kind: "none" });
    else proxy.become({ kind: "afterWrite", nth: blow.nth, answer: blow.kind === "killed" ? "given" : "lost", then });
  });
  const revived = struck.then(async () => {
    if (blow?.kind === "unanswered") return;
    expect(await running.ended).toEqual({ code: null, signal: "SIGKILL" });
    start();
    await running.says("caches synced");
  });
  await wish(mark, flawedNode);
  const phase = kind === "rollout" ? "Complete" : "RolledBack";
  const over = async () => {
    const now = await rolloutOf();
    if (now.phase === phase && now.target !== before.target) return now;
    throw new Error(JSON.stringify(now));
  };
  let reached = await eventually(`${phase}, ${JSON.stringify({ struckAfter, blow })}`, over, { withinMs: 240_000 });
  if (struckAfter !== undefined) {
    await revived;
    reached = await eventually(phase, over, { withinMs: 240_000 });
  }
  const { target = "", stable = "" } = reached;
  const names = new Map([
    [mark, "<mark>"],
    [target, "<target>"],
    [stable, "<stable>"],
    ...(flawedNode === undefined
      ? []
      : nodes.map((node) => [node, node === flawedNode ? "<flawed>" : "<fine>"] as const)),
  ]);
  const end = await settledEnd(names, expected);
  await expectNoHarm({ kind, target, wasKilled: struckAfter !== undefined && blow?.kind !== "unanswered" }, began);
  const tookMs = Date.now() - began.getTime();
  report("rollout-crash", { seed: SEED, kind, ...blow, struckAfter, writes: proxy.written().length, tookMs });
  return { end, struckAfter, writes: [...proxy.written()] };
}

/** The end once it is as expected, or once two looks that lie further apart than two writes of a status are the same. */
async function settledEnd(names: ReadonlyMap<string, string>, expected?: RolloutEnd): Promise<RolloutEnd> {
  let last: RolloutEnd | undefined;
  return await eventually(
    "nothing changes any more",
    async () => {
      const now = await rolloutEndOf(world, operator, names);
      const isSame = isDeepStrictEqual(now, expected ?? last);
      last = now;
      return isSame ? now : undefined;
    },
    { withinMs: 60_000, everyMs: expected ? 500 : 6_000 },
  ).catch((error: unknown) => {
    if (last === undefined || expected === undefined) throw error;
    return last;
  });
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

/** The points of a run that are struck: every one in both ways, or `few` that the seed spreads over it. */
function blows(writes: number, few: readonly Blow["kind"][]): Blow[] {
  if (SOAK) {
    return Array.from({ length: writes }, (_, at) => BLOWS.map((kind) => ({ nth: at + 1, kind }))).flat();
  }
  const random = seeded(SEED);
  return few.map((kind, at) => ({ kind, nth: 1 + Math.floor(((at + random()) / few.length) * writes) }));
}

describe("an operator that is struck after one write", () => {
  test.each([
    ["rollout", ["killed", "unanswered", "killed unanswered"]],
    ["rollback", ["killed unanswered", "killed"]],
  ] as const)(
    "of a %s comes to the same end, deletes no pod twice, and takes no second node down",
    async (kind, few) => {
      const undisturbed = await change(kind);
      report("rollout-crash", { kind, writes: undisturbed.writes });
      expect(undisturbed.end).toMatchObject({ templates: 1, orphans: [] });
      for (const blow of blows(undisturbed.writes.length, few)) {
        const { end, struckAfter } = await change(kind, undisturbed.end, blow);
        expect({ blow, struckAfter, ...end }).toEqual({ blow, struckAfter, ...undisturbed.end });
      }
      expect(processes.flatMap(({ log }) => log.filter(({ level }) => level === "error"))).toEqual([]);
    },
    TEST_MS,
  );
});
