import { memoryLimitOf, resourcesOf } from "../api/agent-resources.ts";
import type { KmAgent, KmAgentSpec } from "../api/kmagent.ts";
import { AGENT_CONTAINER, ANNOTATION, LABEL, objectLabels } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import { HEALTH_PORT } from "../api/ports.ts";
import { metricsPort } from "../config/metrics-port.ts";
import { usesType } from "../config/pipelines.ts";
import type { YamlMap } from "../config/yaml-value.ts";
import { environment } from "./environment.ts";
import type { HostAccess } from "./host-access.ts";
import { usesKubernetesApi } from "./kubernetes-use.ts";
import { CONFIG_DIRECTORY, commonVolumes, configFile } from "./volumes.ts";

/** Name of the container's port of the collector's own counters; whoever reads them goes by it. */
export const METRICS_PORT_NAME = "metrics";

/** What both components' pods are made from. */
export interface PodInput {
  readonly kmagent: KmAgent;
  readonly component: Component;
  readonly image: string;
  readonly serviceAccount: string;
  /** The configuration in force: it decides what the pod may see. */
  readonly document: YamlMap;
  /** Both empty while the revision is being computed, since the template can't hold its own hash. */
  readonly revision: string;
  readonly configMap: string;
  /** What `kubectl rollout restart` left in the live template, or null. */
  readonly restartedAt: string | null;
  /** When the platform asked for a restart last, or null. */
  readonly restartRequestedAt: string | null;
  /** Minor version of the API server, for fields that older ones refuse; null where it isn't known. */
  readonly kubernetesMinor: number | null;
}

/** A Kubernetes PodTemplateSpec. */
export interface PodTemplate {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
}

/** What differs between the two components' pods. */
export interface PodParts {
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumes: readonly ReturnType<typeof commonVolumes>[number][];
  readonly access: Pick<HostAccess, "healthPort" | "otlpPorts">;
  /** Further fields of the pod's spec. */
  readonly podSpec: Readonly<Record<string, unknown>>;
  readonly extraVolumes: readonly unknown[];
  readonly extraVolumeMounts: readonly unknown[];
}

/** The pod template of a component. */
export function podTemplate(input: PodInput, parts: PodParts): PodTemplate {
  const { kmagent, component, document } = input;
  const settings = component === "node-agent" ? kmagent.spec.nodeAgent : kmagent.spec.clusterAgent;
  const volumes = [...commonVolumes(kmagent.spec, input.configMap), ...parts.volumes];
  return {
    metadata: {
      labels: { ...settings.podLabels, ...objectLabels(kmagent.name, component), [LABEL.revision]: input.revision },
      annotations: {
        ...settings.podAnnotations,
        "kubectl.kubernetes.io/default-container": AGENT_CONTAINER,
        ...(input.restartedAt !== null && { [ANNOTATION.restartedAt]: input.restartedAt }),
        ...(input.restartRequestedAt !== null && { [ANNOTATION.restartRequested]: input.restartRequestedAt }),
      },
    },
    spec: {
      serviceAccountName: input.serviceAccount,
      // The vendor's image doesn't start without a token, whatever its configuration uses.
      automountServiceAccountToken: kmagent.spec.distribution === "kloudmate" || usesKubernetesApi(document),
      enableServiceLinks: false,
      securityContext: { seccompProfile: { type: "RuntimeDefault" } },
      containers: [
        container(
          input,
          parts,
          volumes.map(({ mount }) => mount),
        ),
      ],
      volumes: [...volumes.map(({ volume }) => volume), ...parts.extraVolumes],
      nodeSelector: settings.nodeSelector,
      tolerations: settings.tolerations,
      ...(settings.affinity && { affinity: settings.affinity }),
      ...(settings.priorityClassName !== undefined && { priorityClassName: settings.priorityClassName }),
      ...(settings.imagePullSecrets && { imagePullSecrets: settings.imagePullSecrets }),
      ...parts.podSpec,
    },
  };
}

function container(input: PodInput, parts: PodParts, mounts: readonly unknown[]): Record<string, unknown> {
  const { kmagent, component } = input;
  const settings = component === "node-agent" ? kmagent.spec.nodeAgent : kmagent.spec.clusterAgent;
  const resources = resourcesOf(kmagent.spec, component);
  return {
    name: AGENT_CONTAINER,
    image: input.image,
    imagePullPolicy: settings.imagePullPolicy ?? "IfNotPresent",
    // The vendor's image ignores arguments and looks there by itself; every other collector wants to be told.
    args: [`--config=${CONFIG_DIRECTORY}/${configFile(component)}`],
    env: environment({
      spec: kmagent.spec,
      component,
      configMap: input.configMap,
      memoryLimit: memoryLimitOf(kmagent.spec, component),
      extra: plainEnv(settings.env),
    }),
    ports: ports(input.document, parts.access),
    resources,
    // Kubelet restarts a collector that hangs; it is given time to start, and time to answer on a busy node.
    livenessProbe: {
      ...HEALTH_REQUEST,
      initialDelaySeconds: 30,
      periodSeconds: 30,
      timeoutSeconds: 5,
      failureThreshold: 3,
    },
    readinessProbe: {
      ...HEALTH_REQUEST,
      initialDelaySeconds: 5,
      periodSeconds: 10,
      timeoutSeconds: 2,
      failureThreshold: 3,
    },
    securityContext: parts.securityContext,
    // Where the process leaves no message of its own, its last lines are the error that people see.
    terminationMessagePolicy: "FallbackToLogsOnError",
    volumeMounts: [...mounts, ...parts.extraVolumeMounts],
  };
}

const HEALTH_REQUEST = { httpGet: { path: "/", port: HEALTH_PORT, scheme: "HTTP" } };

function ports(document: YamlMap, access: PodParts["access"]): Record<string, unknown>[] {
  const port = (name: string, containerPort: number, host: Record<string, unknown> | false) => ({
    name,
    containerPort,
    protocol: "TCP",
    ...host,
  });
  const otlp = usesType(document, "receivers", "otlp");
  const metrics = metricsPort(document);
  return [
    port("health-check", HEALTH_PORT, access.healthPort && { hostPort: HEALTH_PORT, hostIP: "127.0.0.1" }),
    ...(metrics === null ? [] : [port(METRICS_PORT_NAME, metrics, false)]),
    ...(otlp
      ? [
          port("otlp-grpc", 4_317, access.otlpPorts && { hostPort: 4_317 }),
          port("otlp-http", 4_318, access.otlpPorts && { hostPort: 4_318 }),
        ]
      : []),
  ];
}

/** Optional keys that are set to undefined don't exist in JSON. */
function plainEnv(env: KmAgentSpec["nodeAgent"]["env"]) {
  return (env ?? []).map(({ name, value, valueFrom }) => ({
    name,
    ...(value !== undefined && { value }),
    ...(valueFrom !== undefined && { valueFrom }),
  }));
}
