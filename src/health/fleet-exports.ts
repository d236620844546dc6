import type { ExportState } from "./export-health.ts";
import type { NodeHealth } from "./node-health.ts";
import type { NodeObservation } from "./observation.ts";
import { hasDelivered } from "./witness.ts";

/** How a fleet's exports are, over the nodes whose collector runs. */
export interface FleetExports extends Readonly<Record<ExportState, number>> {
  /**
   * Nodes that delivered, after the first failure began, what others fail to deliver. Where some fail and none of these is left,
   * those that delivered before prove nothing.
   */
  readonly flowingBeside: number;
  /** Nodes whose exports fail, sorted. */
  readonly failingNodes: readonly string[];
  /** Their exporters with their signal, sorted. */
  readonly failingExporters: readonly string[];
  /** Since when the first of them fails, milliseconds since the epoch. */
  readonly failingSince: number | null;
}

/** What of a node's health tells of its exports. */
type NodeExports = Pick<NodeHealth, "node" | "collector" | "export" | "failingExporters" | "exportSince">;

/** Sums up the nodes; `observed` tells when each of them delivered last. */
export function fleetExports(
  nodes: readonly NodeExports[],
  observed: readonly Pick<NodeObservation, "name" | "exports">[],
): FleetExports {
  const counts = { Flowing: 0, Failing: 0, Idle: 0, Unknown: 0 };
  const failing: NodeExports[] = [];
  for (const node of nodes) {
    if (node.collector === "Stopped") continue;
    counts[node.export] += 1;
    if (node.export === "Failing") failing.push(node);
  }
  if (failing.length === 0) {
    return { ...counts, flowingBeside: counts.Flowing, failingNodes: [], failingExporters: [], failingSince: null };
  }
  const since = Math.min(...failing.flatMap(({ exportSince }) => exportSince ?? []));
  const failingExporters = [...new Set(failing.flatMap(({ failingExporters }) => failingExporters))].sort();
  const began = new Map(failingExporters.map((exporter) => [exporter, since]));
  const lines = new Map(observed.map(({ name, exports }) => [name, exports?.exporters ?? []]));
  const flowing = nodes.filter((node) => node.collector === "Running" && node.export === "Flowing");
  return {
    ...counts,
    flowingBeside: flowing.filter(({ node }) => hasDelivered(lines.get(node) ?? [], began)).length,
    failingNodes: failing.map(({ node }) => node).sort(),
    failingExporters,
    failingSince: since,
  };
}
