import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { DAEMONSETS, resourcePath } from "../../src/kube/resource.ts";
import { eventually } from "../eventually.ts";
import { operatorWrites } from "../installation/writes.ts";
import { conditionOf, enterWorld, install, untilKmAgent } from "../installation/world.ts";
import type { Installation, KmAgentObject, World } from "../installation/world.ts";

/*
 * KmAgents to which the operator itself gives no agents: the status says so, node by node, and blames neither node nor cluster.
 */

const NAMESPACE = "withheld";
const YOUNGER = "younger";
const REFUSED = "refused";
/** Several turns of everything that the operator does by the clock: probes, check-ins, reports. */
const SILENT_MS = 15_000;

let world: World;
let operator: Installation;
let node: string;

beforeAll(async () => {
  world = await enterWorld();
  node = (await world.cluster.nodes(world.signal))[1]?.name ?? "";
  operator = await install(world, { namespace: NAMESPACE });
}, 240_000);

afterAll(async () => {
  expect(await operator.leave()).toEqual([]);
}, 240_000);

const nodeAgent = (more: object = {}) => ({ image: world.images.collector, terminationGracePeriodSeconds: 1, ...more });

/** What a status says of the nodes that have no agent. */
const uncovered = ({ status }: KmAgentObject) =>
  (status?.uncoveredNodes ?? []).map(({ node: name, reason, message }) => ({ node: name, reason, message }));

describe("a KmAgent without a usable spec", () => {
  test("has all its nodes without an agent, in the words of the condition that says why", async () => {
    const broken = { nodeAgent: { inline: "receivers: { otlp: } }" } };
    await operator.applyKmAgent({ nodeAgent: nodeAgent(), clusterAgent: { enabled: false }, config: broken });
    const nodes = await world.cluster.nodes(world.signal);
    const kmagent = await untilKmAgent(
      operator,
      "the spec is judged, and every node listed",
      (seen) => conditionOf(seen, "ConfigValid")?.status === "False" && uncovered(seen).length === nodes.length,
      60_000,
    );
    const invalid = conditionOf(kmagent, "ConfigValid");
    for (const { name } of nodes) {
      expect(uncovered(kmagent)).toContainEqual({
        node: name,
        reason: "NotDeployed",
        message: expect.stringContaining(invalid?.message ?? "?"),
      });
    }
    await eventually(
      "the platform has a row for every node that says that nothing runs there",
      async () => {
        const rows = await Promise.all(nodes.map(async ({ name }) => (await operator.platform.row(name))?.body));
        return rows.every((row) => row?.["collector_status"] === "Stopped") ? true : undefined;
      },
      { withinMs: 30_000 },
    );
  });

  test("gets its agents as soon as the spec is mended", async () => {
    await operator.applyKmAgent({ nodeAgent: nodeAgent(), clusterAgent: { enabled: false }, config: {} });
    expect(uncovered(await operator.waitHealthy(120_000))).toEqual([]);
  });
});

describe("a KmAgent that selects a node of an older one", () => {
  test("gets no agents, and says which other one and which node", async () => {
    const selected = nodeAgent({ nodeSelector: { "kubernetes.io/hostname": node }, hostPorts: { health: false } });
    await operator.applyKmAgent({ nodeAgent: selected, clusterAgent: { enabled: false } }, YOUNGER);
    const stalled = conditionOf(await operator.waitFor("Stalled", "True", 60_000, YOUNGER), "Stalled");
    expect(stalled).toMatchObject({ reason: "NodeOverlap", message: expect.stringContaining(`"km-agent"`) });
    expect(stalled?.message).toContain(node);
    expect(await world.api.get(resourcePath(DAEMONSETS, NAMESPACE, YOUNGER))).toBeUndefined();
  });

  test("is silent after that, and the platform goes on hearing of the node's agent from the older one", async () => {
    await eventually(
      "the younger one's status has come to rest",
      async () => {
        const rested = new Date();
        await new Promise((resolve) => setTimeout(resolve, SILENT_MS));
        const writes = await operatorWrites(world, NAMESPACE, rested);
        if (writes.length === 0) return true;
        throw new Error(JSON.stringify(writes));
      },
      { withinMs: 2 * SILENT_MS },
    );
    const told = (await operator.platform.records()).flatMap(({ payload }) => {
      const { hostname, collector_status: status } = (payload ?? {}) as {
        hostname?: string;
        collector_status?: string;
      };
      return hostname === node ? [status] : [];
    });
    expect(told.lastIndexOf("Stopped")).toBeLessThan(told.indexOf("Running"));
    expect((await operator.platform.row(node))?.body).toMatchObject({ collector_status: "Running" });
  });

  test("gets them when the older one leaves it the node", async () => {
    await world.kubectl(["delete", "kmagent", "km-agent", "-n", NAMESPACE, "--wait", "--timeout=60s"]);
    const kmagent = await operator.waitHealthy(120_000, YOUNGER);
    expect(kmagent.status?.nodes).toMatchObject({ desired: 1, healthy: 1 });
    expect(conditionOf(kmagent, "Stalled")).toBeUndefined();
  });
});

describe("a KmAgent whose DaemonSet the API server refuses", () => {
  test("has its node without an agent, in the API server's words with the field's path", async () => {
    const other = (await world.cluster.nodes(world.signal))[0]?.name ?? "";
    const refused = nodeAgent({
      affinity: { nodeAffinity: "foo" },
      nodeSelector: { "kubernetes.io/hostname": other },
    });
    await operator.applyKmAgent({ nodeAgent: refused, clusterAgent: { enabled: false } }, REFUSED);
    const stalled = conditionOf(await operator.waitFor("Stalled", "True", 60_000, REFUSED), "Stalled");
    expect(stalled?.reason).toBe("ApplyRefused");
    expect(stalled?.message).toContain("spec.template.spec.affinity.nodeAffinity");
    expect(stalled?.message).toContain("expected map");
    const isTold = (seen: KmAgentObject) =>
      uncovered(seen).some(
        ({ node: name, reason, message }) =>
          name === other && reason === "NotDeployed" && message.includes("nodeAffinity"),
      );
    await untilKmAgent(operator, "the node is listed with it", isTold, 30_000, REFUSED);
  });
});
