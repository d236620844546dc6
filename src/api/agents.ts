import * as z from "zod";
import { meta } from "./fields.ts";
import type { ValidationRule } from "./fields.ts";
import {
  affinity,
  env,
  extraVolumeMounts,
  extraVolumes,
  image,
  imagePullPolicy,
  imagePullSecrets,
  nodeSelector,
  podAnnotations,
  podLabels,
  priorityClassName,
  resources,
  securityContext,
  tolerations,
} from "./pod-fields.ts";

const LINUX = { "kubernetes.io/os": "linux" };

const hostPorts = z
  .object({
    health: z
      .boolean()
      .default(true)
      .meta(
        meta({
          description:
            "Binds 13133 on the node's loopback, so that `curl http://localhost:13133/` works on the node. With profile Baseline it isn't bound, whatever stands here.",
        }),
      ),
    otlp: z
      .boolean()
      .default(false)
      .meta(
        meta({ description: "Binds 4317 and 4318 on the node, so that workloads can send to their node's address." }),
      ),
  })
  .prefault({})
  .meta(meta({ description: "Ports of the node that lead to the agent." }));

/** `spec.nodeAgent`: the DaemonSet. */
export const nodeAgent = z
  .object({
    profile: z
      .enum(["Full", "Baseline"])
      .default("Full")
      .meta(
        meta({
          description:
            "Full reads host paths and may bind host ports. Baseline has no host path, host port or added capability, so it gives metrics only; it is for namespaces under Pod Security baseline.",
        }),
      ),
    image: image.optional(),
    imagePullPolicy: imagePullPolicy.optional(),
    imagePullSecrets: imagePullSecrets.optional(),
    resources: resources.optional(),
    nodeSelector: nodeSelector("Nodes that get an agent.").default(LINUX),
    tolerations: tolerations(
      "Taints that keep no agent away. All are tolerated by default: a node without an agent is a blind spot.",
    ).default([{ operator: "Exists" }]),
    affinity: affinity.optional(),
    priorityClassName: priorityClassName.optional(),
    env: env.optional(),
    extraVolumes: extraVolumes.optional(),
    extraVolumeMounts: extraVolumeMounts.optional(),
    podLabels: podLabels.optional(),
    podAnnotations: podAnnotations.optional(),
    securityContext: securityContext.optional(),
    dnsPolicy: z
      .enum(["ClusterFirst", "ClusterFirstWithHostNet", "Default"])
      .optional()
      .meta(
        meta({
          description:
            "DNS policy of the pods. Where it isn't set, ClusterFirst, or ClusterFirstWithHostNet with hostNetwork.",
        }),
      ),
    hostNetwork: z
      .boolean()
      .default(false)
      .meta(meta({ description: "Whether the pods use the node's own network." })),
    hostPorts,
    privileged: z
      .boolean()
      .default(false)
      .meta(meta({ description: "Whether the container is privileged; only eBPF receivers need it." })),
    terminationGracePeriodSeconds: z
      .int()
      .min(1)
      .max(600)
      .default(30)
      .meta(meta({ description: "Seconds that a stopping agent has to flush its telemetry.", format: "int64" })),
  })
  .prefault({})
  .meta(meta({ description: "The agent on every node: a DaemonSet." }));

/**
 * Rules of `spec.nodeAgent`. They stand at `spec`, whose defaults are all in place when they are judged: the API server checks a
 * parent's own `default: {}` against the parent's rules before it fills in the children.
 */
export const NODE_AGENT_RULES: readonly ValidationRule[] = [
  {
    rule: "!(self.nodeAgent.hostNetwork && self.nodeAgent.hostPorts.otlp)",
    message: "must be off with hostNetwork: the agent then listens on the node's own ports",
    fieldPath: ".nodeAgent.hostPorts.otlp",
  },
  {
    rule: "self.nodeAgent.profile != 'Baseline' || !self.nodeAgent.hostNetwork",
    message: "profile Baseline allows no hostNetwork",
    fieldPath: ".nodeAgent.hostNetwork",
  },
  {
    rule: "self.nodeAgent.profile != 'Baseline' || !self.nodeAgent.privileged",
    message: "profile Baseline allows no privileged container",
    fieldPath: ".nodeAgent.privileged",
  },
  {
    rule: "self.nodeAgent.profile != 'Baseline' || !self.nodeAgent.hostPorts.otlp",
    message: "profile Baseline allows no host ports",
    fieldPath: ".nodeAgent.hostPorts.otlp",
  },
  {
    rule: "self.nodeAgent.profile != 'Baseline' || !has(self.nodeAgent.extraVolumes) || self.nodeAgent.extraVolumes.all(volume, !has(volume.hostPath))",
    message: "profile Baseline allows no hostPath volumes",
    fieldPath: ".nodeAgent.extraVolumes",
  },
  {
    rule: "self.nodeAgent.profile != 'Baseline' || !has(self.nodeAgent.securityContext) || !has(self.nodeAgent.securityContext.capabilities) || !has(self.nodeAgent.securityContext.capabilities.add) || self.nodeAgent.securityContext.capabilities.add.size() == 0",
    message: "profile Baseline allows no added capabilities",
    fieldPath: ".nodeAgent.securityContext.capabilities.add",
  },
];

/** `spec.clusterAgent`: the Deployment. */
export const clusterAgent = z
  .object({
    enabled: z
      .boolean()
      .default(true)
      .meta(meta({ description: "Whether there is a cluster agent." })),
    image: image.optional(),
    imagePullPolicy: imagePullPolicy.optional(),
    imagePullSecrets: imagePullSecrets.optional(),
    resources: resources.optional(),
    nodeSelector: nodeSelector("Nodes on which it may run.").default(LINUX),
    tolerations: tolerations("Taints that it tolerates.").default([]),
    affinity: affinity.optional(),
    priorityClassName: priorityClassName.optional(),
    env: env.optional(),
    podLabels: podLabels.optional(),
    podAnnotations: podAnnotations.optional(),
  })
  .prefault({})
  .meta(meta({ description: "The one agent for the cluster as a whole: a Deployment with one replica." }));
