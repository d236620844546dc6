import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "@jest/globals";
import { parseAllDocuments, stringify } from "yaml";
import { z } from "zod";
import { KmAgentSpec } from "../../src/api/kmagent.ts";
import type { KmAgent } from "../../src/api/kmagent.ts";
import { desiredObjects } from "../../src/resources/desired.ts";

/*
 * What the operator makes of a KmAgent, as files to read: kmagent.yaml in, expected.yaml out. After a change that is meant,
 * `UPDATE_GOLDEN=1 npx jest test/golden` writes them anew, and the diff shows what every cluster would see.
 */

const Input = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("KmAgent"),
    metadata: z.object({ name: z.string(), namespace: z.string() }),
    spec: KmAgentSpec,
  }),
  z.object({
    kind: z.literal("ConfigMap"),
    metadata: z.object({ name: z.string() }),
    data: z.record(z.string(), z.string()),
  }),
]);

const here = new URL("./", import.meta.url);
const cases = readdirSync(here, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

describe("the objects of a KmAgent", () => {
  test.each(cases)("%s", (name) => {
    const file = new URL(`${name}/expected.yaml`, here);
    const rendered = render(readFileSync(new URL(`${name}/kmagent.yaml`, here), "utf8"));
    if (process.env["UPDATE_GOLDEN"] === "1") writeFileSync(file, rendered);
    expect(rendered).toBe(readFileSync(file, "utf8"));
  });
});

function render(source: string): string {
  const inputs = parseAllDocuments(source).map((document) => Input.parse(document.toJS()));
  const configMaps = new Map(
    inputs.flatMap((input) => (input.kind === "ConfigMap" ? [[input.metadata.name, input.data] as const] : [])),
  );
  const referenced = (ref: { name: string; key: string } | undefined) =>
    ref === undefined ? null : (configMaps.get(ref.name)?.[ref.key] ?? null);
  return inputs
    .flatMap((input) => {
      if (input.kind !== "KmAgent") return [];
      const { spec } = input;
      const caBundle = referenced(spec.caBundleRef);
      const desired = desiredObjects({
        kmagent: kmagent(input.metadata.name, input.metadata.namespace, spec),
        referenced: {
          apiKeyHmac: "00".repeat(32),
          configTexts: {
            nodeAgent: referenced(spec.config.nodeAgent?.configMapKeyRef),
            clusterAgent: referenced(spec.config.clusterAgent?.configMapKeyRef),
          },
          caBundleHash: caBundle === null ? null : createHash("sha256").update(caBundle).digest("hex"),
        },
        release: {
          version: "0.1.0",
          images: { nodeAgent: "registry.example.com/node:1.2.0", clusterAgent: "registry.example.com/cluster:1.2.0" },
        },
        serviceAccounts: { nodeAgent: "km-node-agent", clusterAgent: "km-cluster-agent" },
        restartedAt: { nodeAgent: null, clusterAgent: null },
        remote: null,
        kubernetesMinor: 34,
      });
      const { objects, ...rest } = desired.ok ? desired : { ...desired, objects: [] };
      return [...objects, rest];
    })
    .map((document) => stringify(document, { lineWidth: 0, aliasDuplicateObjects: false }))
    .join("---\n");
}

function kmagent(name: string, namespace: string, spec: KmAgentSpec): KmAgent {
  return {
    name,
    namespace,
    uid: `00000000-0000-0000-0000-${name}`,
    generation: 1,
    resourceVersion: "1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    deleting: false,
    annotations: {},
    spec,
    status: {},
  };
}
