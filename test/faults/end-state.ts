import { CONFIGMAPS, DAEMONSETS, DEPLOYMENTS, PODS, resourcePath } from "../../src/kube/resource.ts";
import type { KubernetesObject } from "../installation/kubectl.ts";
import type { Installation, World } from "../installation/world.ts";

/** Everything that stands in the cluster because of one KmAgent, without what another history of the same wishes would change: times, versions, names by chance. */
export interface EndState {
  /** Workloads and the ConfigMaps that they name, by `kind/name`: labels, owner, spec, data, and which fields are ours. */
  readonly inUse: Readonly<Record<string, unknown>>;
  /** Pods that aren't being deleted, by component and node. */
  readonly pods: readonly string[];
  readonly status: unknown;
}

/** Objects of ours that the end state doesn't count. */
export interface Aside {
  /** ConfigMaps of earlier revisions, by component: the operator keeps three of each. */
  readonly earlier: Readonly<Record<string, number>>;
  /** Objects that don't belong to the KmAgent that is there now. */
  readonly orphans: readonly string[];
}

type Listed = KubernetesObject & { readonly kind: string };

interface PodSpec {
  readonly volumes?: readonly { readonly configMap?: { readonly name?: string } }[];
}

const OURS = { labelSelector: "app.kubernetes.io/name=km-agent" };
const COMPONENT = "app.kubernetes.io/component";

/** Looks at everything at once. */
export async function endStateOf(world: World, operator: Installation): Promise<EndState & Aside> {
  const { namespace } = operator;
  const lists = [DAEMONSETS, DEPLOYMENTS, CONFIGMAPS, PODS].map(async (type) =>
    (await world.api.list(resourcePath(type, namespace), OURS)).map((item): Listed => ({ ...item, kind: type.kind })),
  );
  const items = (await Promise.all(lists)).flat();
  const kmagent = await operator.kmagent();
  const uid = kmagent?.metadata.uid ?? "";
  const workloads = items.filter(({ kind }) => kind === "DaemonSet" || kind === "Deployment");
  const configMaps = items.filter(({ kind }) => kind === "ConfigMap");
  const named = new Set(workloads.flatMap(configMapNames));
  const used = configMaps.filter(({ metadata }) => named.has(metadata.name));
  const earlier: Record<string, number> = {};
  for (const { metadata } of configMaps.filter(({ metadata: { name } }) => !named.has(name))) {
    const component = metadata.labels?.[COMPONENT] ?? "";
    earlier[component] = (earlier[component] ?? 0) + 1;
  }
  const pods = items.filter(({ kind, metadata }) => kind === "Pod" && metadata.deletionTimestamp === undefined);
  return {
    inUse: Object.fromEntries(
      [...workloads, ...used]
        .map((object) => [`${object.kind}/${object.metadata.name}`, essence(object, uid)] as const)
        .toSorted(([a], [b]) => a.localeCompare(b)),
    ),
    pods: pods.map(placeOf).toSorted(),
    status: withoutCounters(timeless(kmagent?.status)),
    earlier,
    orphans: [...workloads, ...configMaps]
      .filter(({ metadata }) => ownerOf(metadata) !== uid)
      .map(({ kind, metadata }) => `${kind}/${metadata.name}`),
  };
}

/** The cluster agent's node is the scheduler's choice. */
function placeOf({ metadata, ...pod }: Listed): string {
  const component = metadata.labels?.[COMPONENT] ?? "";
  const { nodeName = "" } = pod["spec"] as { nodeName?: string };
  return component === "node-agent" ? `${component} ${nodeName}` : component;
}

function ownerOf(metadata: KubernetesObject["metadata"]): string | undefined {
  return (metadata as { ownerReferences?: readonly { uid: string }[] }).ownerReferences?.[0]?.uid;
}

function configMapNames(workload: Listed): string[] {
  const { template } = workload["spec"] as { template: { spec: PodSpec } };
  return (template.spec.volumes ?? []).flatMap(({ configMap }) => configMap?.name ?? []);
}

/** Annotations in which changes are counted, or their times noted. */
const COUNTERS = new Set([
  "deprecated.daemonset.template.generation",
  "deployment.kubernetes.io/revision",
  "kloudmate.com/state-since",
]);

function essence({ metadata, ...object }: Listed, kmagentUid: string): unknown {
  const { managedFields = [], annotations = {} } = metadata as {
    managedFields?: readonly { manager: string; operation: string; fieldsV1: unknown }[];
    annotations?: Readonly<Record<string, string>>;
  };
  return {
    ...Object.fromEntries(Object.entries(object).filter(([field]) => field !== "status")),
    labels: metadata.labels,
    annotations: Object.fromEntries(Object.entries(annotations).filter(([key]) => !COUNTERS.has(key))),
    belongsToKmAgent: ownerOf(metadata) === kmagentUid,
    fields: managedFields
      .filter(({ manager }) => manager === RELEASE_MANAGER)
      .map(({ operation, fieldsV1 }) => ({ operation, fieldsV1 })),
  };
}

/** The operator's field manager. */
const RELEASE_MANAGER = "kmagent-operator";

/** What collectors' counters tell comes in a rotation of its own, which has nothing to do with how the end was come to. */
function withoutCounters(status: unknown): unknown {
  const { conditions = [], ...rest } = (status ?? {}) as { conditions?: readonly { type: string }[] };
  return { ...rest, conditions: conditions.filter(({ type }) => type !== "TelemetryFlowing") };
}

const TIMES = /^(since|phaseSince|lastTransitionTime|observedGeneration)$|(At|Time)$/;

function timeless(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(timeless);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      // Of a list whose last entry went, server-side apply leaves an empty one.
      .filter(([key, below]) => !TIMES.test(key) && !(Array.isArray(below) && below.length === 0))
      .map(([key, below]) => [key, timeless(below)]),
  );
}
