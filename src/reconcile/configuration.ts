import type { KmAgent, KmAgentSpec } from "../api/kmagent.ts";
import { desiredObjects } from "../resources/desired.ts";
import type { ComponentFinding, Desired, DesiredInput } from "../resources/desired.ts";
import { sameJson } from "./drift.ts";
import { referenceProblem, textAt } from "./references.ts";
import type { ReferenceReason } from "./references.ts";
import type { Rendered } from "./memory.ts";
import type { KmAgentRecord } from "./project.ts";
import type { Snapshot } from "./snapshot.ts";

/** What is to be made of a spec: objects, or the reason why nothing can be made. `loading`: a reference isn't known yet. */
export type Judged =
  | { readonly kind: "loading" }
  | {
      readonly kind: "invalid";
      readonly reason: "InvalidSpec" | "InvalidConfig" | ReferenceReason;
      readonly message: string;
      /** What is wrong with configurations of the collectors; empty where it is something else. */
      readonly findings: readonly ComponentFinding[];
    }
  | {
      readonly kind: "valid";
      readonly desired: Extract<Desired, { ok: true }>;
      readonly insecureEndpoints: readonly string[];
    };

/** Judges the spec and everything that it refers to. What the pass before rendered from the same input is taken as it is. */
export function judgeConfiguration(
  snapshot: Snapshot,
  remote: DesiredInput["remote"],
): {
  readonly judged: Judged;
  readonly rendered: Rendered | null;
} {
  const { kmagent, references } = snapshot;
  const before = snapshot.memory.rendered;
  const unjudged = (judged: Judged) => ({ judged, rendered: before });
  const findings: readonly ComponentFinding[] = [];
  if (!hasSpec(kmagent))
    return unjudged({ kind: "invalid", reason: "InvalidSpec", message: kmagent.invalid, findings });
  if (references.some(({ found }) => found.kind === "loading")) return unjudged({ kind: "loading" });
  for (const { reference, found } of references) {
    const problem = referenceProblem(reference, found, kmagent.namespace);
    if (problem) return unjudged({ kind: "invalid", ...problem, findings });
  }
  const input = desiredInput(snapshot, kmagent, remote);
  const rendered = before && sameInput(before.input, input) ? before : { input, desired: desiredObjects(input) };
  const { desired } = rendered;
  if (!desired.ok) return { judged: { ...desired, kind: "invalid" }, rendered };
  return { judged: { kind: "valid", desired, insecureEndpoints: insecureEndpoints(kmagent.spec) }, rendered };
}

function desiredInput(
  { references, installation, apiKeyHmac, caBundleHash, restartedAt }: Snapshot,
  kmagent: KmAgent,
  remote: DesiredInput["remote"],
): DesiredInput {
  return {
    kmagent,
    referenced: {
      apiKeyHmac: apiKeyHmac ?? "",
      configTexts: {
        nodeAgent: textAt(references, "spec.config.nodeAgent.configMapKeyRef"),
        clusterAgent: textAt(references, "spec.config.clusterAgent.configMapKeyRef"),
      },
      caBundleHash,
    },
    release: { version: installation.version, images: installation.images },
    serviceAccounts: installation.serviceAccounts,
    // Kubernetes' own RollingUpdate acts on the annotation by itself; in a revision it would restart every pod twice.
    restartedAt: { nodeAgent: kmagent.spec.rollout.strategy === "Staged" ? restartedAt : null, clusterAgent: null },
    remote,
    kubernetesMinor: installation.kubernetesMinor,
  };
}

/** Within one generation a spec doesn't change; what else goes in is compared itself. */
function sameInput(one: DesiredInput, other: DesiredInput): boolean {
  return (
    one.kmagent.uid === other.kmagent.uid &&
    one.kmagent.generation === other.kmagent.generation &&
    sameJson(one.referenced, other.referenced) &&
    sameJson(one.remote, other.remote) &&
    sameJson(one.restartedAt, other.restartedAt)
  );
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
