import { describe, expect, test } from "@jest/globals";
import { KmAgentSpec } from "../api/kmagent.ts";
import type { KmAgentSpecInput } from "../api/kmagent.ts";
import { hasSpec } from "./configuration.ts";
import { linkSettings } from "./link-settings.ts";
import { projectKmAgent } from "./project.ts";
import { referencesOf } from "./references.ts";
import type { Referenced } from "./references.ts";

const LEAST: KmAgentSpecInput = { clusterName: "prod-eu", apiKeySecretRef: { name: "s", key: "k" } };

/** The settings for a spec whose references read as `found` says, by path. */
function settings(spec: Partial<KmAgentSpecInput>, found: Readonly<Record<string, Referenced>>) {
  const kmagent = projectKmAgent({ metadata: { name: "agent", namespace: "km" }, spec: { ...LEAST, ...spec } });
  if (!hasSpec(kmagent)) throw new Error(kmagent.invalid);
  const references = referencesOf(kmagent).map((reference) => ({
    reference,
    found: found[reference.path] ?? ({ kind: "missing" } as const),
  }));
  return linkSettings(kmagent, references);
}

const KEY: Record<string, Referenced> = { "spec.apiKeySecretRef": { kind: "found", text: "the-key\n" } };

describe("a cluster's link to the platform", () => {
  test("takes the spec's defaults, and the key as it stands in the Secret", () => {
    const { platform } = KmAgentSpec.parse(LEAST);
    expect(settings({}, KEY)).toMatchObject({
      kmagent: "km/agent",
      endpoint: platform.endpoint,
      apiKey: "the-key\n",
      clusterName: "prod-eu",
      nodeReports: { enabled: true, intervalMs: 60_000, hostname: "Node" },
      checkIntervalMs: 60_000,
      proxy: { httpsProxy: null, noProxy: null },
      caBundle: null,
    });
  });

  test.each<{ name: string; found: Referenced }>([
    { name: "isn't there", found: { kind: "missing" } },
    { name: "isn't known yet", found: { kind: "loading" } },
    { name: "may not be read", found: { kind: "notReadable", readable: [] } },
    { name: "has no such key", found: { kind: "keyMissing", keys: ["other"] } },
  ])("has no key while the Secret $name", ({ found }) => {
    expect(settings({}, { "spec.apiKeySecretRef": found }).apiKey).toBeNull();
  });

  test("goes through the proxy and trusts the bundle that the spec names", () => {
    const spec: Partial<KmAgentSpecInput> = {
      proxy: { httpsProxy: "http://proxy.example.com:3128", noProxy: ".corp" },
      caBundleRef: { name: "ca", key: "ca.crt" },
      platform: { configCheckInterval: 90, nodeReports: { interval: "5m", hostname: "ClusterAndNode" } },
    };
    expect(settings(spec, { ...KEY, "spec.caBundleRef": { kind: "found", text: "PEM" } })).toMatchObject({
      proxy: { httpsProxy: "http://proxy.example.com:3128", noProxy: ".corp" },
      caBundle: "PEM",
      checkIntervalMs: 90_000,
      nodeReports: { intervalMs: 300_000, hostname: "ClusterAndNode" },
    });
  });
});
