import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { accountOf, findingOf } from "../faults/account.ts";
import type { Account } from "../faults/account.ts";
import { operatorNode } from "../faults/agents.ts";
import { groundOf, watchAll } from "../faults/ground.ts";
import type { Ground, Watches } from "../faults/ground.ts";
import { HEALTH, ROUNDS } from "../faults/node-faults.ts";
import { AGENT_MILLICORES } from "../faults/takers.ts";
import { eventually } from "../eventually.ts";
import { untilRow } from "../installation/platform-process.ts";
import { enterWorld, install, WORLD_FOLDER } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";

/*
 * Everything that can befall a node's agent (test/faults/node-faults.ts), each with the reason that a person would give: in
 * status, event, metrics and on the platform, and after how long. The faults of a round strike at once, each another node.
 */

/** The machine that runs this cluster also runs the whole cluster: that much more than a budget is its slowness, not the operator's. */
const SLOWNESS_MS = 3_000;
/** A status is written at once, or 5 s after the one before. */
const STATUS_SPACING_MS = 5_000;

let world: World;
let operator: Installation;
let watches: Watches;
/** The operator's own node last: it mustn't be struck by what drives pods away. */
let nodes: readonly string[];
const accounts: Account[] = [];
const figures: { readonly what: string; readonly afterMs: number }[] = [];

beforeAll(async () => {
  world = await enterWorld();
  operator = await install(world, { namespace: "node-faults" });
  await operator.applyKmAgent({
    nodeAgent: {
      image: world.images.faulty,
      imagePullPolicy: "Always",
      terminationGracePeriodSeconds: 1,
      tolerations: [],
      resources: { requests: { cpu: `${AGENT_MILLICORES}m`, memory: "32Mi" }, limits: { memory: "64Mi" } },
      env: [{ name: "FAULT_STATE", value: "/fault" }],
      extraVolumes: [{ name: "fault", emptyDir: { sizeLimit: "8Mi" } }],
      extraVolumeMounts: [{ name: "fault", mountPath: "/fault" }],
    },
    health: HEALTH,
  });
  await operator.waitHealthy();
  watches = watchAll(world, operator.namespace);
  const own = await operatorNode(world, operator.namespace);
  const all = (await world.cluster.nodes(world.signal)).map(({ name }) => name);
  nodes = [...all.filter((name) => name !== own), own];
}, 240_000);

afterAll(async () => {
  writeFileSync(join(WORLD_FOLDER, "node-faults.json"), JSON.stringify({ accounts, figures }, null, 2));
  process.stderr.write(tableOf(accounts));
  await watches.stop();
  expect(await operator.leave()).toEqual([]);
}, 240_000);

function ground(index: number): Ground {
  return groundOf(world, operator, nodes[index] ?? "");
}

describe.each(ROUNDS.map((faults, index) => ({ name: `round ${index + 1}`, faults })))(
  "what is said of a node, $name:",
  ({ faults }) => {
    let told: PromiseSettledResult<Account>[] = [];

    beforeAll(async () => {
      told = await Promise.allSettled(faults.map((fault, index) => accountOf(fault, ground(index), watches)));
      accounts.push(...told.flatMap((each) => (each.status === "fulfilled" ? each.value : [])));
    }, 300_000);

    test.each(faults.map((fault, index) => ({ ...fault, index })))(
      "$reason, where its $name",
      ({ index, reason, orElse, visible }) => {
        const account = told[index];
        if (account?.status !== "fulfilled") throw account?.reason;
        const { noticedAfter } = account.value;
        expect([reason, orElse?.reason]).toContain(account.value.reason);
        expect(noticedAfter.event).toBeLessThanOrEqual(visible.budgetMs + SLOWNESS_MS);
        expect(noticedAfter.status ?? 0).toBeLessThanOrEqual(visible.budgetMs + STATUS_SPACING_MS + SLOWNESS_MS);
      },
    );
  },
);

describe("what is no fault", () => {
  test("a cordon changes nothing, and its agent comes back even when it is evicted through the API", async () => {
    const { node, ...agent } = ground(0);
    await agent.ready();
    const began = Date.now();
    await world.kubectl(["cordon", node]);
    try {
      const { metadata } = await agent.pod();
      const eviction = {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { name: metadata.name, namespace: operator.namespace },
      };
      const path = `/api/v1/namespaces/${operator.namespace}/pods/${metadata.name}/eviction`;
      await world.kubectl(["create", "--raw", path, "-f", "-"], JSON.stringify(eviction));
      await eventually("another pod", async () => (await agent.ready()).metadata.uid !== metadata.uid || undefined, {
        withinMs: 60_000,
      });
      await operator.waitHealthy();
    } finally {
      await world.kubectl(["uncordon", node]);
    }
    expect(warningsOf(node, began)).toEqual([]);
    expect(listedSince(node, began)).toEqual([]);
  }, 120_000);

  test("a node that is added gets its agent, and one that is deleted is told to the platform as removed", async () => {
    const began = Date.now();
    // A new node pulls the image first, which takes as long as the machine is busy.
    await graceAtStart("1m");
    const { name } = await world.cluster.addNode(world.signal);
    const ready = Date.now();
    try {
      await watches.kmagent.first(
        "four healthy nodes",
        began,
        ({ object }) => object.status?.nodes?.["healthy"] === 4,
        90_000,
      );
      const row = await untilRow(operator.platform, name, { collector_status: "Running" }, 30_000);
      expect(row.body).toMatchObject({ agent_status: "Running", last_error_message: "" });
      figures.push({ what: "a node is added, and healthy", afterMs: row.at - ready });
    } finally {
      await world.cluster.removeNode(name, world.signal);
      await graceAtStart(HEALTH.startupGrace);
    }
    const gone = await watches.nodes.first(
      "the node is gone",
      began,
      ({ object, deleted }) => deleted && object.metadata.name === name,
      30_000,
    );
    const told = await untilRow(operator.platform, name, { agent_status: "Stopped" }, 30_000);
    expect(told.body).toMatchObject({
      collector_status: "Stopped",
      last_error_message: expect.stringMatching(/removed/i),
    });
    expect(told.at - gone.at).toBeLessThanOrEqual(10_000 + SLOWNESS_MS);
    figures.push({ what: "a node is deleted, and the platform told", afterMs: told.at - gone.at });
    await watches.kmagent.first(
      "three healthy nodes of three",
      gone.at,
      ({ object }) => object.status?.nodes?.["desired"] === 3,
      30_000,
    );
    expect(warningsOf(name, began)).toEqual([]);
    expect(listedSince(name, began)).toEqual([]);
  }, 240_000);
});

async function graceAtStart(startupGrace: string): Promise<void> {
  const patch = JSON.stringify({ spec: { health: { startupGrace } } });
  await world.kubectl(["patch", "kmagent", "km-agent", "-n", operator.namespace, "--type=merge", `--patch=${patch}`]);
}

function warningsOf(node: string, since: number): string[] {
  return watches.events.seen
    .filter(({ object, at }) => at >= since && object.type === "Warning" && object.message.startsWith(`${node}: `))
    .map(({ object }) => object.message);
}

function listedSince(node: string, since: number): string[] {
  return watches.kmagent.seen
    .filter(({ at }) => at >= since)
    .flatMap(({ object }) => findingOf(object, node)?.message ?? []);
}

function tableOf(rows: readonly Account[]): string {
  const seconds = (ms: number | null): string => (ms === null ? "-" : `${(ms / 1_000).toFixed(1)} s`);
  const head = ["a node's …", "reason", "event after", "status", "platform", "recovered after", "platform"];
  const lines = rows.map(({ fault, reason, noticedAfter, recoveredAfter }) => [
    fault,
    reason,
    seconds(noticedAfter.event),
    seconds(noticedAfter.status),
    seconds(noticedAfter.platform),
    seconds(recoveredAfter.event),
    seconds(recoveredAfter.platform),
  ]);
  const widths = head.map((_, column) => Math.max(...[head, ...lines].map((line) => line[column]?.length ?? 0)));
  return [head, ...lines]
    .map((line) => `  ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join("  ")}\n`)
    .join("");
}
