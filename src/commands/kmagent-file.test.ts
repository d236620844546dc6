import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";
import { parseAllDocuments } from "yaml";
import { KMAGENT } from "../../test/fleet/manifest.ts";
import { KmError } from "../api/errors.ts";
import { desiredObjects } from "../resources/desired.ts";
import { readKmAgentFile } from "./kmagent-file.ts";
import { renderKmAgent } from "./render.ts";

const folder = mkdtempSync(join(tmpdir(), "km-file-"));
afterAll(() => rmSync(folder, { recursive: true }));

const SETTINGS = {
  release: { version: "1.0.0", images: { nodeAgent: "example.com/node:1", clusterAgent: "example.com/cluster:1" } },
  serviceAccounts: { nodeAgent: "km-node-agent", clusterAgent: "km-cluster-agent" },
};
const { signal } = new AbortController();

function file(text: string): string {
  const path = join(folder, "kmagent.yaml");
  writeFileSync(path, text);
  return path;
}

describe("a file with a KmAgent", () => {
  test("gives it with its defaults, and the ConfigMaps beside it", async () => {
    const text = `# mine\n---\n${KMAGENT}---\nkind: ConfigMap\nmetadata: { name: c }\ndata: { a: "1" }\n---\nkind: Secret\n`;
    const { kmagent, configMaps } = await readKmAgentFile(file(text), signal);
    expect(kmagent).toMatchObject({ name: "km-agent", spec: { clusterName: "shop" } });
    expect([...configMaps]).toEqual([["c", { a: "1" }]]);
  });

  test.each([
    { name: "names one", metadata: "{ name: a, namespace: theirs }", given: "ours", namespace: "theirs" },
    { name: "names none", metadata: "{ name: a }", given: "ours", namespace: "ours" },
    { name: "names none, and nothing else does", metadata: "{ name: a }", given: undefined, namespace: "km-agent" },
  ])("is of $namespace where it $name", async ({ metadata, given, namespace }) => {
    const text = KMAGENT.replace("{ name: km-agent, namespace: km-agent }", metadata);
    expect((await readKmAgentFile(file(text), signal, given)).kmagent).toMatchObject({ name: "a", namespace });
  });

  test("is taken with a status, labels and what Kubernetes itself passes through", async () => {
    const volumes =
      "  nodeAgent: { extraVolumes: [{ name: a, nfs: { server: b, path: /c } }] }\nstatus: { of: tomorrow }\n";
    const text = KMAGENT.replace("name: km-agent,", "name: km-agent, labels: { a: b },") + volumes;
    const { kmagent, written } = await readKmAgentFile(file(text), signal);
    expect(kmagent.spec.nodeAgent.extraVolumes).toEqual([{ name: "a", nfs: { server: "b", path: "/c" } }]);
    expect(Object.keys(written as object)).toEqual(["clusterName", "apiKeySecretRef", "nodeAgent"]);
  });

  test.each([
    ["nothing", "", "must hold exactly one KmAgent, and holds 0"],
    ["two of them", `${KMAGENT}---\n${KMAGENT}`, "must hold exactly one KmAgent, and holds 2"],
    ["a key twice", `${KMAGENT}kind: KmAgent\n`, "isn't valid YAML: duplicated mapping key at line 7, column 1"],
    [
      "a list that has no end",
      `a: 1\n---\n${KMAGENT}  tags: [\n`,
      "isn't valid YAML: deficient indentation at line 10, column 1:",
    ],
    [
      "a field that is misspelt",
      `${KMAGENT}  rolout: { strategy: Staged }\n`,
      "kmagent.yaml: spec.rolout: there is no such field; write rollout in its place",
    ],
    [
      "fields that nothing has, and more that is wrong",
      `${KMAGENT.replace("name: km-agent,", "name: km-agent, of: me,")}  paused: 1\n  config: { extra: 1 }\n`,
      "metadata.of: there is no such field; take it away, or use one of annotations, creationTimestamp, deletionGracePeriodSeconds, deletionTimestamp, finalizers, generateName, generation, labels, managedFields, name, namespace, ownerReferences, resourceVersion, selfLink, uid; spec.config.extra: there is no such field; take it away, or use one of features, nodeAgent, clusterAgent; spec.paused: ",
    ],
  ])("with %s is refused, and says where", async (_, text, says) => {
    const failure = await readKmAgentFile(file(text), signal).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(KmError);
    expect(failure).toMatchObject({ code: "InvalidSpec", message: expect.stringContaining(says) as unknown });
  });
});

describe("rendering a KmAgent", () => {
  test("prints what the operator makes, one object a document, JSON in single quotes", async () => {
    const path = file(`${KMAGENT}  nodeAgent: { podAnnotations: { note: ${"one line ".repeat(20)}} }\n`);
    const { kmagent } = await readKmAgentFile(path, signal);
    const desired = desiredObjects({
      kmagent,
      referenced: {
        apiKeyHmac: "0".repeat(64),
        configTexts: { nodeAgent: null, clusterAgent: null },
        caBundleHash: null,
      },
      ...SETTINGS,
      restartedAt: { nodeAgent: null, clusterAgent: null },
      remote: null,
      kubernetesMinor: null,
    });
    const text = await renderKmAgent(path, SETTINGS, signal);
    const objects = parseAllDocuments(text).map((document) => document.toJS() as unknown);
    expect(objects).toEqual(desired.ok && JSON.parse(JSON.stringify(desired.objects)));
    expect(text).toMatch(/^ {2}pod-template\.json: '\{"/m);
    expect(text).toMatch(/^ {2}\S+\.yaml: \|\n {4}\S/m);
    expect(text).not.toMatch(/[&*]ref|: >/);
  });
});
