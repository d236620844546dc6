import type { StatusFacts } from "./facts.ts";
import { namedNodes } from "./node-findings.ts";
import { fails, holds, unknown } from "./verdict.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** `NodesCovered`: False from the first node on that should have an agent and has none. */
export function nodesCovered({ fleet }: StatusFacts): ConditionVerdict {
  if (fleet === null) return unknown("NodesCovered", "Pending", "The nodes haven't been looked at yet.");
  const { counts, worstUncovered } = fleet;
  if (counts.desired === 0) return holds("NodesCovered", "NoNodes", "No node is selected.");
  if (counts.uncovered === 0) {
    const made = counts.updating === 0 ? "" : `; agents being made or replaced: ${counts.updating}`;
    return holds(
      "NodesCovered",
      "AllCovered",
      `No selected node of ${counts.desired} is left without an agent${made}.`,
    );
  }
  const worst = worstUncovered[0];
  const named = namedNodes(worstUncovered, counts.uncovered);
  return fails(
    "NodesCovered",
    "UncoveredNodes",
    `${counts.uncovered} of ${counts.desired} nodes have no agent: ${named}. ${worst?.message ?? ""}`.trim(),
  );
}
