import { describe, expect, test } from "@jest/globals";
import type { KmAgentStatus } from "../api/kmagent.ts";
import { replicaEvents } from "./replica-events.ts";

type ClusterAgent = NonNullable<KmAgentStatus["clusterAgent"]>;

const since = "2026-11-28T12:00:00Z";
const at = (phase: ClusterAgent["phase"], more: ClusterAgent = {}): ClusterAgent => ({
  phase,
  target: "t",
  stable: "s",
  ...more,
});
const rejected = [{ revision: "t", reason: "CollectorExited", message: "exit 1", since }];

describe("events of the cluster agent's rollout", () => {
  test.each<{ name: string; before?: ClusterAgent; after: ClusterAgent; reason: string | null; message?: string }>([
    { name: "its start", before: at("Complete", { target: "s" }), after: at("Trying"), reason: "RolloutStarted" },
    { name: "a newer target", before: at("Trying", { target: "u" }), after: at("Trying"), reason: "RolloutStarted" },
    { name: "its end", before: at("Trying"), after: at("Complete", { stable: "t" }), reason: "RolloutCompleted" },
    {
      name: "the end of a first installation",
      before: at("Install", { stable: "" }),
      after: at("Complete", { stable: "t" }),
      reason: "RolloutCompleted",
    },
    {
      name: "a failure that is taken back, with why and what goes on",
      before: at("Trying"),
      after: at("RolledBack", { rejected }),
      reason: "RolledBack",
      message: "revision t of the cluster agent failed, and s goes on: CollectorExited: exit 1",
    },
    {
      name: "a failure that isn't",
      before: at("Trying"),
      after: at("Stalled", { rejected }),
      reason: "RolloutStalled",
      message: "waits for you: CollectorExited: exit 1",
    },
    { name: "nothing where nothing turned", before: at("Trying"), after: at("Trying", { ready: false }), reason: null },
    {
      name: "nothing where the stable one is wanted again, which never went",
      before: at("RolledBack"),
      after: at("Complete", { target: "s" }),
      reason: null,
    },
    { name: "nothing where it is seen for the first time", after: at("Complete"), reason: null },
    { name: "nothing where Kubernetes rolls out", before: at("Complete"), after: { ready: true }, reason: null },
  ])("tell $name", ({ before, after, reason, message = "" }) => {
    const events = replicaEvents(before, after);
    const told =
      reason === null ? [] : [expect.objectContaining({ reason, message: expect.stringContaining(message) })];
    expect(events).toEqual(told);
  });
});
