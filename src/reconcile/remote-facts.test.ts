import { describe, expect, test } from "@jest/globals";
import { healthOf, healthyNodes } from "../../test/fleet/facts.ts";
import { asks, GOOD, heard, LONG_INSTALLING } from "../../test/fleet/remote.ts";
import { kmagentRecord, snapshotOf } from "../../test/fleet/snapshot.ts";
import type { KmAgentSpecInput } from "../api/kmagent.ts";
import type { RolloutState, RolloutStatus } from "../rollout/state.ts";
import { judgeConfiguration } from "./configuration.ts";
import { remoteFacts } from "./remote-facts.ts";
import { remoteStep } from "./remote-step.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");

/** What is said of a configuration that has just come, to five nodes whose rollout is at `rollout`. */
function said(
  spec: Partial<KmAgentSpecInput>,
  rollout: (wanted: string) => RolloutState | null,
  written: (wanted: string) => RolloutStatus | undefined = () => undefined,
) {
  const snapshot = snapshotOf(
    kmagentRecord({ clusterAgent: { enabled: false }, ...spec }, { status: LONG_INSTALLING }),
    {
      answers: heard(asks(GOOD)),
    },
  );
  const step = remoteStep(snapshot, NOW);
  const { judged } = judgeConfiguration(snapshot, step?.wish ?? null);
  if (judged.kind !== "valid") throw new Error("the spec is refused");
  const { revision } = judged.desired.nodeAgent;
  return remoteFacts({
    kmagent: snapshot.kmagent,
    live: new Map(),
    judged,
    step,
    rollout: rollout(revision),
    written: written(revision),
    fleet: healthOf(healthyNodes(5)),
    clusterAgent: null,
  });
}

const NUMBERS = { stable: "before", failed: 0, outdated: 0 };
const progressing = (target: string, updated: number): RolloutState => ({
  ...NUMBERS,
  phase: "Progressing",
  target,
  updated,
  waitingFor: { gate: "NewerTarget", message: "" },
});

describe("how far the platform's configuration is", () => {
  const table: readonly [
    name: string,
    spec: Partial<KmAgentSpecInput>,
    rollout: (wanted: string) => RolloutState | null,
    kind: string,
    words: RegExp,
  ][] = [
    [
      "counts the nodes that run it",
      {},
      (wanted) => progressing(wanted, 3),
      "applying",
      /is being applied on 3 of 5 nodes\.$/,
    ],
    [
      "doesn't count those that run what is rolled out before it",
      {},
      () => progressing("earlier", 4),
      "applying",
      /is being applied on 0 of 5 nodes\.$/,
    ],
    [
      "is nowhere while the KmAgent is paused at what was there before, and that is said to hold it",
      { paused: true },
      () => ({ ...NUMBERS, phase: "Complete", target: "earlier", updated: 5 }),
      "applying",
      /is accepted, and spec\.paused holds it; it is on 0 of 5 nodes\.$/,
    ],
    [
      "is where a pause has stopped it",
      { paused: true },
      (wanted) => progressing(wanted, 2),
      "applying",
      /spec\.paused holds it; it is on 2 of 5 nodes\.$/,
    ],
    [
      "is everywhere, paused or not, once it was rolled out",
      { paused: true },
      (wanted) => ({ ...NUMBERS, phase: "Complete", target: wanted, updated: 5 }),
      "applied",
      /is in force on 5 of 5 nodes\.$/,
    ],
    ["isn't counted while nobody knows the rollout", {}, () => null, "applying", /is being applied\.$/],
    ["is held by a pause then, too", { paused: true }, () => null, "applying", /spec\.paused holds it\.$/],
  ];
  test.each(table)("%s", (_name, spec, rollout, kind, words) => {
    const facts = said(spec, rollout);
    expect(facts.kind).toBe(kind);
    expect(facts.message).toMatch(words);
  });

  test.each([
    { name: "has failed where nobody takes it back", phase: "Stalled", at: "target", kind: "failed" },
    { name: "was rolled back, whatever stands still after it", phase: "Stalled", at: "another", kind: "rolledBack" },
    { name: "was rolled back", phase: "RolledBack", at: "target", kind: "rolledBack" },
  ] as const)("$name", ({ phase, at, kind }) => {
    const rejected = (wanted: string): RolloutStatus => ({
      phase,
      target: at === "target" ? wanted : at,
      rejected: [
        { revision: wanted, reason: "CollectorExited", message: "n1: exit code 1", since: "2026-01-01T00:00:00Z" },
      ],
    });
    const facts = said({}, () => null, rejected);
    expect(facts.kind).toBe(kind);
    expect(facts.message).toContain("CollectorExited: n1: exit code 1");
  });
});
