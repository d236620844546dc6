import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { pushImages, pushOperatorImage } from "../cluster/images.ts";
import { eventually } from "../eventually.ts";
import { operatorVersion } from "../installation/operator.ts";
import { report } from "../installation/report.ts";
import { API_KEY, conditionOf, enterForeignWorld, install, untilKmAgent } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";
import { selfSigned } from "../platform/certificate.ts";
import { startProxy } from "../platform/proxy.ts";
import type { TestProxy } from "../platform/proxy.ts";

/*
 * The README's installation by a stranger, on a cluster of which only the kubeconfig is known (PROVIDER=kubeconfig), and whose
 * company has rules: images from a registry with a password, no way out but a
 * proxy, a certificate authority of its own, a namespace of its own choice under Pod Security, another name for the Secret.
 */

const NAMESPACE = "observability";
const SECRET = "kloudmate-key";
const PULL_SECRET = "registry-credentials";

let world: World;
let operator: Installation;
let proxy: TestProxy;
let registry: string;

beforeAll(async () => {
  world = await enterForeignWorld();
  const { cluster, signal } = world;
  const { hostAddress = "" } = cluster;
  const { host, credentials } = await cluster.privateRegistry(signal);
  if (!credentials) throw new Error("the private registry asks for no password");
  registry = host;
  const [{ reference }, agents] = await Promise.all([
    pushOperatorImage(host, operatorVersion(), signal, credentials),
    pushImages(host, ["km-kube-agent"], signal, credentials),
  ]);
  const agent = agents.get("km-kube-agent")?.reference ?? "";
  proxy = await startProxy({ host: hostAddress });
  const tls = selfSigned([hostAddress]);
  const colon = reference.lastIndexOf(":");
  operator = await install(world, {
    namespace: NAMESPACE,
    release: "kmagent-operator",
    podSecurity: "baseline",
    tls,
    objects: [
      object("Secret", SECRET, { stringData: { "api-key": API_KEY } }),
      object("Secret", PULL_SECRET, {
        type: "kubernetes.io/dockerconfigjson",
        stringData: { ".dockerconfigjson": JSON.stringify({ auths: { [host]: credentials } }) },
      }),
      object("ConfigMap", "company-ca", { data: { "ca.crt": tls.cert } }),
    ],
    values: {
      image: {
        repository: reference.slice(0, colon),
        tag: reference.slice(colon + 1),
        pullSecrets: [{ name: PULL_SECRET }],
      },
      agentImages: { nodeAgent: agent, clusterAgent: agent },
      secretNames: [SECRET],
    },
  });
}, 300_000);

afterAll(async () => {
  try {
    expect(await operator.leave()).toEqual([]);
  } finally {
    await proxy.stop();
  }
}, 240_000);

function object(kind: string, name: string, content: object): object {
  return { apiVersion: "v1", kind, metadata: { name, namespace: NAMESPACE }, ...content };
}

const hostAndPort = (url: string): string => new URL(url).host;

describe("a company's installation", () => {
  test("becomes Ready: private images, proxy, own certificate authority, Pod Security baseline, another Secret", async () => {
    const began = performance.now();
    await operator.applyKmAgent({
      apiKeySecretRef: { name: SECRET, key: "api-key" },
      distribution: "kloudmate",
      components: undefined,
      proxy: { httpsProxy: proxy.url, noProxy: ".example.com,192.0.2.0/24" },
      caBundleRef: { name: "company-ca", key: "ca.crt" },
      nodeAgent: {
        profile: "Baseline",
        imagePullSecrets: [{ name: PULL_SECRET }],
        terminationGracePeriodSeconds: 1,
      },
      clusterAgent: { imagePullSecrets: [{ name: PULL_SECRET }] },
    });
    await operator.waitHealthy(180_000);
    await operator.waitFor("ClusterAgentAvailable", "True", 120_000);
    await operator.waitFor("Ready", "True", 30_000);
    const kmagent = await operator.waitFor("PlatformConnected", "True", 60_000);
    report("stranger", { what: "applied to Ready", seconds: (performance.now() - began) / 1_000 });
    const { length } = await world.cluster.nodes(world.signal);
    expect(kmagent.status?.nodes).toMatchObject({ desired: length, healthy: length });
    expect(kmagent.status?.clusterAgent).toMatchObject({ ready: true });
    const says = ["Ready", "AgentsAvailable", "ClusterAgentAvailable", "RolloutComplete"];
    expect(says.filter((type) => conditionOf(kmagent, type)?.status !== "True")).toEqual([]);
  }, 400_000);

  test("takes every image from the private registry", async () => {
    const pods = await world.kubectl.get<{ items: { spec: { containers: { image: string }[] } }[] }>([
      "pods",
      "-n",
      NAMESPACE,
    ]);
    const images = (pods?.items ?? []).flatMap(({ spec }) => spec.containers.map(({ image }) => image));
    expect(images.length).toBeGreaterThanOrEqual(5);
    for (const image of images) expect(image).toMatch(new RegExp(`^${registry.replaceAll(".", "\\.")}/`));
  });

  test("sends the operator's reports and every node's telemetry through the proxy, and nothing else", async () => {
    await eventually(
      "telemetry of every node",
      async () => {
        const { byNode } = await operator.platform.otlpCounts();
        const nodes = await world.cluster.nodes(world.signal);
        if (!nodes.every(({ name }) => (byNode[name]?.metrics ?? 0) > 0)) throw new Error(JSON.stringify(byNode));
        return true;
      },
      { withinMs: 120_000, everyMs: 1_000 },
    );
    const { platform, otlp } = operator.platform;
    // The API server and kubelets are reached directly, or their addresses were here too.
    expect(new Set(proxy.tunnels)).toEqual(new Set([hostAndPort(platform), hostAndPort(otlp)]));
    // Whoever came past the proxy would show by a pod's or a node's address.
    const callers = (await operator.platform.records()).map(({ remoteAddress }) => remoteAddress);
    expect(new Set(callers)).toEqual(new Set([world.cluster.hostAddress]));
    const { byAddress } = await operator.platform.otlpCounts();
    expect(Object.keys(byAddress)).toEqual([world.cluster.hostAddress]);
  });

  test("says so when the proxy lets nothing through, and stays Ready", async () => {
    proxy.answerWith(403);
    // Tunnels that are open stay so: they have to break.
    await operator.platform.tell({ kind: "close" });
    const kmagent = await untilKmAgent(
      operator,
      "the platform is away, and the proxy is named",
      (seen) => {
        const { status, message = "" } = conditionOf(seen, "PlatformConnected") ?? {};
        return status === "False" && /proxy/i.test(message);
      },
      150_000,
    );
    expect(conditionOf(kmagent, "Ready")?.status).toBe("True");
    proxy.answerWith(200);
    await operator.platform.tell([]);
    await operator.waitFor("PlatformConnected", "True", 120_000);
  });
});

describe("a namespace under Pod Security restricted", () => {
  test("takes the operator as the chart makes it", async () => {
    const other = await install(world, { namespace: "restricted", podSecurity: "restricted" });
    expect(await other.leave()).toEqual([]);
  }, 240_000);
});
