import { KmAgentSpec } from "../../src/api/kmagent.ts";
import type { KmAgentSpecInput } from "../../src/api/kmagent.ts";
import { fleetHealth } from "../../src/health/fleet-health.ts";
import type { FleetHealth } from "../../src/health/fleet-health.ts";
import type { NodeObservation } from "../../src/health/observation.ts";
import type { RolloutState } from "../../src/rollout/state.ts";
import type { StatusFacts } from "../../src/status/facts.ts";
import { fleet, nodeOfFleet, NOW, SETTINGS, TARGET, unmasked } from "./observations.ts";

/** A spec with the smallest content and the given rest. */
export function spec(of: Partial<KmAgentSpecInput> = {}): KmAgentSpec {
  return KmAgentSpec.parse({
    clusterName: "prod-eu",
    apiKeySecretRef: { name: "km-agent-credentials", key: "apiKey" },
    ...of,
  });
}

/** The health of these nodes at the tests' moment. */
export function healthOf(nodes: readonly NodeObservation[]): FleetHealth {
  return fleetHealth(fleet(nodes), SETTINGS, new Map(), NOW, unmasked);
}

/** A fleet of so many healthy nodes. */
export function healthyNodes(count: number): NodeObservation[] {
  return Array.from({ length: count }, (_, index) => nodeOfFleet(index + 1));
}

/** A rollout that is done, on three nodes. */
export const COMPLETE: RolloutState = {
  phase: "Complete",
  target: TARGET,
  stable: TARGET,
  updated: 3,
  failed: 0,
  outdated: 0,
};

/** Three healthy nodes, everything in order. */
export function facts(of: Partial<StatusFacts> = {}): StatusFacts {
  return {
    generation: 1,
    spec: spec(),
    fleet: healthOf(healthyNodes(3)),
    configuration: { kind: "valid", insecureEndpoints: [] },
    inForce: { source: "Default", revision: TARGET },
    rollout: COMPLETE,
    clusterAgent: { kind: "present", ready: true, revision: "rev1", reason: "", message: "", record: null },
    platform: { kind: "connected", message: "" },
    stalled: null,
    failure: null,
    overridden: [],
    wouldChange: [],
    remote: { kind: "none", message: "", last: null, told: [] },
    telemetry: null,
    telemetryBefore: null,
    versions: { nodeAgentImage: "registry.example.com/km-kube-agent:1.2.0" },
    platformURL: "https://api.kloudmate.com/agents/config-check",
    operatorVersion: "0.1.0",
    ...of,
  };
}
