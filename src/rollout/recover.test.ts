import { describe, expect, it } from "@jest/globals";
import { BOUND } from "../api/bounds.ts";
import {
  failing,
  fleet,
  moved,
  node,
  NOW,
  pod,
  record,
  rejected,
  replacement,
  SETTINGS,
  view,
  young,
} from "../../test/rollout/views.ts";
import type { RolloutRecord } from "./record.ts";
import { recoverRecord } from "./recover.ts";
import type { RolloutNode, RolloutView } from "./view.ts";

const UNKNOWN = { stable: "", rejected: [] };
const held = (index: number) => replacement(index, { podUID: "", since: NOW });
const off = { settings: { ...SETTINGS, autoRollback: false } };
const key = rejected("t", { reason: "ApiKeyRejected" });

describe("the record of a lost status", () => {
  it.each<{ name: string; nodes: RolloutNode[]; of?: Partial<RolloutView>; expected: Partial<RolloutRecord> }>([
    { name: "rests where what is wanted is stable", nodes: fleet(2), of: { wanted: "s" }, expected: {} },
    {
      name: "rests where what is wanted is rejected",
      nodes: fleet(2),
      of: { noted: { stable: "s", rejected: [rejected("t")] } },
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
      of: { liveTemplate: "t", noted: { stable: "s", rejected: [rejected("t")] } },
      expected: { phase: "RollingBack", target: "t" },
    },
    {
      name: "stays where the template is rejected and nothing is taken back by itself",
      nodes: [moved(1), node(2)],
      of: { ...off, liveTemplate: "t", noted: { stable: "s", rejected: [rejected("t")] } },
      expected: { phase: "Stalled", target: "t", template: "t" },
    },
    {
      name: "stays where a canary of the rejected revision is left and nothing is taken back by itself",
      nodes: [moved(1), node(2)],
      of: { ...off, noted: { stable: "s", rejected: [rejected("t")] } },
      expected: { phase: "Stalled", target: "t" },
    },
    {
      name: "stays where the template alone is left of the rejected revision and nothing is taken back by itself",
      nodes: fleet(2),
      of: { ...off, liveTemplate: "t", noted: { stable: "s", rejected: [rejected("t")] } },
      expected: { phase: "Stalled", target: "t", template: "t" },
    },
    {
      name: "rests where nothing of a rejected revision is left, though nothing is taken back by itself",
      nodes: fleet(2),
      of: { ...off, noted: { stable: "s", rejected: [rejected("t")] } },
      expected: {},
    },
    {
      name: "stays where the template was rejected for its key",
      nodes: [moved(1), node(2)],
      of: { liveTemplate: "t", noted: { stable: "s", rejected: [rejected("r"), key] } },
      expected: { phase: "Stalled", target: "t", template: "t" },
    },
    {
      name: "stays where what is wanted was rejected for its key, whatever else was in waves",
      nodes: [node(1), node(2, { pod: pod({ revision: "u" }) })],
      of: { liveTemplate: "u", noted: { stable: "s", rejected: [key] } },
      expected: { phase: "Stalled", target: "t", template: "u" },
    },
    {
      name: "stays at what is wanted where template and wish were both rejected for a key",
      nodes: [node(1), node(2, { pod: pod({ revision: "u" }) })],
      of: {
        liveTemplate: "u",
        noted: { stable: "s", rejected: [rejected("u", { reason: "ApiKeyRejected" }), key] },
      },
      expected: { phase: "Stalled", target: "t", template: "u" },
    },
    {
      name: "takes the stable revision for the template of a DaemonSet that is gone",
      nodes: fleet(2),
      of: { wanted: "s", liveTemplate: null },
      expected: {},
    },
    {
      name: "holds slots for pods that aren't there where a DaemonSet is gone that had a stable revision",
      nodes: [node(1), node(2, { kind: "updating", pod: null })],
      of: { wanted: "s", liveTemplate: null },
      expected: { inFlight: [held(2)] },
    },
    {
      name: "installs where there is neither note nor DaemonSet, and holds no slots",
      nodes: [node(1, { kind: "updating", pod: null })],
      of: { liveTemplate: null, noted: UNKNOWN },
      expected: { phase: "Install", target: "t", template: "t", stable: "" },
    },
    {
      name: "installs where the template is what is wanted and nothing was noted, and holds slots for pods that aren't there",
      nodes: [moved(1), node(2, { kind: "updating", pod: null })],
      of: { liveTemplate: "t", noted: UNKNOWN },
      expected: { phase: "Install", target: "t", template: "t", stable: "", inFlight: [held(2)] },
    },
    {
      name: "takes a template that one node has proved for stable",
      nodes: [node(1, { kind: "unhealthy" }), node(2)],
      of: { noted: UNKNOWN },
      expected: { phase: "Canary", target: "t", canaries: [] },
    },
    {
      name: "takes no template for stable that is healthy and not baked",
      nodes: [node(1, { pod: pod(young(1_000)) })],
      of: { noted: UNKNOWN },
      expected: { phase: "Install", target: "t", template: "t", stable: "", inFlight: [held(1)] },
    },
    {
      name: "takes no template for stable that nobody is healthy with",
      nodes: [node(1, { kind: "unhealthy" }), node(2, { pod: pod({ revision: "r" }) }), node(3, { pod: null })],
      of: { noted: UNKNOWN },
      expected: { phase: "Install", target: "t", template: "t", stable: "" },
    },
  ])("$name", ({ nodes, of, expected }) => {
    const noted = of?.noted?.rejected ?? [];
    expect(recoverRecord(view(nodes, of))).toEqual(record({ phaseSince: NOW, rejected: [...noted], ...expected }));
  });

  it("keeps as many rejections as the status has room for, the newest", () => {
    const noted = { stable: "s", rejected: Array.from({ length: 30 }, (_, index) => rejected(`r${index}`)) };
    const found = recoverRecord(view(fleet(2), { noted })).rejected;
    expect(found).toEqual(noted.rejected.slice(0, BOUND.rejections));
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
      node(9, { kind: "unhealthy", pod: pod(young(1_000)) }),
      failing(10),
    ];
    expect(recoverRecord(view(nodes)).inFlight).toEqual([2, 3, 4, 8, 10].map(held));
  });

  it("holds all of them, though the window has fewer: it can't tell which of them were begun", () => {
    const nodes = fleet(5, { kind: "updating" });
    expect(recoverRecord(view(nodes)).inFlight).toEqual([1, 2, 3, 4, 5].map(held));
  });

  it("holds no more than the status has room for", () => {
    const nodes = Array.from({ length: 5_000 }, (_, index) => node(index, { kind: "updating" }));
    const { inFlight } = recoverRecord(view(nodes));
    expect(inFlight.length).toBeGreaterThan(100);
    expect(JSON.stringify(inFlight).length).toBeLessThan(24_576);
  });
});
