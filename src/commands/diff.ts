import { KmError } from "../api/errors.ts";
import { isJsonObject } from "../api/json.ts";
import type { JsonObject } from "../api/json.ts";
import type { KmAgent } from "../api/kmagent.ts";
import { ANNOTATION, API_VERSION, LABEL } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import type { KubeClient } from "../kube/client.ts";
import { CONFIGMAPS, DAEMONSETS, DEPLOYMENTS, KMAGENTS, resourcePath } from "../kube/resource.ts";
import type { ResourceType } from "../kube/resource.ts";
import { projectKmAgent } from "../reconcile/project.ts";
import { storedTemplate } from "../resources/configmap.ts";
import { desiredObjects } from "../resources/desired.ts";
import type { DesiredInput } from "../resources/desired.ts";
import { configMapName, daemonSetName, deploymentName } from "../resources/names.ts";
import { CONFIG_KEY } from "../resources/volumes.ts";
import { fieldChanges } from "./field-changes.ts";
import {
  at,
  compareComponent,
  defaultImage,
  outcome,
  remoteWish,
  restartOf,
  serviceAccountOf,
} from "./component-change.ts";
import type { LiveComponent, ObjectChange } from "./component-change.ts";
import type { KmAgentFile } from "./kmagent-file.ts";

/** How the running operator makes objects, as far as a cluster doesn't tell. */
export type DiffSettings = Pick<DesiredInput, "release" | "serviceAccounts" | "kubernetesMinor">;

/**
 * What applying a KmAgent's file would change in a cluster. Nothing is written: the KmAgent is sent as a dry run, so that the API
 * server judges it, and the operator's objects are rendered here and compared with what the cluster holds of them. Secrets aren't
 * read, so a new API key isn't seen. Throws a `KmError` where the cluster can't be read, or the KmAgent is refused.
 */
export async function diffKmAgent(
  given: KmAgentFile,
  client: Pick<KubeClient, "request">,
  settings: DiffSettings,
  signal: AbortSignal,
): Promise<ObjectChange[]> {
  const { name, namespace } = given.kmagent;
  const get = (type: ResourceType, object: string) => read(client, type, namespace, object, signal);
  const raw = await get(KMAGENTS, name);
  await tryApply(client, given, raw, signal);
  const before = raw && projectKmAgent(raw);
  const kmagent: KmAgent = { ...given.kmagent, uid: before?.uid ?? given.kmagent.uid };
  const live = {
    node: await componentOf(name, "node-agent", get, before?.status.rollout?.target),
    cluster: await componentOf(name, "cluster-agent", get),
  };
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
    remote: { nodeAgent: remoteWish(live.node), clusterAgent: remoteWish(live.cluster) },
    kubernetesMinor: settings.kubernetesMinor,
  });
  if (!desired.ok) throw new KmError("InvalidSpec", desired.message);
  return [
    {
      kind: "KmAgent" as const,
      name,
      ...outcome(before !== undefined, fieldChanges(before?.spec ?? undefined, kmagent.spec, "spec")),
      configuration: [],
      restarts: null,
    },
    compareComponent(live.node, desired, "node-agent", name),
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
      isRemote: at(held, "metadata", "annotations", ANNOTATION.source) === "remote",
    };
  }
  return { workload, revision: running, template: null, configuration: null, isRemote: false };
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
 * Lets the API server judge the KmAgent as it would judge `kubectl replace`; nothing is stored. It gets the spec as it is written,
 * for a cluster with another release's KmAgent may not know a field of ours.
 */
async function tryApply(
  client: Pick<KubeClient, "request">,
  { kmagent, written }: KmAgentFile,
  live: JsonObject | undefined,
  signal: AbortSignal,
): Promise<void> {
  const { name, namespace } = kmagent;
  const body = {
    apiVersion: API_VERSION,
    kind: "KmAgent",
    metadata: { name, namespace, ...(live && { resourceVersion: at(live, "metadata", "resourceVersion") }) },
    spec: written,
  };
  const query = { dryRun: "All", fieldValidation: "Strict" };
  const path = resourcePath(KMAGENTS, namespace, live ? name : undefined);
  await client.request({ method: live ? "PUT" : "POST", path, query, body }, signal);
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
