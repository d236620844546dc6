import type { KmAgent, KmAgentStatus } from "../api/kmagent.ts";
import type { ExportState } from "../health/export-health.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import type { Metrics } from "../telemetry/metrics.ts";

/** States that `kmagent_nodes` counts; the words of `NodeHealth.kind`. */
const STATES = [
  "healthy",
  "unhealthy",
  "updating",
  "starting",
  "leaving",
  "notReady",
  "uncovered",
  "excluded",
] as const;

const EXPORT_STATES = ["Flowing", "Failing", "Idle", "Unknown"] as const satisfies readonly ExportState[];

/** On how many nodes each exporter fails. */
function failingExporters({ nodes }: FleetHealth): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const exporter of nodes.flatMap((node) => node.failingExporters)) {
    counts.set(exporter, (counts.get(exporter) ?? 0) + 1);
  }
  return counts;
}

/** Sets the metrics of one KmAgent: counts, the nodes that aren't well (or all), conditions, the rollout's phase. */
export function exposeFleet(
  metrics: Metrics,
  kmagent: Pick<KmAgent, "namespace" | "name">,
  fleet: FleetHealth,
  status: KmAgentStatus,
  allNodes: boolean,
): void {
  const scope = { namespace: kmagent.namespace, name: kmagent.name };
  for (const state of STATES) metrics.set("kmagent_nodes", { ...scope, state }, fleet.counts[state]);
  const shown = fleet.nodes.filter(
    ({ kind }) => allNodes || kind === "unhealthy" || kind === "uncovered" || kind === "notReady",
  );
  metrics.replace(
    "kmagent_node_status",
    scope,
    shown.map(({ node, kind, reason }) => ({ labels: { ...scope, node, state: kind, reason }, value: 1 })),
  );
  for (const state of EXPORT_STATES) metrics.set("kmagent_node_exports", { ...scope, state }, fleet.exports[state]);
  metrics.replace(
    "kmagent_failing_exporter",
    scope,
    [...failingExporters(fleet)].map(([exporter, nodes]) => ({ labels: { ...scope, exporter }, value: nodes })),
  );
  metrics.replace(
    "kmagent_condition",
    scope,
    (status.conditions ?? []).map((condition) => ({
      labels: { ...scope, type: condition.type, status: condition.status, reason: condition.reason },
      value: 1,
    })),
  );
  const phase = status.rollout?.phase;
  metrics.replace(
    "kmagent_rollout_phase",
    scope,
    phase === undefined ? [] : [{ labels: { ...scope, phase }, value: 1 }],
  );
}

/** Takes all series of a KmAgent that is gone away. `key` is `namespace/name`. */
export function forgetFleet(metrics: Metrics, key: string): void {
  const [namespace = "", name = ""] = key.split("/");
  for (const metric of [
    "kmagent_nodes",
    "kmagent_node_status",
    "kmagent_node_exports",
    "kmagent_failing_exporter",
    "kmagent_condition",
    "kmagent_rollout_phase",
  ] as const) {
    metrics.replace(metric, { namespace, name }, []);
  }
}
