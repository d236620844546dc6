import { describe, expect, test } from "@jest/globals";
import type { KmAgentSpecInput } from "../api/kmagent.ts";
import { hasSpec, judgeConfiguration } from "./configuration.ts";
import { snapshotOf } from "../../test/fleet/snapshot.ts";
import { NO_MEMORY } from "./memory.ts";
import type { Rendered } from "./memory.ts";
import { projectKmAgent } from "./project.ts";
import { referencesOf } from "./references.ts";
import type { Referenced } from "./references.ts";
import type { Snapshot } from "./snapshot.ts";

const COLLECTOR =
  "receivers: { otlp: {} }\nexporters: { debug: {} }\nservice: { pipelines: { logs: { receivers: [otlp], exporters: [debug] } } }";

interface Given {
  readonly spec?: Partial<KmAgentSpecInput>;
  readonly generation?: number;
  /** What is found under a reference's path; the key where not told. */
  readonly found?: Readonly<Record<string, Referenced>>;
  readonly apiKeyHmac?: string;
  readonly rendered?: Rendered | null;
}

function snapshot({ spec = {}, generation = 1, found = {}, apiKeyHmac = "ab", rendered = null }: Given = {}): Snapshot {
  const kmagent = projectKmAgent({
    metadata: { name: "agent", namespace: "km", uid: "uid-agent", generation },
    spec: { clusterName: "c", apiKeySecretRef: { name: "s", key: "k" }, ...spec },
  });
  const references = (hasSpec(kmagent) ? referencesOf(kmagent) : []).map((reference) => ({
    reference,
    found: found[reference.path] ?? { kind: "found" as const, text: "text" },
  }));
  return snapshotOf(kmagent, { references, apiKeyHmac, memory: { ...NO_MEMORY, rendered } });
}

const judge = (given: Given = {}) => judgeConfiguration(snapshot(given), null);
const FROM_CONFIG_MAP: Partial<KmAgentSpecInput> = {
  config: { nodeAgent: { configMapKeyRef: { name: "c", key: "y" } } },
};
const TEXT = "spec.config.nodeAgent.configMapKeyRef";

describe("a spec", () => {
  test.each<{ name: string; given: Given; expected: object }>([
    { name: "that can be used makes objects", given: {}, expected: { kind: "valid", insecureEndpoints: [] } },
    {
      name: "that can't be read says where",
      given: { spec: { clusterName: 7 as unknown as string } },
      expected: { kind: "invalid", reason: "InvalidSpec", message: expect.stringContaining("spec.clusterName") },
    },
    {
      name: "whose reference isn't known yet is waited for, whatever else is wrong with it",
      given: {
        spec: FROM_CONFIG_MAP,
        found: { "spec.apiKeySecretRef": { kind: "missing" }, [TEXT]: { kind: "loading" } },
      },
      expected: { kind: "loading" },
    },
    {
      name: "whose Secret is missing says so",
      given: { found: { "spec.apiKeySecretRef": { kind: "missing" } } },
      expected: { kind: "invalid", reason: "SecretNotFound" },
    },
    {
      name: "with a configuration that is refused says so",
      given: { spec: FROM_CONFIG_MAP, found: { [TEXT]: { kind: "found", text: "receivers: [" } } },
      expected: { kind: "invalid", reason: "InvalidConfig" },
    },
    {
      name: "with plain http is warned of, by path",
      given: {
        spec: {
          collectorEndpoint: "http://otel.example.com:4318",
          platform: { endpoint: "http://api.example.com/agents/config-check" },
        },
      },
      expected: { kind: "valid", insecureEndpoints: ["spec.collectorEndpoint", "spec.platform.endpoint"] },
    },
  ])("$name", ({ given, expected }) => {
    expect(judge(given).judged).toMatchObject(expected);
  });
});

describe("a rendering", () => {
  const before = judge({ spec: FROM_CONFIG_MAP, found: { [TEXT]: { kind: "found", text: COLLECTOR } } }).rendered;
  const given: Given = {
    spec: FROM_CONFIG_MAP,
    found: { [TEXT]: { kind: "found", text: COLLECTOR } },
    rendered: before,
  };

  test("is taken from the pass before where its input is the same", () => {
    expect(judge(given).rendered).toBe(before);
  });

  test.each<{ name: string; change: Given }>([
    { name: "the spec", change: { generation: 2 } },
    { name: "the key", change: { apiKeyHmac: "cd" } },
    { name: "a ConfigMap's text", change: { found: { [TEXT]: { kind: "found", text: `${COLLECTOR}\n` } } } },
  ])("is made anew with $name", ({ change }) => {
    const { rendered } = judge({ ...given, ...change });
    expect(rendered).not.toBe(before);
    expect(rendered?.desired.ok).toBe(true);
  });

  test("is kept while nothing can be judged, so that it needn't be made again after", () => {
    for (const kind of ["loading", "missing"] as const) {
      expect(judge({ ...given, found: { [TEXT]: { kind } } }).rendered).toBe(before);
    }
  });
});
