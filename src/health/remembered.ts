import type { KmAgentStatus, NodeFinding } from "../api/kmagent.ts";
import { NODE_REASONS } from "../api/reasons.ts";
import type { NodeReason } from "../api/reasons.ts";
import { parseTimestamp } from "../api/time.ts";
import type { NodeKind, SettledKind } from "./node-kind.ts";

/** Who says how a node is: our own probe, kubelet, nobody, or the status that an earlier operator wrote. */
export type HealthSource = "probe" | "kubelet" | "none" | "status";

/** What of a node's last health the next judgement looks at. A `NodeHealth` is one. */
export interface RememberedHealth {
  readonly kind: NodeKind;
  readonly reason: NodeReason;
  /** Milliseconds since the epoch. */
  readonly since: number;
  readonly podUid: string;
  readonly settled: SettledKind | null;
  readonly source: HealthSource;
  readonly message: string;
}

/** Whether a status lists every faulty node that it counts. NotReady nodes stand among the unhealthy ones. */
export function listsAll({ nodes = {}, unhealthyNodes = [], uncoveredNodes = [] }: KmAgentStatus): boolean {
  const { unhealthy = 0, notReady = 0, uncovered = 0 } = nodes;
  return unhealthy + notReady <= unhealthyNodes.length && uncovered <= uncoveredNodes.length;
}

/**
 * What a status that an earlier operator wrote still tells of single nodes: for those it lists, since when and why. With it a
 * new leader begins without writing a new `since` and without telling of faults that were told of.
 */
export function rememberedHealth(status: KmAgentStatus): ReadonlyMap<string, RememberedHealth> {
  const remembered = new Map<string, RememberedHealth>();
  for (const finding of status.unhealthyNodes ?? []) {
    remember(remembered, finding, finding.reason === ("NodeNotReady" satisfies NodeReason) ? "notReady" : "unhealthy");
  }
  for (const finding of status.uncoveredNodes ?? []) remember(remembered, finding, "uncovered");
  return remembered;
}

function remember(into: Map<string, RememberedHealth>, finding: NodeFinding, kind: SettledKind): void {
  const since = parseTimestamp(finding.since);
  if (!isNodeReason(finding.reason) || since === null) return;
  into.set(finding.node, {
    kind,
    reason: finding.reason,
    since,
    podUid: "",
    settled: kind,
    source: "status",
    message: finding.message,
  });
}

function isNodeReason(reason: string): reason is NodeReason {
  return Object.hasOwn(NODE_REASONS, reason);
}
