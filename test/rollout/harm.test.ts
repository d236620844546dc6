import { describe, expect, test } from "@jest/globals";
import { areSeen, harmOf } from "./harm.ts";
import type { Change } from "./harm.ts";
import type { SeenPod } from "./pod-history.ts";

const CHANGE: Change = { kind: "rollout", target: "new", bakeMs: 0, touches: 2, wasKilled: false };

/** A pod called `node-revision-number`; what isn't going runs since 1970. */
function pod(version: number, name: string, isGoing = false): { object: SeenPod; deleted: boolean } {
  const [nodeName = "", revision = ""] = name.split("-");
  const labels = { "kloudmate.com/revision": revision };
  const going = isGoing && { deletionTimestamp: "2026-01-01T00:00:00Z" };
  const running = { startedAt: "1970-01-01T00:00:00Z" };
  return {
    deleted: false,
    object: {
      metadata: { name, uid: name, resourceVersion: String(version), labels, ...going },
      spec: { nodeName },
      status: { containerStatuses: [{ restartCount: 0, state: { running } }] },
    },
  };
}

const deleted = (...pods: string[]) => pods.map((name) => ({ pod: name, at: 1_000 }));

const BOTH = [
  pod(1, "a-old-1"),
  pod(2, "b-old-1"),
  pod(3, "a-old-1", true),
  pod(4, "a-new-2"),
  pod(5, "b-old-1", true),
  pod(6, "b-new-2"),
];

describe("what a change does to pods", () => {
  test("is no harm where each makes way once, one node after the other", () => {
    expect(harmOf(BOTH, deleted("a-old-1", "b-old-1"), CHANGE)).toEqual([]);
  });

  test("is harm where a pod is deleted again", () => {
    expect(harmOf(BOTH, deleted("a-old-1", "b-old-1", "a-old-1"), CHANGE)).toEqual(["a-old-1 was deleted again"]);
  });

  test("is harm where a second node goes before the first is back", () => {
    const seen = [...BOTH.filter(({ object }) => object.metadata.name !== "a-new-2"), pod(9, "a-new-2")];
    expect(harmOf(seen, deleted("a-old-1", "b-old-1"), CHANGE)).toEqual(["a and b were down at once"]);
  });

  test("is harm where a pod of what is wanted goes, but on the way back", () => {
    const seen = [...BOTH, pod(7, "b-new-2", true), pod(8, "b-old-3")];
    const deletions = deleted("a-old-1", "b-old-1", "b-new-2");
    expect(harmOf(seen, deletions, CHANGE)).toEqual(["1 pods of b went that ran the target"]);
    expect(harmOf(seen, deletions, { ...CHANGE, kind: "rollback" })).toEqual([]);
  });

  test("is harm where two old pods of a node go, but on the canary's after a death", () => {
    const seen = [...BOTH, pod(7, "b-old-3"), pod(8, "b-old-3", true)];
    const deletions = deleted("a-old-1", "b-old-1", "b-old-3");
    const killed = { ...CHANGE, wasKilled: true };
    const said = ["2 pods of b made way for the target's"];
    expect(harmOf(seen, deletions, killed)).toEqual([]);
    expect(harmOf(seen, deletions, CHANGE)).toEqual(said);
    // The canary's pod is known by its name, which others don't have.
    expect(harmOf(seen, deletions, { ...killed, target: "newer" })).toEqual(said);
  });

  test("is harm where it touches a node that it needn't", () => {
    const back = { ...CHANGE, touches: 1 };
    expect(harmOf(BOTH, deleted("a-old-1", "b-old-1"), back)).toEqual(["2 nodes were touched, and not 1"]);
  });
});

test("a deletion counts as seen once its pod was seen to go", () => {
  expect(areSeen(BOTH, deleted("a-old-1"))).toBe(true);
  expect(areSeen(BOTH, deleted("a-old-1", "a-new-2"))).toBe(false);
});
