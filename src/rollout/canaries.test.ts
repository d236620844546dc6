import { describe, expect, it } from "@jest/globals";
import { fleet, fresh, node, NOW, pod, record, SETTINGS, view } from "../../test/rollout/views.ts";
import { chooseCanaries } from "./canaries.ts";
import type { RolloutRecord } from "./record.ts";
import type { RolloutNode } from "./view.ts";

const CANARY = record({ phase: "Canary", target: "t" });
const brokeOn = (...nodes: string[]) => [
  { revision: "r", reason: "CollectorExited", message: "", since: NOW, nodes, retried: false },
];
const sick = { kind: "unhealthy", reason: "OOMKilled" } as const;
const arm = { architecture: "arm64" };
const runs = (index: number, revision: string, of: Partial<RolloutNode> = {}) =>
  node(index, { pod: pod({ uid: `other-${index}`, revision }), ...of });

describe("canaries", () => {
  it.each<{
    name: string;
    canary?: number | string;
    of?: Partial<RolloutRecord>;
    nodes: RolloutNode[];
    chosen: string[];
  }>([
    { name: "are one at least", canary: 0, nodes: fleet(3), chosen: ["n1"] },
    { name: "are as many as asked for", canary: 2, nodes: fleet(3), chosen: ["n1", "n2"] },
    { name: "are a share of the nodes", canary: "50%", nodes: fleet(5), chosen: ["n1", "n2"] },
    { name: "go by name, whatever the order of nodes", nodes: [node(2), node(1), node(3)], chosen: ["n1"] },
    { name: "are one of each architecture", nodes: [node(1), node(2), node(3, arm)], chosen: ["n1", "n3"] },
    {
      name: "are one of each architecture, those that stay counted",
      of: { canaries: ["n3"] },
      nodes: [node(1), node(2), node(3, arm), node(4, arm)],
      chosen: ["n3", "n1"],
    },
    {
      name: "count those of another architecture",
      canary: 2,
      nodes: [node(1), node(2), node(3, arm)],
      chosen: ["n1", "n3"],
    },
    { name: "stay, though others would be better", of: { canaries: ["n3"] }, nodes: fleet(3), chosen: ["n3"] },
    {
      name: "stay, though fewer are asked for now",
      of: { canaries: ["n1", "n2"] },
      nodes: fleet(3),
      chosen: ["n1", "n2"],
    },
    {
      name: "stay while they have no pod",
      of: { canaries: ["n2"] },
      nodes: [node(1), node(2, { kind: "updating", pod: null })],
      chosen: ["n2"],
    },
    {
      name: "make way where their node is down",
      of: { canaries: ["n1"] },
      nodes: [node(1, { kind: "notReady" }), node(2)],
      chosen: ["n2"],
    },
    { name: "are none where every node is down", nodes: fleet(2, { kind: "notReady" }), chosen: [] },
    { name: "are first those that run the target", nodes: [runs(1, "r"), node(2), runs(3, "t")], chosen: ["n3"] },
    { name: "are then those that run neither target nor template", nodes: [node(1), runs(2, "r")], chosen: ["n2"] },
    {
      name: "are then those that the last target broke",
      of: { rejected: brokeOn("n3") },
      nodes: fleet(3),
      chosen: ["n3"],
    },
    {
      name: "are such as the last target broke and that run another revision before others",
      canary: 2,
      of: { rejected: brokeOn("n4") },
      nodes: [node(1), node(2), runs(3, "r"), node(4)],
      chosen: ["n3", "n4"],
    },
    {
      name: "aren't where the pod ends, or where there is none",
      nodes: [node(1, { pod: pod({ deleting: true }) }), node(2, { pod: null }), node(3)],
      chosen: ["n3"],
    },
    {
      name: "aren't failing ones beside healthy ones, though more are asked for",
      canary: 2,
      nodes: [node(1, sick), node(2)],
      chosen: ["n2"],
    },
    { name: "are failing ones where no agent is healthy", canary: 2, nodes: fleet(3, sick), chosen: ["n1", "n2"] },
    {
      name: "may fail with another revision: what runs it is disturbed already",
      nodes: [node(1), node(2, { ...sick, pod: fresh(2) })],
      chosen: ["n2"],
    },
    {
      name: "are no more than the status has room for",
      canary: "100%",
      nodes: fleet(70),
      chosen: fleet(70)
        .map(({ node: name }) => name)
        .toSorted()
        .slice(0, 64),
    },
  ])("$name", ({ canary = 1, of, nodes, chosen }) => {
    const settings = { ...SETTINGS, canary };
    expect(chooseCanaries({ ...CANARY, ...of }, view(nodes, { settings }))).toEqual(chosen);
  });
});
