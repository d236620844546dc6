import type { KmAgentSpecInput } from "../../../src/api/kmagent.ts";

/** A KmAgent as a user writes it, but for `apiVersion` and `kind`. */
export interface Document {
  readonly metadata: { readonly name: string };
  readonly spec: KmAgentSpecInput;
}

/** What every KmAgent must say. */
const required = {
  clusterName: "prod-eu",
  apiKeySecretRef: { name: "km-agent-credentials", key: "apiKey" },
} satisfies KmAgentSpecInput;

const document = (spec: KmAgentSpecInput, name = "km-agent"): Document => ({ metadata: { name }, spec });

/** Every field of the spec, each with a value that is taken. */
const everything = {
  ...required,
  collectorEndpoint: "https://otel.example.com:4318",
  proxy: { httpsProxy: "http://proxy.example.com:3128", noProxy: "10.0.0.0/8,.svc,.cluster.local" },
  caBundleRef: { name: "company-ca", key: "ca.crt" },
  platform: {
    endpoint: "https://api.example.com/agents/config-check",
    configCheckInterval: "2m",
    nodeReports: { enabled: true, interval: "90s", hostname: "ClusterAndNode" },
    remoteConfig: {
      mode: "Apply",
      minInterval: "10m",
      allowedExporterHosts: ["otel.example.com"],
      allowedReceiverHosts: ["10.0.0.7"],
    },
  },
  distribution: "custom",
  components: {
    receivers: ["otlp", "hostmetrics"],
    processors: ["batch", "memory_limiter"],
    exporters: ["otlphttp"],
    extensions: ["health_check"],
    connectors: ["spanmetrics"],
  },
  nodeAgent: {
    profile: "Full",
    image: "registry.example.com/km-kube-agent:1.2.0",
    imagePullPolicy: "IfNotPresent",
    imagePullSecrets: [{ name: "registry" }],
    resources: { requests: { cpu: "100m", memory: "128Mi" }, limits: { cpu: 1, memory: "512Mi" } },
    nodeSelector: { "kubernetes.io/os": "linux", pool: "workers" },
    tolerations: [
      { key: "dedicated", operator: "Equal", value: "gpu", effect: "NoSchedule" },
      { key: "maintenance", operator: "Exists", effect: "NoExecute", tolerationSeconds: 300 },
    ],
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [] } } },
    priorityClassName: "system-node-critical",
    env: [
      { name: "GOGC", value: "80" },
      { name: "TOKEN", valueFrom: { secretKeyRef: { name: "token", key: "token" } } },
    ],
    extraVolumes: [
      { name: "journal", hostPath: { path: "/var/log/journal" } },
      { name: "scratch", emptyDir: { sizeLimit: "10Mi" } },
    ],
    extraVolumeMounts: [{ name: "journal", mountPath: "/var/log/journal", readOnly: true }],
    podLabels: { team: "platform" },
    podAnnotations: { "example.com/owner": "platform" },
    securityContext: { privileged: false, capabilities: { add: ["SYS_PTRACE"] }, seLinuxOptions: { type: "spc_t" } },
    dnsPolicy: "ClusterFirst",
    hostNetwork: false,
    hostPorts: { health: true, otlp: true },
    privileged: false,
    terminationGracePeriodSeconds: 45,
  },
  clusterAgent: {
    enabled: true,
    image: `registry.example.com/km-kube-agent@sha256:${"0".repeat(64)}`,
    imagePullPolicy: "Always",
    imagePullSecrets: [{ name: "registry" }],
    resources: { requests: { cpu: "50m" }, limits: { memory: "256Mi" } },
    nodeSelector: { "kubernetes.io/os": "linux" },
    tolerations: [{ operator: "Exists" }],
    affinity: { podAntiAffinity: {} },
    priorityClassName: "high",
    env: [{ name: "GOGC", value: "80" }],
    podLabels: { team: "platform" },
    podAnnotations: { "example.com/owner": "platform" },
  },
  config: {
    features: { logs: true, metrics: true, traces: true },
    nodeAgent: { inline: "receivers: {}\n" },
    clusterAgent: { configMapKeyRef: { name: "collector", key: "cluster.yaml" } },
  },
  health: { interval: "20s", timeout: "3s", failureThreshold: 4, startupGrace: "3m", maxUnhealthy: "5%" },
  rollout: {
    strategy: "Staged",
    canary: 2,
    bakeTime: "45s",
    maxUnavailable: "20%",
    maxFailures: 1,
    progressDeadline: "10m",
    autoRollback: false,
    approval: "Manual",
  },
  paused: true,
} satisfies KmAgentSpecInput;

/** The accepted documents that each refused one is a single change away from. */
export const BASES = {
  smallest: document(required),
  everything: document(everything),
  baseline: document({ ...required, nodeAgent: { profile: "Baseline" } }),
  hostNetwork: document({ ...required, nodeAgent: { hostNetwork: true } }),
  custom: document({ ...required, distribution: "custom", components: { receivers: ["otlp"] } }),
  rollingUpdate: document({
    ...required,
    platform: { remoteConfig: { mode: "Disabled" } },
    rollout: { strategy: "RollingUpdate" },
  }),
} as const;

/** Name of an accepted document. */
export type Base = keyof typeof BASES;

/**
 * A copy of the document in which one place is something else: `spec.nodeAgent.env[0].name`. With `undefined` the place isn't
 * there any more.
 */
export function changed(of: Document, place: string, to: unknown): Record<string, unknown> {
  const steps = place.split(/[.[\]]+/).filter((step) => step !== "");
  const copy: unknown = structuredClone(of);
  const last = steps.pop();
  let at = copy;
  for (const step of steps) {
    if (!isContainer(at)) throw new Error(`${place}: nothing at ${step}`);
    at[step] ??= {};
    at = at[step];
  }
  if (last === undefined || !isContainer(at) || !isContainer(copy)) throw new Error(`no such place: ${place}`);
  at[last] = to;
  return copy;
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
