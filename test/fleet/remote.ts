import type { KmAgentStatus } from "../../src/api/kmagent.ts";
import type { HeardAnswer } from "../../src/platform/wire.ts";
import { RemoteInbox } from "../../src/reconcile/remote-inbox.ts";
import type { Snapshot } from "../../src/reconcile/snapshot.ts";

/** A configuration of the platform that the guard takes. */
export const GOOD = {
  receivers: { otlp: { protocols: { grpc: { endpoint: "0.0.0.0:4317" } } } },
  exporters: {
    otlphttp: { endpoint: "${env:KM_COLLECTOR_ENDPOINT}", headers: { Authorization: "${env:KM_API_KEY}" } },
  },
  service: { pipelines: { traces: { receivers: ["otlp"], exporters: ["otlphttp"] } } },
};

/**
 * The status of agents whose installation has lasted longer than `rollout.progressDeadline` at 00:05 of that day, so that what the platform
 * sends counts at once.
 */
export const LONG_INSTALLING: KmAgentStatus = {
  rollout: { phase: "Install", phaseSince: "2026-01-01T00:00:00Z", target: "before" },
  clusterAgent: { phase: "Install", phaseSince: "2026-01-01T00:00:00Z", target: "before" },
};

/** An answer of the platform that wants this of the node agents, and nothing of the cluster agent. */
export const asks = (nodeAgent: Readonly<Record<string, unknown>> | null): HeardAnswer => ({
  restartRequired: true,
  nodeAgent,
  clusterAgent: null,
});

/** Answers as a pass gets them from the check-in. */
export function heard(...answers: readonly HeardAnswer[]): Snapshot["answers"] {
  const inbox = new RemoteInbox();
  for (const answer of answers) inbox.put("u", answer);
  return inbox.of("u");
}
