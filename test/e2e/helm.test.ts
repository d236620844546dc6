import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { PODS, resourcePath } from "../../src/kube/resource.ts";
import { toolPath } from "../cluster/build.ts";
import { run } from "../cluster/command.ts";
import { eventually } from "../eventually.ts";
import type { AgentPod } from "../faults/ground.ts";
import { leftovers } from "../installation/leftovers.ts";
import { applyCrd, CHART, helm, installOperator } from "../installation/operator.ts";
import { report } from "../installation/report.ts";
import { enterWorld, install } from "../installation/world.ts";
import type { Installation, World } from "../installation/world.ts";

/*
 * A release's whole life, in the order in which it happens: installed with its CRD, joined by a second operator, upgraded,
 * rolled back, uninstalled, installed again, purged by what its notes say.
 */

const FIRST = "helm-first";
const SECOND = "helm-second";
const RELEASE = "kmagent-operator";
const POOL = "kmagent.test/pool";
const CRD = "kmagents.kloudmate.com";
const FIELD = "fieldOfTheNextRelease";

let world: World;
let first: Installation;
let second: Installation;
let folder: string;
/** UIDs of the first fleet's pods: what Helm does to the operator is nothing to them. */
let pods: readonly string[];

beforeAll(async () => {
  world = await enterWorld();
  folder = mkdtempSync(join(tmpdir(), "km-helm-"));
  await world.kubectl(["delete", "crd", CRD, "--ignore-not-found"]);
  await world.kubectl(["label", "nodes", "--all", "--overwrite", `${POOL}=first`]);
  await world.kubectl(["label", "node", "node-3", "--overwrite", `${POOL}=second`]);
}, 120_000);

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await world.kubectl(["label", "nodes", "--all", `${POOL}-`]);
  const violations: string[] = [];
  for (const installation of [second, first]) violations.push(...(await leaveOnce(installation)));
  // Setup's own definition, that the other files count on.
  await applyCrd(world.kubectl);
  expect(violations).toEqual([]);
}, 300_000);

const left = new Set<Installation>();

async function leaveOnce(installation: Installation | undefined): Promise<readonly string[]> {
  if (!installation || left.has(installation)) return [];
  left.add(installation);
  return await installation.leave();
}

const onPool = (pool: string) => ({
  nodeAgent: {
    image: world.images.collector,
    nodeSelector: { [POOL]: pool },
    terminationGracePeriodSeconds: 2,
  },
});

async function agentPods(namespace: string): Promise<string[]> {
  const labelSelector = "app.kubernetes.io/name=km-agent";
  const found = await world.api.list<AgentPod>(resourcePath(PODS, namespace), { labelSelector });
  return found.map(({ metadata, status }) => `${metadata.uid} ${status.phase}`).toSorted();
}

interface Definition {
  readonly metadata: { readonly uid: string };
  readonly spec: {
    readonly versions: {
      readonly schema: { readonly openAPIV3Schema: { properties: { spec: { properties: Record<string, unknown> } } } };
    }[];
  };
}

async function definition(): Promise<Definition> {
  const found = await world.kubectl.get<Definition>(["crd", CRD]);
  if (!found) throw new Error("there is no definition");
  return found;
}

async function specFields(): Promise<string[]> {
  const { versions } = (await definition()).spec;
  return Object.keys(versions[0]?.schema.openAPIV3Schema.properties.spec.properties ?? {});
}

/** The chart of a next release: another version, and a definition with a further field. */
function nextChart(): string {
  const chart = join(folder, "chart");
  cpSync(CHART, chart, { recursive: true });
  const file = join(chart, "files/kmagents.yaml");
  const text = readFileSync(file, "utf8");
  const changed = text.replace(/^( +)clusterName:\n/m, (line, indent: string) => {
    return `${indent}${FIELD}:\n${indent}  description: A field that this release doesn't know.\n${indent}  type: string\n${line}`;
  });
  expect(changed).not.toBe(text);
  writeFileSync(file, changed);
  const chartFile = join(chart, "Chart.yaml");
  writeFileSync(chartFile, readFileSync(chartFile, "utf8").replace(/^version: .*$/m, "version: 99.0.0"));
  return chart;
}

async function accounts(): Promise<string[]> {
  const found = await world.kubectl.get<{ items: { metadata: { name: string } }[] }>(["serviceaccounts", "-n", FIRST]);
  return (found?.items ?? []).map(({ metadata }) => metadata.name);
}

describe("a release of the chart", () => {
  test("installs with its CRD into a cluster that has none, and a KmAgent gets its agents", async () => {
    first = await install(world, { namespace: FIRST, release: RELEASE, values: { crds: { enabled: true } } });
    expect((await definition()).metadata).toMatchObject({
      annotations: { "helm.sh/resource-policy": "keep" },
      labels: { "app.kubernetes.io/managed-by": "Helm" },
    });
    await first.applyKmAgent(onPool("first"));
    const kmagent = await first.waitHealthy(180_000);
    expect(kmagent.status?.nodes).toMatchObject({ desired: 2, healthy: 2 });
  });

  test("leaves room for a second operator in another namespace, whose KmAgent has other nodes", async () => {
    second = await install(world, { namespace: SECOND, release: RELEASE, values: { crds: { enabled: false } } });
    await second.applyKmAgent(onPool("second"));
    const kmagent = await second.waitHealthy(180_000);
    expect(kmagent.status?.nodes).toMatchObject({ desired: 1, healthy: 1 });
    expect((await first.kmagent())?.status?.nodes).toMatchObject({ desired: 2, healthy: 2 });
    await eventually(
      "each platform has its own nodes",
      async () => {
        const [one, other] = await Promise.all([first.platform.rows(), second.platform.rows()]);
        const names = (rows: typeof one) => rows.filter(({ mode }) => mode === "node").map(({ hostname }) => hostname);
        expect(names(one).toSorted()).toEqual(["node-1", "node-2"]);
        expect(names(other)).toEqual(["node-3"]);
        return true;
      },
      { withinMs: 60_000 },
    );
    pods = await agentPods(FIRST);
    expect(pods).toHaveLength(3);
  });

  test("upgrades with a changed CRD, and the agents run on", async () => {
    const before = await definition();
    expect(await specFields()).not.toContain(FIELD);
    await helm(
      world.cluster,
      ["upgrade", RELEASE, nextChart(), "-n", FIRST, "--reuse-values", "--wait", "--timeout", "120s"],
      world.signal,
    );
    expect(await specFields()).toContain(FIELD);
    expect((await definition()).metadata.uid).toBe(before.metadata.uid);
    // The API server publishes what it explains some moments after it serves it.
    const { stdout } = await eventually(
      "the field is explained",
      async () => await world.kubectl(["explain", `kmagent.spec.${FIELD}`]),
      { withinMs: 30_000 },
    );
    expect(stdout).toContain("A field that this release doesn't know.");
    await first.waitHealthy(60_000);
    expect(await agentPods(FIRST)).toEqual(pods);
  });

  test("rolls back, the CRD too, and the agents run on", async () => {
    await helm(world.cluster, ["rollback", RELEASE, "1", "-n", FIRST, "--wait", "--timeout", "120s"], world.signal);
    expect(await specFields()).not.toContain(FIELD);
    await first.waitHealthy(60_000);
    expect(await agentPods(FIRST)).toEqual(pods);
  });

  test("uninstalls the operator alone: agents, CRD, KmAgent and accounts stay, and agents answer", async () => {
    const before = await accounts();
    await helm(world.cluster, ["uninstall", RELEASE, "-n", FIRST, "--wait", "--timeout", "120s"], world.signal);
    expect(await agentPods(FIRST)).toEqual(pods);
    expect(await first.kmagent()).toBeDefined();
    const kept = await accounts();
    expect(kept).toEqual(before.filter((name) => name !== RELEASE));
    expect(kept).toEqual(expect.arrayContaining([`${RELEASE}-node-agent`, `${RELEASE}-cluster-agent`]));
    for (const account of ["node-agent", "cluster-agent"]) {
      const subject = `system:serviceaccount:${FIRST}:${RELEASE}-${account}`;
      const { stdout } = await world.kubectl(["auth", "can-i", "list", "pods", "-A", `--as=${subject}`]);
      expect(stdout.trim()).toBe("yes");
    }
    for (const node of ["node-1", "node-2"]) {
      const { stdout } = await world.cluster.exec(
        node,
        ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "--max-time", "5", "http://localhost:13133/"],
        world.signal,
      );
      expect([node, stdout]).toEqual([node, "200"]);
    }
    await second.waitHealthy(60_000);
  });

  test("installs again over what was kept, and finds its agents healthy without touching them", async () => {
    await installOperator(
      world.cluster,
      { name: RELEASE, namespace: FIRST, images: world.images, values: { crds: { enabled: true } } },
      world.signal,
    );
    await first.waitHealthy(60_000);
    expect(await agentPods(FIRST)).toEqual(pods);
  });

  test("is purged by the commands of its own notes, and nothing is left", async () => {
    // With the CRD goes every KmAgent of the cluster, as the notes say: the other operator's is taken away first.
    expect(await leaveOnce(second)).toEqual([]);
    const { stdout: notes } = await helm(world.cluster, ["get", "notes", RELEASE, "-n", FIRST], world.signal);
    const purge = notes
      .slice(notes.indexOf("To remove all of it"))
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => /^(kubectl|helm) /.test(line));
    expect(purge.length).toBeGreaterThan(3);
    // The commands as a person pastes them: in a shell where kubectl and helm are found.
    const bin = join(folder, "bin");
    mkdirSync(bin);
    for (const tool of ["kubectl", "helm"] as const) symlinkSync(toolPath(tool), join(bin, tool));
    const began = performance.now();
    const env = { PATH: `${bin}:${process.env["PATH"] ?? ""}`, KUBECONFIG: world.cluster.kubeconfigPath };
    await run(["sh", "-e", "-x"], world.signal, { input: purge.join("\n"), env, timeout: 180_000 });
    report("helm", { purge, tookMs: Math.round(performance.now() - began) });
    await world.kubectl(["delete", "namespace", FIRST, "--wait", "--timeout=120s"]);
    expect(await leftovers(world, [FIRST, SECOND])).toEqual([]);
  });
});
