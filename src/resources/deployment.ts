import { milliseconds } from "../api/duration.ts";
import { selectorLabels } from "../api/labels.ts";
import { usesType } from "../config/pipelines.ts";
import { metadata } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";
import { deploymentName } from "./names.ts";
import { podTemplate } from "./pod.ts";
import type { PodInput, PodTemplate } from "./pod.ts";
import { restrictedSecurityContext } from "./security.ts";
import { hostVolumes } from "./volumes.ts";

/** The pod template of the cluster agent: it sees nothing of any node. */
export function clusterAgentTemplate(input: PodInput): PodTemplate {
  const storage = usesType(input.document, "extensions", "file_storage") ? "pod" : "none";
  const access = { rootFileSystem: false, containerLogs: false, storage, otlpPorts: false, healthPort: false } as const;
  return podTemplate(input, {
    securityContext: restrictedSecurityContext(),
    volumes: hostVolumes(access, "", input.kubernetesMinor),
    access,
    podSpec: { dnsPolicy: "ClusterFirst", terminationGracePeriodSeconds: 30 },
    extraVolumes: [],
    extraVolumeMounts: [],
  });
}

/** The Deployment of the cluster agent: one replica, and the old one goes only when the new one is proved. */
export function deployment(input: PodInput): Manifest {
  const { kmagent } = input;
  const { rollout } = kmagent.spec;
  const proof = Math.ceil(milliseconds(rollout.bakeTime) / 1_000);
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: metadata(kmagent, "cluster-agent", deploymentName(kmagent.name)),
    spec: {
      replicas: 1,
      selector: { matchLabels: selectorLabels(kmagent.name, "cluster-agent") },
      template: clusterAgentTemplate(input),
      strategy: { type: "RollingUpdate", rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      minReadySeconds: proof,
      // The API server wants it longer than minReadySeconds, and the proof isn't part of getting healthy.
      progressDeadlineSeconds: proof + Math.ceil(milliseconds(rollout.progressDeadline) / 1_000),
      revisionHistoryLimit: 3,
    },
  };
}
