import type { KmAgent } from "../api/kmagent.ts";
import type { Component } from "../api/labels.ts";
import { distributionOf } from "../config/components.ts";
import { clusterAgentDefault } from "../config/defaults/cluster-agent.ts";
import { nodeAgentDefault } from "../config/defaults/node-agent.ts";
import { guardSettings } from "../config/guard/remote/limits.ts";
import { summarize } from "../config/finding.ts";
import type { Finding } from "../config/finding.ts";
import { resolve } from "../config/resolve.ts";
import type { ConfigSource, Resolution } from "../config/resolve.ts";
import { configMap } from "./configmap.ts";
import { daemonSet, nodeAgentTemplate } from "./daemonset.ts";
import type { UpdateStrategy } from "./daemonset.ts";
import { clusterAgentTemplate, deployment } from "./deployment.ts";
import type { Manifest } from "./manifest.ts";
import { configMapName, daemonSetName, deploymentName } from "./names.ts";
import type { PodInput } from "./pod.ts";
import { revisionOf } from "./revision.ts";

/** Something for each of the two components. */
interface PerComponent<T> {
  readonly nodeAgent: T;
  readonly clusterAgent: T;
}

/** What the spec refers to, as far as the objects depend on it. No secret is among it. */
interface Referenced {
  /** HMAC of the API key in hex, under a key that outlives restarts: a rotated key makes another revision. */
  readonly apiKeyHmac: string;
  /** Texts of `spec.config.*.configMapKeyRef`; null where the spec has none. */
  readonly configTexts: PerComponent<string | null>;
  /** Hash of the text of `spec.caBundleRef` in hex, or null. */
  readonly caBundleHash: string | null;
}

/** What the platform wants of one component and the operator accepted. */
interface RemoteWish {
  /** A configuration, null where there is none. */
  readonly config: { readonly text: string; readonly hash: string } | null;
  /** RFC 3339 time of a restart that was asked for, null where none was. */
  readonly restartedAt: string | null;
}

/** Everything that the desired objects follow from. */
export interface DesiredInput {
  readonly kmagent: KmAgent;
  readonly referenced: Referenced;
  /** What depends on the operator's release. */
  readonly release: { readonly version: string; readonly images: PerComponent<string> };
  /** Names of the ServiceAccounts that the chart made. */
  readonly serviceAccounts: PerComponent<string>;
  /** The `restartedAt` annotation in the live objects' pod templates, so that `kubectl rollout restart` isn't undone. */
  readonly restartedAt: PerComponent<string | null>;
  readonly remote: PerComponent<RemoteWish> | null;
  /** Minor version of the API server, such as 34; null where it isn't known, and then only fields of 1.29 are used. */
  readonly kubernetesMinor: number | null;
}

/** One component that is wanted. */
interface DesiredComponent {
  readonly component: Component;
  /** Name of its DaemonSet or Deployment. */
  readonly workload: string;
  readonly configMap: string;
  readonly revision: string;
  readonly revisionHash: string;
  readonly image: string;
  readonly source: ConfigSource;
}

/** A finding, the component whose configuration it is in, and where that comes from. */
export interface ComponentFinding extends Finding {
  readonly component: Component;
  readonly source: ConfigSource;
}

/** What should be in the cluster, or why nothing can be made of the KmAgent; then what runs is left alone. */
export type Desired =
  | {
      readonly ok: true;
      /** In the order in which they are applied: a pod's ConfigMap before what makes the pod. */
      readonly objects: readonly Manifest[];
      readonly nodeAgent: DesiredComponent;
      /** Null where it is switched off. */
      readonly clusterAgent: DesiredComponent | null;
    }
  | {
      readonly ok: false;
      readonly reason: "InvalidConfig";
      readonly findings: readonly ComponentFinding[];
      /** One sentence for a condition. */
      readonly message: string;
    };

/** Everything that a KmAgent wants in the cluster. Pure: the same input gives the same objects, byte for byte. */
export function desiredObjects(input: DesiredInput): Desired {
  const { spec } = input.kmagent;
  const node = resolveFor(input, "node-agent");
  const cluster = spec.clusterAgent.enabled ? resolveFor(input, "cluster-agent") : null;
  if (!node.ok || cluster?.ok === false) {
    return refused([...findingsOf(node, "node-agent"), ...(cluster ? findingsOf(cluster, "cluster-agent") : [])]);
  }
  const nodeAgent = render(input, "node-agent", node);
  const clusterAgent = cluster && render(input, "cluster-agent", cluster);
  return {
    ok: true,
    objects: [...nodeAgent.objects, ...(clusterAgent?.objects ?? [])],
    nodeAgent: nodeAgent.component,
    clusterAgent: clusterAgent?.component ?? null,
  };
}

function resolveFor({ kmagent, referenced, remote }: DesiredInput, component: Component): Resolution {
  const { spec } = kmagent;
  const side = component === "node-agent" ? "nodeAgent" : "clusterAgent";
  const distribution = distributionOf(spec);
  const common = { distribution, features: spec.config.features, clusterName: spec.clusterName };
  const fallback =
    component === "node-agent"
      ? nodeAgentDefault({ ...common, ...spec.nodeAgent, namespace: kmagent.namespace, name: kmagent.name })
      : clusterAgentDefault(common);
  const given = spec.config[side]?.inline ?? referenced.configTexts[side];
  return resolve(
    { component, spec: given, remote: remote?.[side].config?.text ?? null, fallback },
    guardSettings(kmagent),
  );
}

function render(input: DesiredInput, component: Component, resolved: Extract<Resolution, { ok: true }>) {
  const { kmagent, referenced } = input;
  const { name, spec } = kmagent;
  const onNodes = component === "node-agent";
  const side = onNodes ? "nodeAgent" : "clusterAgent";
  const nameless: PodInput = {
    kmagent,
    component,
    image: spec[side].image ?? input.release.images[side],
    serviceAccount: input.serviceAccounts[side],
    document: resolved.document,
    revision: "",
    configMap: "",
    restartedAt: input.restartedAt[side],
    restartRequestedAt: input.remote?.[side].restartedAt ?? null,
    kubernetesMinor: input.kubernetesMinor,
  };
  const template = onNodes ? nodeAgentTemplate : clusterAgentTemplate;
  const revision = revisionOf({
    template: template(nameless),
    configuration: resolved.text,
    apiKeyHmac: referenced.apiKeyHmac,
    caBundleHash: referenced.caBundleHash,
  });
  const named: PodInput = {
    ...nameless,
    revision: revision.name,
    configMap: configMapName(name, component, revision.name),
  };
  const held = configMap({
    kmagent,
    component,
    revision,
    source: resolved.source,
    remoteHash: resolved.source === "Remote" ? (input.remote?.[side].config?.hash ?? null) : null,
    configuration: resolved.text,
    template: template(named),
  });
  const described: DesiredComponent = {
    component,
    workload: onNodes ? daemonSetName(name) : deploymentName(name),
    configMap: named.configMap,
    revision: revision.name,
    revisionHash: revision.hash,
    image: named.image,
    source: resolved.source,
  };
  return {
    objects: [held, onNodes ? daemonSet(named, updateStrategyOf(spec)) : deployment(named)],
    component: described,
  };
}

/** Staged: the operator replaces pods. */
function updateStrategyOf({ rollout }: KmAgent["spec"]): UpdateStrategy {
  return rollout.strategy === "Staged" ? "OnDelete" : "RollingUpdate";
}

function findingsOf(resolution: Resolution, component: Component): ComponentFinding[] {
  if (resolution.ok) return [];
  const { source } = resolution;
  return resolution.findings.map((finding) => ({ ...finding, component, source }));
}

function refused(findings: readonly ComponentFinding[]): Desired {
  const whose = findings[0]?.component === "cluster-agent" ? "cluster agent" : "node agent";
  return {
    ok: false,
    reason: "InvalidConfig",
    findings,
    message: `The ${whose}'s collector configuration can't be used: ${summarize(findings)}`,
  };
}
