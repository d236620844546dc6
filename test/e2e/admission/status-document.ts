import type { KmAgentStatus } from "../../../src/api/kmagent.ts";

const since = "2026-11-23T22:00:00Z";
const finding = { node: "worker-1", since, reason: "OOMKilled", message: "used more than 512Mi" };

/** A status with every field that there is. */
export const fullStatus = {
  observedGeneration: 3,
  conditions: [
    {
      type: "Ready",
      status: "False",
      observedGeneration: 3,
      lastTransitionTime: since,
      reason: "TooManyUnhealthy",
      message: "1 of 3 nodes is unhealthy",
    },
  ],
  nodes: {
    desired: 3,
    healthy: 1,
    unhealthy: 1,
    updating: 0,
    uncovered: 1,
    starting: 0,
    notReady: 0,
    leaving: 1,
    excluded: 2,
  },
  unhealthyNodes: [finding],
  uncoveredNodes: [{ ...finding, node: "worker-2", reason: "PortConflict" }],
  config: {
    source: "Remote",
    revision: "5f9c7b2d",
    since,
    lastRemote: {
      hash: "ab12",
      verdict: "Refused",
      rule: "exporter-hosts",
      path: "exporters.otlphttp.endpoint",
      message: "may not export to evil.example.com",
      since,
    },
  },
  rollout: {
    phase: "Canary",
    phaseSince: since,
    target: "5f9c7b2d",
    stable: "0a1b2c3d",
    canaries: ["worker-1"],
    inFlight: [{ node: "worker-1", podUID: "0e0f6c1e-3b1c-4c7f-9a55-0f3f8f6f0c11" }],
    updated: 0,
    failed: 1,
    waitingFor: { gate: "Bake", message: "12 s of 30 s" },
    rejected: [{ revision: "deadbeef", reason: "CrashLoop", message: "exit code 1 on worker-1", since }],
  },
  clusterAgent: {
    ready: false,
    revision: "5f9c7b2d",
    reason: "Unavailable",
    message: "no pod is ready",
    phase: "RolledBack",
    phaseSince: since,
    target: "deadbeef",
    stable: "5f9c7b2d",
    rejected: [
      {
        revision: "deadbeef",
        reason: "CollectorExited",
        message: "exit code 1",
        since,
        nodes: ["worker-1"],
        retried: true,
      },
    ],
  },
  platformURL: "https://api.kloudmate.com/agents/config-check",
  operatorVersion: "0.1.0",
  versions: { nodeAgentImage: "a:1", clusterAgentImage: "a:1", collector: "0.160.0" },
} satisfies KmAgentStatus;
