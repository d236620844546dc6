import { createHash, createHmac } from "node:crypto";
import { ANNOTATION } from "../api/labels.ts";
import { daemonSetName } from "../resources/names.ts";
import type { ExportObservation, NodeObservation, PodObservation, ProbeObservation } from "../health/observation.ts";
import type { KubeObject } from "../kube/resource.ts";
import type { Store } from "../kube/store.ts";
import type { Answer } from "../remote/ask.ts";
import type { StatusFacts } from "../status/facts.ts";
import type { FailedPods } from "./failed-pods.ts";
import { lastWordsKey, NO_MEMORY } from "./memory.ts";
import type { KmAgentMemory } from "./memory.ts";
import { objectId } from "./object-id.ts";
import type { KmAgentRecord, NodeRecord, PodRecord } from "./project.ts";
import { referencesOf, textAt } from "./references.ts";
import type { Reference, Referenced } from "./references.ts";
import { hasSpec } from "./configuration.ts";
import type { Installation, Snapshot } from "./snapshot.ts";

/** The caches that a pass reads. Workloads and ConfigMaps are whole objects, for there are few; pods are found by instance. */
export interface Caches {
  readonly kmagents: Store<KmAgentRecord>;
  readonly nodes: Store<NodeRecord>;
  readonly pods: Store<PodRecord>;
  readonly daemonSets: Store<KubeObject>;
  readonly deployments: Store<KubeObject>;
  readonly configMaps: Store<KubeObject>;
}

/** Index of `Caches.pods`. */
export const BY_INSTANCE = "instance";

/** Everything outside the caches that a pass reads. */
export interface Sources {
  readonly caches: Caches;
  readonly failedPods: FailedPods;
  readonly reference: (reference: Reference) => Referenced;
  readonly probes: (uid: string) => ReadonlyMap<string, ProbeObservation>;
  /** What is known of the exports of a KmAgent's pods, by pod UID. */
  readonly exports: (uid: string) => ReadonlyMap<string, ExportObservation>;
  readonly platform: (uid: string) => StatusFacts["platform"];
  readonly answers: (uid: string) => readonly Answer[];
  readonly installation: Installation;
}

/** One consistent look at everything; no I/O, for the caches are in memory. */
export function gather(kmagent: KmAgentRecord, memory: KmAgentMemory | undefined, sources: Sources): Snapshot {
  const { caches } = sources;
  const references = (hasSpec(kmagent) ? referencesOf(kmagent) : []).map((reference) => ({
    reference,
    found: sources.reference(reference),
  }));
  const apiKey = textAt(references, "spec.apiKeySecretRef");
  const caBundle = textAt(references, "spec.caBundleRef");
  const pods = caches.pods.by(BY_INSTANCE, kmagent.name);
  return {
    kmagent,
    siblings: [...caches.kmagents.values()].filter((other) => other.uid !== kmagent.uid),
    nodes: observeNodes(kmagent, pods, memory ?? NO_MEMORY, sources),
    live: liveObjects(kmagent, caches),
    cacheVersions: {
      DaemonSet: caches.daemonSets.resourceVersion,
      Deployment: caches.deployments.resourceVersion,
      ConfigMap: caches.configMaps.resourceVersion,
    },
    pods,
    references,
    // Keyed by the KmAgent's UID: the same after a restart, and of no use for another one.
    apiKeyHmac: apiKey === null ? null : createHmac("sha256", kmagent.uid).update(apiKey).digest("hex"),
    caBundleHash: caBundle === null ? null : createHash("sha256").update(caBundle).digest("hex"),
    restartedAt: restartedAt(caches.daemonSets.get(`${kmagent.namespace}/${daemonSetName(kmagent.name)}`)),
    platform: sources.platform(kmagent.uid),
    answers: sources.answers(kmagent.uid),
    memory: memory ?? NO_MEMORY,
    installation: sources.installation,
  };
}

/** What `kubectl rollout restart` left in a workload's pod template. */
function restartedAt(workload: KubeObject | undefined): string | null {
  const spec = workload?.["spec"] as { template?: { metadata?: { annotations?: Record<string, string> } } } | undefined;
  return spec?.template?.metadata?.annotations?.[ANNOTATION.restartedAt] ?? null;
}

/** Objects of this instance by id. Names tell them apart within a namespace; whose they are is decided later. */
function liveObjects(kmagent: KmAgentRecord, caches: Caches): Map<string, KubeObject> {
  const live = new Map<string, KubeObject>();
  for (const store of [caches.daemonSets, caches.deployments, caches.configMaps]) {
    for (const object of store.values()) {
      const owners = object.metadata.ownerReferences ?? [];
      const named = object.metadata.name.startsWith(kmagent.name);
      if (named || owners.some((owner) => owner.uid === kmagent.uid)) live.set(objectId(object), object);
    }
  }
  return live;
}

function observeNodes(
  kmagent: KmAgentRecord,
  pods: readonly PodRecord[],
  memory: KmAgentMemory,
  { caches, failedPods, probes, exports }: Sources,
): NodeObservation[] {
  const daemonSets = new Set<string>();
  for (const daemonSet of caches.daemonSets.values()) {
    const owned = (daemonSet.metadata.ownerReferences ?? []).some((owner) => owner.uid === kmagent.uid);
    if (owned && daemonSet.metadata.uid !== undefined) daemonSets.add(daemonSet.metadata.uid);
  }
  const podOf = new Map<string, PodRecord>();
  const ending = new Set<string>();
  for (const pod of pods) {
    if (pod.node === "") continue;
    // One of a DaemonSet that is gone keeps its ports as long.
    if (pod.deleting && pod.ownerName === daemonSetName(kmagent.name)) ending.add(pod.node);
    if (!daemonSets.has(pod.ownerUid)) continue;
    const other = podOf.get(pod.node);
    if (!other || isBetter(pod, other)) podOf.set(pod.node, pod);
  }
  const probed = probes(kmagent.uid);
  const exporting = exports(kmagent.uid);
  return Array.from(caches.nodes.values(), (node) => {
    const pod = podOf.get(node.name);
    const failed = [...daemonSets].map((uid) => failedPods.of(uid, node.name)).find((each) => each !== undefined);
    return {
      ...node,
      pod: pod ? withLastWords(pod, memory) : null,
      isMakingWay: pod !== undefined && !pod.deleting && ending.has(node.name),
      failedPod: failed ?? null,
      probe: pod ? (probed.get(pod.uid) ?? null) : null,
      exports: pod ? (exporting.get(pod.uid) ?? null) : null,
    };
  });
}

/** The newest pod that isn't being deleted, else the newest one that is. */
function isBetter(pod: PodRecord, than: PodRecord): boolean {
  if (pod.deleting !== than.deleting) return than.deleting;
  return pod.createdAt > than.createdAt || (pod.createdAt === than.createdAt && pod.uid > than.uid);
}

/** Kubelet takes a container's log for its termination message only after a failure; an exit 0 says nothing by itself. */
export function withLastWords<P extends PodObservation>(pod: P, memory: KmAgentMemory): P {
  const { container } = pod;
  if (container?.last?.message !== "") return pod;
  const message = memory.lastWords.get(lastWordsKey(pod));
  if (message === undefined) return pod;
  return { ...pod, container: { ...container, last: { ...container.last, message } } };
}
