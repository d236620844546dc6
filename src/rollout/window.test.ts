import { describe, expect, it } from "@jest/globals";
import {
  failing,
  fleet,
  fresh,
  MINUTE,
  moved,
  node,
  NOW,
  pod,
  record,
  replacement,
  SETTINGS,
  view,
  young,
} from "../../test/rollout/views.ts";
import type { Replacement, RolloutRecord } from "./record.ts";
import type { RolloutNode, RolloutSettings, RolloutView } from "./view.ts";
import {
  canFail,
  failures,
  followReplacements,
  goalOf,
  isOutdated,
  openSlots,
  settling,
  slotsHeld,
  windowOf,
  withinRoom,
  withinWindow,
  withoutIdle,
} from "./window.ts";

const WAVES = record({ phase: "Progressing", target: "t", template: "t" });
const BACK = record({ phase: "RollingBack", target: "t" });
const CANARY = record({ phase: "Canary", target: "t", canaries: ["n1"] });

const during = (nodes: readonly RolloutNode[], settings: Partial<RolloutSettings> = {}): RolloutView =>
  view(nodes, { liveTemplate: "t", settings: { ...SETTINGS, ...settings } });
const namesOf = (inFlight: readonly Replacement[]) => inFlight.map(({ node: name }) => name);
const starting = young(1_000);
const downNow = (index: number, of: Partial<RolloutNode> = {}) => node(index, { kind: "notReady", ...of });
/** No pod can be made there, and that for longer than a deadline. */
const refused = (index: number) =>
  node(index, { kind: "uncovered", reason: "AdmissionDenied", since: NOW - 6 * MINUTE, pod: null });

describe("the status", () => {
  it("has room for replacements to its last byte", () => {
    // 24 KiB are 192 times 128 bytes, of which 110 go for what isn't the node's name.
    const many = Array.from({ length: 193 }, (_, at) => ({
      ...replacement(at),
      node: `node-${String(at).padStart(13, "0")}`,
    }));
    expect(withinRoom(many)).toEqual(many.slice(0, 192));
  });
});

describe("the window", () => {
  it.each<{ name: string; maxUnavailable: string | number; nodes: RolloutNode[]; slots: number }>([
    { name: "a share of the nodes", maxUnavailable: "10%", nodes: fleet(30), slots: 3 },
    { name: "one at least", maxUnavailable: "10%", nodes: fleet(3), slots: 1 },
    {
      name: "a share without nodes that are excluded or leave",
      maxUnavailable: "50%",
      nodes: [...fleet(4), ...fleet(2, { kind: "excluded" }), ...fleet(2, { kind: "leaving" })],
      slots: 2,
    },
  ])("is $name", ({ maxUnavailable, nodes, slots }) => {
    expect(windowOf(during(nodes, { maxUnavailable }))).toBe(slots);
  });

  it.each<{ name: string; of: RolloutRecord; nodes: RolloutNode[]; held: number }>([
    {
      name: "held by what is being replaced, a canary included",
      of: { ...CANARY, inFlight: [replacement(1), replacement(2)] },
      nodes: fleet(2),
      held: 2,
    },
    {
      name: "free again when the canary's new pod is baked",
      of: { ...CANARY, inFlight: [replacement(1), replacement(2)] },
      nodes: [moved(1), node(2)],
      held: 1,
    },
    {
      name: "held while the canary's new pod is watched",
      of: { ...CANARY, inFlight: [replacement(1)] },
      nodes: [moved(1, starting)],
      held: 1,
    },
    {
      name: "held by other nodes than canaries, however healthy they are",
      of: { ...CANARY, inFlight: [replacement(2)] },
      nodes: [node(1), moved(2)],
      held: 1,
    },
    { name: "held where the canary's node is gone", of: { ...CANARY, inFlight: [replacement(1)] }, nodes: [], held: 1 },
    {
      name: "not held by nodes that failed before",
      of: { ...WAVES, inFlight: [replacement(1, { wasFailing: true }), replacement(2)] },
      nodes: fleet(2),
      held: 1,
    },
  ])("has a slot that is $name", ({ of, nodes, held }) => {
    expect(slotsHeld(of, view(nodes))).toBe(held);
  });

  it("lets canaries begin as far as it has slots, and those that fail anyway", () => {
    const begun = [replacement(1), replacement(2), replacement(3, { wasFailing: true })];
    expect(namesOf(withinWindow(begun, CANARY, view(fleet(3))))).toEqual(["n1", "n3"]);
    const held = { ...CANARY, inFlight: [replacement(4)] };
    expect(namesOf(withinWindow(begun, held, view(fleet(4))))).toEqual(["n3"]);
  });
});

describe("a node's goal", () => {
  it("is the target on canaries while it is tried, and what the DaemonSet makes anywhere else", () => {
    expect([goalOf("n1", CANARY), goalOf("n2", CANARY)]).toEqual(["t", "s"]);
    expect(goalOf("n1", { ...CANARY, phase: "RollingBack" })).toBe("s");
  });

  it.each<{ name: string; at: RolloutNode; of: RolloutRecord; outdated: boolean }>([
    { name: "with another revision", at: node(1), of: WAVES, outdated: true },
    { name: "with the right one", at: moved(1), of: WAVES, outdated: false },
    { name: "without a pod", at: node(1, { pod: null }), of: WAVES, outdated: false },
    { name: "whose pod ends anyway", at: node(1, { pod: pod({ deleting: true }) }), of: WAVES, outdated: false },
    { name: "that is down", at: downNow(1), of: WAVES, outdated: false },
    { name: "that is uncovered", at: node(1, { kind: "uncovered" }), of: WAVES, outdated: true },
    { name: "with what failed, on the way back", at: moved(1), of: BACK, outdated: true },
    {
      name: "with a third revision, on the way back to what is stable",
      at: node(1, { pod: pod({ revision: "r" }) }),
      of: BACK,
      outdated: true,
    },
    {
      name: "with a third revision, on the way back to what canaries alone have proved",
      at: node(1),
      of: { ...BACK, target: "u", template: "t" },
      outdated: false,
    },
    {
      name: "with what failed, on the way back to what canaries alone have proved",
      at: node(1, { pod: fresh(1, { revision: "u" }) }),
      of: { ...BACK, target: "u", template: "t" },
      outdated: true,
    },
  ])("isn't reached: $name: $outdated", ({ at, of, outdated }) => {
    expect(isOutdated(at, of)).toBe(outdated);
  });
});

describe("a replacement", () => {
  const full = [replacement(9)];

  it.each<{ name: string; of: RolloutRecord; nodes: RolloutNode[]; left: Replacement[] }>([
    {
      name: "stays while its pod is there",
      of: { ...WAVES, inFlight: [replacement(1)] },
      nodes: [node(1)],
      left: [replacement(1)],
    },
    {
      name: "of a canary that isn't healthy yet keeps its time",
      of: { ...CANARY, inFlight: [replacement(1, { since: NOW - MINUTE })] },
      nodes: [node(1, { kind: "updating", pod: fresh(1, starting) })],
      left: [replacement(1, { since: NOW - MINUTE })],
    },
    {
      name: "stays while its node has no pod",
      of: { ...WAVES, inFlight: [replacement(1)] },
      nodes: [node(1, { kind: "updating", pod: null })],
      left: [replacement(1)],
    },
    {
      name: "stays while its node's pod ends",
      of: { ...WAVES, inFlight: [replacement(1, { podUID: "" })] },
      nodes: [node(1, { kind: "updating", pod: pod({ deleting: true }) })],
      left: [replacement(1, { podUID: "" })],
    },
    {
      name: "stays while its node's new pod ends",
      of: { ...WAVES, inFlight: [replacement(1)] },
      nodes: [node(1, { kind: "updating", pod: fresh(1, { deleting: true }) })],
      left: [replacement(1)],
    },
    {
      name: "stays while its node is young",
      of: { ...WAVES, inFlight: [replacement(1)] },
      nodes: [node(1, { kind: "starting" })],
      left: [replacement(1)],
    },
    {
      name: "ends where its node is down",
      of: { ...WAVES, inFlight: [replacement(1)] },
      nodes: [downNow(1)],
      left: [],
    },
    { name: "ends where its node is gone", of: { ...WAVES, inFlight: [replacement(1)] }, nodes: [node(2)], left: [] },
    { name: "ends with the bake", of: { ...WAVES, inFlight: [replacement(1)] }, nodes: [moved(1)], left: [] },
    {
      name: "stays before the end of the bake, while going back too",
      of: { ...BACK, inFlight: [replacement(1)] },
      nodes: [node(1, { pod: pod(starting) })],
      left: [replacement(1)],
    },
    {
      name: "goes on with a pod of a wrong revision that came instead",
      of: { ...WAVES, inFlight: [replacement(1, { wasFailing: true })] },
      nodes: [node(1, { kind: "unhealthy", pod: pod({ uid: "other" }) })],
      left: [replacement(1, { podUID: "other", wasFailing: true })],
    },
    {
      name: "stays where the new pod fails, for its node is down by our doing",
      of: { ...WAVES, inFlight: [replacement(1)] },
      nodes: [failing(1)],
      left: [replacement(1)],
    },
    {
      name: "stays where the new pod fails as the old one did, for it is no failure as long as that is known",
      of: { ...WAVES, inFlight: [replacement(1, { wasFailing: true })] },
      nodes: [failing(1)],
      left: [replacement(1, { wasFailing: true })],
    },
    {
      name: "ends where the new pod fails on the way back, where failures don't count",
      of: { ...BACK, inFlight: [replacement(1)] },
      nodes: [node(1, { kind: "unhealthy", reason: "CollectorExited", pod: pod() })],
      left: [],
    },
    {
      name: "stays where the new pod fails on the way back to what canaries alone have proved, for it counts when that goes on",
      of: { ...BACK, target: "u", template: "t", inFlight: [replacement(1)] },
      nodes: [failing(1)],
      left: [replacement(1)],
    },
    {
      name: "stays where the new pod has failed and isn't taken back, for its node is down by our doing",
      of: { ...WAVES, phase: "Stalled", inFlight: [replacement(1)] },
      nodes: [failing(1)],
      left: [replacement(1)],
    },
    {
      name: "ends where the new pod fails at what canaries have proved while something newer is tried, for it counts no more",
      of: { ...CANARY, template: "u", inFlight: [replacement(2)] },
      nodes: [node(1), node(2, { kind: "unhealthy", reason: "CollectorExited", pod: pod({ revision: "u" }) })],
      left: [],
    },
    {
      name: "stays where the new pod fails in an installation, for there is nothing to go back to",
      of: { ...WAVES, phase: "Install", stable: "", inFlight: [replacement(1)] },
      nodes: [failing(1)],
      left: [replacement(1)],
    },
    {
      name: "of a canary stays when its new pod is baked, and when it fails",
      of: { ...CANARY, canaries: ["n1", "n2"], inFlight: [replacement(1), replacement(2)] },
      nodes: [moved(1), failing(2)],
      left: [replacement(1), replacement(2)],
    },
    {
      name: "of another node than a canary ends with the bake, though its revision is tried elsewhere",
      of: { ...CANARY, inFlight: [replacement(2)] },
      nodes: [node(1), node(2, { pod: pod({ uid: "second", ...young(MINUTE) }) })],
      left: [],
    },
    {
      name: "of a node that failed and has recovered is called off, for it would be taken down outside the window",
      of: { ...WAVES, inFlight: [...full, replacement(1, { wasFailing: true })] },
      nodes: [node(1), node(9, { kind: "updating" })],
      left: full,
    },
    {
      name: "of a node that fails still goes on",
      of: { ...WAVES, inFlight: [replacement(1, { wasFailing: true })] },
      nodes: [node(1, { kind: "unhealthy" })],
      left: [replacement(1, { wasFailing: true })],
    },
  ])("$name", ({ of, nodes, left }) => {
    expect(followReplacements(of, during(nodes)).inFlight).toEqual(left);
  });

  it("is remembered on fifty nodes that fail as before, so that others have room", () => {
    const inFlight = Array.from({ length: 60 }, (_, index) => replacement(index, { wasFailing: true }));
    const nodes = Array.from({ length: 60 }, (_, index) => failing(index));
    expect(followReplacements({ ...WAVES, inFlight }, during(nodes)).inFlight).toEqual(inFlight.slice(0, 50));
    const ours = inFlight.map((each) => ({ ...each, wasFailing: false }));
    const wide = during(nodes, { maxUnavailable: 60 });
    expect(followReplacements({ ...WAVES, inFlight: ours }, wide).inFlight).toHaveLength(60);
  });

  it("is called off in a window that became smaller, the newest first, where the pod still works", () => {
    const inFlight = [
      replacement(1),
      replacement(2),
      replacement(3),
      replacement(4),
      replacement(5, { wasFailing: true }),
    ];
    const sick = node(5, { kind: "unhealthy" });
    const left = (nodes: RolloutNode[], maxUnavailable: number) =>
      namesOf(followReplacements({ ...WAVES, inFlight }, during([...nodes, sick], { maxUnavailable })).inFlight);
    expect(left(fleet(4), 4)).toEqual(["n1", "n2", "n3", "n4", "n5"]);
    expect(left(fleet(4), 3)).toEqual(["n1", "n2", "n3", "n5"]);
    expect(left(fleet(4), 1)).toEqual(["n1", "n5"]);
    expect(left([...fleet(3), node(4, { kind: "updating", pod: null })], 1)).toEqual(["n4", "n5"]);
  });

  it("that isn't begun doesn't pass to the next aim, one that took its node down does", () => {
    const of = { ...WAVES, inFlight: [replacement(1), replacement(2)] };
    expect(namesOf(withoutIdle(of, during([node(1), node(2, { kind: "updating", pod: null })])).inFlight)).toEqual([
      "n2",
    ]);
  });
});

describe("further replacements", () => {
  const begunOf = (of: RolloutRecord, at: RolloutView) => openSlots(of, at).inFlight;

  it("begin on failing nodes first, then on those that don't work yet, then by name", () => {
    const nodes = [
      node(4),
      node(3),
      node(0, { kind: "updating" }),
      node(2, { kind: "uncovered" }),
      node(1, { kind: "unhealthy" }),
    ];
    const three = { maxUnavailable: 3 };
    expect(begunOf(WAVES, during(nodes, three))).toEqual([
      replacement(1, { wasFailing: true }),
      replacement(2, { wasFailing: true }),
      replacement(0),
      replacement(3),
      replacement(4),
    ]);
    expect(namesOf(begunOf(WAVES, during(nodes, { maxUnavailable: 1 })))).toEqual(["n1", "n2", "n0"]);
  });

  it("leave out what is under way, and count the slots that it holds", () => {
    const of = { ...WAVES, inFlight: [replacement(2)] };
    expect(begunOf(of, during(fleet(3), { maxUnavailable: 2 }))).toEqual([replacement(2), replacement(1)]);
    expect(begunOf(of, during(fleet(3), { maxUnavailable: 1 }))).toEqual([replacement(2)]);
  });

  it.each<Partial<RolloutView>>([
    { liveTemplate: "s" },
    { liveTemplate: null },
    { liveTemplate: "t", templateSeen: false },
  ])("don't begin while the DaemonSet would make pods of something else", (of) => {
    expect(begunOf(WAVES, view(fleet(3), of))).toEqual([]);
  });

  it("don't take more of the status than it has room for, with what is under way", () => {
    // 24,576 bytes, and 110 besides the name for each.
    const named = (index: number) => node(index, { node: `${"a".repeat(90)}${String(index).padStart(4, "0")}` });
    const nodes = Array.from({ length: 400 }, (_, index) => named(index));
    const all = { maxUnavailable: "100%" };
    expect(begunOf(WAVES, during(nodes, all))).toHaveLength(Math.floor(24_576 / 204));
    const inFlight = nodes.slice(300).map((each) => ({ ...replacement(0), node: each.node }));
    expect(begunOf({ ...WAVES, inFlight }, during(nodes, all))).toHaveLength(Math.floor(24_576 / 204));
  });

  it("fill the room to the last byte", () => {
    const nodes = Array.from({ length: 200 }, (_, index) => node(index, { node: `${index}`.padStart(18, "0") }));
    expect(begunOf(WAVES, during(nodes, { maxUnavailable: "100%" }))).toHaveLength(24_576 / 128);
  });
});

describe("a failure", () => {
  it("counts in waves to something new", () => {
    expect(canFail(WAVES)).toBe(true);
    expect(canFail({ ...WAVES, target: "s", template: "s" })).toBe(false);
    expect(canFail(BACK)).toBe(false);
  });

  it.each<{ name: string; at: RolloutNode; inFlight?: Replacement[]; counts: boolean }>([
    {
      name: "of a pod that we replaced counts",
      at: failing(1, undefined, { answered: false }),
      inFlight: [replacement(1)],
      counts: true,
    },
    { name: "of a node that gets no pod after ours counts", at: refused(1), inFlight: [replacement(1)], counts: true },
    {
      name: "of a pod that isn't replaced yet doesn't count",
      at: node(1, { kind: "unhealthy", reason: "OOMKilled" }),
      inFlight: [replacement(1)],
      counts: false,
    },
    {
      name: "of a pod that ends doesn't count",
      at: failing(1, undefined, { deleting: true }),
      inFlight: [replacement(1)],
      counts: false,
    },
    {
      name: "of a node that failed before doesn't count",
      at: failing(1),
      inFlight: [replacement(1, { wasFailing: true })],
      counts: false,
    },
    {
      name: "of a node that got no pod before either doesn't count",
      at: refused(1),
      inFlight: [replacement(1, { wasFailing: true })],
      counts: false,
    },
    { name: "of a pod that answered counts without a replacement too", at: failing(1), counts: true },
    {
      name: "of a pod that never answered doesn't count without a replacement",
      at: failing(1, undefined, { answered: false }),
      counts: false,
    },
    { name: "of a node without a pod doesn't count without a replacement", at: refused(1), counts: false },
    { name: "of an older pod doesn't count", at: node(1, { kind: "unhealthy", reason: "OOMKilled" }), counts: false },
    {
      name: "of a pod that is late to come back doesn't count without a replacement",
      at: node(1, { kind: "updating", pod: fresh(1, young(6 * MINUTE)) }),
      counts: false,
    },
    { name: "of a healthy pod doesn't exist", at: moved(1), counts: false },
  ])("$name", ({ at, inFlight = [], counts }) => {
    expect(failures({ ...WAVES, inFlight }, during([at])).map(({ node: name }) => name)).toEqual(counts ? ["n1"] : []);
  });

  it("settles a replacement, on a node that failed before too; what waits for its pod is open", () => {
    const inFlight = [1, 2, 3, 4, 5].map((index) => replacement(index, { wasFailing: index < 3 }));
    const nodes = [failing(1), refused(2), failing(3), node(4), moved(5, starting)];
    expect(namesOf(settling({ ...WAVES, inFlight }, "t", during(nodes)))).toEqual(["n4", "n5"]);
    expect(namesOf(settling({ ...WAVES, inFlight }, "s", during(nodes)))).toEqual(["n1", "n3", "n4", "n5"]);
  });
});
