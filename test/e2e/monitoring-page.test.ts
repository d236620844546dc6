import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { eventually } from "../eventually.ts";
import { findingOf, metricsOf } from "../faults/account.ts";
import { agentPods } from "../faults/agents.ts";
import { untilRow } from "../installation/platform-process.ts";
import { conditionOf, enterWorld, install, testSpec, untilKmAgent } from "../installation/world.ts";
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

const pods = async () => [...(await agentPods(world, "km-agent")).values()];

/** A kubectl that goes on until it is stopped, and what it has printed so far. */
function begin(...args: readonly string[]) {
  const command = ["--kubeconfig", world.cluster.kubeconfigPath, ...args];
  const child = spawn(world.kubectl.path, command, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "exit");
  let printed = "";
  child.stdout.on("data", (part: Buffer) => (printed += part.toString()));
  return {
    /** What it has printed; throws once it has ended by itself. */
    printed(): string {
      if (child.exitCode !== null) throw new Error(`kubectl ${args.join(" ")} has ended: ${printed}`);
      return printed;
    },
    async stop(): Promise<void> {
      child.kill("SIGTERM");
      await ended;
    },
  };
}

/** Lines of the operator's log, the newest last. */
async function logged(): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { stdout } = await world.kubectl(["logs", "-n", "km-agent", "deployment/kmagent-operator"]);
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>);
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
      const row = await untilRow(operator.platform, node.name, { collector_status: "Running" }, 20_000);
      expect(row.body).toEqual({
        is_docker: false,
        hostname: node.name,
        platform: "linux",
        architecture: process.arch === "arm64" ? "arm64" : "amd64",
        agent_version: "0.160.0",
        // Nobody but its user knows what a custom image holds; the vendor's is in vendor-image.test.ts.
        collector_version: "unknown",
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
    expect(new Set((await agentPods(world, "km-agent")).keys())).toEqual(new Set(nodes.map(({ name }) => name)));
  });

  test("row 8: kubectl describe pod says Ready, ContainersReady and PodScheduled", async () => {
    const [pod] = await pods();
    // Kubelet's own readiness probe comes every 10 s; the operator's comes first.
    const described = await eventually(
      "kubelet calls the pod ready",
      async () => {
        const { stdout } = await world.kubectl(["describe", "pod", "-n", "km-agent", pod?.metadata.name ?? ""]);
        return /^\s+Ready\s+True/m.test(stdout) ? stdout : undefined;
      },
      { withinMs: 60_000 },
    );
    for (const condition of ["Ready", "ContainersReady", "PodScheduled"]) {
      expect(described).toMatch(new RegExp(`^\\s+${condition}\\s+True`, "m"));
    }
  });

  test("row 9: kubectl logs by the label gives the collectors' own lines, and follows them", async () => {
    const [pod] = await pods();
    const logs = begin("logs", "-n", "km-agent", "-l", "app.kubernetes.io/component=node-agent", "-f");
    try {
      const before = await eventually(
        "the collectors' lines",
        () => (logs.printed().includes("Everything is ready") ? logs.printed() : undefined),
        { withinMs: 30_000 },
      );
      // Reads its configuration again, and says so.
      const target = { podUid: pod?.metadata.uid ?? "", container: "km-agent" };
      await world.cluster.signalContainer(target, "SIGHUP", world.signal);
      const after = await eventually(
        "a line that is new",
        () => (logs.printed().length > before.length ? logs.printed() : undefined),
        { withinMs: 30_000 },
      );
      expect(after.slice(before.length)).toMatch(/hangup|restart|reload/i);
    } finally {
      await logs.stop();
    }
  });

  test("row 10: kubectl top pods gives figures of the agents", async () => {
    const top = await eventually(
      "figures of three agents",
      async () => {
        const { stdout } = await world.kubectl(["top", "pods", "-n", "km-agent"]);
        return (await pods()).every(({ metadata }) => stdout.includes(metadata.name)) ? stdout : undefined;
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
    const [pod] = await pods();
    const node = pod?.spec.nodeName ?? "";
    const target = { podUid: pod?.metadata.uid ?? "", container: "km-agent" };
    const seen = async (what: string, ...metrics: readonly RegExp[]) => {
      const text = await eventually(
        `metrics of ${what}`,
        async () => {
          const now = await metricsOf({ world, operator });
          return metrics.every((metric) => metric.test(now)) ? now : undefined;
        },
        { withinMs: 60_000 },
      );
      for (const metric of metrics) expect(text).toMatch(metric);
    };
    const isTold = async (reason: string) =>
      await eventually(
        `an event ${reason} of ${node}`,
        async () => {
          const { stdout } = await world.kubectl(["get", "events", "-n", "km-agent", "--sort-by=.lastTimestamp"]);
          return stdout.split("\n").find((line) => line.includes(reason) && line.includes(`${node}: `));
        },
        { withinMs: 60_000 },
      );

    await seen("three that run", /^kmagent_nodes\{[^}]*state="healthy"[^}]*\} 3$/m);
    await world.cluster.signalContainer(target, "SIGSTOP", world.signal);
    try {
      const broken = await operator.waitFor("AgentsAvailable", "False", 90_000);
      expect(findingOf(broken, node)?.reason).toBe("Unresponsive");
      expect(conditionOf(broken, "Ready")?.status).toBe("False");
      expect(await isTold("NodeUnhealthy")).toMatch(/Warning/);
      await seen(
        "one that doesn't run",
        /^kmagent_nodes\{[^}]*state="healthy"[^}]*\} 2$/m,
        /^kmagent_nodes\{[^}]*state="unhealthy"[^}]*\} 1$/m,
        /^kmagent_condition\{[^}]*type="AgentsAvailable",status="False"[^}]*\} 1$/m,
      );
    } finally {
      await world.cluster.signalContainer(target, "SIGCONT", world.signal);
    }
    await operator.waitFor("Ready", "True", 90_000);
    expect(await isTold("NodeRecovered")).toMatch(/Normal/);
    await seen(
      "three that run again",
      /^kmagent_nodes\{[^}]*state="healthy"[^}]*\} 3$/m,
      /^kmagent_condition\{[^}]*type="Ready",status="True"[^}]*\} 1$/m,
    );
  });

  test("row 16: agents are probed every 30 s by default, and latency and uptime of each are told", async () => {
    await operator.applyKmAgent({ health: undefined });
    await operator.waitHealthy(180_000);
    expect((await operator.kmagent())?.spec["health"]).toMatchObject({ interval: "30s" });
    const daemonSet = await world.kubectl.get<{
      spec: { template: { spec: { containers: { livenessProbe: { periodSeconds: number } }[] } } };
    }>(["daemonset", "km-agent", "-n", "km-agent"]);
    expect(daemonSet?.spec.template.spec.containers[0]?.livenessProbe.periodSeconds).toBe(30);

    const probes = async () =>
      Number(/^kmagent_probes_total\{outcome="ok"\} (\d+)$/m.exec(await metricsOf({ world, operator }))?.[1]);
    const nodes = await world.cluster.nodes(world.signal);
    const [before, began] = [await probes(), performance.now()];
    // Of more than two each, one node has had three: twice its interval.
    await eventually(
      "more than two probes of each node",
      async () => (await probes()) > before + 2 * nodes.length || undefined,
      {
        withinMs: 150_000,
        everyMs: 1_000,
      },
    );
    expect(performance.now() - began).toBeGreaterThan(45_000);

    const forward = begin("port-forward", "-n", "km-agent", "deployment/kmagent-operator", ":8081");
    try {
      const port = await eventually("the forwarded port", () => /127\.0\.0\.1:(\d+)/.exec(forward.printed())?.[1], {
        withinMs: 30_000,
      });
      for (const { name } of nodes) {
        const answer = await fetch(`http://127.0.0.1:${port}/nodes?name=${name}`);
        const { nodes: told } = (await answer.json()) as { nodes: { latencyMs: number; upSince: number }[] };
        const { stdout } = await world.cluster.exec(name, ["curl", "-s", "http://localhost:13133/"], world.signal);
        const own = JSON.parse(stdout) as { status: string; upSince: string; uptime: string };
        expect(own).toMatchObject({ status: "Server available", uptime: expect.any(String) });
        expect(told).toEqual([expect.objectContaining({ node: name, upSince: Date.parse(own.upSince) })]);
        expect(told[0]?.latencyMs).toBeGreaterThan(0);
      }
    } finally {
      await forward.stop();
    }
  }, 400_000);

  test("row 19: the effective update URL stands in the operator's log and in status", async () => {
    const line = (await logged()).find(({ msg }) => msg === "config update checker started");
    expect(line).toMatchObject({ level: "info", updateURL: operator.platform.platform, intervalSeconds: 5 });
    expect((await operator.kmagent())?.status?.platformURL).toBe(operator.platform.platform);
  });

  test("row 19: key, network, URL and platform can be told apart by condition and log", async () => {
    const { platform, otlp } = operator.platform;
    const { hostname } = new URL(platform);
    const once401 = { hostname: "test-cluster", kind: "status", code: 401, times: 1 };
    const always503 = { hostname: "test-cluster", kind: "status", code: 503 };
    const faults = [
      { fault: "auth", reason: "Unauthorized", endpoint: platform, behaviour: once401 },
      { fault: "network", reason: "Unreachable", endpoint: `http://${hostname}:9/agents/config-check`, behaviour: [] },
      // Somebody answers there, and it isn't the platform.
      { fault: "url", reason: "BadAnswer", endpoint: otlp, behaviour: [] },
      { fault: "platform", reason: "PlatformError", endpoint: platform, behaviour: always503 },
    ];
    for (const { fault, reason, endpoint, behaviour } of faults) {
      const before = (await logged()).length;
      await operator.platform.tell(behaviour);
      await applyEndpoint(endpoint);
      const kmagent = await untilKmAgent(
        operator,
        `PlatformConnected says ${reason}`,
        (seen) => conditionOf(seen, "PlatformConnected")?.reason === reason,
        90_000,
      );
      expect(conditionOf(kmagent, "PlatformConnected")).toMatchObject({ status: "False", reason });
      expect(conditionOf(kmagent, "PlatformConnected")?.message).toContain(endpoint);
      const lines = (await logged())
        .slice(before)
        .filter(({ msg }) => String(msg).startsWith("Periodic config check failed"));
      expect(lines.at(-1)).toMatchObject({ level: "error", updateURL: endpoint, fault });
    }
    await operator.platform.tell([]);
    await operator.waitFor("PlatformConnected", "True", 120_000);
  }, 400_000);

  test("row 18: netstat on a node shows the listener with hostNetwork: true", async () => {
    await operator.applyKmAgent({
      nodeAgent: { image: world.images.collector, hostNetwork: true, terminationGracePeriodSeconds: 5 },
    });
    await operator.waitHealthy(180_000);
    const { stdout } = await world.cluster.exec("node-1", ["netstat", "-tlnp"], world.signal);
    expect(stdout).toMatch(/:13133\s.*LISTEN/);
  });
});

async function applyEndpoint(endpoint: string): Promise<void> {
  const { platform } = testSpec(world.images, operator.platform);
  await operator.applyKmAgent({ platform: { ...platform, endpoint } });
}
