import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { PODS, resourcePath } from "../../src/kube/resource.ts";
import { eventually } from "../eventually.ts";
import { report } from "../installation/report.ts";
import { findTraces } from "../installation/secret-search.ts";
import { API_KEY, conditionOf, enterWorld, install } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";

/*
 * The API key is looked for wherever somebody without the right to read the Secret could see it, in every form that it could
 * have there (test/installation/secret-search.ts): at rest, after the platform refused it, after a crash, after a rotation.
 */

const NAMESPACE = "secrecy";
const ROTATED = "km_rotated+key/'9876543210\\\"&<%>";
const DEBUGGER_PORT = 9229;

let world: World;
let operator: Installation;
const began = new Date();

beforeAll(async () => {
  world = await enterWorld();
  operator = await install(world, {
    namespace: NAMESPACE,
    release: "kmagent-operator",
    values: {
      logLevel: "debug",
      metrics: { allNodes: true },
      // By the debugger's port the operator is made to crash.
      nodeOptions: `--max-semi-space-size=2 --max-old-space-size=160 --inspect=0.0.0.0:${DEBUGGER_PORT}`,
    },
  });
  await operator.applyKmAgent({
    health: { interval: "2s", startupGrace: "0s" },
    rollout: { bakeTime: "0s", maxUnavailable: "100%" },
    nodeAgent: { image: world.images.collector, terminationGracePeriodSeconds: 1 },
  });
  await operator.waitHealthy();
  await operator.waitFor("PlatformConnected", "True", 60_000);
}, 300_000);

afterAll(async () => {
  expect(await operator.leave()).toEqual([]);
}, 240_000);

interface Pod {
  readonly metadata: { readonly name: string; readonly uid: string; readonly labels: Readonly<Record<string, string>> };
  readonly spec: { readonly nodeName: string };
  readonly status: {
    readonly podIP: string;
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
  };
}

async function pods(labelSelector = ""): Promise<readonly Pod[]> {
  return await world.api.list<Pod>(resourcePath(PODS, NAMESPACE), { labelSelector });
}

async function operatorPod(): Promise<Pod> {
  const [pod] = await pods("app.kubernetes.io/name=kmagent-operator");
  if (!pod) throw new Error("no operator");
  return pod;
}

/** Every text that may be read without the right to read the Secret, by the place where it is. */
async function everything(): Promise<ReadonlyMap<string, string>> {
  const { kubectl, cluster, signal } = world;
  const places = new Map<string, string>();
  const add = async (place: string, read: () => Promise<string>) => places.set(place, await read());
  const output = async (...args: readonly string[]) => (await kubectl(args)).stdout;

  const kinds = (await output("api-resources", "--namespaced", "--verbs=list", "-o", "name")).trim().split("\n");
  const readable = kinds.filter((kind) => kind !== "secrets" && !kind.startsWith("localsubjectaccessreviews"));
  await add("objects of the namespace", () =>
    output("get", readable.join(","), "-n", NAMESPACE, "-o", "json", "--show-managed-fields"),
  );
  await add("nodes", () =>
    output("get", "nodes,clusterroles,clusterrolebindings", "-o", "json", "--show-managed-fields"),
  );
  await add("describe", () => output("describe", "kmagents,pods,daemonsets,deployments,configmaps", "-n", NAMESPACE));
  // Helm keeps values and manifest in a Secret, which its users read: base64 of base64 of gzip.
  const secrets = await kubectl.get<{ items: { metadata: { name: string }; data?: Record<string, string> }[] }>([
    "secrets",
    "-n",
    NAMESPACE,
  ]);
  for (const { metadata, data } of secrets?.items ?? []) {
    if (metadata.name === "km-agent-credentials") continue;
    const release = Buffer.from(data?.["release"] ?? "", "base64").toString();
    const unpacked = release === "" ? "" : gunzipSync(Buffer.from(release, "base64")).toString();
    places.set(`secret ${metadata.name}`, JSON.stringify(data) + unpacked);
  }
  for (const { metadata, spec, status } of await pods()) {
    await add(`logs of ${metadata.name}`, () => output("logs", "-n", NAMESPACE, metadata.name));
    if ((status.containerStatuses ?? []).some(({ restartCount }) => restartCount > 0))
      await add(`logs of ${metadata.name} before`, () => output("logs", "-n", NAMESPACE, metadata.name, "--previous"));
    if (metadata.labels["app.kubernetes.io/name"] === "km-agent") {
      const argv = ["curl", "-s", "--max-time", "5", `http://${status.podIP}:8888/metrics`];
      await add(`metrics of ${metadata.name}`, async () => (await cluster.exec(spec.nodeName, argv, signal)).stdout);
    }
  }
  const pod = await operatorPod();
  await add("metrics", () =>
    output("get", "--raw", `/api/v1/namespaces/${NAMESPACE}/pods/${pod.metadata.name}:8080/proxy/metrics`),
  );
  // On the pod's loopback: seen from inside.
  const inside =
    "nsenter --net --target $(pgrep -f /app/kmagent-operator.mjs | head -1) curl -fsS --max-time 5 http://127.0.0.1:8081/nodes";
  // A new leader has the truth about nodes only after its first pass.
  const nodes = async () => (await cluster.exec(pod.spec.nodeName, ["sh", "-c", inside], signal)).stdout;
  await add("/nodes", () => eventually("/nodes", nodes, { withinMs: 60_000, everyMs: 1_000 }));
  for (const node of await cluster.nodes(signal)) {
    const processes = "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' ' '";
    await add(
      `arguments on ${node.name}`,
      async () => (await cluster.exec(node.name, ["sh", "-c", processes], signal)).stdout,
    );
    const environments =
      "for p in $(pgrep -f /app/kmagent-operator.mjs); do tr '\\0' '\\n' < /proc/$p/environ; done; true";
    await add(
      `the operator's environment on ${node.name}`,
      async () => (await cluster.exec(node.name, ["sh", "-c", environments], signal)).stdout,
    );
  }
  await add("what the platform was told", async () => JSON.stringify(await operator.platform.records()));
  const audited: string[] = [];
  for await (const event of cluster.auditEvents(began, signal)) {
    if (event.objectRef?.resource !== "secrets") audited.push(JSON.stringify(event));
  }
  places.set("audit log", audited.join("\n"));
  return places;
}

/** Nothing of either key anywhere, and every place was really read. */
async function expectNoTrace(): Promise<void> {
  const places = await everything();
  const empty = [...places].filter(([place, text]) => text === "" && !place.startsWith("the operator's environment"));
  expect(empty.map(([place]) => place)).toEqual([]);
  expect(places.size).toBeGreaterThan(18);
  expect(findTraces(places, [API_KEY, ROTATED])).toEqual([]);
}

/** Has the operator run a script, by its debugger's port: from inside the node, for pods aren't reached from elsewhere. */
async function runInOperator(script: string): Promise<void> {
  const { spec, status } = await operatorPod();
  const client = `
    const [{ webSocketDebuggerUrl }] = await (await fetch("http://${status.podIP}:${DEBUGGER_PORT}/json/list")).json();
    const socket = new WebSocket(webSocketDebuggerUrl);
    socket.onopen = () => socket.send(JSON.stringify({ id: 1, method: "Runtime.evaluate", params: { expression: ${JSON.stringify(script)} } }));
    socket.onmessage = socket.onclose = socket.onerror = () => process.exit(0);
  `;
  await world.cluster.exec(spec.nodeName, [process.execPath, "--input-type=module", "-e", client], world.signal);
}

/** Waits until the operator's container was restarted once more, and works again. */
async function crash(script: string): Promise<string> {
  const before = await operatorPod();
  const restarts = (pod: Pod) => pod.status.containerStatuses?.[0]?.restartCount ?? 0;
  await runInOperator(script);
  await eventually(
    "the operator is started again",
    async () => (restarts(await operatorPod()) > restarts(before) ? true : undefined),
    { withinMs: 60_000 },
  );
  await world.kubectl(["rollout", "status", "-n", NAMESPACE, "deployment/kmagent-operator", "--timeout=90s"]);
  return (await world.kubectl(["logs", "-n", NAMESPACE, before.metadata.name, "--previous"])).stdout;
}

describe("the API key", () => {
  test("is in no log, event, status, metric, argument, report and audit entry, also when it is refused with 401", async () => {
    await operator.platform.tell({ kind: "status", code: 401 });
    await operator.platform.tellOtlp({ kind: "status", code: 401 });
    const kmagent = await operator.waitFor("PlatformConnected", "False", 60_000);
    expect(conditionOf(kmagent, "PlatformConnected")?.reason).toBe("Unauthorized");
    // Collectors speak of it once their queue has tried.
    await eventually(
      "a collector complains",
      async () => {
        const { stdout } = await world.kubectl([
          "logs",
          "-n",
          NAMESPACE,
          "-l",
          "app.kubernetes.io/name=km-agent",
          "--tail=-1",
        ]);
        return /401|Unauthorized|Unauthenticated/.test(stdout) ? true : undefined;
      },
      { withinMs: 120_000, everyMs: 2_000 },
    );
    await expectNoTrace();
    await operator.platform.tell([]);
    await operator.platform.tellOtlp({ kind: "ok" });
  }, 300_000);

  test("isn't there after crashes: an error that quotes it, and a heap that is full of it", async () => {
    const quoted = JSON.stringify(API_KEY);
    const words = await crash(`setImmediate(() => { throw new Error("forced by a test with " + ${quoted}); }); 0`);
    expect(words).toContain("forced by a test with");
    expect(findTraces(new Map([["last words", words]]), [API_KEY])).toEqual([]);
    const heap = await crash(
      `setImmediate(() => { const all = []; for (let i = 0; ; i++) all.push(${quoted} + i); }); 0`,
    );
    expect(heap).toMatch(/heap out of memory/);
    await expectNoTrace();
    // One that was refused is tried again after five minutes; a new process begins anew.
    await operator.waitFor("PlatformConnected", "True", 90_000);
  }, 300_000);

  test("that is changed reaches every pod without anyone's help, and the old one is used no more", async () => {
    const agents = "app.kubernetes.io/name=km-agent";
    const before = await operator.waitHealthy();
    const old = new Set((await pods(agents)).map(({ metadata }) => metadata.uid));
    const start = performance.now();
    await operator.platform.setApiKeys([ROTATED]);
    await world.kubectl.apply({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "km-agent-credentials", namespace: NAMESPACE },
      stringData: { apiKey: ROTATED },
    });
    const after = await eventually(
      "another revision, on every node",
      async () => {
        const kmagent = await operator.kmagent();
        const changed = kmagent?.status?.config?.revision !== before.status?.config?.revision;
        const kept = (await pods(agents)).filter(({ metadata }) => old.has(metadata.uid));
        if (!changed || kept.length > 0) throw new Error(`${kept.length} pods of before`);
        return kmagent;
      },
      { withinMs: 120_000 },
    );
    expect(after.status?.rollout?.target).not.toBe(before.status?.rollout?.target);
    await operator.waitHealthy(120_000);
    await operator.waitFor("PlatformConnected", "True", 60_000);
    report("secrecy", { what: "rotation to healthy", seconds: (performance.now() - start) / 1_000 });
    const sent = JSON.stringify(await keysInPods());
    expect(findTraces(new Map([["environment of the agents", sent]]), [API_KEY])).toEqual([]);
    expect(findTraces(new Map([["environment of the agents", sent]]), [ROTATED])).not.toEqual([]);
    await expectNoTrace();
  }, 300_000);
});

/** What the collectors were started with. */
async function keysInPods(): Promise<readonly string[]> {
  const read = "for p in $(pgrep -f /otelcol); do tr '\\0' '\\n' < /proc/$p/environ; done | grep ^KM_API_KEY=; true";
  return await Promise.all(
    (await world.cluster.nodes(world.signal)).map(
      async ({ name }) => (await world.cluster.exec(name, ["sh", "-c", read], world.signal)).stdout,
    ),
  );
}
