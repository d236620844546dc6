import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parseAllDocuments } from "yaml";
import { run } from "../cluster/command.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { attachCluster, ensureCluster, removeCluster } from "../cluster/provider.ts";
import { kubectlFor } from "../installation/kubectl.ts";
import type { Kubectl } from "../installation/kubectl.ts";
import { CHECKOUT, operatorVersion } from "../installation/operator.ts";
import { API_KEY, conditionOf, enterWorld, isHealthy, testSpec, untilKmAgent } from "../installation/world.ts";
import type { KmAgentObject, World } from "../installation/world.ts";

/*
 * Without Helm, on a cluster of which nothing is known but its kubeconfig (PROVIDER=kubeconfig): here the tests' own, seen so.
 */

const NAMESPACE = "manifest";
/** Nobody listens there: nothing of this test leaves the machine. */
const NOBODY = { platform: "http://127.0.0.1:9/agents/config-check", otlp: "http://127.0.0.1:9" };

let world: World;
let foreign: Cluster;
let kubectl: Kubectl;
const environment = { provider: process.env["PROVIDER"], kubeconfig: process.env["KUBECONFIG"] };

beforeAll(async () => {
  world = await enterWorld();
  process.env["PROVIDER"] = "kubeconfig";
  process.env["KUBECONFIG"] = world.cluster.kubeconfigPath;
  foreign = await ensureCluster(world.signal);
  kubectl = kubectlFor(foreign.kubeconfigPath, world.signal);
}, 60_000);

afterAll(async () => {
  restore("PROVIDER", environment.provider);
  restore("KUBECONFIG", environment.kubeconfig);
  await world.kubectl(["delete", "kmagents", "--all", "-n", NAMESPACE, "--timeout=60s"]);
  // Not the CRD, which all tests share.
  const manifest = await makeManifest("--set", "crds.enabled=false");
  await world.kubectl(["delete", "-f", "-", "--ignore-not-found", "--timeout=120s"], manifest);
}, 240_000);

function restore(name: string, value: string | undefined): void {
  if (value === undefined) Reflect.deleteProperty(process.env, name);
  else process.env[name] = value;
}

/** What `make manifest` prints. */
async function makeManifest(...further: readonly string[]): Promise<string> {
  const argv = [process.execPath, "test/cluster/manifest.ts", NAMESPACE, ...further];
  return (await run(argv, world.signal, { cwd: CHECKOUT, maxBytes: 16 * 1024 * 1024 })).stdout;
}

describe("a cluster that is known by its kubeconfig", () => {
  test("is used as it is: nodes are listed, faults are refused, and nothing of it is taken down", async () => {
    const seen = await foreign.nodes(world.signal);
    expect(seen.map(({ name }) => name)).toEqual((await world.cluster.nodes(world.signal)).map(({ name }) => name));
    await expect(async () => await foreign.stopKubelet("node-1", world.signal)).rejects.toThrow("PROVIDER=local");
    await removeCluster(world.signal);
    expect((await (await attachCluster(world.signal)).nodes(world.signal)).length).toBe(seen.length);
  });

  test("takes the whole manifest: Namespace, CRD, rights and operator in one kubectl apply", async () => {
    const manifest = await makeManifest();
    // A dry run makes no namespace for the objects after it.
    await kubectl(["create", "namespace", NAMESPACE]);
    const { stdout } = await kubectl(["apply", "--dry-run=server", "-f", "-"], manifest);
    const objects = parseAllDocuments(manifest).filter((document) => document.contents !== null);
    expect(stdout.trim().split("\n")).toHaveLength(objects.length);
    expect(stdout).toContain(`namespace/${NAMESPACE}`);
    expect(stdout).toContain("customresourcedefinition.apiextensions.k8s.io/kmagents.kloudmate.com");
    expect(stdout).toContain("deployment.apps/kmagent-operator");
  });

  test("runs the operator from it, which serves a KmAgent", async () => {
    const { operator } = world.images;
    const colon = operator.lastIndexOf(":");
    const image = ["--set", `image.repository=${operator.slice(0, colon)},image.tag=${operator.slice(colon + 1)}`];
    await kubectl(["apply", "-f", "-"], await makeManifest(...image, "--set", "crds.enabled=false"));
    await kubectl(["rollout", "status", "-n", NAMESPACE, "deployment/kmagent-operator", "--timeout=120s"]);
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
        metadata: { name: "km-agent", namespace: NAMESPACE },
        spec: { ...testSpec(world.images, NOBODY), clusterAgent: { enabled: false } },
      },
    );
    const served = { kmagent: () => kubectl.get<KmAgentObject>(["kmagent", "km-agent", "-n", NAMESPACE]) };
    const kmagent = await untilKmAgent(served, "every node is healthy", isHealthy, 120_000);
    expect(conditionOf(kmagent, "AgentsAvailable")?.status).toBe("True");
    expect(kmagent.status?.nodes).toMatchObject({ desired: (await world.cluster.nodes(world.signal)).length });
    expect(kmagent.status?.operatorVersion).toBe(operatorVersion());
  }, 300_000);
});
