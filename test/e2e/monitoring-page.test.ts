import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "../installation/eventually.ts";
import { enterWorld, install } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";

/*
 * What the agent monitoring page promises for Kubernetes, each row by the page's own command. docs/contract-coverage.md says
 * which row is which. The page's namespace is km-agent.
 */

let world: World;
let operator: Installation;

beforeAll(async () => {
  world = await enterWorld();
  operator = await install(world, { namespace: "km-agent", release: "kmagent-operator" });
  await operator.applyKmAgent();
  await operator.waitHealthy();
}, 240_000);

afterAll(async () => {
  expect(await operator.leave()).toEqual([]);
}, 240_000);

async function agentPods(): Promise<{ name: string; node: string }[]> {
  const pods = await world.kubectl.get<{ items: { metadata: { name: string }; spec: { nodeName: string } }[] }>([
    "pods",
    "-n",
    "km-agent",
    "-l",
    "app.kubernetes.io/component=node-agent",
  ]);
  return (pods?.items ?? []).map(({ metadata, spec }) => ({ name: metadata.name, node: spec.nodeName }));
}

describe("the agent monitoring page on Kubernetes", () => {
  test("row 1: curl http://localhost:13133/ answers 200 on every node", async () => {
    for (const node of await world.cluster.nodes(world.signal)) {
      const { stdout } = await world.cluster.exec(
        node.name,
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "5", "http://localhost:13133/"],
        world.signal,
      );
      expect([node.name, stdout]).toEqual([node.name, "200"]);
    }
  });

  test("row 2: the platform has the nine fields of every node, with true values", async () => {
    for (const node of await world.cluster.nodes(world.signal)) {
      // The KmAgent is Ready a moment before the platform has the last node's change.
      const row = await eventually(
        "the row of a collector that runs",
        async () => {
          const seen = await operator.platform.row(node.name);
          return seen?.body["collector_status"] === "Running" ? seen : undefined;
        },
        { withinMs: 20_000 },
      );
      expect(row.body).toEqual({
        is_docker: false,
        hostname: node.name,
        platform: "linux",
        architecture: process.arch === "arm64" ? "arm64" : "amd64",
        agent_version: expect.any(String),
        collector_version: expect.any(String),
        agent_status: "Running",
        collector_status: "Running",
        last_error_message: "",
      });
    }
  });

  test("row 7: kubectl get pods with the label of node agents gives one pod a node and no other", async () => {
    const { stdout } = await world.kubectl([
      "get",
      "pods",
      "-n",
      "km-agent",
      "-l",
      "app.kubernetes.io/component=node-agent",
      "--no-headers",
    ]);
    const nodes = await world.cluster.nodes(world.signal);
    expect(stdout.trim().split("\n")).toHaveLength(nodes.length);
    expect(new Set((await agentPods()).map(({ node }) => node))).toEqual(new Set(nodes.map(({ name }) => name)));
  });

  test("row 8: kubectl describe pod says Ready, ContainersReady and PodScheduled", async () => {
    const [pod] = await agentPods();
    // Kubelet's own readiness probe comes every 10 s; the operator's comes first.
    const described = await eventually(
      "kubelet calls the pod ready",
      async () => {
        const { stdout } = await world.kubectl(["describe", "pod", "-n", "km-agent", pod?.name ?? ""]);
        return /^\s+Ready\s+True/m.test(stdout) ? stdout : undefined;
      },
      { withinMs: 60_000 },
    );
    for (const condition of ["Ready", "ContainersReady", "PodScheduled"]) {
      expect(described).toMatch(new RegExp(`^\\s+${condition}\\s+True`, "m"));
    }
  });

  test("row 9: kubectl logs by the label gives the collectors' own lines", async () => {
    const { stdout } = await world.kubectl(["logs", "-n", "km-agent", "-l", "app.kubernetes.io/component=node-agent"]);
    expect(stdout).toContain("otelcol");
  });

  test("row 10: kubectl top pods gives figures of the agents", async () => {
    const top = await eventually(
      "figures of three agents",
      async () => {
        const { stdout } = await world.kubectl(["top", "pods", "-n", "km-agent"]);
        return (await agentPods()).every(({ name }) => stdout.includes(name)) ? stdout : undefined;
      },
      { withinMs: 120_000, everyMs: 3_000 },
    );
    expect(top).toMatch(/[0-9]+m\s+[0-9]+Mi/);
  });

  test("row 11: kubectl get events sorted by lastTimestamp shows the operator's events with their time", async () => {
    const { stdout } = await world.kubectl(["get", "events", "-n", "km-agent", "--sort-by=.lastTimestamp"]);
    expect(stdout).toContain("kmagent/km-agent");
    const events = await world.kubectl.get<{ items: { lastTimestamp: string | null }[] }>([
      "events",
      "-n",
      "km-agent",
      "--field-selector",
      "involvedObject.kind=KmAgent",
    ]);
    expect(events?.items.length).toBeGreaterThan(0);
    expect(events?.items.filter(({ lastTimestamp }) => lastTimestamp === null)).toEqual([]);
  });

  test("row 15: a status that changes shows in metrics, events and conditions", async () => {
    const { stdout } = await world.kubectl([
      "get",
      "--raw",
      `/api/v1/namespaces/km-agent/pods/${await operatorPod()}:8080/proxy/metrics`,
    ]);
    expect(stdout).toMatch(/kmagent_nodes\{[^}]*state="healthy"[^}]*\} 3/);
    expect(stdout).toMatch(/kmagent_condition\{[^}]*type="Ready",status="True"[^}]*\} 1/);
  });

  test("row 16: probes run every 30 s by default, and answers tell the uptime", async () => {
    const daemonSet = await world.kubectl.get<{
      spec: { template: { spec: { containers: { livenessProbe: { periodSeconds: number } }[] } } };
    }>(["daemonset", "km-agent", "-n", "km-agent"]);
    expect(daemonSet?.spec.template.spec.containers[0]?.livenessProbe.periodSeconds).toBe(30);
    const { stdout } = await world.cluster.exec("node-1", ["curl", "-s", "http://localhost:13133/"], world.signal);
    expect(JSON.parse(stdout)).toMatchObject({
      status: "Server available",
      upSince: expect.any(String),
      uptime: expect.any(String),
    });
  });

  test("row 19: the effective update URL stands in the operator's log and in status", async () => {
    const { stdout } = await world.kubectl(["logs", "-n", "km-agent", "deployment/kmagent-operator"]);
    const line = stdout.split("\n").find((candidate) => candidate.includes("config update checker started"));
    expect(JSON.parse(line ?? "{}")).toMatchObject({
      level: "info",
      updateURL: operator.platform.platform,
      intervalSeconds: 5,
    });
    expect((await operator.kmagent())?.status?.platformURL).toBe(operator.platform.platform);
  });

  test("row 18: netstat on a node shows the listener with hostNetwork: true", async () => {
    await operator.applyKmAgent({
      nodeAgent: { image: world.images.collector, hostNetwork: true, terminationGracePeriodSeconds: 5 },
    });
    await operator.waitHealthy(180_000);
    const { stdout } = await world.cluster.exec("node-1", ["netstat", "-tlnp"], world.signal);
    expect(stdout).toMatch(/:13133\s.*LISTEN/);
  });
});

async function operatorPod(): Promise<string> {
  const pods = await world.kubectl.get<{ items: { metadata: { name: string } }[] }>([
    "pods",
    "-n",
    "km-agent",
    "-l",
    "app.kubernetes.io/name=kmagent-operator",
  ]);
  return pods?.items[0]?.metadata.name ?? "";
}
