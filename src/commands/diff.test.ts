import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { stringify } from "yaml";
import { KmError } from "../api/errors.ts";
import { KmAgentSpec } from "../api/kmagent.ts";
import type { KmAgent } from "../api/kmagent.ts";
import { timestamp } from "../api/time.ts";
import { LABEL } from "../api/labels.ts";
import type { KubeClient } from "../kube/client.ts";
import { heldConfigMap } from "../remote/held.ts";
import { NO_RECORD } from "../remote/record.ts";
import type { RemoteRecord } from "../remote/record.ts";
import { desiredObjects } from "../resources/desired.ts";
import { at } from "./component-change.ts";
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

const NOW = Date.parse("2026-01-02T00:00:00Z");

/** What the platform wanted of the node agents, and of their restarts, as the operator holds it. */
const RECORD: RemoteRecord = {
  ...NO_RECORD,
  accepted: {
    hash: "aa",
    since: Date.parse("2026-01-01T00:00:00Z"),
    text: [
      "receivers: { otlp: { protocols: { grpc: { endpoint: '0.0.0.0:4317' } } } }",
      "exporters: { nop: {} }",
      "service: { pipelines: { traces: { receivers: [otlp], exporters: [nop] } } }",
    ].join("\n"),
  },
  restartedAt: Date.parse("2026-01-01T00:00:00Z"),
};

/** A cluster in which the operator, of an older release, has made what a spec asks for. */
function clusterWith(spec: object, record: RemoteRecord = NO_RECORD, foreign = false) {
  const objects = new Map<string, unknown>();
  const parsed = KmAgentSpec.parse(spec);
  const kmagent: KmAgent = {
    ...META,
    uid: UID,
    generation: 1,
    resourceVersion: "1",
    creationTimestamp: "",
    deleting: false,
    annotations: {},
    spec: parsed,
    status: {},
  };
  const held = heldConfigMap(kmagent, "node-agent", record);
  const unowned = foreign ? { labels: {}, ownerReferences: [] } : {};
  if (held) objects.set(`configmaps/${held.metadata.name}`, { ...held, metadata: { ...held.metadata, ...unowned } });
  const { accepted } = record;
  const wish = {
    nodeAgent: { config: accepted, restartedAt: record.restartedAt === null ? null : timestamp(record.restartedAt) },
    clusterAgent: { config: null, restartedAt: null },
  };
  const desired = desiredObjects({
    kmagent,
    referenced: { apiKeyHmac: "ab", configTexts: { nodeAgent: null, clusterAgent: null }, caBundleHash: null },
    release: { version: "1.0.0", images: { nodeAgent: "example.com/old:1", clusterAgent: "example.com/old:1" } },
    serviceAccounts: { nodeAgent: "op-node-agent", clusterAgent: "op-cluster-agent" },
    restartedAt: { nodeAgent: null, clusterAgent: null },
    remote: parsed.platform.remoteConfig.mode === "Disabled" ? null : wish,
    kubernetesMinor: 34,
  });
  if (!desired.ok) throw new Error(desired.message);
  for (const object of desired.objects) {
    const path = `${object.kind.toLowerCase()}s/${object.metadata.name}`;
    objects.set(path, { ...object, ...(object.kind === "DaemonSet" && { status: { desiredNumberScheduled: 7 } }) });
  }
  const { revision } = desired.nodeAgent;
  const rollout = { phase: "Complete", phaseSince: "2026-01-01T00:00:00Z", target: revision, stable: revision };
  const metadata = { ...META, uid: UID, resourceVersion: "1", generation: 1 };
  objects.set("kmagents/km-agent", { metadata, spec, status: { rollout: { ...rollout, template: revision } } });
  return cluster(objects);
}

function cluster(objects: Map<string, unknown>) {
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
  return { client, objects, writes, sent, namespaces };
}

async function changesOf(spec: object, { client }: ReturnType<typeof cluster>, metadata: object = META) {
  const file = join(folder, "kmagent.yaml");
  writeFileSync(file, stringify({ apiVersion: "kloudmate.com/v1alpha1", kind: "KmAgent", metadata, spec }));
  const signal = AbortSignal.timeout(10_000);
  return await diffKmAgent(await readKmAgentFile(file, signal, "of-the-context"), client, SETTINGS, NOW, signal);
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

  test("leaves an accepted configuration of the platform in force, and its restart", async () => {
    expect(await diffOf(SPEC, clusterWith(SPEC, RECORD))).toBe(UNCHANGED);
  });

  const OFF = { platform: { remoteConfig: { mode: "Disabled" } } };
  const INLINE = [
    "receivers: { otlp: { protocols: { http: {} } } }",
    "exporters: { debug: {} }",
    "service: { pipelines: { logs: { receivers: [otlp], exporters: [debug] } } }",
  ].join("\n");
  const OWN = { config: { nodeAgent: { inline: INLINE } } };

  test.each([
    {
      name: "the default in place of the platform's configuration, and no more of its restart, where that is switched off",
      before: SPEC,
      after: { ...SPEC, ...OFF },
      expected: [
        "+ collector configuration: receivers.filelog/containers",
        '- spec.template.metadata.annotations["kloudmate.com/restart-requested"]',
      ],
    },
    {
      name: "the platform's configuration in place of the default, where that is switched on again",
      before: { ...SPEC, ...OFF },
      after: SPEC,
      expected: ["- collector configuration: receivers.filelog/containers", "+ collector configuration: exporters.nop"],
    },
    {
      name: "the platform's configuration that is held, where the spec's own goes",
      before: { ...SPEC, ...OWN },
      after: SPEC,
      expected: ["+ collector configuration: exporters.nop", "- collector configuration: exporters.debug"],
    },
  ])("is $name", async ({ before, after, expected }) => {
    const text = await diffOf(after, clusterWith(before, RECORD));
    expect(text).toContain("DaemonSet km-agent: would change; pods on 7 nodes would restart\n");
    for (const line of expected) expect(text).toContain(line);
  });

  test("is what waits for platform.remoteConfig.minInterval, where the file makes that shorter", async () => {
    const { accepted } = RECORD;
    if (!accepted) throw new Error("nothing was accepted");
    const waiting = { hash: "bb", text: accepted.text.replaceAll("nop", "debug"), since: NOW };
    const record = { ...RECORD, accepted: { ...accepted, since: NOW - 1_000 }, waiting };
    expect(await diffOf(SPEC, clusterWith(SPEC, record))).toBe(UNCHANGED);
    const soon = { ...SPEC, platform: { remoteConfig: { minInterval: "0s" } } };
    expect(await diffOf(soon, clusterWith(SPEC, record))).toContain("+ collector configuration: exporters.debug");
  });

  describe("after another configuration was rolled back", () => {
    /** Runs what was proved, and goes on saying that the other one was taken back. */
    const rolledBack = () => {
      const world = clusterWith(SPEC, RECORD);
      const wanted = clusterWith({ ...SPEC, ...OWN }, RECORD).objects;
      for (const [path, object] of wanted) if (!world.objects.has(path)) world.objects.set(path, object);
      const target = at(wanted.get("daemonsets/km-agent"), "spec", "template", "metadata", "labels", LABEL.revision);
      const kmagent = world.objects.get("kmagents/km-agent") as { status: { rollout: object } };
      const rollout = { ...kmagent.status.rollout, phase: "RolledBack", target };
      world.objects.set("kmagents/km-agent", { ...kmagent, status: { rollout } });
      return world;
    };

    test("is nothing where the file is what the cluster has", async () => {
      expect(await diffOf(SPEC, rolledBack())).toBe(UNCHANGED);
    });

    test("is no change of the pods where the file wants once more what was taken back", async () => {
      expect(await diffOf({ ...SPEC, ...OWN }, rolledBack())).toContain("DaemonSet km-agent: no change\n");
    });

    test("is compared with what runs", async () => {
      const text = await diffOf({ ...SPEC, nodeAgent: { image: "example.com/other:3" } }, rolledBack());
      expect(text).toContain("~ spec.template.spec.containers[km-agent].image\n");
      expect(text).not.toContain("configuration");
    });
  });

  test("leaves out what somebody else holds under that name", async () => {
    const world = clusterWith(SPEC, RECORD, true);
    expect(await diffOf(SPEC, world)).toContain("+ collector configuration: receivers.filelog/containers");
  });
});
