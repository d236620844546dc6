import { BOUND } from "../api/bounds.ts";
import type { KmAgentStatus, NodeFinding } from "../api/kmagent.ts";
import { cutToBytes, utf8Bytes } from "../health/foreign-text.ts";

/** Bytes that a status takes in etcd at most, as JSON. */
export const STATUS_BYTES = 65_536;

/** Steps down, until the status fits: entries of each list, and bytes of each text in it. */
const STEPS = [
  { entries: BOUND.listedNodes, bytes: 1_024 },
  { entries: BOUND.listedNodes, bytes: 512 },
  { entries: BOUND.listedNodes, bytes: 192 },
  { entries: 10, bytes: 128 },
  { entries: 5, bytes: 64 },
  { entries: 0, bytes: 0 },
] as const;

/**
 * Keeps a status within its bound by shortening what explains, never what counts: first the texts of the node lists, then
 * the lists, each step the same for the same input. The rollout's record isn't touched: the next leader goes on from it.
 */
export function boundStatus(status: KmAgentStatus): KmAgentStatus {
  for (const step of STEPS) {
    const bounded = {
      ...status,
      ...(status.unhealthyNodes && { unhealthyNodes: shortened(status.unhealthyNodes, step) }),
      ...(status.uncoveredNodes && { uncoveredNodes: shortened(status.uncoveredNodes, step) }),
      ...(status.conditions && {
        conditions: status.conditions.map((condition) => ({
          ...condition,
          message: cutToBytes(condition.message, Math.max(step.bytes, 128), "head"),
        })),
      }),
    };
    if (utf8Bytes(JSON.stringify(bounded)) <= STATUS_BYTES || step.entries === 0) return bounded;
  }
  return status;
}

function shortened(findings: NodeFinding[], { entries, bytes }: (typeof STEPS)[number]): NodeFinding[] {
  return findings
    .slice(0, entries)
    .map((finding) => ({ ...finding, message: cutToBytes(finding.message, bytes, "head") }));
}
