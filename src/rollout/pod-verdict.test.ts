import { describe, expect, it } from "@jest/globals";
import { failing, fresh, MINUTE, moved, node, NOW, pod, SETTINGS, view, young } from "../../test/rollout/views.ts";
import { faultOf, isBaked, longest, runsSince } from "./pod-verdict.ts";
import type { RolloutNode } from "./view.ts";

const late = young(5 * MINUTE);
const clean = (since: number) => ({ ...failing(1, "CollectorExitedCleanly"), since });

describe("a node's new pod", () => {
  it.each<{ name: string; at: RolloutNode; reason: string | null }>([
    { name: "is all right while it is healthy", at: moved(1), reason: null },
    {
      name: "has failed at once where its collector ended",
      at: failing(1, "OOMKilled", { answered: false }),
      reason: "OOMKilled",
    },
    {
      name: "has failed at once where it failed as a whole",
      at: failing(1, "PodFailed", { answered: false }),
      reason: "PodFailed",
    },
    {
      name: "has failed at once where it answered and stopped",
      at: failing(1, "Unresponsive"),
      reason: "Unresponsive",
    },
    { name: "has time where it never answered", at: failing(1, "Unresponsive", { answered: false }), reason: null },
    {
      name: "has failed at its deadline where it never answered",
      at: failing(1, "Unresponsive", { ...late, answered: false }),
      reason: "Unresponsive",
    },
    {
      name: "has time before its deadline",
      at: failing(1, "Unresponsive", { ...young(5 * MINUTE - 1), answered: false }),
      reason: null,
    },
    {
      name: "has time where no room is left for it, though it answered before",
      at: node(1, { kind: "uncovered", reason: "InsufficientResources", pod: fresh(1) }),
      reason: null,
    },
    {
      name: "has failed at its deadline where no room is left for it",
      at: node(1, { kind: "uncovered", reason: "InsufficientResources", pod: fresh(1, late) }),
      reason: "InsufficientResources",
    },
    {
      name: "can't have failed where the operator makes none",
      at: node(1, { kind: "uncovered", reason: "NotDeployed", since: NOW - 5 * MINUTE, pod: null }),
      reason: null,
    },
    { name: "can't have failed where there is none", at: { ...failing(1, "PodMissing"), pod: null }, reason: null },
    { name: "can't have failed where it was evicted", at: failing(1, "Evicted", late), reason: null },
    { name: "is given a moment for its last words after an exit without error", at: clean(NOW - 2_999), reason: null },
    { name: "has failed when it left none", at: clean(NOW - 3_000), reason: "CollectorExitedCleanly" },
    {
      name: "is given no such moment where it ended with an error",
      at: { ...failing(1), since: NOW },
      reason: "CollectorExited",
    },
    { name: "may be late to start", at: node(1, { kind: "updating", pod: fresh(1) }), reason: null },
    {
      name: "has failed where it isn't healthy at its deadline",
      at: node(1, { kind: "updating", pod: fresh(1, late) }),
      reason: "ProgressDeadlineExceeded",
    },
    { name: "isn't late where it isn't there yet", at: node(1, { kind: "updating", pod: null }), reason: null },
    {
      name: "has failed where none can be made until the deadline",
      at: node(1, { kind: "uncovered", reason: "AdmissionDenied", since: NOW - 5 * MINUTE, pod: null }),
      reason: "AdmissionDenied",
    },
    {
      name: "isn't judged on a node that is down",
      at: node(1, { kind: "notReady", pod: fresh(1, late) }),
      reason: null,
    },
  ])("$name", ({ at, reason }) => {
    expect(faultOf(at, view([at]))?.reason ?? null).toBe(reason);
  });
});

describe("a bake", () => {
  it("begins with the pod, its container or that one's last restart, whatever is latest, and never in the future", () => {
    expect(runsSince(pod({ createdAt: 5, startedAt: 3, lastExitAt: null }), 100)).toBe(5);
    expect(runsSince(pod({ createdAt: 5, startedAt: 7, lastExitAt: null }), 100)).toBe(7);
    expect(runsSince(pod({ createdAt: 5, startedAt: 7, lastExitAt: 9 }), 100)).toBe(9);
    expect(runsSince(pod({ createdAt: 5, startedAt: null }), 100)).toBe(100);
    expect(runsSince(pod({ createdAt: 5, startedAt: 120 }), 100)).toBe(100);
  });

  it("can be waited for until the deadline, or until it is over where that is later", () => {
    expect(longest(pod({ createdAt: 0 }), SETTINGS)).toBe(5 * MINUTE);
    expect(longest(pod({ createdAt: 0 }), { ...SETTINGS, bakeMs: 9 * MINUTE })).toBe(9 * MINUTE);
  });

  it.each<{ name: string; at: RolloutNode; baked: boolean }>([
    { name: "is over when the pod was seen to answer after it", at: moved(1, young(30_000)), baked: true },
    { name: "isn't over before", at: moved(1, young(29_999)), baked: false },
    { name: "isn't over where the last answer is older", at: moved(1, { answeredAt: NOW - 30_001 }), baked: false },
    { name: "isn't over where nobody has seen an answer", at: moved(1, { answeredAt: null }), baked: false },
    { name: "isn't over where kubelet doesn't call it ready", at: moved(1, { ready: false }), baked: false },
    {
      name: "is over at the deadline though kubelet never called it ready",
      at: moved(1, { ...late, ready: false }),
      baked: true,
    },
    { name: "isn't over on a node that isn't healthy", at: node(1, { kind: "updating", pod: fresh(1) }), baked: false },
    { name: "isn't over for a pod that ends", at: moved(1, { deleting: true }), baked: false },
    { name: "isn't over without a pod", at: node(1, { pod: null }), baked: false },
    {
      name: "is over at the deadline where the node's clock is wrong",
      at: moved(1, { ...late, startedAt: NOW + MINUTE }),
      baked: true,
    },
  ])("$name", ({ at, baked }) => {
    expect(isBaked(at, view([at]))).toBe(baked);
  });
});
