import type { NodeFinding } from "../api/kmagent.ts";
import { timestamp } from "../api/time.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import type { NodeHealth } from "../health/node-health.ts";

/** Nodes that a condition's message names. */
const NAMED = 3;

/** A node's health as the status lists it. */
export function nodeFinding({ node, since, reason, message }: NodeHealth): NodeFinding {
  return { node, since: timestamp(since), reason, message };
}

/** Names the first of the nodes with their reasons: `node-1 (OOMKilled), node-2 (Unresponsive) and 5 more`. */
export function namedNodes(worst: readonly NodeHealth[], total: number): string {
  const named = worst.slice(0, NAMED).map(({ node, reason }) => `${node} (${reason})`);
  const more = total - named.length;
  return more > 0 ? `${named.join(", ")} and ${more} more` : named.join(", ");
}

/** What the nodes do that have no healthy agent and none that fails, as a further sentence; empty where there are none: ` The others: 2 updating.` */
export function otherNodes({ counts }: FleetHealth): string {
  const parts = (["updating", "starting", "notReady", "uncovered"] as const)
    .filter((kind) => counts[kind] > 0)
    .map((kind) => `${counts[kind]} ${kind === "notReady" ? "NotReady" : kind}`);
  return parts.length === 0 ? "" : ` The others: ${parts.join(", ")}.`;
}
