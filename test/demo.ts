import { readFileSync } from "node:fs";
import { join } from "node:path";
import { chosenProvider, ensureCluster, ownIdentity } from "./cluster/provider.ts";
import { ProcessTable } from "./cluster/local/process.ts";
import type { Cluster } from "./cluster/cluster.ts";
import { runUntilInterrupted } from "./cluster/interrupt.ts";
import { eventually } from "./eventually.ts";
import { kubectlFor } from "./installation/kubectl.ts";
import type { Kubectl } from "./installation/kubectl.ts";
import { helm, installOperator, publishImages } from "./installation/operator.ts";
import { attachPlatform, untilRow } from "./installation/platform-process.ts";
import type { PlatformAddresses, PlatformProcess } from "./installation/platform-process.ts";

/*
 * make demo: the whole operator on a real cluster, step by step, each with what was seen and how long it took. Every line of
 * it was read off the cluster or the platform's simulator; the first thing that doesn't hold ends it with exit code 1.
 */

const NAMESPACE = "km-agent";
const KMAGENT = "km-agent";
const API_KEY = "km_demo_0123456789abcdef";
/** `health.interval` of the demo: a broken collector shows after three probes and a timeout. */
const INTERVAL_S = 5;
const NOTICED_WITHIN_S = INTERVAL_S * 3 + 2;

const began = performance.now();
let stepBegan = began;
let step = 0;

function title(text: string): void {
  stepBegan = performance.now();
  console.log(`\n${++step}. ${text}`);
}

function saw(text: string): void {
  const seconds = ((performance.now() - stepBegan) / 1_000).toFixed(1);
  console.log(`   ${seconds.padStart(6)} s  ${text.replaceAll("\n", "\n             ")}`);
}

interface KmAgentStatus {
  readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[];
  readonly nodes?: Readonly<Record<string, number>>;
  readonly unhealthyNodes?: readonly { node: string; reason: string; message: string }[];
}

async function status(kubectl: Kubectl): Promise<KmAgentStatus> {
  const kmagent = await kubectl.get<{ status?: KmAgentStatus }>(["kmagent", KMAGENT, "-n", NAMESPACE]);
  return kmagent?.status ?? {};
}

/** The simulator lives as long as the cluster: `make down` ends it with the rest. */
async function ensurePlatform(host: string, signal: AbortSignal): Promise<PlatformProcess> {
  const identity = ownIdentity();
  const table = new ProcessTable(identity.stateDirectory, identity.id);
  const running = async () => {
    const lines = readFileSync(table.logPath("platform"), "utf8")
      .split("\n")
      .filter((line) => line.startsWith("{"));
    const platform = attachPlatform(JSON.parse(lines.at(-1) ?? "") as PlatformAddresses, 0);
    await platform.rows();
    return platform;
  };
  try {
    return await running();
  } catch {
    const argv = [
      process.execPath,
      join(import.meta.dirname, "platform/main.ts"),
      "--host",
      host,
      "--api-key",
      API_KEY,
    ];
    await table.launch({ name: "platform", argv }, signal);
    return await eventually("the platform's simulator listens", running, { withinMs: 20_000 });
  }
}

async function makeKmAgent(kubectl: Kubectl, platform: PlatformProcess): Promise<void> {
  await kubectl.apply(
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "km-agent-credentials", namespace: NAMESPACE },
      stringData: { apiKey: API_KEY },
    },
    {
      apiVersion: "kloudmate.com/v1alpha1",
      kind: "KmAgent",
      metadata: { name: KMAGENT, namespace: NAMESPACE },
      spec: {
        clusterName: "demo",
        apiKeySecretRef: { name: "km-agent-credentials", key: "apiKey" },
        // A simulator stands for KloudMate; without it these two have defaults.
        collectorEndpoint: platform.otlp,
        platform: { endpoint: platform.platform, configCheckInterval: "5s", nodeReports: { interval: "10s" } },
        // The nodes are seconds old: a fault of theirs is to be told all the same.
        health: { interval: `${INTERVAL_S}s`, startupGrace: "10s" },
      },
    },
  );
}

async function showAgents(cluster: Cluster, kubectl: Kubectl, signal: AbortSignal): Promise<void> {
  await eventually(
    "a DaemonSet, ConfigMaps and a cluster agent",
    async () => {
      const daemonSet = await kubectl.get(["daemonset", KMAGENT, "-n", NAMESPACE]);
      const deployment = await kubectl.get(["deployment", `${KMAGENT}-cluster`, "-n", NAMESPACE]);
      return daemonSet && deployment ? true : undefined;
    },
    { withinMs: 30_000 },
  );
  const made = await kubectl([
    "get",
    "daemonset,deployment,configmap",
    "-n",
    NAMESPACE,
    "-l",
    "app.kubernetes.io/name=km-agent",
    "-o",
    "name",
  ]);
  saw(made.stdout.trim());
  for (const node of await cluster.nodes(signal)) {
    const answer = await eventually(
      `the collector on ${node.name} answers`,
      async () =>
        (await cluster.exec(node.name, ["curl", "-fsS", "--max-time", "2", "http://localhost:13133/"], signal)).stdout,
      { withinMs: 120_000, everyMs: 500 },
    );
    saw(`${node.name}$ curl http://localhost:13133/  →  ${answer.trim()}`);
  }
}

async function showPlatform(cluster: Cluster, platform: PlatformProcess, signal: AbortSignal): Promise<void> {
  for (const node of await cluster.nodes(signal)) {
    const row = await untilRow(platform, node.name, { collector_status: "Running" }, 30_000);
    saw(JSON.stringify(row.body));
  }
  const violations = await platform.violations();
  if (violations.length > 0) throw new Error(`payloads that break the platform's contract: ${violations.join("; ")}`);
}

async function breakAndMend(
  cluster: Cluster,
  kubectl: Kubectl,
  platform: PlatformProcess,
  signal: AbortSignal,
): Promise<void> {
  const node = (await cluster.nodes(signal))[1]?.name ?? "";
  const pods = await kubectl.get<{ items: { metadata: { uid: string; name: string }; spec: { nodeName: string } }[] }>([
    "pods",
    "-n",
    NAMESPACE,
    "-l",
    "app.kubernetes.io/component=node-agent",
  ]);
  const pod = pods?.items.find((candidate) => candidate.spec.nodeName === node);
  if (!pod) throw new Error(`no agent on ${node}`);
  const target = { podUid: pod.metadata.uid, container: "km-agent" };

  title(`A collector breaks: SIGSTOP for the one on ${node} (budget: ${NOTICED_WITHIN_S} s)`);
  await cluster.signalContainer(target, "SIGSTOP", signal);
  const finding = await eventually(
    "the node is in status.unhealthyNodes",
    async () => (await status(kubectl)).unhealthyNodes?.find((found) => found.node === node),
    { withinMs: (NOTICED_WITHIN_S + 5) * 1_000 },
  );
  saw(`status.unhealthyNodes: ${finding.node}, ${finding.reason}: ${finding.message}`);
  saw(`event: ${await event(kubectl, "NodeUnhealthy", node)}`);
  const stopped = await untilRow(platform, node, { collector_status: "Stopped" }, 10_000);
  saw(`platform: collector_status Stopped, last_error_message ${JSON.stringify(stopped.body["last_error_message"])}`);

  title("It recovers: SIGCONT");
  await cluster.signalContainer(target, "SIGCONT", signal);
  await eventually(
    "the node has left status.unhealthyNodes",
    async () => ((await status(kubectl)).unhealthyNodes ?? []).every((found) => found.node !== node) || undefined,
    { withinMs: 20_000 },
  );
  saw("status.unhealthyNodes: empty");
  saw(`event: ${await event(kubectl, "NodeRecovered", node)}`);
  await untilRow(platform, node, { collector_status: "Running" }, 10_000);
  saw("platform: collector_status Running");
}

async function event(kubectl: Kubectl, reason: string, node: string): Promise<string> {
  return await eventually(
    `an event ${reason}`,
    async () => {
      const events = await kubectl.get<{ items: { message: string }[] }>([
        "events",
        "-n",
        NAMESPACE,
        "--field-selector",
        `reason=${reason}`,
        "--sort-by=.lastTimestamp",
      ]);
      return events?.items.findLast(({ message }) => message.includes(node))?.message;
    },
    { withinMs: 10_000 },
  );
}

await runUntilInterrupted(async (signal) => {
  title("A real cluster of three nodes");
  const cluster = await ensureCluster(signal, (line) => saw(line));
  const host = cluster.hostAddress;
  if (host === undefined)
    throw new Error(`the demo needs a cluster of its own: PROVIDER=local, not ${chosenProvider()}`);
  const kubectl = kubectlFor(cluster.kubeconfigPath, signal);
  saw((await kubectl(["get", "nodes"])).stdout.trim());

  title("Images into its registry, and a platform for it to speak to");
  const [images, platform] = await Promise.all([
    publishImages(cluster, ["vendor"], signal),
    ensurePlatform(host, signal),
  ]);
  saw(`${Object.values(images).join("\n")}\nplatform ${platform.platform}, telemetry ${platform.otlp}`);

  title("helm install");
  await installOperator(cluster, { name: "kmagent-operator", namespace: NAMESPACE, images }, signal);
  saw((await helm(cluster, ["list", "-n", NAMESPACE], signal)).stdout.trim());

  title("kubectl apply of a KmAgent: an agent on every node");
  await makeKmAgent(kubectl, platform);
  await showAgents(cluster, kubectl, signal);

  title("kubectl describe kmagent");
  await kubectl(["wait", "--for=condition=Ready", "--timeout=120s", "-n", NAMESPACE, `kmagent/${KMAGENT}`]);
  const described = (await kubectl(["describe", "kmagent", KMAGENT, "-n", NAMESPACE])).stdout;
  saw(described.slice(described.indexOf("Status:")).trim());
  saw((await kubectl(["get", "kmagents", "-n", NAMESPACE])).stdout.trim());

  title("What the platform knows");
  await showPlatform(cluster, platform, signal);

  await breakAndMend(cluster, kubectl, platform, signal);

  console.log(`
Done in ${((performance.now() - began) / 1_000).toFixed(0)} s. The cluster stays up; look further with:

  export KUBECONFIG=${cluster.kubeconfigPath}
  ${kubectl.path} -n ${NAMESPACE} describe kmagent
  ${kubectl.path} -n ${NAMESPACE} get pods -o wide
  ${kubectl.path} -n ${NAMESPACE} logs deployment/kmagent-operator -f

and take everything away with: make down`);
});
