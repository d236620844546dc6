import { describe, expect, test } from "@jest/globals";
import { KmError } from "../api/errors.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import type { KubeObject } from "../kube/resource.ts";
import type { Outcome } from "./execute.ts";
import { NO_MEMORY } from "./memory.ts";
import type { KmAgentMemory } from "./memory.ts";
import { freshMemory } from "./object-decision.ts";
import type { Plan } from "./plan.ts";
import { NOTHING_SENT } from "./remote-facts.ts";
import { remember } from "./remember.ts";

const NOW = 5_000;
const PLAN: Plan = {
  writes: [],
  events: [],
  statusEvents: [],
  fleet: null,
  rendered: null,
  podUids: new Set(),
  lastValid: null,
  remote: null,
  remoteOutcome: NOTHING_SENT,
  status: {},
  nextAt: null,
};

const object = (kind: string, name: string): KubeObject => ({ apiVersion: "v1", kind, metadata: { name } });
const DAEMON_SET = object("DaemonSet", "agent");
const fleet = (kind: string) =>
  ({
    nodes: [{ kind, podUid: "", reason: kind === "healthy" ? "Healthy" : "PodMissing" }],
    byNode: new Map(),
  }) as unknown as FleetHealth;

function applied(because: "created" | "drift", of = DAEMON_SET): Outcome {
  return { kind: "applied", object: of, wish: "w", answer: of, because, drifted: [], warnings: [] };
}

describe("of an object", () => {
  const id = "DaemonSet agent";
  test.each<{ name: string; outcome: Outcome; expected: object }>([
    { name: "the answer is kept", outcome: applied("created"), expected: { wish: "w", answer: DAEMON_SET } },
    {
      name: "whose it is, where the name is taken",
      outcome: { kind: "foreign", object: DAEMON_SET, wish: "w", owner: "Helm" },
      expected: { answer: null, foreign: { owner: "Helm", at: NOW } },
    },
    {
      name: "why it was refused, and where",
      outcome: {
        kind: "refused",
        object: DAEMON_SET,
        wish: "w",
        error: new KmError("Invalid", "no", { causes: [{ field: "spec.x", message: "bad" }] }),
      },
      expected: { refused: { message: "no", path: "spec.x", forbidden: false, at: NOW } },
    },
    {
      name: "that it was a lack of rights",
      outcome: { kind: "refused", object: DAEMON_SET, wish: "w", error: new KmError("Forbidden", "no") },
      expected: { refused: { message: "no", path: "", forbidden: true, at: NOW } },
    },
  ])("$name", ({ outcome, expected }) => {
    expect(remember(NO_MEMORY, PLAN, [outcome], NOW).objects.get(id)).toMatchObject(expected);
  });

  test("nothing is kept once it is deleted", () => {
    const memory = remember(NO_MEMORY, PLAN, [applied("created")], NOW);
    expect(remember(memory, PLAN, [{ kind: "deleted", object: DAEMON_SET }], NOW).objects.size).toBe(0);
  });

  test("nothing is kept once it is wanted no longer, or memory would grow with every revision", () => {
    const old = object("ConfigMap", "agent-1");
    const memory = { ...NO_MEMORY, objects: new Map([["ConfigMap agent-1", freshMemory("w")]]) };
    const wanted = object("ConfigMap", "agent-2");
    const next = remember(memory, { ...PLAN, lastValid: [wanted] }, [applied("created", wanted)], NOW);
    expect([...next.objects.keys()]).toEqual(["ConfigMap agent-2"]);
    expect([...remember(memory, { ...PLAN, lastValid: [old] }, [], NOW).objects.keys()]).toHaveLength(1);
  });

  test("all is kept while nothing can be rendered", () => {
    const memory = { ...NO_MEMORY, objects: new Map([["ConfigMap agent-1", freshMemory("w")]]) };
    expect(remember(memory, PLAN, [], NOW).objects.size).toBe(1);
  });
});

describe("what was said of a pod", () => {
  const refusal: KmAgentMemory["refusal"] = { verdict: { kind: "QuotaExceeded", message: "full" }, at: 1 };
  test.each<{ name: string; plan: Partial<Plan>; outcomes: Outcome[]; expected: KmAgentMemory["refusal"] }>([
    { name: "is kept while nodes go without", plan: { fleet: fleet("uncovered") }, outcomes: [], expected: refusal },
    { name: "is kept while nothing is known", plan: {}, outcomes: [], expected: refusal },
    { name: "is forgotten once none does", plan: { fleet: fleet("healthy") }, outcomes: [], expected: null },
    { name: "is forgotten with another template", plan: {}, outcomes: [applied("created")], expected: null },
    { name: "outlives a repaired drift", plan: {}, outcomes: [applied("drift")], expected: refusal },
    {
      name: "is replaced by what is said now",
      plan: {},
      outcomes: [{ kind: "podTried", verdict: null }],
      expected: { verdict: null, at: NOW },
    },
  ])("$name", ({ plan, outcomes, expected }) => {
    expect(remember({ ...NO_MEMORY, refusal }, { ...PLAN, ...plan }, outcomes, NOW).refusal).toEqual(expected);
  });
});

describe("of a pass", () => {
  test("the version of its status is kept", () => {
    const { status } = remember(NO_MEMORY, PLAN, [{ kind: "statusWritten", resourceVersion: "9", landed: {} }], NOW);
    expect(status).toMatchObject({ at: NOW, resourceVersion: "9" });
  });

  test("the failure is kept until a pass has none", () => {
    const error = new KmError("Timeout", "too late");
    const outcome: Outcome = { kind: "failed", what: "status", error };
    const failed = remember(NO_MEMORY, PLAN, [outcome], NOW);
    expect(failed.failure).toBe("status: too late");
    expect(remember(failed, PLAN, [], NOW).failure).toBe("");
  });
});
