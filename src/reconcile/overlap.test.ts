import { describe, expect, test } from "@jest/globals";
import type { NodeObservation } from "../health/observation.ts";
import { overlap } from "./overlap.ts";
import { createIntern, projectKmAgent, projectNode } from "./project.ts";

function kmagent(name: string, createdAt: string, pool?: string, more: object = {}) {
  return projectKmAgent({
    metadata: { name, namespace: "km", uid: `uid-${name}`, creationTimestamp: createdAt, ...more },
    spec: {
      clusterName: "c",
      apiKeySecretRef: { name: "s", key: "k" },
      ...(pool !== undefined && { nodeAgent: { nodeSelector: { pool } } }),
    },
  });
}

function node(name: string, pool: string): NodeObservation {
  const labels = { "kubernetes.io/os": "linux", pool };
  const record = projectNode({ metadata: { name, labels } }, createIntern());
  return { ...record, pod: null, isMakingWay: false, failedPod: null, probe: null, exports: null };
}

const NODES = [node("a1", "a"), node("b1", "b")];
const [EARLY, LATE] = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"];
const MINE = kmagent("mine", LATE);

describe("a KmAgent", () => {
  test.each([
    {
      name: "waits for an older one on the same nodes",
      of: MINE,
      other: kmagent("old", EARLY),
      expected: ["a1", "b1"],
    },
    { name: "names only the nodes that both select", of: MINE, other: kmagent("old", EARLY, "b"), expected: ["b1"] },
    { name: "doesn't wait for a younger one", of: kmagent("mine", EARLY), other: kmagent("new", LATE), expected: null },
    {
      name: "doesn't wait for one on other nodes",
      of: kmagent("mine", LATE, "a"),
      other: kmagent("old", EARLY, "b"),
      expected: null,
    },
    {
      name: "doesn't wait for one that is being deleted",
      of: MINE,
      other: kmagent("old", EARLY, undefined, { deletionTimestamp: LATE }),
      expected: null,
    },
    {
      name: "doesn't wait where no node is shared",
      of: kmagent("mine", LATE, "z"),
      other: kmagent("old", EARLY),
      expected: null,
    },
  ])("$name", ({ of, other, expected }) => {
    expect(overlap(of, [other], NODES)?.nodes ?? null).toEqual(expected);
  });

  test("of the same second waits exactly where the other doesn't", () => {
    const [a, b] = [kmagent("a", EARLY), kmagent("b", EARLY)];
    expect([overlap(a, [b], NODES)?.other, overlap(b, [a], NODES)?.other]).toEqual([undefined, "a"]);
  });
});
