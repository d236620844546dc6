import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { stringify } from "yaml";
import { KmError } from "../api/errors.ts";
import { KmAgentSpec } from "../api/kmagent.ts";
import type { KubeClient } from "../kube/client.ts";
import { desiredObjects } from "../resources/desired.ts";
import { diffKmAgent } from "./diff.ts";
import { describeChanges } from "./diff-text.ts";
import { readKmAgentFile } from "./kmagent-file.ts";

const folder = mkdtempSync(join(tmpdir(), "km-diff-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SETTINGS = {
  release: { version: "9.9.9", images: { nodeAgent: "example.com/new:2", clusterAgent: "example.com/new:2" } },
  serviceAccounts: { nodeAgent: "other", clusterAgent: "other" },
  kubernetesMinor: 34,
};
const SPEC = { clusterName: "shop", apiKeySecretRef: { name: "km-agent-credentials", key: "apiKey" } };
const UID = "5f0e6a8e-0000-4000-8000-000000000001";
const META = { name: "km-agent", namespace: "km-agent" };

/** A cluster in which the operator, of an older release, has made what a spec asks for. */
function clusterWith(spec: object, remote: string | null = null, changes: Readonly<Record<string, unknown>> = {}) {
  const objects = new Map<string, unknown>(Object.entries(changes));
  const parsed = KmAgentSpec.parse(spec);
  const desired = desiredObjects({
    kmagent: {
      ...META,
      uid: UID,
      generation: 1,
      resourceVersion: "1",
      creationTimestamp: "",
      deleting: false,
      annotations: {},
      spec: parsed,
      status: {},
    },
    referenced: { apiKeyHmac: "ab", configTexts: { nodeAgent: null, clusterAgent: null }, caBundleHash: null },
    release: { version: "1.0.0", images: { nodeAgent: "example.com/old:1", clusterAgent: "example.com/old:1" } },
    serviceAccounts: { nodeAgent: "op-node-agent", clusterAgent: "op-cluster-agent" },
    restartedAt: { nodeAgent: null, clusterAgent: null },
    remote:
      remote === null
        ? null
        : {
            nodeAgent: { config: { text: remote, hash: "aa" }, restartedAt: "2026-01-01T00:00:00Z" },
            clusterAgent: { config: null, restartedAt: null },
          },
    kubernetesMinor: 34,
  });
  if (!desired.ok) throw new Error(desired.message);
  for (const object of desired.objects) {
    const path = `${object.kind.toLowerCase()}s/${object.metadata.name}`;
    objects.set(path, { ...object, ...(object.kind === "DaemonSet" && { status: { desiredNumberScheduled: 7 } }) });
  }
  objects.set("kmagents/km-agent", { metadata: { ...META, uid: UID, resourceVersion: "1" }, spec, status: {} });
  return cluster(objects);
}

function cluster(objects: ReadonlyMap<string, unknown>) {
  const writes: string[] = [];
  const sent: unknown[] = [];
  const namespaces = new Set<string | undefined>();
  const client: Pick<KubeClient, "request"> = {
    request: ({ method, path, query, body }) => {
      namespaces.add(/\/namespaces\/([^/]+)\//.exec(path)?.[1]);
      if (method !== "GET") {
        writes.push(`${method} ${String(query?.["dryRun"])} ${String(query?.["fieldValidation"])}`);
        sent.push(body);
        return Promise.resolve({ status: 200, body: {}, warnings: [] });
      }
      const found = objects.get(path.split("/").slice(-2).join("/"));
      return found === undefined
        ? Promise.reject(new KmError("NotFound", "none"))
        : Promise.resolve({ status: 200, body: JSON.parse(JSON.stringify(found)) as unknown, warnings: [] });
    },
  };
  return { client, writes, sent, namespaces };
}

async function changesOf(spec: object, { client }: ReturnType<typeof cluster>, metadata: object = META) {
  const file = join(folder, "kmagent.yaml");
  writeFileSync(file, stringify({ apiVersion: "kloudmate.com/v1alpha1", kind: "KmAgent", metadata, spec }));
  const signal = AbortSignal.timeout(10_000);
  return await diffKmAgent(await readKmAgentFile(file, signal, "of-the-context"), client, SETTINGS, signal);
}

async function diffOf(spec: object, of: ReturnType<typeof cluster>): Promise<string> {
  return describeChanges(await changesOf(spec, of));
}

const UNCHANGED =
  "KmAgent km-agent: no change\nDaemonSet km-agent: no change\nDeployment km-agent-cluster: no change\n";

describe("what applying a KmAgent would change", () => {
  test("is nothing where the cluster is as the file says, whatever release made it and whatever the API key is", async () => {
    const world = clusterWith(SPEC);
    expect(await diffOf(SPEC, world)).toBe(UNCHANGED);
    expect(world.writes).toEqual(["PUT All Strict"]);
    expect(world.sent).toMatchObject([{ kind: "KmAgent", spec: SPEC }]);
    expect(Object.keys((world.sent[0] as { spec: object }).spec)).toEqual(Object.keys(SPEC));
  });

  test("is everything where there is nothing yet", async () => {
    expect(await diffOf(SPEC, cluster(new Map()))).toBe(
      "KmAgent km-agent: would be created\nDaemonSet km-agent: would be created\nDeployment km-agent-cluster: would be created\n",
    );
  });

  test.each([
    [
      "an image, with the nodes whose pods restart",
      { nodeAgent: { image: "example.com/other:3" } },
      [
        "KmAgent km-agent: would change\n  + spec.nodeAgent.image\n",
        "DaemonSet km-agent: would change; pods on 7 nodes would restart\n  ~ spec.template.spec.containers[km-agent].image\n",
        "Deployment km-agent-cluster: no change\n",
      ],
    ],
    [
      "a part of the configuration, by its path in it",
      { config: { features: { logs: false } } },
      ["~ spec.config.features.logs", "- collector configuration: receivers.filelog/containers", "pods on 7 nodes"],
    ],
    [
      "the cluster agent's end",
      { clusterAgent: { enabled: false } },
      ["~ spec.clusterAgent.enabled", "DaemonSet km-agent: no change", "Deployment km-agent-cluster: would be deleted"],
    ],
    [
      "a setting that no pod depends on",
      { rollout: { maxUnavailable: 3 } },
      ["~ spec.rollout.maxUnavailable", "DaemonSet km-agent: no change", "Deployment km-agent-cluster: no change"],
    ],
    [
      "a secret's place and not its text",
      { nodeAgent: { env: [{ name: "TOKEN", value: "hidden" }] } },
      ["+ spec.template.spec.containers[km-agent].env[TOKEN]"],
    ],
  ])("is %s", async (_, change, expected) => {
    const text = await diffOf({ ...SPEC, ...change }, clusterWith(SPEC));
    for (const line of expected) expect(text).toContain(line);
    expect(text).not.toContain("hidden");
  });

  test("tells each object by kind and name, without one that isn't there and isn't wanted", async () => {
    const changes = await changesOf({ ...SPEC, clusterAgent: { enabled: false } }, cluster(new Map()));
    expect(changes).toMatchObject([
      { kind: "KmAgent", name: "km-agent", outcome: "created" },
      { kind: "DaemonSet", name: "km-agent", outcome: "created" },
    ]);
  });

  test.each([
    { name: "of the file's namespace", metadata: META, namespace: "km-agent" },
    {
      name: "of the kubeconfig's where the file names none",
      metadata: { name: "km-agent" },
      namespace: "of-the-context",
    },
  ])("is asked $name", async ({ metadata, namespace }) => {
    const world = clusterWith(SPEC);
    await changesOf(SPEC, world, metadata);
    expect([...world.namespaces]).toEqual([namespace]);
  });

  test("can't be told where the configuration is refused", async () => {
    const bad = { ...SPEC, config: { nodeAgent: { inline: "receivers: [" } } };
    await expect(diffOf(bad, clusterWith(SPEC))).rejects.toMatchObject({ code: "InvalidSpec" });
  });

  test("leaves an accepted configuration of the platform in force", async () => {
    const remote = [
      "receivers: { otlp: { protocols: { grpc: { endpoint: '0.0.0.0:4317' } } } }",
      "exporters: { nop: {} }",
      "service: { pipelines: { traces: { receivers: [otlp], exporters: [nop] } } }",
    ].join("\n");
    expect(await diffOf(SPEC, clusterWith(SPEC, remote))).toBe(UNCHANGED);
  });
});
