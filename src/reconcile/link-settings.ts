import { milliseconds } from "../api/duration.ts";
import type { KmAgent } from "../api/kmagent.ts";
import type { LinkSettings } from "../platform/reporter.ts";
import type { ResolvedReference } from "./snapshot.ts";

/** How a KmAgent's cluster speaks to the platform. The key is in it, so nothing here is ever logged. */
export function linkSettings(kmagent: KmAgent, references: readonly ResolvedReference[]): LinkSettings {
  const { spec } = kmagent;
  const textAt = (path: string) => {
    const found = references.find(({ reference }) => reference.path === path)?.found;
    return found?.kind === "found" ? found.text : null;
  };
  return {
    kmagent: `${kmagent.namespace}/${kmagent.name}`,
    endpoint: spec.platform.endpoint,
    apiKey: textAt("spec.apiKeySecretRef"),
    clusterName: spec.clusterName,
    nodeReports: {
      enabled: spec.platform.nodeReports.enabled,
      intervalMs: milliseconds(spec.platform.nodeReports.interval),
      hostname: spec.platform.nodeReports.hostname,
    },
    checkIntervalMs: milliseconds(spec.platform.configCheckInterval),
    proxy: { httpsProxy: spec.proxy?.httpsProxy ?? null, noProxy: spec.proxy?.noProxy ?? null },
    caBundle: textAt("spec.caBundleRef"),
    distribution: spec.distribution,
  };
}
