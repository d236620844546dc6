import { milliseconds } from "../api/duration.ts";
import { selectorLabels } from "../api/labels.ts";
import { nodeAgentAffinity } from "./affinity.ts";
import { hostAccess } from "./host-access.ts";
import { metadata } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import { daemonSetName, nodeDirectory } from "./names.ts";
import { podTemplate } from "./pod.ts";
import type { PodInput, PodTemplate } from "./pod.ts";
import { nodeSecurityContext } from "./security.ts";
import { hostVolumes } from "./volumes.ts";

/** Who replaces pods after a change: Kubernetes, or the operator's own rollout. */
export type UpdateStrategy = "RollingUpdate" | "OnDelete";

/** The pod template of the node agents. */
export function nodeAgentTemplate(input: PodInput): PodTemplate {
  const { kmagent, document } = input;
  const { nodeAgent } = kmagent.spec;
  const access = hostAccess(kmagent.spec, document);
  return podTemplate(input, {
    securityContext: nodeSecurityContext(nodeAgent, access.containerLogs),
    volumes: hostVolumes(access, nodeDirectory(kmagent.namespace, kmagent.name), input.kubernetesMinor),
    access,
    podSpec: {
      affinity: nodeAgentAffinity(nodeAgent.affinity),
      dnsPolicy: nodeAgent.dnsPolicy ?? (nodeAgent.hostNetwork ? "ClusterFirstWithHostNet" : "ClusterFirst"),
      ...(nodeAgent.hostNetwork && { hostNetwork: true }),
      terminationGracePeriodSeconds: nodeAgent.terminationGracePeriodSeconds,
    },
    extraVolumes: nodeAgent.extraVolumes ?? [],
    extraVolumeMounts: nodeAgent.extraVolumeMounts ?? [],
  });
}

/** The DaemonSet of the node agents. */
export function daemonSet(input: PodInput, updateStrategy: UpdateStrategy): Manifest {
  const { kmagent } = input;
  const { rollout } = kmagent.spec;
  return {
    apiVersion: "apps/v1",
    kind: "DaemonSet",
    metadata: metadata(kmagent, "node-agent", daemonSetName(kmagent.name)),
    spec: {
      selector: { matchLabels: selectorLabels(kmagent.name, "node-agent") },
      template: nodeAgentTemplate(input),
      updateStrategy:
        updateStrategy === "OnDelete"
          ? { type: "OnDelete" }
          : // No surge: two agents of a node would fight for its ports and log positions.
            { type: "RollingUpdate", rollingUpdate: { maxSurge: 0, maxUnavailable: rollout.maxUnavailable } },
      minReadySeconds: Math.ceil(milliseconds(rollout.bakeTime) / 1_000),
      revisionHistoryLimit: 3,
    },
  };
}
