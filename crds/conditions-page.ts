import { CONDITION_MEANING, CONDITION_TYPES } from "../src/api/conditions.ts";
import type { ConditionType } from "../src/api/conditions.ts";
import { CONDITION_REASONS, EVENT_REASONS, NODE_REASONS } from "../src/api/reasons.ts";
import type { Explanation } from "../src/api/reasons.ts";
import { code, table } from "./markdown.ts";

const ABNORMAL: readonly ConditionType[] = ["Reconciling", "Stalled", "Paused"];

/** docs/reference/conditions.md: every condition and every reason, what it means and what to do. */
export function conditionsPage(): string {
  return `<!-- Generated from src/api by \`make generate\`; change it there. -->

# Conditions and reasons

Everything that the operator says about a KmAgent is one of the words on this page. Messages beside them name the place and the
remedy. \`kubectl describe kmagent\` shows conditions, the worst nodes and events.

## Conditions

The first ${CONDITION_TYPES.length - ABNORMAL.length} are always present, and True is good. ${ABNORMAL.map(code).join(", ")} are present only while they are True.

${table(
  ["Condition", "Present", "True means"],
  CONDITION_TYPES.map((type) => [
    code(type),
    ABNORMAL.includes(type) ? "while True" : "always",
    CONDITION_MEANING[type],
  ]),
)}

## Reasons of conditions

${reasons(CONDITION_REASONS)}

## Reasons of nodes

They stand in \`status.unhealthyNodes\` and \`status.uncoveredNodes\`, in the operator's list of nodes, in metrics and in events.

${reasons(NODE_REASONS)}

## Reasons of events

Events tell of transitions only: nothing is said twice while nothing changes.

${reasons(EVENT_REASONS)}
`;
}

function reasons(of: Readonly<Record<string, Explanation>>): string {
  return table(
    ["Reason", "What it means", "What to do"],
    Object.entries(of).map(([reason, { meaning, action }]) => [code(reason), meaning, action]),
  );
}
