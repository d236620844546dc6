import { describe, expect, it } from "@jest/globals";
import {
  delivering,
  EXPORTS_FAIL,
  line,
  failing,
  fleet,
  fresh,
  MINUTE,
  moved,
  node,
  NOW,
  pod,
  rejected as failedBefore,
  SETTINGS,
  view,
  young,
} from "../../test/rollout/views.ts";
import { rolloutStatus } from "../status/rollout-status.ts";
import { stagedRollout } from "./staged-rollout.ts";
import type { StagedStep } from "./staged-rollout.ts";
import type { RolloutStatus } from "./state.ts";
import type { RolloutNode, RolloutPod, RolloutView } from "./view.ts";

const silent = (sinceMs: number) => ({ ...failing(1, "ConnectionRefused"), since: NOW - sinceMs });

const COMPLETE: RolloutStatus = { phase: "Complete", target: "s", stable: "s", template: "s" };
const CANARY: RolloutStatus = { phase: "Canary", target: "t", stable: "s", template: "s", canaries: ["n1"] };
const WAVES: RolloutStatus = { phase: "Progressing", target: "t", stable: "s", template: "t" };

const begun = (index: number, uid = `old-${index}`) => ({ node: `n${index}`, podUID: uid });

/** The status that a step leads to. */
const written = (step: StagedStep, before?: RolloutStatus) => rolloutStatus(step.state, before, NOW);
const phaseOf = (step: StagedStep) => step.record.phase;
const gateOf = ({ state }: StagedStep) => ("waitingFor" in state ? (state.waitingFor?.gate ?? null) : null);

describe("a change", () => {
  it("is written down with its canary before anything is done", () => {
    const step = stagedRollout(COMPLETE, view(fleet(3)));
    expect(step.acts).toEqual([]);
    expect(step.template).toBe("s");
    expect(written(step, COMPLETE)).toMatchObject({ phase: "Canary", canaries: ["n1"], inFlight: [begun(1)] });
  });

  it("replaces the canary's pod once that is written, and leaves the template alone", () => {
    const first = stagedRollout(COMPLETE, view(fleet(3)));
    const step = stagedRollout(written(first, COMPLETE), view(fleet(3)));
    expect(step.acts).toEqual([
      { kind: "deletePod", node: "n1", uid: "old-1" },
      { kind: "createPod", node: "n1", revision: "t", after: "old-1" },
    ]);
    expect(step.template).toBe("s");
  });

  it("makes the canary's pod while the old one ends, and doesn't delete that again", () => {
    const nodes = [node(1, { kind: "updating", pod: pod({ uid: "old-1", deleting: true }) }), node(2)];
    const { acts } = stagedRollout({ ...CANARY, inFlight: [begun(1)] }, view(nodes));
    expect(acts).toEqual([{ kind: "createPod", node: "n1", revision: "t", after: "old-1" }]);
  });

  it("makes no second pod while the canary's own is being deleted by somebody", () => {
    const nodes = [node(1, { kind: "updating", pod: fresh(1, { deleting: true }) }), node(2)];
    expect(stagedRollout({ ...CANARY, inFlight: [begun(1)] }, view(nodes)).acts).toEqual([]);
  });

  it("moves the template only after its canary is proved, and after that is written", () => {
    const nodes = [moved(1), node(2)];
    const proved = stagedRollout(CANARY, view(nodes));
    expect([phaseOf(proved), proved.template]).toEqual(["Progressing", "s"]);
    expect(stagedRollout(written(proved, CANARY), view(nodes)).template).toBe("t");
  });

  it("is tried on one node of each architecture", () => {
    const nodes = [node(1), node(2, { architecture: "arm64" }), node(3)];
    expect(stagedRollout(COMPLETE, view(nodes)).record.canaries).toEqual(["n1", "n2"]);
  });

  it("is tried first where the last one failed", () => {
    const since = "2026-11-24T11:00:00Z";
    const rejected = [{ revision: "r", reason: "CollectorExited", message: "", since, nodes: ["n3"] }];
    expect(stagedRollout({ ...COMPLETE, rejected }, view(fleet(4))).record.canaries).toEqual(["n3"]);
  });

  it("is tried on a failing node only where none is healthy", () => {
    const sick = { kind: "unhealthy", reason: "OOMKilled" } as const;
    expect(stagedRollout(COMPLETE, view([node(1, sick), node(2)])).record.canaries).toEqual(["n2"]);
    expect(stagedRollout(COMPLETE, view([node(1, sick), node(2, sick)])).record.canaries).toEqual(["n1"]);
  });

  it("needs no canary where nothing was ever stable", () => {
    const step = stagedRollout(undefined, view([], { liveTemplate: null, noted: { stable: "", rejected: [] } }));
    expect([phaseOf(step), step.template, step.acts]).toEqual(["Install", "t", []]);
  });

  it("back to what is stable needs no canary either", () => {
    const step = stagedRollout(WAVES, view([moved(1), node(2)], { wanted: "s", liveTemplate: "t" }));
    expect([phaseOf(step), step.record.target, step.record.template]).toEqual(["Progressing", "s", "s"]);
  });
});

describe("a canary", () => {
  const late = young(5 * MINUTE);
  const HELD_BACK: Partial<RolloutPod> = { exports: "Unknown", heldBack: true, exporters: [line()] };

  it.each<{ name: string; nodes: RolloutNode[]; of?: Partial<RolloutView>; leads: string; gate?: string }>([
    {
      name: "that is healthy is watched until its bake is over",
      nodes: [moved(1, young(29_000))],
      leads: "Canary",
      gate: "Bake",
    },
    {
      name: "that was healthy when its bake was over has proved the target",
      nodes: [moved(1, young(30_000))],
      leads: "Progressing",
    },
    {
      name: "that hasn't been heard of since its bake proves nothing",
      nodes: [moved(1, { ...young(31_000), answeredAt: NOW - 2_000 })],
      leads: "Canary",
      gate: "Bake",
    },
    {
      name: "whose container began late is watched from then on",
      nodes: [moved(1, { createdAt: NOW - MINUTE, startedAt: NOW - 10_000 })],
      leads: "Canary",
      gate: "Bake",
    },
    {
      name: "whose node's clock is wrong is taken at its deadline",
      nodes: [moved(1, { ...late, startedAt: NOW + 60 * MINUTE })],
      leads: "Progressing",
    },
    {
      name: "that crashed has failed at once",
      nodes: [failing(1, "CollectorExited", young(3_000))],
      leads: "RollingBack",
    },
    {
      name: "that restarted has failed, though it is healthy again",
      nodes: [moved(1, { restarts: 1 })],
      leads: "RollingBack",
    },
    {
      name: "that ended without an error and restarted has a moment for its last words",
      nodes: [{ ...failing(1, "CollectorExitedCleanly", { restarts: 1 }), since: NOW - 2_999 }],
      leads: "Canary",
      gate: "CanaryStarting",
    },
    {
      name: "that ended without an error and restarted has failed after that",
      nodes: [{ ...failing(1, "CollectorExitedCleanly", { restarts: 1 }), since: NOW - 3_000 }],
      leads: "RollingBack",
    },
    {
      name: "that can't pull its image has until its deadline",
      nodes: [failing(1, "ImagePullFailed", { answered: false })],
      leads: "Canary",
      gate: "CanaryStarting",
    },
    {
      name: "that couldn't pull its image until its deadline has failed",
      nodes: [failing(1, "ImagePullFailed", { answered: false, ...late })],
      leads: "RollingBack",
    },
    {
      name: "that never became healthy has failed at its deadline",
      nodes: [node(1, { kind: "updating", reason: "PodStarting", pod: fresh(1, late) })],
      leads: "RollingBack",
    },
    { name: "that answered and fell silent has failed", nodes: [silent(5_000)], leads: "RollingBack" },
    {
      name: "that has just fallen silent has a moment, in which kubelet may say that it ended, and why",
      nodes: [silent(4_999)],
      leads: "Canary",
      gate: "CanaryStarting",
    },
    {
      name: "that was evicted is tried again",
      nodes: [failing(1, "Evicted")],
      leads: "Canary",
      gate: "CanaryStarting",
    },
    {
      name: "that the API server refuses has failed before anything was deleted",
      nodes: [node(1)],
      of: { refused: { reason: "AdmissionDenied", message: "no" } },
      leads: "RollingBack",
    },
    {
      name: "waits for an approval, where that is asked for",
      nodes: [moved(1)],
      of: { settings: { ...SETTINGS, approval: "Manual" } },
      leads: "Canary",
      gate: "Approval",
    },
    {
      name: "doesn't take the approval of another revision",
      nodes: [moved(1)],
      of: { settings: { ...SETTINGS, approval: "Manual" }, approve: "s" },
      leads: "Canary",
      gate: "Approval",
    },
    {
      name: "goes on with its approval",
      nodes: [moved(1)],
      of: { settings: { ...SETTINGS, approval: "Manual" }, approve: "t" },
      leads: "Progressing",
    },
    {
      name: "on a node that is down makes way for another",
      nodes: [node(1, { kind: "notReady" })],
      leads: "Canary",
      gate: "CanaryStarting",
    },
  ])("$name", ({ nodes, of, leads, gate }) => {
    const step = stagedRollout(CANARY, view([...nodes, node(2)], of));
    expect([phaseOf(step), leads === "Canary" ? gateOf(step) : null]).toEqual([leads, gate ?? null]);
  });

  it.each<{ name: string; canary: Partial<RolloutPod>; others?: Partial<RolloutPod>; leads: string }>([
    { name: "delivers", canary: { exports: "Flowing" }, leads: "Progressing" },
    { name: "has delivered nothing yet", canary: { exports: "Unknown" }, leads: "Canary" },
    {
      name: "nobody can judge, however long its collector runs",
      canary: { exports: "Unknown", ...young(5 * MINUTE - 1) },
      leads: "Canary",
    },
    { name: "nobody can judge until its deadline", canary: { exports: "Unknown", ...late }, leads: "Progressing" },
    {
      name: "never reaches its exporter until its deadline, while another revision delivers",
      canary: { ...HELD_BACK, ...late },
      others: delivering(MINUTE),
      leads: "RollingBack",
    },
    {
      name: "never reaches its exporter, which has until its deadline",
      canary: { ...HELD_BACK, ...young(5 * MINUTE - 1) },
      others: delivering(MINUTE),
      leads: "Canary",
    },
    {
      name: "never reaches its exporter until its deadline, and others deliver no more since it began",
      canary: { ...HELD_BACK, ...late },
      others: delivering(10 * MINUTE),
      leads: "Progressing",
    },
    {
      name: "never reaches its exporter until its deadline, as all others'",
      canary: { ...HELD_BACK, ...late },
      others: HELD_BACK,
      leads: "Progressing",
    },
    {
      name: "is nothing to deliver for less than 90 s",
      canary: { exports: "Idle", ...young(89_999) },
      leads: "Canary",
    },
    { name: "is nothing to deliver for 90 s", canary: { exports: "Idle", ...young(90_000) }, leads: "Progressing" },
    {
      name: "is nothing to deliver, since its image was there and its collector began",
      canary: { exports: "Idle", createdAt: NOW - 106_000, startedAt: NOW - 31_000 },
      leads: "Canary",
    },
    {
      name: "is nothing to deliver until the deadline of one that began late",
      canary: { exports: "Idle", ...late, startedAt: NOW - 31_000 },
      leads: "Progressing",
    },
    {
      name: "fails while another revision delivers",
      canary: EXPORTS_FAIL,
      others: delivering(2_000, 45_000),
      leads: "RollingBack",
    },
    {
      name: "fails, since others delivered last",
      canary: EXPORTS_FAIL,
      others: delivering(MINUTE + 1),
      leads: "Canary",
    },
    {
      name: "fails, and others that failed as well have delivered again for less than a retry takes",
      canary: EXPORTS_FAIL,
      others: delivering(2_000, 44_999, MINUTE + 1),
      leads: "Canary",
    },
    { name: "fails as all others do", canary: EXPORTS_FAIL, others: EXPORTS_FAIL, leads: "Canary" },
    {
      name: "fails as all others do until its deadline",
      canary: { ...EXPORTS_FAIL, ...late },
      others: EXPORTS_FAIL,
      leads: "Progressing",
    },
    {
      name: "fails until its deadline, and is compared with others that delivered before",
      canary: { ...EXPORTS_FAIL, ...late },
      others: delivering(MINUTE + 1),
      leads: "Progressing",
    },
    {
      name: "fails at its deadline while another revision delivers",
      canary: { ...EXPORTS_FAIL, ...late },
      others: delivering(45_000),
      leads: "RollingBack",
    },
    {
      name: "fails while others deliver, which fail otherwise",
      canary: EXPORTS_FAIL,
      others: { ...delivering(45_000), exports: "Failing" },
      leads: "Canary",
    },
  ])("whose telemetry $name leads to $leads", ({ canary, others, leads }) => {
    const nodes = [moved(1, canary), node(2, { pod: pod({ uid: "old-2", ...others }) })];
    expect(phaseOf(stagedRollout(CANARY, view(nodes)))).toBe(leads);
  });

  it("whose pod never stayed has failed at its deadline, by the time when it was begun with", () => {
    const since = new Date(NOW - 5 * MINUTE).toISOString();
    const step = stagedRollout({ ...CANARY, inFlight: [{ ...begun(1), since }] }, view(fleet(2)));
    expect(step.record.rejected[0]).toMatchObject({ revision: "t", reason: "CanaryLost", nodes: ["n1"] });
  });

  it("whose healthy pod is gone has its time anew, however long ago it was begun with", () => {
    const since = new Date(NOW - 60 * MINUTE).toISOString();
    const baking: RolloutStatus = { ...CANARY, inFlight: [{ ...begun(1), since }] };
    const young = { createdAt: NOW - 1_000, startedAt: NOW - 1_000 };
    const healthy = written(stagedRollout(baking, view([moved(1, young), node(2)])), baking);
    expect(healthy).toMatchObject({ phase: "Canary", inFlight: [begun(1)] });
    expect(healthy.inFlight?.[0]).not.toHaveProperty("since");

    const evicted = node(1, { pod: pod({ uid: "from-the-daemonset" }) });
    const again = written(stagedRollout(healthy, view([evicted, node(2)])), healthy);
    const inFlight = [{ ...begun(1, "from-the-daemonset"), since: new Date(NOW).toISOString().replace(".000", "") }];
    expect(again).toMatchObject({ phase: "Canary", inFlight });
    expect(stagedRollout(again, view([evicted, node(2)])).acts).toEqual([
      { kind: "deletePod", node: "n1", uid: "from-the-daemonset" },
      { kind: "createPod", node: "n1", revision: "t", after: "from-the-daemonset" },
    ]);
    const late = view([evicted, node(2)], { now: NOW + 5 * MINUTE });
    expect(stagedRollout(again, late).record.rejected[0]).toMatchObject({ revision: "t", reason: "CanaryLost" });
  });

  it("whose failure is known takes the target back, with the collector's own words", () => {
    const step = stagedRollout(CANARY, view([failing(1), node(2)]));
    expect(step.record).toMatchObject({ phase: "RollingBack", template: "s", stable: "s" });
    expect(written(step, CANARY).rejected?.[0]).toMatchObject({
      reason: "CollectorExited",
      message: "n1: exit 1 on 1",
    });
    const back = stagedRollout(written(step, CANARY), view([failing(1), node(2)]));
    expect(back.acts).toEqual([{ kind: "deletePod", node: "n1", uid: "new-1" }]);
  });

  it("that fails by what can't be taken back stalls the rollout", () => {
    const step = stagedRollout(CANARY, view([failing(1), node(2)], { irrevocable: new Set(["t"]) }));
    expect(step.state).toMatchObject({ phase: "Stalled", reason: "ApiKeyRejected" });
    expect(
      stagedRollout(written(step, CANARY), view([failing(1), node(2)], { irrevocable: new Set(["t"]) })).acts,
    ).toEqual([]);
  });

  it("that fails keeps the next one from being begun, in the very same step", () => {
    const status: RolloutStatus = { ...CANARY, canaries: ["n1", "n2"], inFlight: [begun(1), begun(2)] };
    const settings = { ...SETTINGS, canary: 2, maxUnavailable: 2, autoRollback: false };
    expect(stagedRollout(status, view([failing(1), node(2), node(3)], { settings })).acts).toEqual([]);
    expect(stagedRollout(status, view([moved(1), node(2), node(3)], { settings })).acts).toHaveLength(2);
  });

  it("that fails stalls the rollout where autoRollback is off, and goes back once it is on", () => {
    const settings = { ...SETTINGS, autoRollback: false };
    const step = stagedRollout(CANARY, view([failing(1), node(2)], { settings }));
    expect(step.state).toMatchObject({ phase: "Stalled", reason: "CollectorExited" });
    expect(phaseOf(stagedRollout(written(step, CANARY), view([failing(1), node(2)])))).toBe("RollingBack");
  });
});

describe("waves", () => {
  const during = { liveTemplate: "t" };

  it("take as many nodes as the window has slots", () => {
    const nodes = [moved(1), ...fleet(30).slice(1)];
    expect(stagedRollout(WAVES, view(nodes, during)).record.inFlight.map(({ node: name }) => name)).toEqual([
      "n10",
      "n11",
      "n12",
    ]);
  });

  it("wait for the template, and for Kubernetes to have acted upon it", () => {
    expect(gateOf(stagedRollout(WAVES, view(fleet(2))))).toBe("TemplateOutdated");
    expect(stagedRollout(WAVES, view(fleet(2))).record.inFlight).toEqual([]);
    expect(gateOf(stagedRollout(WAVES, view(fleet(2), { ...during, templateSeen: false })))).toBe("NotObserved");
  });

  it("delete nothing while the DaemonSet would make a pod of something else", () => {
    const status: RolloutStatus = { ...WAVES, inFlight: [begun(2)] };
    const nodes = [moved(1), node(2)];
    expect(stagedRollout(status, view(nodes, during)).acts).toHaveLength(1);
    expect(stagedRollout(status, view(nodes, { liveTemplate: "s" })).acts).toEqual([]);
    expect(stagedRollout(status, view(nodes, { ...during, templateSeen: false })).acts).toEqual([]);
  });

  it("don't delete a pod that has become right meanwhile", () => {
    const young = moved(2, { createdAt: NOW - 1_000, startedAt: NOW - 1_000 });
    const status: RolloutStatus = { ...WAVES, inFlight: [begun(2, "new-2")] };
    expect(stagedRollout(status, view([moved(1), young], during)).acts).toEqual([]);
  });

  it("free a slot only after its pod's bake", () => {
    const status: RolloutStatus = { ...WAVES, inFlight: [begun(1)] };
    const young = moved(1, { createdAt: NOW - 1_000, startedAt: NOW - 1_000 });
    expect(stagedRollout(status, view([young, node(2)], during)).record.inFlight).toMatchObject([begun(1)]);
    expect(stagedRollout(status, view([moved(1), node(2)], during)).record.inFlight).toMatchObject([begun(2)]);
  });

  it("replace failing nodes outside the window, first", () => {
    const nodes = [moved(1), node(2), node(3, { kind: "unhealthy", reason: "OOMKilled" })];
    expect(stagedRollout(WAVES, view(nodes, during)).record.inFlight).toMatchObject([
      { node: "n3", wasFailing: true },
      { node: "n2", wasFailing: false },
    ]);
  });

  it("skip nodes that are down, and are complete without them", () => {
    const step = stagedRollout(WAVES, view([moved(1), node(2, { kind: "notReady" })], during));
    expect(step.record).toMatchObject({ phase: "Complete", stable: "t" });
  });

  it("go back when more nodes fail than are borne, the failed ones first", () => {
    const status: RolloutStatus = { ...WAVES, inFlight: [begun(2)] };
    const step = stagedRollout(status, view([moved(1), failing(2), node(3)], during));
    expect(step.record).toMatchObject({ phase: "RollingBack", target: "t", template: "s" });
    expect(step.template).toBe("t");
  });

  it("bear as many failures as maxFailures says", () => {
    const status: RolloutStatus = { ...WAVES, inFlight: [begun(2)] };
    const settings = { ...SETTINGS, maxFailures: 1, maxUnavailable: 2 };
    expect(phaseOf(stagedRollout(status, view([moved(1), failing(2), node(3)], { ...during, settings })))).toBe(
      "Progressing",
    );
  });

  it("don't count a node that failed before", () => {
    const status: RolloutStatus = { ...WAVES, inFlight: [{ ...begun(2), wasFailing: true }] };
    const nodes = [moved(1), failing(2, "CollectorExited", { answered: false }), node(3)];
    expect(phaseOf(stagedRollout(status, view(nodes, during)))).toBe("Progressing");
  });

  it("don't count a node that failed before, though its new pod answered for a while", () => {
    const status: RolloutStatus = { ...WAVES, inFlight: [{ ...begun(2), wasFailing: true }] };
    const once = stagedRollout(status, view([moved(1), failing(2), node(3)], during));
    const again = stagedRollout(written(once, status), view([moved(1), failing(2), node(3)], during));
    expect([phaseOf(once), phaseOf(again)]).toEqual(["Progressing", "Progressing"]);
    const end = stagedRollout(written(again, status), view([moved(1), failing(2), moved(3)], during));
    expect([phaseOf(end), end.record.stable]).toEqual(["Complete", "t"]);
  });

  it.each(["notReady", "leaving", "starting"] as const)("don't count a node that is %s", (kind) => {
    const status: RolloutStatus = { ...WAVES, inFlight: [begun(2)] };
    const nodes = [moved(1), { ...failing(2), kind }, node(3)];
    expect(phaseOf(stagedRollout(status, view(nodes, during)))).toBe("Progressing");
  });

  it("make way for a newer target once what they began has settled", () => {
    const status: RolloutStatus = { ...WAVES, inFlight: [begun(2)] };
    const busy = [moved(1), moved(2, { createdAt: NOW - 1_000, startedAt: NOW - 1_000 }), node(3)];
    const waits = stagedRollout(status, view(busy, { ...during, wanted: "u" }));
    expect([phaseOf(waits), gateOf(waits)]).toEqual(["Progressing", "NewerTarget"]);
    const next = stagedRollout(status, view([moved(1), moved(2), node(3)], { ...during, wanted: "u" }));
    expect(next.record).toMatchObject({ phase: "Canary", target: "u", template: "t", stable: "s" });
  });

  it("go on with the older target when the newer one failed", () => {
    const newer: RolloutStatus = { phase: "Canary", target: "u", stable: "s", template: "t", canaries: ["n1"] };
    const of = { ...during, wanted: "u" };
    const failed = failing(1, "CollectorExited", { revision: "u" });
    const back = stagedRollout(newer, view([failed, moved(2), node(3)], of));
    expect(back.record).toMatchObject({ phase: "RollingBack", target: "u", template: "t" });
    const resumed = stagedRollout({ ...written(back, newer), inFlight: [] }, view([moved(1), moved(2), node(3)], of));
    expect(resumed.record).toMatchObject({ phase: "Progressing", target: "t" });
  });

  it("do nothing while the KmAgent is paused", () => {
    const step = stagedRollout({ ...WAVES, inFlight: [begun(2)] }, view(fleet(3), { ...during, paused: true }));
    expect([step.acts, step.nextAt]).toEqual([[], null]);
  });

  it("hold no more replacements than the status has room for", () => {
    const settings = { ...SETTINGS, maxUnavailable: "100%" };
    const name = "a".repeat(100);
    const nodes = Array.from({ length: 5_000 }, (_, index) => node(index, { node: `${name}-${index}` }));
    const status = written(stagedRollout(WAVES, view(nodes, { ...during, settings })), WAVES);
    expect(JSON.stringify(status).length).toBeLessThan(32_768);
  });
});

describe("a revision that was taken back", () => {
  const since = "2026-11-24T11:00:00Z";
  const rejected = [{ revision: "t", reason: "CollectorExited", message: "n1: exit 1", since }];
  const back: RolloutStatus = { phase: "RollingBack", target: "t", stable: "s", template: "s", rejected };

  it("is over when every node is back, and is told of until something else is wanted", () => {
    const step = stagedRollout(back, view(fleet(3)));
    expect(step.state).toMatchObject({
      phase: "RolledBack",
      target: "t",
      reason: "CollectorExited",
      message: "n1: exit 1",
    });
    const again = stagedRollout(written(step, back), view(fleet(3)));
    expect([phaseOf(again), again.acts, written(again, written(step, back))]).toEqual([
      "RolledBack",
      [],
      written(step, back),
    ]);
  });

  it("isn't tried again by itself, but once with each retry", () => {
    const status: RolloutStatus = { ...back, phase: "RolledBack" };
    expect(phaseOf(stagedRollout(status, view(fleet(3))))).toBe("RolledBack");
    const retried = stagedRollout(status, view(fleet(3), { retry: "t" }));
    expect([phaseOf(retried), retried.record.rejected]).toEqual(["Canary", []]);
    const failed = stagedRollout(written(retried, status), view([failing(1), node(2), node(3)], { retry: "t" }));
    expect(failed.record.rejected).toMatchObject([{ revision: "t", retried: true }]);
    const after: RolloutStatus = { ...written(failed), phase: "RolledBack", inFlight: [] };
    expect(phaseOf(stagedRollout(after, view(fleet(3), { retry: "t" })))).toBe("RolledBack");
  });

  it("doesn't come back with a lost status", () => {
    const step = stagedRollout(undefined, view(fleet(3), { noted: { stable: "s", rejected: [failedBefore("t")] } }));
    expect([phaseOf(step), step.acts]).toEqual(["RolledBack", []]);
  });
});

describe("a lost status", () => {
  it.each<{ name: string; nodes: RolloutNode[]; of: Partial<RolloutView>; expected: object }>([
    {
      name: "in the middle of waves goes on with them",
      nodes: [moved(1), node(2)],
      of: { liveTemplate: "t" },
      expected: { phase: "Progressing", target: "t", stable: "s" },
    },
    {
      name: "with canaries finds them by what they run",
      nodes: [node(1), moved(2, { createdAt: NOW - 1_000, startedAt: NOW - 1_000 })],
      of: {},
      expected: { phase: "Canary", canaries: ["n2"] },
    },
    {
      name: "without notes takes a healthy template for stable",
      nodes: fleet(2),
      of: { noted: { stable: "", rejected: [] } },
      expected: { phase: "Canary", stable: "s" },
    },
    {
      name: "with a rejected template goes back from it",
      nodes: [moved(1), node(2)],
      of: { liveTemplate: "t", noted: { stable: "s", rejected: [failedBefore("t")] } },
      expected: { phase: "RollingBack", template: "s" },
    },
  ])("$name", ({ nodes, of, expected }) => {
    const step = stagedRollout(undefined, view(nodes, of));
    expect(step.record).toMatchObject(expected);
    expect(step.acts).toEqual([]);
  });
});

describe("what a step says", () => {
  const rejectedAt = "2026-11-24T11:00:00Z";
  const why = (revision: string) => ({ revision, reason: `${revision}Failed`, message: "words", since: rejectedAt });
  const manual = { settings: { ...SETTINGS, approval: "Manual" as const } };

  it("is how many nodes run the target, and how many could be moved there", () => {
    const nodes = [
      moved(1),
      node(2),
      node(3),
      { ...moved(4), kind: "notReady" as const },
      { ...moved(5), kind: "leaving" as const },
      { ...moved(6), kind: "excluded" as const },
      node(7, { kind: "updating", pod: null }),
    ];
    expect(stagedRollout(WAVES, view(nodes, { liveTemplate: "t" })).state).toMatchObject({ updated: 2, outdated: 2 });
  });

  it("names canaries in Canary alone, and a reason only where something failed", () => {
    const canary = stagedRollout(CANARY, view([moved(1, young(1_000)), node(2)]));
    expect(canary.state).toMatchObject({ phase: "Canary", canaries: ["n1"] });
    const waves = stagedRollout(WAVES, view([moved(1), node(2)], { liveTemplate: "t" }));
    expect(waves.state).not.toHaveProperty("canaries");
    const complete = stagedRollout(COMPLETE, view(fleet(2), { wanted: "s" }));
    expect(complete.state.phase).toBe("Complete");
    expect(complete.state).not.toHaveProperty("reason");
  });

  it("gives the reason of the revision that failed, whatever failed before", () => {
    const status: RolloutStatus = { ...COMPLETE, phase: "RolledBack", target: "t", rejected: [why("r"), why("t")] };
    expect(stagedRollout(status, view(fleet(2))).state).toMatchObject({ phase: "RolledBack", reason: "tFailed" });
  });

  it("leaves the template as it is where the step turns elsewhere, and holds the written one where there is none", () => {
    const failed = view([failing(1), node(2)]);
    expect(stagedRollout(WAVES, { ...failed, liveTemplate: "r" }).template).toBe("r");
    expect(stagedRollout(WAVES, { ...failed, liveTemplate: null }).template).toBe("t");
  });

  it.each<{ name: string; status: RolloutStatus; nodes: RolloutNode[]; of?: Partial<RolloutView>; soon: boolean }>([
    { name: "a canary is watched", status: CANARY, nodes: [moved(1, young(1_000)), node(2)], soon: true },
    { name: "a canary waits for approval", status: CANARY, nodes: [moved(1), node(2)], of: manual, soon: false },
    { name: "no node could be canary", status: CANARY, nodes: [], soon: false },
    { name: "waves go on", status: WAVES, nodes: [moved(1), node(2)], of: { liveTemplate: "t" }, soon: true },
    {
      name: "waves wait for nodes that are down",
      status: WAVES,
      nodes: fleet(1, { kind: "notReady" }),
      of: { liveTemplate: "t" },
      soon: true,
    },
    {
      name: "a way back waits for the template",
      status: { ...WAVES, phase: "RollingBack", template: "s" },
      nodes: fleet(2),
      of: { liveTemplate: "t" },
      soon: true,
    },
    {
      name: "the first revision is watched",
      status: { phase: "Install", target: "t", template: "t" },
      nodes: [moved(1, young(10_000))],
      of: { liveTemplate: "t", noted: { stable: "", rejected: [] } },
      soon: true,
    },
    {
      name: "the first revision has failed on a node, which mends by no time",
      status: { phase: "Install", target: "t", template: "t" },
      nodes: [failing(1), moved(2)],
      of: { liveTemplate: "t", noted: { stable: "", rejected: [] } },
      soon: false,
    },
    {
      name: "a failed node isn't taken back",
      status: {
        ...WAVES,
        phase: "Stalled",
        inFlight: [begun(1)],
        rejected: [{ ...why("t"), reason: "ApiKeyRejected" }],
      },
      nodes: [failing(1), node(2)],
      of: { liveTemplate: "t" },
      soon: false,
    },
    { name: "nothing is under way", status: COMPLETE, nodes: fleet(2), of: { wanted: "s" }, soon: false },
    {
      name: "a node that returned is moved",
      status: COMPLETE,
      nodes: [node(1), node(2, { pod: pod({ revision: "r" }) })],
      of: { wanted: "s" },
      soon: true,
    },
    {
      name: "waves are paused",
      status: WAVES,
      nodes: [moved(1), node(2)],
      of: { liveTemplate: "t", paused: true },
      soon: false,
    },
  ])("asks to be asked again where time alone can end something: $name: $soon", ({ status, nodes, of, soon }) => {
    expect(stagedRollout(status, view(nodes, of)).nextAt).toBe(soon ? NOW + 1_000 : null);
  });
});
