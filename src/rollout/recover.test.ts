import { describe, expect, it } from "@jest/globals";
import { fleet, moved, node, NOW, pod, record, replacement, SETTINGS, view, young } from "../../test/rollout/views.ts";
import type { RolloutRecord } from "./record.ts";
import { recoverRecord } from "./recover.ts";
import type { RolloutNode, RolloutView } from "./view.ts";

const UNKNOWN = { stable: "", rejected: [] };
const held = (index: number) => replacement(index, { podUID: "", since: NOW });
const wide = { settings: { ...SETTINGS, maxUnavailable: "100%" } };

describe("the record of a lost status", () => {
  it.each<{ name: string; nodes: RolloutNode[]; of?: Partial<RolloutView>; expected: Partial<RolloutRecord> }>([
    { name: "rests where what is wanted is stable", nodes: fleet(2), of: { wanted: "s" }, expected: {} },
    {
      name: "rests where what is wanted is rejected",
      nodes: fleet(2),
      of: { noted: { stable: "s", rejected: ["t"] } },
      expected: {},
    },
    {
      name: "tries what is wanted, on the nodes that run it",
      nodes: [node(1), moved(2)],
      expected: { phase: "Canary", target: "t", canaries: ["n2"] },
    },
    {
      name: "goes on with waves where the template isn't stable",
      nodes: [moved(1), node(2)],
      of: { liveTemplate: "t" },
      expected: { phase: "Progressing", target: "t", template: "t" },
    },
    {
      name: "goes back where the template is rejected",
      nodes: [moved(1), node(2)],
      of: { liveTemplate: "t", noted: { stable: "s", rejected: ["t"] } },
      expected: { phase: "RollingBack", target: "t" },
    },
    {
      name: "takes the stable revision for the template of a DaemonSet that is gone",
      nodes: fleet(2),
      of: { wanted: "s", liveTemplate: null },
      expected: {},
    },
    {
      name: "installs where there is neither note nor DaemonSet",
      nodes: [],
      of: { liveTemplate: null, noted: UNKNOWN },
      expected: { phase: "Install", target: "t", template: "t", stable: "" },
    },
    {
      name: "installs where the template is what is wanted and nothing was noted, and holds no slots",
      nodes: [moved(1), node(2, { kind: "updating", pod: null })],
      of: { liveTemplate: "t", noted: UNKNOWN },
      expected: { phase: "Install", target: "t", template: "t", stable: "" },
    },
    {
      name: "takes a template that one node is healthy with for stable",
      nodes: [node(1, { kind: "unhealthy" }), node(2)],
      of: { noted: UNKNOWN },
      expected: { phase: "Canary", target: "t", canaries: [] },
    },
    {
      name: "takes no template for stable that nobody is healthy with",
      nodes: [node(1, { kind: "unhealthy" }), node(2, { pod: pod({ revision: "r" }) }), node(3, { pod: null })],
      of: { noted: UNKNOWN },
      expected: { phase: "Install", target: "t", template: "t", stable: "" },
    },
  ])("$name", ({ nodes, of, expected }) => {
    const found = recoverRecord(view(nodes, of));
    const { rejected } = found;
    expect(found).toEqual(record({ phaseSince: NOW, rejected, ...expected }));
    expect(rejected.map(({ revision, retried }) => [revision, retried])).toEqual(
      (of?.noted?.rejected ?? []).map((each) => [each, false]),
    );
  });

  it("holds slots for what may have been begun: pods that are being replaced or aren't proved", () => {
    const nodes = [
      node(1),
      node(2, { kind: "updating", pod: null }),
      node(3, { kind: "updating" }),
      moved(4, young(1_000)),
      moved(5),
      node(6, { pod: null, kind: "uncovered" }),
      { ...moved(7, young(1_000)), kind: "notReady" as const },
      node(8, { pod: pod(young(1_000)) }),
    ];
    expect(recoverRecord(view(nodes, wide)).inFlight).toEqual([held(2), held(3), held(4)]);
  });

  it("holds no more slots than the window has", () => {
    const nodes = fleet(5, { kind: "updating" });
    expect(recoverRecord(view(nodes)).inFlight).toEqual([held(1)]);
  });
});
