import { describe, expect, it } from "@jest/globals";
import { fleet, moved, node, pod, record, replacement, view } from "../../test/rollout/views.ts";
import { permittedActs } from "./acts.ts";
import type { RolloutAct } from "./acts.ts";
import type { RolloutRecord } from "./record.ts";
import type { RolloutNode, RolloutView } from "./view.ts";

const CANARY = record({ phase: "Canary", target: "t", canaries: ["n1"], inFlight: [replacement(1)] });
const WAVES = record({ phase: "Progressing", target: "t", template: "t", inFlight: [replacement(1)] });

const remove: RolloutAct = { kind: "deletePod", node: "n1", uid: "old-1" };
const make: RolloutAct = { kind: "createPod", node: "n1", revision: "t", after: "old-1" };

describe("what a written canary allows", () => {
  it.each<{ name: string; nodes: RolloutNode[]; next?: Partial<RolloutRecord>; acts: RolloutAct[] }>([
    { name: "its pod is replaced", nodes: fleet(2), acts: [remove, make] },
    {
      name: "the target's pod is made while the old one ends",
      nodes: [node(1, { kind: "updating", pod: pod({ uid: "old-1", deleting: true }) })],
      acts: [make],
    },
    { name: "the target's pod is made where none is left", nodes: [node(1, { pod: null })], acts: [make] },
    { name: "nothing is done beside the target's pod", nodes: [moved(1)], acts: [] },
    {
      name: "nothing is done while another pod ends",
      nodes: [node(1, { pod: pod({ uid: "other", deleting: true }) })],
      acts: [],
    },
    { name: "nothing is done to a pod that isn't written down", nodes: [node(1, { pod: pod() })], acts: [] },
    { name: "nothing is done on a node that is gone", nodes: [node(2)], acts: [] },
    {
      name: "nothing is done where the step turns to another target",
      nodes: fleet(2),
      next: { target: "u" },
      acts: [],
    },
    { name: "nothing is done where the step goes back", nodes: fleet(2), next: { phase: "RollingBack" }, acts: [] },
    { name: "nothing is done where it is canary no more", nodes: fleet(2), next: { canaries: ["n2"] }, acts: [] },
    { name: "nothing is done where the step calls it off", nodes: fleet(2), next: { inFlight: [] }, acts: [] },
    {
      name: "nothing is done where the step goes on with another pod",
      nodes: fleet(2),
      next: { inFlight: [replacement(1, { podUID: "other" })] },
      acts: [],
    },
  ])("$name", ({ nodes, next, acts }) => {
    expect(permittedActs(CANARY, { ...CANARY, ...next }, view(nodes))).toEqual(acts);
  });

  it("makes no pod in the place of one that nobody knows", () => {
    const recovered = { ...CANARY, inFlight: [replacement(1, { podUID: "" })] };
    expect(permittedActs(recovered, recovered, view([node(1, { pod: null })]))).toEqual([]);
  });

  it("leaves a node alone that the step has just made a canary", () => {
    const written = { ...CANARY, canaries: ["n2"] };
    expect(permittedActs(written, { ...written, canaries: ["n1", "n2"] }, view(fleet(2)))).toEqual([]);
  });
});

describe("what written waves allow", () => {
  const during = { liveTemplate: "t" };

  it.each<{
    name: string;
    of?: Partial<RolloutRecord>;
    nodes: RolloutNode[];
    at?: Partial<RolloutView>;
    next?: Partial<RolloutRecord>;
    acts: RolloutAct[];
  }>([
    { name: "the pod that is written down is deleted", nodes: fleet(1), acts: [remove] },
    { name: "no pod is deleted twice", nodes: [node(1, { pod: pod({ uid: "old-1", deleting: true }) })], acts: [] },
    { name: "no other pod is deleted", nodes: [node(1, { pod: pod() })], acts: [] },
    { name: "no pod is deleted that is right", nodes: [moved(1, { uid: "old-1" })], acts: [] },
    { name: "no pod is made where there is none", nodes: [node(1, { pod: null })], acts: [] },
    { name: "nobody is a canary any more", of: { canaries: ["n1"] }, nodes: fleet(1), acts: [remove] },
    { name: "nothing is done while paused", nodes: fleet(1), at: { paused: true }, acts: [] },
    { name: "nothing is done while stalled", of: { phase: "Stalled" }, nodes: fleet(1), acts: [] },
    { name: "nothing is done before the template is right", nodes: fleet(1), at: { liveTemplate: "s" }, acts: [] },
    { name: "nothing is done before Kubernetes has seen it", nodes: fleet(1), at: { templateSeen: false }, acts: [] },
    { name: "nothing is done where the step goes back", nodes: fleet(1), next: { phase: "RollingBack" }, acts: [] },
  ])("$name", ({ of, nodes, at, next, acts }) => {
    const written = { ...WAVES, ...of };
    expect(permittedActs(written, { ...written, ...next }, view(nodes, { ...during, ...at }))).toEqual(acts);
  });
});
