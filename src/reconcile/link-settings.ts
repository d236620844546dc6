import { milliseconds } from "../api/duration.ts";
import type { KmAgent } from "../api/kmagent.ts";
import type { LinkSettings } from "../platform/reporter.ts";
import { textAt } from "./references.ts";
import type { ResolvedReference } from "./references.ts";

/** How a KmAgent's cluster speaks to the platform. The key is in it, so nothing here is ever logged. */
export function linkSettings(kmagent: KmAgent, references: readonly ResolvedReference[]): LinkSettings {
  const { spec } = kmagent;
  return {
    kmagent: `${kmagent.namespace}/${kmagent.name}`,
    endpoint: spec.platform.endpoint,
    apiKey: textAt(references, "spec.apiKeySecretRef"),
    clusterName: spec.clusterName,
    nodeReports: {
      enabled: spec.platform.nodeReports.enabled,
      intervalMs: milliseconds(spec.platform.nodeReports.interval),
      hostname: spec.platform.nodeReports.hostname,
    },
    checkIntervalMs: milliseconds(spec.platform.configCheckInterval),
    proxy: { httpsProxy: spec.proxy?.httpsProxy ?? null, noProxy: spec.proxy?.noProxy ?? null },
    caBundle: textAt(references, "spec.caBundleRef"),
    distribution: spec.distribution,
  };
}
