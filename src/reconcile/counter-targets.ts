import type { NodeHealth } from "../health/node-health.ts";
import type { NodeObservation } from "../health/observation.ts";
import type { CounterTarget } from "../probe/counter-reader.ts";
import type { AwaitedNodes } from "./awaited-nodes.ts";

/** What decides how often each node's counters are read. Times are milliseconds. */
export interface CounterPace {
  readonly awaited: AwaitedNodes;
  /** `health.interval`. */
  readonly intervalMs: number;
}

/** A node's counters are read once in this time at least. */
const ROTATION_MS = 300_000;
/** A fleet so small that it would be read more often than `health.interval` or this is read at the slower of the two. */
const SHORTEST_MS = 5_000;
/** Small fleets are read more often, at the price of so much time for each node. */
const PER_NODE_MS = 300;
/** Nodes that others are compared with. */
const CONTROLS = 5;
/** How often they are read while some node's exports fail and no rollout goes on. */
const COMPARED_MS = 10_000;

/**
 * The pods whose counters are read, and how often: those that a rollout waits for at the pace of its probes, with five stable
 * ones beside them as controls; the others in a slow rotation. While exports fail somewhere, controls are read as well, for
 * whose fault it is shows by them alone.
 */
export function counterTargets(
  nodes: readonly NodeObservation[],
  fleet: readonly NodeHealth[],
  { awaited, intervalMs }: CounterPace,
): CounterTarget[] {
  const isFailing = fleet.some((node) => node.collector === "Running" && node.export === "Failing");
  const controlMs = awaited.names.size > 0 ? awaited.everyMs : isFailing ? COMPARED_MS : null;
  const controls = controlMs === null ? NONE : controlNodes(fleet, awaited.names);
  const rotationMs = Math.min(ROTATION_MS, Math.max(intervalMs, SHORTEST_MS, nodes.length * PER_NODE_MS));
  return nodes.flatMap(({ name, pod }) => {
    if (pod === null || pod.ip === "" || pod.metricsPort === null || pod.deleting) return [];
    if (pod.container?.state !== "running") return [];
    const paceMs = awaited.names.has(name) ? awaited.everyMs : controls.has(name) ? controlMs : null;
    const everyMs = Math.min(rotationMs, paceMs ?? rotationMs);
    return [{ node: name, podUid: pod.uid, ip: pod.ip, port: pod.metricsPort, everyMs, awaited: paceMs !== null }];
  });
}

/** The first healthy nodes outside the rollout whose exports don't fail; those that are known to flow go first. */
function controlNodes(fleet: readonly NodeHealth[], awaited: ReadonlySet<string>): ReadonlySet<string> {
  const stable = fleet.filter(
    (node) => node.kind === "healthy" && node.export !== "Failing" && !awaited.has(node.node),
  );
  const flowing = stable.filter((node) => node.export === "Flowing");
  const names = new Set([...flowing, ...stable].map(({ node }) => node));
  return new Set([...names].slice(0, CONTROLS));
}

const NONE: ReadonlySet<string> = new Set();
