import type { KmAgentSpec } from "../api/kmagent.ts";
import type { Component } from "../api/labels.ts";
import { goMemoryLimit } from "./memory.ts";
import { CA_DIRECTORY } from "./volumes.ts";

/** A Kubernetes EnvVar. */
export interface EnvVar {
  readonly name: string;
  readonly value?: string;
  readonly valueFrom?: unknown;
}

/** What the environment of an agent's container depends on. */
export interface EnvironmentInput {
  readonly spec: KmAgentSpec;
  readonly component: Component;
  readonly configMap: string;
  /** Bytes; null where there is no limit. */
  readonly memoryLimit: number | null;
  /** The user's own; where a name is ours, ours stays. */
  readonly extra: readonly EnvVar[];
}

/**
 * Environment of an agent's container: the names that the vendor's agent and configurations know, proxy and certificates, and
 * the user's own last. The API key comes from the Secret by kubelet; no value of it passes through the operator.
 */
export function environment(input: EnvironmentInput): EnvVar[] {
  const { spec, component } = input;
  const goLimit = goMemoryLimit(input.memoryLimit);
  const own: EnvVar[] = [
    { name: "DEPLOYMENT_MODE", value: component === "node-agent" ? "DAEMONSET" : "DEPLOYMENT" },
    {
      name: "KM_API_KEY",
      valueFrom: { secretKeyRef: { name: spec.apiKeySecretRef.name, key: spec.apiKeySecretRef.key } },
    },
    { name: "KM_COLLECTOR_ENDPOINT", value: literal(spec.collectorEndpoint) },
    { name: "KM_CLUSTER_NAME", value: literal(spec.clusterName) },
    // The vendor's pods carry it and none reads it: here the operator checks in. Constant, so that how often restarts no agent.
    { name: "KM_CONFIG_CHECK_INTERVAL", value: "60s" },
    fromField("KM_NODE_NAME", "spec.nodeName"),
    fromField("KM_NODE_HOST_IP", "status.hostIP"),
    fromField("KM_POD_NAME", "metadata.name"),
    fromField("KM_POD_IP", "status.podIP"),
    fromField("POD_NAMESPACE", "metadata.namespace"),
    { name: "CONFIGMAP_NAME", value: input.configMap },
    ...(goLimit === null ? [] : [{ name: "GOMEMLIMIT", value: goLimit }]),
    ...proxy(spec.proxy),
    // Go reads the system's bundle besides these directories, as long as SSL_CERT_FILE isn't set.
    ...(spec.caBundleRef ? [{ name: "SSL_CERT_DIR", value: `/etc/ssl/certs:/etc/pki/tls/certs:${CA_DIRECTORY}` }] : []),
  ];
  const taken = new Set(own.map(({ name }) => name));
  return [...own, ...input.extra.filter(({ name }) => !taken.has(name))];
}

function fromField(name: string, fieldPath: string): EnvVar {
  return { name, valueFrom: { fieldRef: { apiVersion: "v1", fieldPath } } };
}

/** Kubelet replaces `$(NAME)` in values; what a user wrote is meant as it stands. */
function literal(text: string): string {
  // A function, for in a replacement text `$$` would mean one `$`.
  return text.replaceAll("$(", () => "$$(");
}

/**
 * The proxy, and what never goes through it: the pod and its node, the API server and the cluster's own names. The API server's
 * address is kubelet's to fill in.
 */
function proxy(settings: KmAgentSpec["proxy"]): EnvVar[] {
  if (settings?.httpsProxy === undefined) return [];
  const direct = ["localhost", "127.0.0.1", "::1", ".svc", ".cluster.local"];
  const fromKubelet = ["$(KUBERNETES_SERVICE_HOST)", "$(KM_NODE_NAME)", "$(KM_NODE_HOST_IP)", "$(KM_POD_IP)"];
  const users = (settings.noProxy ?? "").split(",").map((entry) => literal(entry.trim()));
  return [
    { name: "HTTPS_PROXY", value: literal(settings.httpsProxy) },
    { name: "NO_PROXY", value: [...users.filter((entry) => entry !== ""), ...direct, ...fromKubelet].join(",") },
  ];
}
