import { BOUND } from "../api/bounds.ts";
import type { EventReason } from "../api/reasons.ts";
import { nodeSelection } from "./coverage.ts";
import { fleetExports } from "./fleet-exports.ts";
import type { FleetExports } from "./fleet-exports.ts";
import { nodeHealth } from "./node-health.ts";
import type { NodeHealth } from "./node-health.ts";
import type { NodeKind, SettledKind } from "./node-kind.ts";
import type { FleetObservation, NodeObservation } from "./observation.ts";
import { probesBlocked } from "./probes-blocked.ts";
import type { RememberedHealth } from "./remembered.ts";
import type { HealthSettings } from "./settings.ts";
import type { HealthContext } from "./subject.ts";

/** How many nodes are of each kind. The kinds but `excluded` and `leaving` add up to `desired`, all eight to the number of nodes. */
interface FleetCounts extends Readonly<Record<NodeKind, number>> {
  /** Nodes that should have an agent. */
  readonly desired: number;
  /** Of those, nodes whose pod carries the target revision. */
  readonly updated: number;
  /** Of those, nodes whose pod carries another one. NotReady nodes are left out: nothing can be moved there. */
  readonly outdated: number;
}

/** A change worth an event. */
interface NodeTransition {
  readonly event: Extract<EventReason, "NodeUnhealthy" | "NodeRecovered" | "NodeUncovered" | "NodeCovered">;
  /** The node's own message, with its name before it. */
  readonly message: string;
}

/** The truth about all nodes. */
export interface FleetHealth {
  /** By name. An entry that didn't change is the very object of the pass before. */
  readonly nodes: readonly NodeHealth[];
  /** The same by name; the next pass takes it as `previous`. */
  readonly byNode: ReadonlyMap<string, NodeHealth>;
  readonly counts: FleetCounts;
  readonly exports: FleetExports;
  /** 20 at most: unhealthy ones before NotReady ones, each the oldest first. */
  readonly worstUnhealthy: readonly NodeHealth[];
  /** 20 at most, the oldest first. */
  readonly worstUncovered: readonly NodeHealth[];
  readonly findings: { readonly probesBlocked: boolean };
  /** None for nodes that start or leave. */
  readonly transitions: readonly NodeTransition[];
  /** When time alone would change a verdict; `null` where it wouldn't. */
  readonly nextChangeAt: number | null;
}

/** Judges every node of one snapshot. `previous` is the last pass's `byNode`, or `rememberedHealth` of the status at first. */
export function fleetHealth(
  observation: FleetObservation,
  settings: HealthSettings,
  previous: ReadonlyMap<string, NodeHealth | RememberedHealth>,
  now: number,
  mask: (text: string) => string,
): FleetHealth {
  const selection = nodeSelection(settings);
  const blocked = probesBlocked(observation.nodes, settings.failureThreshold);
  const context: HealthContext = {
    now,
    settings,
    selection,
    refusal: observation.refusal,
    withheld: observation.withheld,
    taken: observation.taken,
    probesBlocked: blocked,
    mask,
  };
  const nodes: NodeHealth[] = [];
  const transitions: NodeTransition[] = [];
  for (const node of inOrder(observation.nodes)) {
    const before = previous.get(node.name);
    const missed = missedFailure(node, before, context);
    const judged = nodeHealth(node, missed ?? before, context);
    const told = [
      missed && transitionOf(before?.settled ?? null, missed, isNews(missed, before)),
      transitionOf((missed ?? before)?.settled ?? null, judged),
    ];
    if (before !== undefined || observation.remembersAll) {
      transitions.push(...told.filter((transition) => transition !== null));
    }
    nodes.push(before !== undefined && isSame(before, judged) ? before : judged);
  }
  return {
    nodes,
    byNode: new Map(nodes.map((node) => [node.node, node])),
    counts: countsOf(nodes, observation.targetRevision),
    exports: fleetExports(nodes, observation.nodes),
    worstUnhealthy: [...worst(nodes, "unhealthy"), ...worst(nodes, "notReady")].slice(0, BOUND.listedNodes),
    worstUncovered: worst(nodes, "uncovered"),
    findings: { probesBlocked: blocked },
    transitions,
    nextChangeAt: nodes.reduce<number | null>((soonest, { reviewAt }) => earlier(soonest, reviewAt), null),
  };
}

/**
 * What a pass would have said of the node when a pod failed there as a whole, where none has: the pod's successor may run by
 * now. It is made up for before the present is judged, so that failure and recovery are both told. `null` where nothing is.
 */
function missedFailure(
  { failedPod, ...node }: NodeObservation,
  before: NodeHealth | RememberedHealth | undefined,
  context: HealthContext,
): NodeHealth | null {
  if (failedPod === null || failedPod.told) return null;
  // The failure came before the deletion that followed from it.
  const pod = { ...failedPod.pod, deleting: false };
  return nodeHealth({ ...node, pod, isMakingWay: false, failedPod: null, probe: null, exports: null }, before, context);
}

/** A failed pod is told of also where its node was faulty for another reason: its container may have ended a moment before it. */
function isNews({ kind, reason }: NodeHealth, before: NodeHealth | RememberedHealth | undefined): boolean {
  return (kind === "unhealthy" || kind === "uncovered") && reason !== before?.reason;
}

function inOrder<T extends { readonly name: string }>(nodes: readonly T[]): readonly T[] {
  return nodes.toSorted((left, right) => byText(left.name, right.name));
}

function byText(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

function worst(nodes: readonly NodeHealth[], kind: NodeKind): readonly NodeHealth[] {
  return nodes
    .filter((node) => node.kind === kind)
    .sort((left, right) => left.since - right.since || byText(left.node, right.node))
    .slice(0, BOUND.listedNodes);
}

function earlier(left: number | null, right: number | null): number | null {
  if (left === null || right === null) return left ?? right;
  return Math.min(left, right);
}

function countsOf(nodes: readonly NodeHealth[], target: string): FleetCounts {
  const kinds = {
    healthy: 0,
    unhealthy: 0,
    updating: 0,
    starting: 0,
    leaving: 0,
    notReady: 0,
    uncovered: 0,
    excluded: 0,
  };
  let updated = 0;
  let outdated = 0;
  for (const { kind, podUid, revision } of nodes) {
    kinds[kind] += 1;
    if (kind === "excluded" || kind === "leaving" || podUid === "") continue;
    if (revision === target) updated += 1;
    else if (kind !== "notReady") outdated += 1;
  }
  return { ...kinds, desired: nodes.length - kinds.excluded - kinds.leaving, updated, outdated };
}

/** An event for a change of the settled kind: a fault and its end, but not that a node is healthy from the start. */
function transitionOf(
  from: SettledKind | null,
  { node, settled: to, message }: NodeHealth,
  isNews = false,
): NodeTransition | null {
  if (to === null || (to === from && !isNews) || (from === null && to === "healthy")) return null;
  return { event: eventOf(from, to), message: `${node}: ${message}` };
}

function eventOf(from: SettledKind | null, to: SettledKind): NodeTransition["event"] {
  switch (to) {
    case "healthy":
      return from === "uncovered" ? "NodeCovered" : "NodeRecovered";
    case "uncovered":
      return "NodeUncovered";
    case "unhealthy":
    case "notReady":
      return "NodeUnhealthy";
    default:
      return to satisfies never;
  }
}

/** Whether nothing about a node changed, so that the object of the last pass can stay and comparing by identity is enough. */
function isSame(before: NodeHealth | RememberedHealth, now: NodeHealth): before is NodeHealth {
  if (!("node" in before)) return false;
  return (
    before.kind === now.kind &&
    before.reason === now.reason &&
    before.since === now.since &&
    before.agent === now.agent &&
    before.collector === now.collector &&
    before.message === now.message &&
    before.lastError === now.lastError &&
    before.source === now.source &&
    before.export === now.export &&
    before.exportSince === now.exportSince &&
    before.failingExporters.join() === now.failingExporters.join() &&
    before.latencyMs === now.latencyMs &&
    before.upSince === now.upSince &&
    before.restarts === now.restarts &&
    before.lastExitAt === now.lastExitAt &&
    before.revision === now.revision &&
    before.podUid === now.podUid &&
    before.podName === now.podName &&
    before.image === now.image &&
    before.os === now.os &&
    before.architecture === now.architecture &&
    before.settled === now.settled &&
    before.reviewAt === now.reviewAt
  );
}
