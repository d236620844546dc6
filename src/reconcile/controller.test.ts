import { afterEach, describe, expect, test } from "@jest/globals";
import { FakeClock } from "../../test/kube/fake-clock.ts";
import { ScriptedApiServer, json, refuse } from "../../test/kube/scripted-api-server.ts";
import type { Step } from "../../test/kube/scripted-api-server.ts";
import { FIELD_MANAGER, LABEL } from "../api/labels.ts";
import { createWriter } from "../kube/apply.ts";
import { createKubeClient } from "../kube/client.ts";
import type { ProbeObservation } from "../health/observation.ts";
import type { KubeObject } from "../kube/resource.ts";
import { ObjectStore } from "../kube/store.ts";
import { createReporter } from "../platform/reporter.ts";
import { createCounterReader } from "../probe/counter-reader.ts";
import type { Prober } from "../probe/prober.ts";
import { createLog } from "../telemetry/log.ts";
import { createSecretMask } from "../telemetry/mask.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { Controller } from "./controller.ts";
import { ExportWatch } from "./export-watch.ts";
import { watchFailedPods } from "./failed-pods.ts";
import { BY_INSTANCE } from "./gather.ts";
import { createIntern, projectKmAgent, projectNode, projectPod } from "./project.ts";
import type { KmAgentRecord, NodeRecord, PodRecord } from "./project.ts";
import type { Referenced } from "./references.ts";
import { RemoteInbox } from "./remote-inbox.ts";

const intern = createIntern();
const KEY = "km/agent";
const API_KEY = "a-secret-api-key";
const KMAGENTS = "/apis/kloudmate.com/v1alpha1/namespaces/km/kmagents";
const CONFIG_MAPS = "/api/v1/namespaces/km/configmaps";
const DAEMON_SET = "/apis/apps/v1/namespaces/km/daemonsets/agent";
// Where nobody listens: what the platform is told is `platform`'s business.
const SPEC = {
  clusterName: "c",
  apiKeySecretRef: { name: "s", key: "k" },
  clusterAgent: { enabled: false },
  platform: { endpoint: "http://127.0.0.1:9/agents/config-check" },
};

/** The API server takes what is applied and gives it back as it is stored then. */
function stores(name: string, version: number, status = 201): Step {
  return {
    name,
    method: "PATCH",
    answer: (response, call) => {
      const object = JSON.parse(call.body) as KubeObject;
      const metadata = { ...object.metadata, uid: `uid-${object.metadata.name}`, resourceVersion: String(version) };
      json({ ...object, metadata }, status)(response, call);
    },
  };
}

const looks = (path: string): Step => ({ name: `look at ${path}`, method: "GET", answer: refuse(404, "NotFound") });

const DAEMON_SET_OF_OURS: KubeObject = {
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: {
    name: "agent",
    namespace: "km",
    uid: "ds",
    resourceVersion: "2",
    ownerReferences: [
      { apiVersion: "kloudmate.com/v1alpha1", kind: "KmAgent", name: "agent", uid: "uid-1", controller: true },
    ],
  },
};

/** A pod of that DaemonSet on the node n1. */
function podOf(name: string, status: object): PodRecord {
  const labels = { [LABEL.instance]: "agent", [LABEL.component]: "node-agent" };
  const ownerReferences = [{ kind: "DaemonSet", name: "agent", uid: "ds", controller: true }];
  const metadata = { name, namespace: "km", uid: name, labels, ownerReferences };
  return projectPod({ metadata, spec: { nodeName: "n1" }, status }, intern);
}

const ended: (() => Promise<void>)[] = [];

/** A controller of real parts, with caches that the test fills and an API server that plays its script. */
async function world(secret: Referenced, ...steps: readonly Step[]) {
  const server = await ScriptedApiServer.start(steps);
  const clock = new FakeClock();
  const stop = new AbortController();
  const caches = {
    kmagents: new ObjectStore<KmAgentRecord>(),
    nodes: new ObjectStore<NodeRecord>(),
    pods: new ObjectStore<PodRecord>({ [BY_INSTANCE]: (pod) => pod.instance }),
    daemonSets: new ObjectStore<KubeObject>(),
    deployments: new ObjectStore<KubeObject>(),
    configMaps: new ObjectStore<KubeObject>(),
  };
  const set = <T>(store: ObjectStore<T>, key: string, value: T | undefined, version: number): void => {
    const resourceVersion = String(version);
    store.set(key, value && { uid: key, resourceVersion, value }, resourceVersion);
  };
  // As after the first list, which found nothing.
  for (const store of [caches.daemonSets, caches.deployments, caches.configMaps]) store.replace(new Map(), "5");
  const client = createKubeClient({ kubeconfig: server.kubeconfig, version: "test", clock });
  const lines: string[] = [];
  const mask = createSecretMask();
  const metrics = createMetrics({ operator: "1" });
  const log = createLog({ level: "debug", mask: (text) => mask.mask(text), write: (line) => lines.push(line) });
  const probed: string[] = [];
  const probes = new Map<string, ProbeObservation>();
  const prober: Prober = {
    setTargets: (key, targets) => probed.push(...targets.map(({ ip }) => `${key} ${ip}`)),
    nudge: () => undefined,
    clear: () => undefined,
    snapshot: () => probes,
    stop: () => undefined,
  };
  const noted: string[] = [];
  const reporter = createReporter({
    log,
    clock,
    random: () => 0.5,
    metrics,
    operator: { version: "1", architecture: "amd64" },
    onStateChange: () => undefined,
    onAnswer: () => undefined,
  });
  const controller = new Controller({
    sources: {
      caches,
      failedPods: watchFailedPods(caches, stop.signal),
      installation: {
        version: "1",
        images: { nodeAgent: "a:1", clusterAgent: "b:1" },
        serviceAccounts: { nodeAgent: "na", clusterAgent: "ca" },
        kubernetesMinor: 34,
      },
    },
    client,
    writer: createWriter({
      client,
      fieldManager: FIELD_MANAGER,
      fence: () => undefined,
      remainingMs: () => Number.POSITIVE_INFINITY,
      metrics,
    }),
    references: { follow: () => undefined, read: () => secret },
    prober,
    counters: createCounterReader({ clock, onReading: () => false, signal: stop.signal, metrics }),
    exports: new ExportWatch(),
    reporter,
    inbox: new RemoteInbox(),
    events: {
      record: (_, type, reason) => noted.push(`${type} ${reason}`),
      flush: () => Promise.resolve(),
    },
    metrics,
    mask,
    log,
    clock,
    allNodeMetrics: false,
    again: () => undefined,
  });
  ended.push(async () => {
    stop.abort();
    await reporter.stop();
    await client.close();
    await server.stop();
  });
  set(
    caches.nodes,
    "n1",
    projectNode({ metadata: { name: "n1", uid: "n1", labels: { "kubernetes.io/os": "linux" } } }, intern),
    1,
  );
  const kmagent = (more: object = {}, spec: object = SPEC) =>
    set(
      caches.kmagents,
      KEY,
      projectKmAgent({
        metadata: { name: "agent", namespace: "km", uid: "uid-1", generation: 1, resourceVersion: "1", ...more },
        spec,
      }),
      1,
    );
  kmagent();
  return {
    server,
    caches,
    set,
    kmagent,
    probes,
    metrics,
    lines,
    probed,
    noted,
    controller,
    pass: async () => await controller.pass(KEY, stop.signal),
    calls: () => server.calls.map(({ method, path }) => `${method} ${path}`),
  };
}

afterEach(async () => {
  for (const end of ended.splice(0)) await end();
});

const FOUND: Referenced = { kind: "found", text: API_KEY };

describe("a pass", () => {
  test("over a key that no KmAgent has does nothing", async () => {
    const { controller, server } = await world(FOUND);
    expect(await controller.pass("km/nobody", new AbortController().signal)).toEqual({ kind: "done" });
    expect(server.calls).toEqual([]);
  });

  test("over a KmAgent that waits for its Secret's first answer writes nothing", async () => {
    const { pass, server } = await world({ kind: "loading" });
    await pass();
    expect(server.calls).toEqual([]);
  });

  test("makes the objects in their order, each after a look, then tells: status, log, metrics", async () => {
    const { pass, server, calls, lines, metrics } = await world(
      FOUND,
      looks("the ConfigMap"),
      stores("the ConfigMap", 11),
      looks("the DaemonSet"),
      stores("the DaemonSet", 12),
      stores("the status", 13, 200),
    );
    await pass();
    expect(calls().map((call) => call.replace(/-[a-z0-9]{10}$/, "-REVISION"))).toEqual([
      `GET ${CONFIG_MAPS}/agent-node-agent-REVISION`,
      `PATCH ${CONFIG_MAPS}/agent-node-agent-REVISION`,
      `GET ${DAEMON_SET}`,
      `PATCH ${DAEMON_SET}`,
      `PATCH ${KMAGENTS}/agent/status`,
    ]);
    server.verify();
    expect(lines.filter((line) => line.includes('"msg":"applied"'))).toHaveLength(2);
    expect(await metrics.render()).toContain(
      'kmagent_operator_api_writes_total{verb="apply",resource="DaemonSet",code="ok"} 1',
    );
  });

  test("remembers what it wrote: the next one waits for the caches and writes nothing", async () => {
    const { pass, server } = await world(
      FOUND,
      looks("the ConfigMap"),
      stores("the ConfigMap", 11),
      looks("the DaemonSet"),
      stores("the DaemonSet", 12),
      stores("the status", 13, 200),
    );
    await pass();
    const before = server.calls.length;
    await pass();
    expect(server.calls).toHaveLength(before);
  });

  test("has failed where the status can't be written, and is tried again no sooner than the server asks", async () => {
    const { pass, lines, noted, metrics } = await world(
      { kind: "missing" },
      {
        name: "the status",
        method: "PATCH",
        answer: refuse(429, "TooManyRequests", { headers: { "retry-after": "30" } }),
      },
    );
    expect(await pass()).toEqual({ kind: "failed", code: "Throttled", notBeforeMs: 30_000 });
    expect(lines.some((line) => line.includes('"msg":"write failed"'))).toBe(true);
    // What the status would have said is told once it is written.
    expect(noted).not.toContain("Warning ConditionChanged");
    expect(lines.some((line) => line.includes('"msg":"status turned"'))).toBe(false);
    expect(await metrics.render()).toContain('kmagent_operator_reconciles_total{code="Throttled"} 1');
  });

  test("says in the log what the status has turned to, for events don't last", async () => {
    const { pass, lines, noted } = await world({ kind: "missing" }, stores("the status", 13, 200));
    await pass();
    expect(noted).toContain("Warning ConditionChanged");
    const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(told).toContainEqual(
      expect.objectContaining({
        level: "warn",
        msg: "status turned",
        kmagent: KEY,
        reason: "ConditionChanged",
        message: expect.stringMatching(/^ConfigValid is False \(SecretNotFound\): /),
      }),
    );
  });

  test("asks for the next one at once where a name is taken, to tell of it", async () => {
    const owner = { apiVersion: "v1", kind: "Release", name: "r", uid: "u", controller: true };
    const theirs = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x", uid: "u", ownerReferences: [owner] } };
    const { pass, calls } = await world(
      FOUND,
      { name: "the ConfigMap", method: "GET", answer: json(theirs) },
      stores("the status", 13, 200),
    );
    expect(await pass()).toEqual({ kind: "again", afterMs: 0 });
    expect(calls().filter((call) => call.startsWith("PATCH"))).toEqual([`PATCH ${KMAGENTS}/agent/status`]);
  });

  test("says the Secret's value nowhere", async () => {
    const { pass, server, lines, metrics } = await world(
      FOUND,
      { name: "the ConfigMap", method: "GET", answer: refuse(403, "Forbidden", { message: `no, ${API_KEY}` }) },
      stores("the status", 13, 200),
    );
    await pass();
    const said = [...lines, ...server.calls.map(({ body, path }) => `${path} ${body}`), await metrics.render()];
    expect(said.filter((text) => text.includes(API_KEY))).toEqual([]);
    expect(lines.some((line) => line.includes("***"))).toBe(true);
  });

  test("has the fleet's pods probed, and every node's truth to show", async () => {
    const { pass, probed, controller, caches, set } = await world(
      FOUND,
      stores("the DaemonSet", 12),
      stores("status", 13),
    );
    set(caches.daemonSets, KEY, DAEMON_SET_OF_OURS, 2);
    set(caches.pods, "km/p", podOf("p", { phase: "Running", podIP: "10.0.0.7" }), 2);
    await pass();
    expect(probed).toEqual(["uid-1 10.0.0.7"]);
    expect([...controller.nodes()]).toMatchObject([{ kmagent: KEY, node: "n1", podUid: "p" }]);
  });

  test("isn't needed for how fast a collector answers now", async () => {
    const status = stores("the status", 13);
    const { pass, controller, caches, set, probes } = await world({ kind: "missing" }, status);
    const probe = (latencyMs: number): ProbeObservation => ({
      podUid: "p",
      at: 0,
      outcome: { kind: "ok", upSince: null },
      misses: 0,
      everOk: true,
      latencyMs,
    });
    set(caches.daemonSets, KEY, DAEMON_SET_OF_OURS, 2);
    const containerStatuses = [{ name: "km-agent", ready: true, state: { running: {} } }];
    set(caches.pods, "km/p", podOf("p", { phase: "Running", containerStatuses }), 2);
    const isReady = { type: "Ready", status: "True", lastTransitionTime: "2020-01-01T00:00:00Z" };
    const metadata = { name: "n1", uid: "n1", labels: { "kubernetes.io/os": "linux" } };
    set(caches.nodes, "n1", projectNode({ metadata, status: { conditions: [isReady] } }, intern), 2);
    probes.set("p", probe(2));
    await pass();
    expect([...controller.nodes()]).toMatchObject([{ kind: "healthy", latencyMs: 2 }]);
    probes.set("p", probe(1_900));
    expect([...controller.nodes()]).toMatchObject([{ kind: "healthy", latencyMs: 1_900 }]);
  });

  test("that was held up tells of a pod that was evicted and replaced meanwhile, once", async () => {
    const RUNNING = {
      phase: "Running",
      containerStatuses: [{ name: "km-agent", ready: true, state: { running: {} } }],
    };
    const ready = { ...RUNNING, conditions: [{ type: "Ready", status: "True" }] };
    const { pass, caches, set, noted, controller } = await world(
      { kind: "missing" },
      {
        ...stores("the status, slowly", 13, 200),
        answer: (response, call) => {
          set(caches.pods, "km/p", podOf("p", { phase: "Failed", reason: "Evicted" }), 3);
          set(caches.pods, "km/p", undefined, 4);
          set(caches.pods, "km/q", podOf("q", ready), 5);
          stores("the status", 13, 200).answer(response, call);
        },
      },
      stores("the status", 14, 200),
      stores("the status", 15, 200),
    );
    set(caches.daemonSets, KEY, DAEMON_SET_OF_OURS, 2);
    set(caches.pods, "km/p", podOf("p", ready), 2);
    const metadata = { name: "n1", uid: "n1", labels: { "kubernetes.io/os": "linux" } };
    const isReady = { type: "Ready", status: "True", lastTransitionTime: "2020-01-01T00:00:00Z" };
    set(caches.nodes, "n1", projectNode({ metadata, status: { conditions: [isReady] } }, intern), 2);
    const told = async () => {
      const before = noted.length;
      await pass();
      return noted.slice(before).filter((note) => note.includes("Node"));
    };
    expect(await told()).toEqual([]);
    expect(await told()).toEqual(["Warning NodeUnhealthy", "Normal NodeRecovered"]);
    expect(await told()).toEqual([]);
    expect([...controller.nodes()]).toMatchObject([{ node: "n1", kind: "healthy", podUid: "q" }]);
  });
});

describe("a KmAgent that is gone", () => {
  test.each([
    { name: "takes its metrics and nodes with it", act: "delete" },
    { name: "also where another one of its name is there already", act: "replace" },
  ])("$name", async ({ act }) => {
    const { pass, controller, caches, set, kmagent, metrics, lines, noted } = await world(
      { kind: "missing" },
      stores("the status", 13, 200),
      ...(act === "replace" ? [stores("the status", 14, 200)] : []),
    );
    await pass();
    expect(noted).toContain("Warning ConditionChanged");
    expect(await metrics.render()).toContain('kmagent_nodes{namespace="km"');
    if (act === "replace") kmagent({ uid: "uid-2" }, {});
    else set(caches.kmagents, KEY, undefined, 2);
    await pass();
    expect(lines.some((line) => line.includes("KmAgent is gone"))).toBe(true);
    expect(await metrics.render()).not.toContain('kmagent_nodes{namespace="km"');
    expect([...controller.nodes()]).toEqual([]);
  });
});

describe("a controller that leads no more", () => {
  test("takes every series away, for another process speaks for them", async () => {
    const { pass, controller, metrics } = await world({ kind: "missing" }, stores("the status", 13, 200));
    await pass();
    controller.leave();
    expect(await metrics.render()).not.toContain('kmagent_nodes{namespace="km"');
    expect([...controller.nodes()]).toEqual([]);
  });
});
