import { describe, expect, it } from "@jest/globals";
import { failing, fleet, MINUTE, moved, node, NOW, record, view, young } from "../../test/rollout/views.ts";
import { installGate } from "./install-gate.ts";
import type { RolloutNode, RolloutView } from "./view.ts";

const INSTALL = record({ phase: "Install", target: "t", template: "t", stable: "" });
const done = [1, 2, 3].map((index) => moved(index));
const many = Array.from({ length: 18 }, (_, index) => moved(index + 10));

describe("the first revision ever", () => {
  it.each<{ name: string; nodes: RolloutNode[]; of?: Partial<RolloutView>; gate: string | null }>([
    { name: "is proved when every node has baked", nodes: done, gate: null },
    { name: "needs the DaemonSet", nodes: [], of: { liveTemplate: null }, gate: "DaemonSetMissing" },
    { name: "needs the DaemonSet's template", nodes: done, of: { liveTemplate: "s" }, gate: "TemplateOutdated" },
    { name: "needs Kubernetes to have seen it", nodes: done, of: { templateSeen: false }, gate: "NotObserved" },
    { name: "waits for nodes with another revision", nodes: [...done, node(4)], gate: "NodesOutdated" },
    {
      name: "waits for pods that aren't there yet",
      nodes: [...done, node(4, { kind: "updating", pod: null })],
      gate: "NodesUnsettled",
    },
    {
      name: "waits for young nodes",
      nodes: [...done, node(4, { kind: "starting", pod: null })],
      gate: "NodesUnsettled",
    },
    { name: "waits for the bake", nodes: [...done, moved(4, young(1_000))], gate: "Bake" },
    { name: "bears no unhealthy node among three", nodes: [moved(1), moved(2), failing(3)], gate: "NodesUnhealthy" },
    { name: "bears as many as health.maxUnhealthy allows", nodes: [...many, failing(1), failing(2)], gate: null },
    { name: "bears no more", nodes: [...many, failing(1), failing(2), failing(3)], gate: "NodesUnhealthy" },
    {
      name: "isn't held by what other pods do",
      nodes: [
        ...done,
        node(4, { kind: "notReady" }),
        node(5, { kind: "excluded" }),
        node(6, { kind: "notReady", pod: null }),
      ],
      gate: null,
    },
    {
      name: "isn't held by failing nodes that get no pod",
      nodes: [...done, node(4, { kind: "unhealthy", pod: null })],
      gate: null,
    },
    {
      name: "isn't watched on nodes that fail, within what is borne",
      nodes: [...many, failing(1, "Unresponsive", { answeredAt: null, createdAt: NOW - MINUTE }), moved(2)],
      gate: null,
    },
    {
      name: "isn't proved where no node runs it",
      nodes: fleet(2, { kind: "uncovered", pod: null }),
      gate: "NoNodeProved",
    },
    {
      name: "isn't proved by nodes that don't count",
      nodes: [
        node(1, { kind: "uncovered", pod: null }),
        { ...moved(2), kind: "excluded" },
        { ...moved(3), kind: "leaving" },
      ],
      gate: "NoNodeProved",
    },
    { name: "is proved where there is no node to prove it", nodes: [], gate: null },
  ])("$name", ({ nodes, of, gate }) => {
    expect(installGate(INSTALL, view(nodes, { liveTemplate: "t", ...of }))?.gate ?? null).toBe(gate);
  });
});
