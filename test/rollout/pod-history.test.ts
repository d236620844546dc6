import { describe, expect, test } from "@jest/globals";
import { downAfterEach, livesByNode, needlessOf, trials } from "./pod-history.ts";
import type { SeenKmAgent, SeenPod } from "./pod-history.ts";

/* The measure by which tests on the real cluster judge a rollout must itself be right. */

const SECOND = 1_000;

type Step = readonly [version: number, pod: string, is: "made" | "runs" | "restarted" | "going" | "gone", at?: number];

/** Sightings in any order of pods called `node/revision/anything`. */
function seen(...steps: readonly Step[]): { object: SeenPod; deleted: boolean }[] {
  return steps.map(([version, name, is, at = 0]) => {
    const [nodeName = "", revision = ""] = name.split("/");
    const runs = is !== "made" && is !== "gone";
    return {
      deleted: is === "gone",
      object: {
        metadata: {
          name,
          uid: name,
          resourceVersion: String(version),
          labels: { "kloudmate.com/revision": revision },
          ...((is === "going" || is === "gone") && { deletionTimestamp: "2026-01-01T00:00:00Z" }),
        },
        spec: { nodeName },
        status: {
          ...(runs && {
            containerStatuses: [
              {
                restartCount: is === "restarted" ? 1 : 0,
                state: { running: { startedAt: new Date(at * SECOND).toISOString() } },
              },
            ],
          }),
        },
      },
    };
  });
}

const status = (version: number, template: string, stable: string): { object: SeenKmAgent; deleted: boolean } => ({
  deleted: false,
  object: { metadata: { resourceVersion: String(version) }, status: { rollout: { template, stable } } },
});

describe("the nodes that are down by our doing", () => {
  const FIRST: readonly Step[] = [
    [1, "a/old", "runs"],
    [2, "b/old", "runs"],
    [3, "a/old", "going"],
    [4, "a/new", "made"],
  ];
  const deletions = (at: number) => [
    { pod: "a/old", at: 10 * SECOND },
    { pod: "b/old", at: at * SECOND },
  ];

  const CASES: readonly (readonly [name: string, steps: readonly Step[], at: number, down: readonly string[]])[] = [
    ["hold one whose new pod is only made", [[6, "b/old", "going"]], 30, ["a", "b"]],
    [
      "hold one whose new pod runs too short",
      [
        [5, "a/new", "runs", 12],
        [6, "b/old", "going"],
      ],
      13,
      ["a", "b"],
    ],
    [
      "hold one whose new pod was restarted",
      [
        [5, "a/new", "restarted", 12],
        [6, "b/old", "going"],
      ],
      30,
      ["a", "b"],
    ],
    [
      "hold one whose new pod runs after the next deletion alone",
      [
        [6, "b/old", "going"],
        [7, "a/new", "runs", 12],
      ],
      30,
      ["a", "b"],
    ],
    [
      "don't hold one whose new pod has run for as long as is asked",
      [
        [5, "a/new", "runs", 12],
        [6, "b/old", "going"],
      ],
      14,
      ["b"],
    ],
  ];

  test.each(CASES)("%s", (_name, steps, at, down) => {
    expect(downAfterEach(seen(...steps, ...FIRST), deletions(at), 2 * SECOND)).toEqual([["a"], down]);
  });

  test("don't hold one whose pod somebody else deleted", () => {
    expect(downAfterEach(seen(...FIRST), [], 0)).toEqual([]);
  });

  test("hold a node once whose pod was deleted twice in a row", () => {
    const more: readonly Step[] = [
      [5, "a/new", "going"],
      [6, "a/new", "gone"],
    ];
    const both = [...deletions(0).slice(0, 1), { pod: "a/new", at: 11 * SECOND }];
    expect(downAfterEach(seen(...FIRST, ...more), both, 0)).toEqual([["a"], ["a"]]);
  });
});

test("lives are told by node, in the order in which pods were made, with most restarts", () => {
  const steps: readonly Step[] = [
    [4, "a/new", "made"],
    [1, "a/old", "runs"],
    [3, "a/old", "going"],
    [5, "a/new", "restarted"],
    [2, "b/old", "runs"],
  ];
  expect(livesByNode(seen(...steps))).toEqual({
    a: [
      { pod: "a/old", revision: "old", restarts: 0 },
      { pod: "a/new", revision: "new", restarts: 1 },
    ],
    b: [{ pod: "b/old", revision: "old", restarts: 0 }],
  });
});

test("a pod that was never scheduled belongs to the node that its affinity names", () => {
  const [placed, waiting] = seen([1, "a/old", "runs"], [2, "a/new", "made"]);
  const required = { nodeSelectorTerms: [{ matchFields: [{ values: ["a"] }] }] };
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: required } };
  const unscheduled = { deleted: false, object: { ...waiting!.object, spec: { affinity } } };
  expect(Object.keys(livesByNode([placed!, unscheduled]))).toEqual(["a"]);
});

describe("a node's pod", () => {
  const CASES: readonly (readonly [name: string, revisions: string, needless: string])[] = [
    ["is needed where each brings another revision", "one two three", ""],
    ["is needed where it takes back what was tried", "one bad one two worse two", ""],
    ["is needless where it brings the same again", "one two two", "two"],
    ["is needless where it tries the same again", "one bad bad one", "bad"],
    ["is needless where it brings back what was left for a proved one", "one two one", "one"],
  ];

  test.each(CASES)("%s", (_name, revisions, needless) => {
    const lives = revisions.split(" ").map((revision) => ({ pod: "", revision, restarts: 0 }));
    const found = needlessOf(lives, new Set(["one", "two", "three"]));
    expect(found.map(({ revision }) => revision).join(" ")).toBe(needless);
  });
});

describe("what is tried", () => {
  const OLD: readonly Step[] = [
    [1, "a/old", "runs"],
    [2, "b/old", "runs"],
  ];

  test("is nothing while pods run what was stable at first", () => {
    expect(trials(seen(...OLD), [status(9, "old", "old")])).toEqual([]);
  });

  test("is each pod of a revision that no status has made the template yet", () => {
    const pods = seen(...OLD, [11, "a/new", "made"], [13, "b/new", "made"]);
    const tried = { nodes: ["a"], revisions: ["new"] };
    expect(trials(pods, [status(9, "old", "old"), status(12, "new", "old")])).toEqual([tried]);
    expect(trials(pods, [status(9, "old", "old"), status(14, "new", "old")])).toEqual([
      tried,
      { nodes: ["a", "b"], revisions: ["new"] },
    ]);
  });

  test("ends with its pod", () => {
    const pods = seen(...OLD, [11, "a/one", "made"], [12, "a/one", "going"], [13, "a/two", "made"]);
    expect(trials(pods, [status(9, "old", "old")])).toEqual([
      { nodes: ["a"], revisions: ["one"] },
      { nodes: ["a"], revisions: ["two"] },
    ]);
  });
});
