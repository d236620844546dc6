import { expect, test } from "@jest/globals";
import type { Condition } from "../api/kmagent.ts";
import { conditionEvents } from "./condition-events.ts";

function condition(type: Condition["type"], status: Condition["status"], reason = "R"): Condition {
  return { type, status, reason, message: "m", observedGeneration: 1, lastTransitionTime: "2026-01-01T00:00:00Z" };
}

test.each<{ name: string; before: Condition[]; after: Condition[]; expected: string[] }>([
  {
    name: "the first Ready is told",
    before: [],
    after: [condition("Ready", "True")],
    expected: ["Normal Ready is True (R): m"],
  },
  { name: "what is good from the start isn't", before: [], after: [condition("ConfigValid", "True")], expected: [] },
  {
    name: "what was on its way and has arrived is",
    before: [condition("RemoteConfigApplied", "Unknown", "Applying")],
    after: [condition("RemoteConfigApplied", "True")],
    expected: ["Normal RemoteConfigApplied is True (R): m"],
  },
  {
    name: "what is bad from the start is",
    before: [],
    after: [condition("ConfigValid", "False")],
    expected: ["Warning ConfigValid is False (R): m"],
  },
  {
    name: "a cluster agent that isn't there yet is no news",
    before: [],
    after: [condition("ClusterAgentAvailable", "False")],
    expected: [],
  },
  {
    name: "what stays as it is isn't told again",
    before: [condition("Ready", "False")],
    after: [condition("Ready", "False")],
    expected: [],
  },
  {
    name: "another reason for the same fault is told",
    before: [condition("Ready", "False", "A")],
    after: [condition("Ready", "False", "B")],
    expected: ["Warning Ready is False (B): m"],
  },
  {
    name: "another reason for being well isn't",
    before: [condition("Ready", "True", "A")],
    after: [condition("Ready", "True", "B")],
    expected: [],
  },
  {
    name: "Unknown is no news",
    before: [condition("Ready", "True")],
    after: [condition("Ready", "Unknown")],
    expected: [],
  },
  {
    name: "Stalled is a warning while it is true",
    before: [],
    after: [condition("Stalled", "True")],
    expected: ["Warning Stalled is True (R): m"],
  },
  {
    name: "and its end is told",
    before: [condition("Stalled", "True")],
    after: [],
    expected: ["Normal Stalled is over (R)"],
  },
  {
    name: "nodes have events of their own",
    before: [condition("AgentsAvailable", "True")],
    after: [condition("AgentsAvailable", "False")],
    expected: [],
  },
])("$name", ({ before, after, expected }) => {
  expect(conditionEvents(before, after).map(({ type, message }) => `${type} ${message}`)).toEqual(expected);
});
