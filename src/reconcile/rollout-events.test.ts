import { describe, expect, test } from "@jest/globals";
import type { RolloutStatus } from "../rollout/state.ts";
import { rolloutEvents } from "./rollout-events.ts";

const since = "2026-11-24T12:00:00Z";
const at = (phase: RolloutStatus["phase"], more: RolloutStatus = {}): RolloutStatus => ({
  phase,
  target: "t",
  stable: "s",
  template: "s",
  ...more,
});
const rejected = [{ revision: "t", reason: "CollectorExited", message: "n1: exit 1", since }];

describe("events of a rollout", () => {
  test.each<{ name: string; before?: RolloutStatus; after: RolloutStatus; reason: string | null; message?: string }>([
    {
      name: "its start, with the canaries",
      before: at("Complete", { target: "s" }),
      after: at("Canary", { canaries: ["n1"] }),
      reason: "RolloutStarted",
      message: "n1",
    },
    {
      name: "its waves",
      before: at("Canary"),
      after: at("Progressing", { template: "t" }),
      reason: "RolloutProgressing",
    },
    { name: "its end", before: at("Progressing"), after: at("Complete", { stable: "t" }), reason: "RolloutCompleted" },
    {
      name: "a way back, with why",
      before: at("Canary"),
      after: at("RollingBack", { rejected }),
      reason: "RollbackStarted",
      message: "CollectorExited: n1: exit 1",
    },
    {
      name: "the end of a way back",
      before: at("RollingBack", { rejected }),
      after: at("RolledBack", { rejected }),
      reason: "RolledBack",
      message: "exit 1",
    },
    {
      name: "that it stalled",
      before: at("Canary"),
      after: at("Stalled", { rejected }),
      reason: "RolloutStalled",
      message: "exit 1",
    },
    {
      name: "that it asks",
      before: at("Canary"),
      after: at("Canary", { waitingFor: { gate: "Approval", message: "set it" } }),
      reason: "RolloutWaits",
      message: "set it",
    },
    {
      name: "nothing while nothing turns",
      before: at("Progressing"),
      after: at("Progressing", { updated: 3 }),
      reason: null,
    },
    { name: "nothing of a first look", after: at("Complete"), reason: null },
    {
      name: "nothing of Kubernetes' own",
      before: { phase: "Progressing", target: "t" },
      after: { phase: "Complete", target: "t" },
      reason: null,
    },
  ])("tell of $name", ({ before, after, reason, message = "" }) => {
    const [event] = rolloutEvents(before, after);
    expect(event?.reason ?? null).toBe(reason);
    expect(event?.message ?? "").toContain(message);
  });
});
