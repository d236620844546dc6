import { KmError } from "../api/errors.ts";
import { isJsonObject } from "../api/json.ts";
import type { JsonObject } from "../api/json.ts";
import type { KmAgent } from "../api/kmagent.ts";
import { API_VERSION, LABEL } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import type { KubeClient } from "../kube/client.ts";
import { CONFIGMAPS, DAEMONSETS, DEPLOYMENTS, isKubeObject, KMAGENTS, resourcePath } from "../kube/resource.ts";
import type { KubeObject, ResourceType } from "../kube/resource.ts";
import { objectId } from "../reconcile/object-id.ts";
import { projectKmAgent } from "../reconcile/project.ts";
import { heldWish } from "../reconcile/remote-step.ts";
import { storedTemplate } from "../resources/configmap.ts";
import { desiredObjects } from "../resources/desired.ts";
import type { DesiredInput } from "../resources/desired.ts";
import { configMapName, daemonSetName, deploymentName, remoteConfigMapName } from "../resources/names.ts";
import { CONFIG_KEY } from "../resources/volumes.ts";
import { fieldChanges } from "./field-changes.ts";
import { at, compareComponent, defaultImage, outcome, restartOf, serviceAccountOf } from "./component-change.ts";
import type { LiveComponent, ObjectChange } from "./component-change.ts";
import type { KmAgentFile } from "./kmagent-file.ts";

/** How the running operator makes objects, as far as a cluster doesn't tell. */
export type DiffSettings = Pick<DesiredInput, "release" | "serviceAccounts" | "kubernetesMinor">;

/**
 * What applying a KmAgent's file would change in a cluster. Nothing is written: the KmAgent is sent as a dry run, so that the API
 * server judges it, and the operator's objects are rendered here and compared with what the cluster holds of them. Secrets aren't
 * read, so a new API key isn't seen. Throws a `KmError` where the cluster can't be read, or the KmAgent is refused. `now` is in
 * milliseconds since the epoch.
 */
export async function diffKmAgent(
  given: KmAgentFile,
  client: Pick<KubeClient, "request">,
  settings: DiffSettings,
  now: number,
  signal: AbortSignal,
): Promise<ObjectChange[]> {
  const { name, namespace } = given.kmagent;
  const get = (type: ResourceType, object: string) => read(client, type, namespace, object, signal);
  const raw = await get(KMAGENTS, name);
  const applied = await tryApply(client, given, raw, signal);
  const before = raw && projectKmAgent(raw);
  const kmagent: KmAgent = {
    ...given.kmagent,
    uid: before?.uid ?? given.kmagent.uid,
    generation: applied.generation ?? before?.generation ?? given.kmagent.generation,
    annotations: { ...before?.annotations, ...given.kmagent.annotations },
    status: before?.status ?? {},
  };
  const { target, phase } = before?.status.rollout ?? {};
  const live = {
    node: await componentOf(name, "node-agent", get, target),
    cluster: await componentOf(name, "cluster-agent", get),
  };
  // What was taken back stays the rollout's target: wanting it once more moves nothing, and everything else is compared with what runs.
  const running =
    phase === "RollingBack" || phase === "RolledBack" ? await componentOf(name, "node-agent", get) : live.node;
  const desired = desiredObjects({
    kmagent,
    referenced: {
      apiKeyHmac: "",
      configTexts: {
        nodeAgent: await textOf(given, kmagent.spec.config.nodeAgent?.configMapKeyRef, get),
        clusterAgent: await textOf(given, kmagent.spec.config.clusterAgent?.configMapKeyRef, get),
      },
      caBundleHash: null,
    },
    release: {
      ...settings.release,
      images: {
        nodeAgent: defaultImage(before?.spec?.nodeAgent.image, live.node) ?? settings.release.images.nodeAgent,
        clusterAgent:
          defaultImage(before?.spec?.clusterAgent.image, live.cluster) ?? settings.release.images.clusterAgent,
      },
    },
    serviceAccounts: {
      nodeAgent: serviceAccountOf(live.node) ?? settings.serviceAccounts.nodeAgent,
      clusterAgent: serviceAccountOf(live.cluster) ?? settings.serviceAccounts.clusterAgent,
    },
    restartedAt: { nodeAgent: restartOf(live.node), clusterAgent: restartOf(live.cluster) },
    remote: heldWish(kmagent, await heldOf(name, get), now),
    kubernetesMinor: settings.kubernetesMinor,
  });
  if (!desired.ok) throw new KmError("InvalidSpec", desired.message);
  const onNodes = compareComponent(live.node, desired, "node-agent", name);
  return [
    {
      kind: "KmAgent" as const,
      name,
      ...outcome(before !== undefined, fieldChanges(before?.spec ?? undefined, kmagent.spec, "spec")),
      configuration: [],
      restarts: null,
    },
    onNodes.outcome === "changed" ? compareComponent(running, desired, "node-agent", name) : onNodes,
    compareComponent(live.cluster, desired, "cluster-agent", name),
  ].filter(({ kind, outcome, restarts }) => kind === "KmAgent" || outcome !== "unchanged" || restarts !== null);
}

type Get = (type: ResourceType, name: string) => Promise<JsonObject | undefined>;

/** What the cluster holds of a component of the KmAgent of that name; `target` is the revision that it is on its way to. */
async function componentOf(
  kmagent: string,
  component: Component,
  get: Get,
  target = "",
): Promise<LiveComponent | undefined> {
  const workload = await (component === "node-agent"
    ? get(DAEMONSETS, daemonSetName(kmagent))
    : get(DEPLOYMENTS, deploymentName(kmagent)));
  if (!workload) return undefined;
  const label = at(workload, "spec", "template", "metadata", "labels", LABEL.revision);
  const running = typeof label === "string" ? label : "";
  for (const revision of [target, running]) {
    const held = revision === "" ? undefined : await get(CONFIGMAPS, configMapName(kmagent, component, revision));
    if (!held) continue;
    const text = at(held, "data", CONFIG_KEY);
    return {
      workload,
      revision,
      template: storedTemplate(held["data"]),
      configuration: typeof text === "string" ? text : null,
    };
  }
  return { workload, revision: running, template: null, configuration: null };
}

/** The ConfigMaps in which the operator holds what the platform wants of a KmAgent's components, by `objectId`. */
async function heldOf(kmagent: string, get: Get): Promise<ReadonlyMap<string, KubeObject>> {
  const names = (["node-agent", "cluster-agent"] as const).map((component) => remoteConfigMapName(kmagent, component));
  const found = await Promise.all(names.map(async (name) => await get(CONFIGMAPS, name)));
  return new Map(found.filter(isKubeObject).map((object) => [objectId(object), object]));
}

/** The text that a reference leads to: from the same file, or else from the cluster. */
async function textOf(
  { configMaps }: KmAgentFile,
  reference: { readonly name: string; readonly key: string } | undefined,
  get: Get,
): Promise<string | null> {
  if (!reference) return null;
  const text =
    configMaps.get(reference.name)?.[reference.key] ?? at(await get(CONFIGMAPS, reference.name), "data", reference.key);
  if (typeof text === "string") return text;
  throw new KmError(
    "NotFound",
    `there is no key ${reference.key} in a ConfigMap ${reference.name}, here or in the cluster`,
  );
}

/**
 * Lets the API server judge the KmAgent as it would judge `kubectl replace`, and gives what would come of it; nothing is stored.
 * The spec is sent as it is written, for a cluster with another release's KmAgent may not know a field of ours.
 */
async function tryApply(
  client: Pick<KubeClient, "request">,
  { kmagent, written }: KmAgentFile,
  live: JsonObject | undefined,
  signal: AbortSignal,
): Promise<{ readonly generation: number | undefined }> {
  const { name, namespace } = kmagent;
  const body = {
    apiVersion: API_VERSION,
    kind: "KmAgent",
    metadata: { name, namespace, ...(live && { resourceVersion: at(live, "metadata", "resourceVersion") }) },
    spec: written,
  };
  const query = { dryRun: "All", fieldValidation: "Strict" };
  const path = resourcePath(KMAGENTS, namespace, live ? name : undefined);
  const answer = await client.request({ method: live ? "PUT" : "POST", path, query, body }, signal);
  const generation = at(answer.body, "metadata", "generation");
  return { generation: typeof generation === "number" ? generation : undefined };
}

async function read(
  client: Pick<KubeClient, "request">,
  type: ResourceType,
  namespace: string,
  name: string,
  signal: AbortSignal,
): Promise<JsonObject | undefined> {
  try {
    const { body } = await client.request({ method: "GET", path: resourcePath(type, namespace, name) }, signal);
    return isJsonObject(body) ? body : undefined;
  } catch (error) {
    if (error instanceof KmError && error.code === "NotFound") return undefined;
    throw error;
  }
}
