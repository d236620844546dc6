import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { PODS, resourcePath } from "../../src/kube/resource.ts";
import { eventually } from "../eventually.ts";
import { untilRow } from "../installation/platform-process.ts";
import { report } from "../installation/report.ts";
import { enterWorld, install, SOAK, testSpec, untilKmAgent } from "../installation/world.ts";
import type { Installation, KmAgentObject, World } from "../installation/world.ts";

/*
 * The vendor's image as it is (tools/cluster/km-kube-agent: its collector release, the components of its default configuration, its
 * habits) under the operator's built-in configuration, with the rights that the chart grants.
 */

const NAMESPACE = "vendor-image";
const GRACE_S = 3;
/** What the guard takes of a spec, and the collector doesn't. */
const UNUSABLE = [
  "receivers: { otlp: { protocols: { http: { endpoint: 0.0.0.0:4318, no_such_setting: true } } } }",
  "exporters: { debug: {} }",
  "service: { pipelines: { traces: { receivers: [otlp], exporters: [debug] } } }",
].join("\n");

let world: World;
let operator: Installation;

interface AgentPod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly deletionTimestamp?: string };
  readonly spec: { readonly nodeName: string };
  readonly status: {
    readonly podIP: string;
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
  };
}

beforeAll(async () => {
  world = await enterWorld();
  operator = await install(world, { namespace: NAMESPACE });
  await somethingToRead();
}, 240_000);

afterAll(async () => {
  expect(await operator.leave()).toEqual([]);
}, 240_000);

/** A pod on each node that writes a log, and another one after each of its crashes: a new cluster may have a node without any. */
async function somethingToRead(): Promise<void> {
  const labels = { app: "talker" };
  const env = [{ name: "FAULT", value: "exit:1@2s" }];
  await world.kubectl.apply({
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: { name: "talker", namespace: NAMESPACE },
    spec: {
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: { terminationGracePeriodSeconds: 1, containers: [{ name: "talker", image: world.images.faulty, env }] },
      },
    },
  });
  await eventually(
    "every node's pod has written something",
    async () => {
      const all = await world.api.list<AgentPod>(resourcePath(PODS, NAMESPACE), { labelSelector: "app=talker" });
      const begun = all.filter(({ status }) => (status.containerStatuses?.[0]?.restartCount ?? 0) > 0);
      const nodes = await world.cluster.nodes(world.signal);
      return begun.length === nodes.length ? true : undefined;
    },
    { withinMs: 60_000 },
  );
}

/** Nothing of the collectors is set: image, components and configuration are the operator's own choice. */
async function applyVendor(spec: Readonly<Record<string, unknown>> = {}): Promise<void> {
  await operator.applyKmAgent({
    distribution: "kloudmate",
    components: undefined,
    nodeAgent: { terminationGracePeriodSeconds: GRACE_S },
    clusterAgent: undefined,
    health: { interval: "1s", timeout: "1s", startupGrace: "0s" },
    rollout: { bakeTime: "0s", maxUnavailable: "100%" },
    ...spec,
  });
}

/** Those that stay: the image hangs on SIGTERM, so former ones are there until they are killed. */
async function pods(component: "node-agent" | "cluster-agent"): Promise<readonly AgentPod[]> {
  const labelSelector = `app.kubernetes.io/component=${component}`;
  const all = await world.api.list<AgentPod>(resourcePath(PODS, NAMESPACE), { labelSelector });
  return all.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
}

/** What a collector says of itself, on the port that the operator has it listen on. */
async function counters({ spec, status }: AgentPod): Promise<string> {
  const url = `http://${status.podIP}:8888/metrics`;
  return (await world.cluster.exec(spec.nodeName, ["curl", "-fsS", "--max-time", "5", url], world.signal)).stdout;
}

/** Whether a receiver has taken anything in. */
function accepted(text: string, receiver: string): boolean {
  return new RegExp(`^otelcol_receiver_accepted_\\w+\\{[^}]*receiver="${receiver}"[^}]*\\} [1-9]`, "m").test(text);
}

async function complaints(): Promise<readonly string[]> {
  const all = await eventually(
    "one agent on each node and one for the cluster, with those before them gone",
    async () => {
      const found = [...(await pods("node-agent")), ...(await pods("cluster-agent"))];
      return found.length === 4 ? found : undefined;
    },
    { withinMs: 60_000 },
  );
  const logs = await Promise.all(
    all.map(async ({ metadata }) => (await world.kubectl(["logs", "-n", NAMESPACE, metadata.name])).stdout),
  );
  return logs.flatMap((log) => log.split("\n")).filter((line) => /\t(warn|error)\t|"level":"(warn|error)"/.test(line));
}

describe("KloudMate's own image", () => {
  test("the smallest KmAgent becomes Ready with it, cluster agent included", async () => {
    const began = performance.now();
    await applyVendor();
    await operator.waitHealthy(180_000);
    await operator.waitFor("ClusterAgentAvailable", "True", 120_000);
    const kmagent = await operator.waitFor("Ready", "True", 30_000);
    report("vendor-image", { what: "applied to Ready", seconds: (performance.now() - began) / 1_000 });
    const nodes = await world.cluster.nodes(world.signal);
    expect(kmagent.status?.nodes).toMatchObject({ desired: nodes.length, healthy: nodes.length });
    expect(kmagent.status?.clusterAgent).toMatchObject({ ready: true });
    expect(kmagent.status?.config?.source).toBe("Default");
    for (const { name } of nodes) {
      // The KmAgent is Ready a moment before the platform has the last node's change.
      const row = await untilRow(operator.platform, name, { collector_status: "Running" }, 20_000);
      expect(row.body).toMatchObject({ agent_version: "1.2.0", collector_version: "v0.143.0" });
    }
  });

  test("every receiver of the default configuration takes something in, and all of it arrives", async () => {
    const wanted = [
      ...(await pods("node-agent")).map((pod) => ({
        pod,
        receivers: ["hostmetrics", "kubeletstats", "filelog/containers"],
      })),
      ...(await pods("cluster-agent")).map((pod) => ({ pod, receivers: ["k8s_cluster", "k8s_events", "k8sobjects"] })),
    ];
    expect(wanted).toHaveLength(4);
    await eventually(
      "every receiver has accepted something",
      async () => {
        const idle: string[] = [];
        for (const { pod, receivers } of wanted) {
          const text = await counters(pod);
          idle.push(
            ...receivers.filter((receiver) => !accepted(text, receiver)).map((name) => `${pod.spec.nodeName} ${name}`),
          );
        }
        if (idle.length > 0) throw new Error(idle.join(", "));
        return true;
      },
      { withinMs: 120_000, everyMs: 2_000 },
    );
    await eventually(
      "metrics and logs of every node have arrived",
      async () => {
        const { byNode } = await operator.platform.otlpCounts();
        const nodes = await world.cluster.nodes(world.signal);
        const all = nodes.every(({ name }) => (byNode[name]?.metrics ?? 0) > 0 && (byNode[name]?.logs ?? 0) > 0);
        if (!all) throw new Error(JSON.stringify(byNode));
        return true;
      },
      { withinMs: 60_000, everyMs: 1_000 },
    );
  });

  test("the collectors have nothing to complain of: rights, kubelet's certificate, files", async () => {
    expect(await complaints()).toEqual([]);
  });

  test.each(
    [
      { name: "metrics alone", spec: { config: { features: { logs: false, traces: false } } }, always: true },
      {
        name: "logs alone",
        spec: { config: { features: { metrics: false, traces: false } } },
        always: SOAK,
      },
      {
        name: "traces alone",
        spec: { config: { features: { metrics: false, logs: false } } },
        always: SOAK,
      },
      {
        name: "the profile Baseline",
        spec: { nodeAgent: { profile: "Baseline", terminationGracePeriodSeconds: GRACE_S } },
        always: true,
      },
      {
        name: "the node's own network",
        spec: { nodeAgent: { hostNetwork: true, terminationGracePeriodSeconds: GRACE_S } },
        always: SOAK,
      },
    ].filter(({ always }) => always),
  )("with $name all nodes are healthy, without a complaint", async ({ spec }) => {
    await applyVendor(spec);
    await operator.waitHealthy(180_000);
    await operator.waitFor("ClusterAgentAvailable", "True", 120_000);
    expect(await complaints()).toEqual([]);
  });

  test("it ends with exit code 0 on a configuration that it can't run, and the finding has its last words", async () => {
    const began = performance.now();
    // Kubernetes' own way leaves it on the nodes; a staged rollout takes it back from its canary within seconds.
    const { platform, otlp } = operator.platform;
    const { platform: reports } = testSpec(world.images, { platform, otlp });
    await applyVendor({
      config: { nodeAgent: { inline: UNUSABLE } },
      platform: { ...reports, remoteConfig: { mode: "Disabled" } },
      rollout: { strategy: "RollingUpdate", bakeTime: "0s", maxUnavailable: "100%" },
    });
    const finding = await eventually(
      "a node whose collector ended with exit code 0",
      // The first word is the exit code; the container's own last words are read then, and follow with the next pass.
      async () =>
        (await operator.kmagent())?.status?.unhealthyNodes?.find(
          ({ reason, message }) => reason === "CollectorExitedCleanly" && message.includes("no_such_setting"),
        ),
      { withinMs: 120_000 },
    );
    report("vendor-image", { what: "bad configuration to finding", seconds: (performance.now() - began) / 1_000 });
    expect(finding.message).toContain("exit code 0");
    const row = await eventually(
      "the platform has it too",
      async () => {
        const found = await operator.platform.row(finding.node);
        return String(found?.body["last_error_message"]).includes("no_such_setting") ? found : undefined;
      },
      { withinMs: 30_000 },
    );
    expect(row.body["collector_status"]).toBe("Stopped");
    await applyVendor();
    await operator.waitHealthy(180_000);
  });

  test("a staged change that it can't run is taken back from its canary, in the collector's own words", async () => {
    await applyVendor({ config: { nodeAgent: { inline: UNUSABLE } } });
    const isBack = ({ status }: KmAgentObject) => status?.rollout?.phase === "RolledBack";
    const { status } = await untilKmAgent(operator, "it is taken back", isBack, 120_000);
    expect(status?.rollout).toMatchObject({ rejected: [{ message: expect.stringContaining("no_such_setting") }] });
    await applyVendor();
    await operator.waitHealthy(180_000);
  });

  test("it hangs on SIGTERM, so a pod is replaced after its grace period, and the node is healthy again", async () => {
    const [pod] = await pods("node-agent");
    if (!pod) throw new Error("no agent");
    const began = performance.now();
    await world.kubectl(["delete", "pod", "-n", NAMESPACE, pod.metadata.name, "--wait", "--timeout=60s"]);
    const gone = (performance.now() - began) / 1_000;
    await eventually(
      "another pod on its node",
      async () => (await pods("node-agent")).find(({ spec }) => spec.nodeName === pod.spec.nodeName),
      { withinMs: 30_000 },
    );
    await operator.waitHealthy(90_000);
    const healthy = (performance.now() - began) / 1_000;
    report("vendor-image", { what: "SIGTERM to SIGKILL and healthy again", gone, healthy });
    expect(gone).toBeGreaterThanOrEqual(GRACE_S);
  });
});
