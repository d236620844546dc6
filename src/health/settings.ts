import { milliseconds } from "../api/duration.ts";
import type { KmAgentSpec } from "../api/kmagent.ts";

/** One toleration of the agents' pods, as Kubernetes has it. */
export type Toleration = KmAgentSpec["nodeAgent"]["tolerations"][number];

/** What health needs to know of a KmAgent: how it is judged, and which nodes it selects. Times are milliseconds. */
export interface HealthSettings {
  readonly failureThreshold: number;
  readonly startupGraceMs: number;
  /** How long a pod may take to end before that is a fault of its own. */
  readonly terminationGraceMs: number;
  readonly nodeSelector: Readonly<Record<string, string>>;
  /** A Kubernetes `Affinity`, passed through from the spec; only the required node affinity in it matters here. */
  readonly affinity: unknown;
  readonly tolerations: readonly Toleration[];
  readonly hostNetwork: boolean;
}

/** Kubelet ends a pod's sandbox and volumes after its containers; this much beyond the grace period is no fault yet. */
const TEARDOWN_MS = 60_000;

/** The part of a spec that decides health. */
export function healthSettings(spec: KmAgentSpec): HealthSettings {
  return {
    failureThreshold: spec.health.failureThreshold,
    startupGraceMs: milliseconds(spec.health.startupGrace),
    terminationGraceMs: spec.nodeAgent.terminationGracePeriodSeconds * 1_000 + TEARDOWN_MS,
    nodeSelector: spec.nodeAgent.nodeSelector,
    affinity: spec.nodeAgent.affinity,
    tolerations: spec.nodeAgent.tolerations,
    hostNetwork: spec.nodeAgent.hostNetwork,
  };
}
