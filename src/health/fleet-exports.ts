import type { ExportState } from "./export-health.ts";
import type { NodeHealth } from "./node-health.ts";
import type { NodeObservation } from "./observation.ts";

/** How a fleet's exports are, over the nodes whose collector runs. */
export interface FleetExports extends Readonly<Record<ExportState, number>> {
  /**
   * Nodes whose exports were seen to flow after the first failure began. Where some fail and none of these is left, those that
   * flowed when they were read last prove nothing.
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

/** Sums up the nodes; `observed` tells when the counters of each were read last. */
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
  return {
    ...counts,
    flowingBeside: flowingSince(since, nodes, observed),
    failingNodes: failing.map(({ node }) => node).sort(),
    failingExporters: [...new Set(failing.flatMap(({ failingExporters }) => failingExporters))].sort(),
    failingSince: since,
  };
}

function flowingSince(
  since: number,
  nodes: readonly NodeExports[],
  observed: readonly Pick<NodeObservation, "name" | "exports">[],
): number {
  const seen = new Set(observed.filter(({ exports }) => (exports?.at ?? 0) >= since).map(({ name }) => name));
  return nodes.filter((node) => node.collector === "Running" && node.export === "Flowing" && seen.has(node.node))
    .length;
}
