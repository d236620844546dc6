import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { LEASES, PODS, resourcePath } from "../../src/kube/resource.ts";
import { eventually } from "../eventually.ts";
import type { AgentPod } from "../faults/ground.ts";
import { report } from "../installation/report.ts";
import { conditionOf, enterWorld, install, untilKmAgent } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";

/*
 * Whether telemetry arrives, by the collectors' own counters. The collector scrapes and sends every second or two, so that
 * what takes minutes by default shows within one; the operator's own times are the shipped ones, but for `health.interval`.
 */

const NAMESPACE = "telemetry";
/** Twenty seconds in which something waits, the rotation of a small fleet twice, and what it takes to write it down. */
const WITHIN_MS = 60_000;

const CONFIG = [
  "receivers: { hostmetrics: { collection_interval: 2s, scrapers: { load: {} } } }",
  "processors: { batch: { timeout: 1s } }",
  "exporters:",
  "  otlphttp/ours:",
  "    endpoint: ${env:KM_COLLECTOR_ENDPOINT}",
  "    headers: { Authorization: '${env:KM_API_KEY}' }",
  "    retry_on_failure: { enabled: true, initial_interval: 1s, max_interval: 2s, max_elapsed_time: 300s }",
  "service: { pipelines: { metrics: { receivers: [hostmetrics], processors: [batch], exporters: [otlphttp/ours] } } }",
].join("\n");

/** The same with a filter that lets nothing through. */
const DROPPING = CONFIG.replace("processors: {", 'processors: { filter: { metrics: { datapoint: ["true"] } },').replace(
  "processors: [",
  "processors: [filter, ",
);

let world: World;
let operator: Installation;

beforeAll(async () => {
  world = await enterWorld();
  operator = await install(world, { namespace: NAMESPACE });
  await operator.applyKmAgent({
    config: { nodeAgent: { inline: CONFIG } },
    rollout: { bakeTime: "0s", maxUnavailable: "100%" },
  });
  await operator.waitHealthy(180_000);
}, 300_000);

afterAll(async () => {
  expect(await operator.leave()).toEqual([]);
}, 240_000);

/** Waits for the condition, and tells how long that took. */
async function seen(what: string, status: "True" | "False") {
  const began = performance.now();
  const kmagent = await operator.waitFor("TelemetryFlowing", status, WITHIN_MS);
  report("telemetry-flowing", { what, seconds: (performance.now() - began) / 1_000 });
  const condition = conditionOf(kmagent, "TelemetryFlowing");
  if (!condition) throw new Error("no condition");
  return { kmagent, reason: condition.reason, message: condition.message };
}

describe("whether telemetry arrives", () => {
  test("is True once an endpoint has taken something", async () => {
    expect((await seen("healthy to flowing", "True")).reason).toBe("Flowing");
  });

  test("an endpoint that refuses everybody is the endpoint's fault, with the exporter's name, and no node is unhealthy", async () => {
    await operator.platform.tellOtlp({ kind: "refuse" });
    await seen("refused to failing", "False");
    const { status } = await untilKmAgent(
      operator,
      "all nodes fail, and the exporter of metrics is named",
      (kmagent) => {
        const { reason, message = "" } = conditionOf(kmagent, "TelemetryFlowing") ?? {};
        return reason === "EndpointFailing" && message.includes("otlphttp/ours (metrics)");
      },
      WITHIN_MS,
    );
    expect(status?.nodes).toMatchObject({ healthy: 3, unhealthy: 0 });
    expect(status?.conditions?.find(({ type }) => type === "Ready")?.status).toBe("True");
    await operator.platform.tellOtlp({ kind: "ok" });
    expect((await seen("taken again to flowing", "True")).reason).toBe("Flowing");
  });

  test("a node alone that can't reach the endpoint is named, and the others are not", async () => {
    const [node] = await world.cluster.nodes(world.signal);
    if (!node) throw new Error("no node");
    const { port } = new URL(operator.platform.otlp);
    const rule = ["FORWARD", "-p", "tcp", "--dport", port, "-j", "REJECT"];
    await world.cluster.exec(node.name, ["iptables", "-I", ...rule], world.signal);
    try {
      const { reason, message } = await seen("one node cut off to failing", "False");
      expect(reason).toBe("ExportsFailing");
      expect(message).toMatch(
        new RegExp(`^Exports fail since .* on 1 node \\(exporter otlphttp/ours \\(metrics\\)\\).*: ${node.name}\\.$`),
      );
    } finally {
      await world.cluster.exec(node.name, ["iptables", "-D", ...rule], world.signal);
    }
    await seen("node reaches it again to flowing", "True");
  });

  test("a change is told by an event", async () => {
    const all = await world.kubectl.get<{ items: { message?: string }[] }>(["events", "-n", NAMESPACE]);
    const told = (all?.items ?? []).map(({ message = "" }) => message.split(":")[0]);
    expect(told).toEqual(
      expect.arrayContaining([
        "TelemetryFlowing is False (EndpointFailing)",
        "TelemetryFlowing is False (ExportsFailing)",
        "TelemetryFlowing is True (Flowing)",
      ]),
    );
  });

  test("a new leader takes nothing back before it has read for itself", async () => {
    const before = conditionOf(await operator.kmagent(), "TelemetryFlowing");
    const former = await leader();
    await world.kubectl(["rollout", "restart", "deployment", "-n", NAMESPACE]);
    await world.kubectl(["rollout", "status", "deployment", "-n", NAMESPACE, "--timeout=90s"]);
    const seen: unknown[] = [];
    await eventually(
      "the new leader has seen all nodes send",
      async () => {
        seen.push(conditionOf(await operator.kmagent(), "TelemetryFlowing"));
        const pod = await leader();
        if (pod === undefined || pod.name === former?.name) return undefined;
        return /^kmagent_node_exports\{.*state="Flowing".*\} 3$/m.test(await metricsOf(pod.ip)) ? true : undefined;
      },
      { withinMs: 120_000, everyMs: 500 },
    );
    expect(new Set(seen.map((condition) => JSON.stringify(condition)))).toEqual(new Set([JSON.stringify(before)]));
  });

  test("a configuration that drops all that is received is taken back at its deadline, though its collector is healthy", async () => {
    const began = performance.now();
    await operator.applyKmAgent({
      config: { nodeAgent: { inline: DROPPING } },
      rollout: { bakeTime: "0s", maxUnavailable: "100%", progressDeadline: "3m" },
    });
    const { status } = await untilKmAgent(
      operator,
      "it is taken back",
      (kmagent) => kmagent.status?.rollout?.phase === "RolledBack",
      300_000,
    );
    report("telemetry-flowing", { what: "all dropped to taken back", seconds: (performance.now() - began) / 1_000 });
    expect(status?.rollout).toMatchObject({
      rejected: [
        { reason: "NothingDelivered", nodes: [expect.any(String)], message: expect.stringMatching(/otlphttp\/ours/) },
      ],
    });
  }, 360_000);
});

/** The operator's pod that leads. */
async function leader(): Promise<{ readonly name: string; readonly ip: string } | undefined> {
  const path = resourcePath(LEASES, NAMESPACE, "kmagent-operator");
  const lease = await world.api.get<{ spec: { holderIdentity?: string } }>(path);
  const pods = await world.api.list<AgentPod>(resourcePath(PODS, NAMESPACE));
  const pod = pods.find(({ metadata }) => lease?.spec.holderIdentity?.startsWith(metadata.name) === true);
  return pod?.status.podIP === undefined ? undefined : { name: pod.metadata.name, ip: pod.status.podIP };
}

async function metricsOf(ip: string): Promise<string> {
  const [node] = await world.cluster.nodes(world.signal);
  if (!node) throw new Error("no node");
  const argv = ["curl", "-sS", "--max-time", "5", `http://${ip}:8080/metrics`];
  return (await world.cluster.exec(node.name, argv, world.signal)).stdout;
}
