import { describe, expect, test } from "@jest/globals";
import { KmError } from "../api/errors.ts";
import type { KubeObject } from "../kube/resource.ts";
import type { EventNote } from "./condition-events.ts";
import type { Outcome } from "./execute.ts";
import { passEvents } from "./outcome-events.ts";

const NODE: EventNote = { type: "Warning", reason: "NodeUnhealthy", message: "n1: down" };
const CONDITION: EventNote = { type: "Normal", reason: "ConditionChanged", message: "Ready is True" };
const PLAN = { events: [NODE], statusEvents: [CONDITION] };
const OBJECT: KubeObject = { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "agent" } };

function applied(because: "drift" | "updated"): Outcome {
  const drifted = [{ path: "spec.x", wanted: "1", found: "2" }];
  return { kind: "applied", object: OBJECT, wish: "w", answer: OBJECT, because, drifted, warnings: [] };
}

describe("the events of a pass", () => {
  const unavailable = new KmError("Unavailable", "away");
  test.each<{ name: string; outcomes: Outcome[]; expected: string[] }>([
    { name: "tell of nodes where nothing was written", outcomes: [], expected: ["n1: down"] },
    {
      name: "tell of conditions once the status is written",
      outcomes: [{ kind: "statusWritten", resourceVersion: "2", landed: {} }],
      expected: ["n1: down", "Ready is True"],
    },
    {
      name: "don't tell of conditions where the status couldn't be written, or each try would tell them again",
      outcomes: [{ kind: "failed", what: "status", error: unavailable }],
      expected: ["n1: down"],
    },
    {
      name: "tell of drift that was repaired",
      outcomes: [applied("drift")],
      expected: ["n1: down", "DaemonSet agent: spec.x was 2, is 1 again"],
    },
    { name: "don't call an update drift", outcomes: [applied("updated")], expected: ["n1: down"] },
  ])("$name", ({ outcomes, expected }) => {
    expect(passEvents(PLAN, outcomes).map(({ message }) => message)).toEqual(expected);
  });
});
