import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ANNOTATION, LABEL } from "../../src/api/labels.ts";
import { CONFIGMAPS, KMAGENTS, resourcePath } from "../../src/kube/resource.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { foreignCluster } from "../cluster/foreign-cluster.ts";
import { attachCluster } from "../cluster/provider.ts";
import { eventually } from "../eventually.ts";
import { apiOf } from "./api.ts";
import type { Api } from "./api.ts";
import { kubectlFor } from "./kubectl.ts";
import type { Kubectl, KubernetesObject } from "./kubectl.ts";
import { CHECKOUT, COLLECTOR_COMPONENTS, helm, installOperator } from "./operator.ts";
import type { Images } from "./operator.ts";
import { startPlatform } from "./platform-process.ts";
import type { PlatformProcess } from "./platform-process.ts";

/** Where the setup of all cluster tests leaves what it made; runs on other clusters of this checkout have their own. */
export const WORLD_FOLDER = join(CHECKOUT, ".cache/e2e", process.env["KM_CLUSTER"] ?? "");
/** The file in it. */
export const WORLD_FILE = join(WORLD_FOLDER, "world.json");

/** Whether the full repetitions and durations are wanted (`make soak`). */
export const SOAK = process.env["SOAK"] === "1";

/** The cluster that tests share, and the tools to look at it. */
export interface World {
  readonly cluster: Cluster;
  readonly kubectl: Kubectl;
  /** For what is looked at again and again. */
  readonly api: Api;
  readonly images: Images;
  /** Aborts what is under way when a test file has used up its time. */
  readonly signal: AbortSignal;
}

/** The shared cluster; each test file enters once. */
export async function enterWorld(limitMs = 15 * 60_000): Promise<World> {
  const signal = AbortSignal.timeout(limitMs);
  const cluster = await attachCluster(signal);
  const { images } = JSON.parse(readFileSync(WORLD_FILE, "utf8")) as { images: Images };
  const api = await apiOf(cluster.kubeconfigPath, signal);
  return { cluster, kubectl: kubectlFor(cluster.kubeconfigPath, signal), api, images, signal };
}

/**
 * The shared cluster as a stranger has it: known by its kubeconfig, with a registry that asks for a password and an address of
 * this machine, and nothing that can be done to its machines.
 */
export async function enterForeignWorld(): Promise<World> {
  const world = await enterWorld();
  const { cluster, signal } = world;
  if (cluster.provider !== "local") return world;
  const { registry, hostAddress, kubeconfigPath } = cluster;
  const surroundings = { registry, hostAddress, privateRegistry: await cluster.privateRegistry(signal) };
  return { ...world, cluster: await foreignCluster("kubeconfig", kubeconfigPath, surroundings, signal) };
}

/** API key of the agents of a test; it must show up nowhere. */
export const API_KEY = 'km_test+key/with "odd" signs=0123456789';

/** One installed operator in a namespace of its own, with its platform. */
export interface Installation {
  readonly namespace: string;
  readonly release: string;
  readonly platform: PlatformProcess;
  /** Makes or changes the KmAgent `km-agent`; `spec` is merged over one that suits tests (fast probes, stock collector). */
  applyKmAgent(spec?: Readonly<Record<string, unknown>>, name?: string): Promise<void>;
  kmagent(name?: string): Promise<KmAgentObject | undefined>;
  /** Waits until a condition has this status. */
  waitFor(condition: string, status: string, withinMs: number, name?: string): Promise<KmAgentObject>;
  /** Waits until every selected node is healthy and the rollout is complete. */
  waitHealthy(withinMs?: number, name?: string): Promise<KmAgentObject>;
  /** Waits until a revision of the cluster agent is proved and its ConfigMap says so: the last thing that an install writes. */
  waitClusterAgentProved(): Promise<void>;
  /** Deletes the KmAgents, the release and the namespace, ends the platform, and tells what broke the platform's contract. */
  leave(): Promise<readonly string[]>;
}

/** A KmAgent as kubectl gives it. */
export interface KmAgentObject extends KubernetesObject {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status?: {
    readonly observedGeneration?: number;
    readonly conditions?: readonly { type: string; status: string; reason: string; message: string }[];
    readonly nodes?: Readonly<Record<string, number>>;
    readonly unhealthyNodes?: readonly { node: string; reason: string; message: string; since: string }[];
    readonly uncoveredNodes?: readonly { node: string; reason: string; message: string; since: string }[];
    readonly rollout?: { readonly phase?: string; readonly target?: string; readonly updated?: number };
    readonly clusterAgent?: { readonly ready?: boolean; readonly reason?: string; readonly message?: string };
    readonly config?: { readonly source?: string; readonly revision?: string };
    readonly versions?: Readonly<Record<string, string>>;
    readonly platformURL?: string;
    readonly operatorVersion?: string;
  };
}

/** One condition of a KmAgent, undefined where it isn't there. */
export function conditionOf(kmagent: KmAgentObject | undefined, type: string) {
  return kmagent?.status?.conditions?.find((condition) => condition.type === type);
}

/** Whether every selected node is healthy, and the rollout of the newest spec complete. */
export function isHealthy({ metadata, status }: KmAgentObject): boolean {
  const { desired = 0, healthy = 0 } = status?.nodes ?? {};
  const isComplete = status?.rollout?.phase === "Complete" && status.observedGeneration === metadata.generation;
  return isComplete && desired > 0 && healthy === desired;
}

/** What of a status says why something isn't so yet. */
function doubtsOf(kmagent: KmAgentObject | undefined): string {
  const { conditions = [], rollout, clusterAgent, config, nodes, unhealthyNodes } = kmagent?.status ?? {};
  const untrue = conditions.filter(({ status }) => status !== "True");
  return JSON.stringify({ rollout, clusterAgent, config, nodes, unhealthyNodes, untrue });
}

/** Waits for a KmAgent that `holds`; where it never does, the error shows what of its status says why. */
export async function untilKmAgent(
  operator: Pick<Installation, "kmagent">,
  what: string,
  holds: (kmagent: KmAgentObject) => boolean,
  withinMs: number,
  name?: string,
): Promise<KmAgentObject> {
  return await eventually(
    what,
    async () => {
      const kmagent = await operator.kmagent(name);
      if (kmagent && holds(kmagent)) return kmagent;
      throw new Error(doubtsOf(kmagent));
    },
    { withinMs },
  );
}

/** What an installation may want otherwise. */
export interface InstallationOptions {
  readonly namespace: string;
  readonly release?: string;
  /** Further values of the chart. */
  readonly values?: Readonly<Record<string, unknown>>;
  /** Pod Security level of the namespace. */
  readonly podSecurity?: "privileged" | "baseline" | "restricted";
  /** What else must be in the namespace before the operator comes. */
  readonly objects?: readonly object[];
  /** The platform then speaks https. */
  readonly tls?: { readonly key: string; readonly cert: string };
}

/** Installs the operator by Helm into a new namespace, with a platform that listens where pods reach it, and the API key's Secret. */
export async function install(world: World, options: InstallationOptions): Promise<Installation> {
  const { cluster, kubectl, api, images, signal } = world;
  const { namespace, release = namespace, podSecurity = "privileged" } = options;
  if (cluster.hostAddress === undefined)
    throw new Error(
      "name this machine's address as pods reach it in KM_HOST_ADDRESS: the test's platform listens there",
    );
  await kubectl.apply(
    {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": podSecurity } },
    },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "km-agent-credentials", namespace },
      stringData: { apiKey: API_KEY },
    },
    ...(options.objects ?? []),
  );
  const { tls } = options;
  const platform = await startPlatform({ host: cluster.hostAddress, apiKeys: [API_KEY], ...(tls && { tls }) });
  // The setup of all tests makes the CRD, for a release keeps it to itself; the tests of Helm remove it first.
  const values = { crds: { enabled: false }, ...options.values };
  const kmagent = async (name = "km-agent") => await api.get<KmAgentObject>(resourcePath(KMAGENTS, namespace, name));
  const installation: Installation = {
    namespace,
    release,
    platform,
    kmagent,
    async applyKmAgent(spec = {}, name = "km-agent") {
      await kubectl.apply({
        apiVersion: "kloudmate.com/v1alpha1",
        kind: "KmAgent",
        metadata: { name, namespace },
        spec: { ...testSpec(images, platform), ...spec },
      });
    },
    async waitFor(type, status, withinMs, name) {
      const holds = (seen: KmAgentObject) => conditionOf(seen, type)?.status === status;
      return await untilKmAgent({ kmagent }, `${type}=${status}`, holds, withinMs, name);
    },
    async waitHealthy(withinMs = 90_000, name) {
      return await untilKmAgent({ kmagent }, "every node is healthy", isHealthy, withinMs, name);
    },
    async waitClusterAgentProved() {
      const labelSelector = `${LABEL.component}=cluster-agent`;
      await eventually(
        "the cluster agent's revision is noted as proved",
        async () => {
          const configMaps = await api.list(resourcePath(CONFIGMAPS, namespace), { labelSelector });
          const states = configMaps.map(({ metadata }) => metadata.annotations?.[ANNOTATION.state]);
          return states.includes("stable") ? true : undefined;
        },
        { withinMs: 90_000 },
      );
    },
    async leave() {
      // A test may have taken away any of these already.
      const served = await kubectl.get(["crd", "kmagents.kloudmate.com"]);
      if (served) await kubectl(["delete", "kmagents", "--all", "-n", namespace, "--wait", "--timeout=60s"]);
      const uninstall = ["uninstall", release, "-n", namespace, "--ignore-not-found", "--wait", "--timeout", "60s"];
      await helm(cluster, uninstall, signal);
      await kubectl(["delete", "namespace", namespace, "--ignore-not-found", "--wait", "--timeout=120s"]);
      const kept = await kubectl.get<{ items: { kind: string; metadata: { name: string } }[] }>([
        "clusterrole,clusterrolebinding",
      ]);
      // Releases in other namespaces may have the same name.
      for (const { kind, metadata } of kept?.items ?? []) {
        if (metadata.name.startsWith(`${namespace}:`)) await kubectl(["delete", kind, metadata.name]);
      }
      // Farewells are reports too.
      const violations = await platform.violations();
      await platform.stop();
      return violations;
    },
  };
  try {
    await installOperator(cluster, { name: release, namespace, images, values }, signal);
  } catch (error) {
    // Nobody else could: the caller never gets hold of it.
    await installation.leave();
    throw error;
  }
  return installation;
}

/** A spec that suits tests: the stock collector, fast probes and reports, the test's own platform. */
export function testSpec(images: Images, platform: { readonly platform: string; readonly otlp: string }) {
  return {
    clusterName: "test-cluster",
    apiKeySecretRef: { name: "km-agent-credentials", key: "apiKey" },
    collectorEndpoint: platform.otlp,
    platform: { endpoint: platform.platform, configCheckInterval: "5s", nodeReports: { interval: "10s" } },
    distribution: "custom",
    components: COLLECTOR_COMPONENTS,
    nodeAgent: { image: images.collector, terminationGracePeriodSeconds: 5 },
    clusterAgent: { image: images.collector },
    health: { interval: "5s", startupGrace: "5s" },
    // A change is tried on a canary as everywhere; what a test waits for isn't how long it is watched.
    rollout: { bakeTime: "0s", maxUnavailable: "100%" },
  };
}
