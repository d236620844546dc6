import type { NodeObservation } from "../health/observation.ts";
import type { KubeObject } from "../kube/resource.ts";
import type { Answer } from "../remote/ask.ts";
import type { StatusFacts } from "../status/facts.ts";
import type { KmAgentMemory } from "./memory.ts";
import type { KmAgentRecord, PodRecord } from "./project.ts";
import type { ResolvedReference } from "./references.ts";

/** What the operator's own release and installation fix. */
export interface Installation {
  readonly version: string;
  readonly images: { readonly nodeAgent: string; readonly clusterAgent: string };
  readonly serviceAccounts: { readonly nodeAgent: string; readonly clusterAgent: string };
  /** Minor version of the API server, `null` where it isn't known. */
  readonly kubernetesMinor: number | null;
}

/** Everything that one pass decides from: all reads are done before the first decision. */
export interface Snapshot {
  readonly kmagent: KmAgentRecord;
  /** The other KmAgents of the namespace. */
  readonly siblings: readonly KmAgentRecord[];
  readonly nodes: readonly NodeObservation[];
  /** Our objects in the cache by `objectId`, with foreign ones of the labels that we watch. */
  readonly live: ReadonlyMap<string, KubeObject>;
  /** How current the cache of each kind is: a resource version. */
  readonly cacheVersions: Readonly<Record<string, string>>;
  /** Pods of both components that carry this instance's labels. */
  readonly pods: readonly PodRecord[];
  readonly references: readonly ResolvedReference[];
  /** Hex, never the key itself; `null` while the key isn't known. */
  readonly apiKeyHmac: string | null;
  readonly caBundleHash: string | null;
  /** When `kubectl rollout restart` asked for new node agents last; `null` where it never did. */
  readonly restartedAt: string | null;
  readonly platform: StatusFacts["platform"];
  /** Answers of the platform that no pass has taken yet, in their order. */
  readonly answers: readonly Answer[];
  readonly memory: KmAgentMemory;
  readonly installation: Installation;
}
