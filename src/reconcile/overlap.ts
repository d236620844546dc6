import { healthSettings } from "../health/settings.ts";
import { coverage, nodeSelection } from "../health/coverage.ts";
import type { NodeSelection } from "../health/coverage.ts";
import type { NodeObservation } from "../health/observation.ts";
import type { KmAgentRecord } from "./project.ts";

/** Another KmAgent of the namespace that was there first and selects a node that this one selects too. */
export interface Overlap {
  readonly other: string;
  readonly nodes: readonly string[];
}

/**
 * Two agents on one node would double its telemetry and fight for its ports, so the younger KmAgent waits. Age is the
 * creation time, then the UID, so that of two exactly one waits.
 */
export function overlap(
  kmagent: KmAgentRecord,
  siblings: readonly KmAgentRecord[],
  nodes: readonly NodeObservation[],
): Overlap | null {
  if (!kmagent.spec) return null;
  const mine = nodeSelection(healthSettings(kmagent.spec));
  for (const sibling of siblings) {
    if (!sibling.spec || sibling.deleting || !isOlder(sibling, kmagent)) continue;
    const theirs = nodeSelection(healthSettings(sibling.spec));
    const shared = nodes.filter((node) => isSelected(node, mine) && isSelected(node, theirs));
    if (shared.length > 0) return { other: sibling.name, nodes: shared.map((node) => node.name) };
  }
  return null;
}

function isSelected(node: NodeObservation, selection: NodeSelection): boolean {
  return coverage(node, selection).kind !== "excluded";
}

function isOlder(one: KmAgentRecord, other: KmAgentRecord): boolean {
  if (one.creationTimestamp !== other.creationTimestamp) return one.creationTimestamp < other.creationTimestamp;
  return one.uid < other.uid;
}
