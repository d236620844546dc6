import { describe, expect, it } from "@jest/globals";
import { healthOf, healthyNodes } from "../../test/fleet/facts.ts";
import { nodeOfFleet, pod, probe, TARGET } from "../../test/fleet/observations.ts";
import type { NodeObservation } from "../health/observation.ts";
import { observeRollingUpdate } from "./observe-rolling-update.ts";
import type { DaemonSetFacts } from "./observe-rolling-update.ts";
import type { RolloutState, RolloutStatus } from "./state.ts";
import { isMoving, waitingFor } from "./state.ts";

const current: DaemonSetFacts = { generation: 2, observedGeneration: 2, templateRevision: TARGET };
const wasStable: RolloutStatus = { phase: "Complete", target: "rev1", stable: "rev1" };

function observe(
  nodes: readonly NodeObservation[],
  of: { daemonSet?: DaemonSetFacts | null; previous?: RolloutStatus; maxUnhealthy?: string | number } = {},
): RolloutState {
  const { daemonSet = current, previous, maxUnhealthy = "10%" } = of;
  return observeRollingUpdate({ target: TARGET, fleet: healthOf(nodes), daemonSet, maxUnhealthy, previous });
}

const old = (index: number, of: Partial<NodeObservation> = {}) =>
  nodeOfFleet(index, { pod: pod({ uid: `pod-${index}`, revision: "rev1" }), ...of });
const sick = (index: number) => nodeOfFleet(index, { probe: probe({ kind: "timeout" }, { podUid: `pod-${index}` }) });
const down = { ready: { status: "Unknown", since: 0, message: "" } } as const;

describe("a rolling update of Kubernetes", () => {
  it.each<{ name: string; state: () => RolloutState; phase: RolloutState["phase"]; gate: string | null }>([
    {
      name: "is installing before the DaemonSet exists",
      state: () => observe([], { daemonSet: null }),
      phase: "Install",
      gate: "DaemonSetMissing",
    },
    {
      name: "waits for the template",
      state: () => observe(healthyNodes(3), { daemonSet: { ...current, templateRevision: "rev1" } }),
      phase: "Install",
      gate: "TemplateOutdated",
    },
    {
      name: "waits until Kubernetes has seen the template",
      state: () => observe(healthyNodes(3), { daemonSet: { ...current, observedGeneration: 1 } }),
      phase: "Install",
      gate: "NotObserved",
    },
    {
      name: "waits for nodes with an older pod",
      state: () => observe([nodeOfFleet(1), old(2)], { previous: wasStable }),
      phase: "Progressing",
      gate: "NodesOutdated",
    },
    {
      name: "waits for pods that are being made",
      state: () => observe([nodeOfFleet(1), nodeOfFleet(2, { pod: null })], { previous: wasStable }),
      phase: "Progressing",
      gate: "NodesUnsettled",
    },
    {
      name: "isn't complete while too many nodes are sick at the target",
      state: () => observe([nodeOfFleet(1), sick(2), nodeOfFleet(3)]),
      phase: "Install",
      gate: "NodesUnhealthy",
    },
    {
      name: "isn't complete while no node at all runs the target",
      state: () => observe([nodeOfFleet(1, { ...down, pod: null })]),
      phase: "Install",
      gate: "NoNodeProved",
    },
    {
      name: "is complete when every node runs the target",
      state: () => observe(healthyNodes(3)),
      phase: "Complete",
      gate: null,
    },
    {
      name: "is complete with as many sick nodes as are tolerated",
      state: () => observe([...healthyNodes(9), sick(10)]),
      phase: "Complete",
      gate: null,
    },
    {
      name: "doesn't wait for nodes that are down",
      state: () => observe([nodeOfFleet(1), old(2, down)]),
      phase: "Complete",
      gate: null,
    },
    { name: "is complete where there is no node", state: () => observe([]), phase: "Complete", gate: null },
    {
      name: "stays complete when nodes fail later",
      state: () => observe([sick(1), sick(2)], { previous: { phase: "Complete", target: TARGET, stable: TARGET } }),
      phase: "Complete",
      gate: null,
    },
  ])("$name", ({ state, phase, gate }) => {
    const observed = state();
    expect([observed.phase, waitingFor(observed)?.gate ?? null]).toEqual([phase, gate]);
  });

  it("calls the target stable once it is complete, and the old revision until then", () => {
    expect(observe([nodeOfFleet(1), old(2)], { previous: wasStable }).stable).toBe("rev1");
    expect(observe(healthyNodes(2), { previous: wasStable }).stable).toBe(TARGET);
  });

  it("counts the nodes at the target and those that failed there", () => {
    const { updated, failed, outdated } = observe([nodeOfFleet(1), sick(2), old(3)], { previous: wasStable });
    expect({ updated, failed, outdated }).toEqual({ updated: 2, failed: 1, outdated: 1 });
  });

  it("moves again when a node returns with an older pod, though the rollout stays complete", () => {
    const previous: RolloutStatus = { phase: "Complete", target: TARGET, stable: TARGET };
    const states = [observe(healthyNodes(2), { previous }), observe([nodeOfFleet(1), old(2)], { previous })];
    expect(states.map((state) => [state.phase, isMoving(state)])).toEqual([
      ["Complete", false],
      ["Complete", true],
    ]);
  });
});
