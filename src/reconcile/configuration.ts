import type { KmAgent, KmAgentSpec } from "../api/kmagent.ts";
import { desiredObjects } from "../resources/desired.ts";
import type { Desired } from "../resources/desired.ts";
import { referenceProblem } from "./references.ts";
import type { ReferenceReason } from "./references.ts";
import type { KmAgentRecord } from "./project.ts";
import type { Snapshot } from "./snapshot.ts";

/** What is to be made of a spec: objects, or the reason why nothing can be made. `loading`: a reference isn't known yet. */
export type Judged =
  | { readonly kind: "loading" }
  | {
      readonly kind: "invalid";
      readonly reason: "InvalidSpec" | "InvalidConfig" | ReferenceReason;
      readonly message: string;
    }
  | {
      readonly kind: "valid";
      readonly desired: Extract<Desired, { ok: true }>;
      readonly insecureEndpoints: readonly string[];
    };

/** Judges the spec and everything that it refers to. */
export function judgeConfiguration(snapshot: Snapshot): Judged {
  const { kmagent, references, installation } = snapshot;
  if (!hasSpec(kmagent)) return { kind: "invalid", reason: "InvalidSpec", message: kmagent.invalid };
  if (references.some(({ found }) => found.kind === "loading")) return { kind: "loading" };
  for (const { reference, found } of references) {
    const problem = referenceProblem(reference, found, kmagent.namespace);
    if (problem) return { kind: "invalid", ...problem };
  }
  const textOf = (path: string) => {
    const found = references.find(({ reference }) => reference.path === path)?.found;
    return found?.kind === "found" ? found.text : null;
  };
  const desired = desiredObjects({
    kmagent,
    referenced: {
      apiKeyHmac: snapshot.apiKeyHmac ?? "",
      configTexts: {
        nodeAgent: textOf("spec.config.nodeAgent.configMapKeyRef"),
        clusterAgent: textOf("spec.config.clusterAgent.configMapKeyRef"),
      },
      caBundleHash: snapshot.caBundleHash,
    },
    release: { version: installation.version, images: installation.images },
    serviceAccounts: installation.serviceAccounts,
    // Kubernetes' own RollingUpdate acts on the annotation by itself; in a revision it would restart every pod twice.
    restartedAt: { nodeAgent: null, clusterAgent: null },
    remote: null,
    kubernetesMinor: installation.kubernetesMinor,
  });
  if (!desired.ok) return { kind: "invalid", reason: desired.reason, message: desired.message };
  return { kind: "valid", desired, insecureEndpoints: insecureEndpoints(kmagent.spec) };
}

/** Whether the record's spec could be parsed. */
export function hasSpec(kmagent: KmAgentRecord): kmagent is KmAgentRecord & KmAgent {
  return kmagent.spec !== null;
}

/** Paths of the endpoints over which the API key travels in clear text. */
function insecureEndpoints(spec: KmAgentSpec): string[] {
  const endpoints = {
    "spec.collectorEndpoint": spec.collectorEndpoint,
    "spec.platform.endpoint": spec.platform.endpoint,
  };
  return Object.entries(endpoints).flatMap(([path, url]) => (url.startsWith("http:") ? [path] : []));
}
