import { describe, expect, it } from "@jest/globals";
import {
  delivering,
  EXPORTS_FAIL,
  failing,
  fleet,
  fresh,
  line,
  MINUTE,
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
import { advance } from "./staged.ts";
import type { RolloutNode, RolloutView } from "./view.ts";

const CANARY = record({ phase: "Canary", target: "t", canaries: ["n1"] });
const WAVES = record({ phase: "Progressing", target: "t", template: "t" });
const BACK = record({ phase: "RollingBack", target: "t" });
const INSTALL_R = record({ phase: "Install", target: "r", template: "r", stable: "" });

const starting = young(1_000);
const other = (index: number, revision: string, of: Partial<RolloutNode> = {}) =>
  node(index, { pod: pod({ uid: `other-${index}`, revision }), ...of });

interface Row {
  readonly name: string;
  readonly of: RolloutRecord;
  readonly nodes: readonly RolloutNode[];
  readonly at?: Partial<RolloutView>;
  readonly leads: Partial<RolloutRecord>;
  readonly gate?: string | null;
}

function leads({ of, nodes, at, leads: expected, gate }: Row): void {
  const step = advance(of, view(nodes, at));
  expect(step.record).toMatchObject(expected);
  if (gate !== undefined) expect(step.waiting?.gate ?? null).toBe(gate);
}

describe("a step", () => {
  it("changes nothing while paused", () => {
    const of = { ...WAVES, inFlight: [replacement(2)] };
    const at = view([moved(1), failing(2)], { liveTemplate: "t", wanted: "u", paused: true });
    expect(advance(of, at)).toEqual({ record: of, waiting: null, failed: 0 });
  });

  it("tells how many nodes failed", () => {
    const settings = { ...SETTINGS, maxFailures: 2, maxUnavailable: 3 };
    const at = view([moved(1), failing(2), failing(3), node(4)], { liveTemplate: "t", settings });
    expect(advance(WAVES, at).failed).toBe(2);
    const open = { ...WAVES, inFlight: [replacement(4, { podUID: "gone" })] };
    expect(advance(open, { ...at, wanted: "u" })).toMatchObject({ failed: 2, waiting: { gate: "NewerTarget" } });
  });

  it.each<Row>([
    {
      name: "of the first revision ever follows what is wanted",
      of: INSTALL_R,
      nodes: [other(1, "r"), other(2, "r")],
      at: { liveTemplate: "t" },
      leads: { phase: "Install", target: "t", template: "t", inFlight: [replacement(1, { podUID: "other-1" })] },
      gate: "NodesOutdated",
    },
    {
      name: "of the first revision ever follows what is wanted where no node has proved the one before",
      of: INSTALL_R,
      nodes: [other(1, "r", { kind: "unhealthy" }), node(2, { pod: pod({ revision: "r", ...starting }) })],
      at: { liveTemplate: "r" },
      leads: { phase: "Install", target: "t", template: "t", stable: "" },
      gate: "TemplateOutdated",
    },
    {
      name: "of the first revision ever tries a newer one on a canary where a node has proved the one before",
      of: INSTALL_R,
      nodes: [other(1, "r"), other(2, "r", { kind: "unhealthy" }), node(3, { kind: "notReady" })],
      at: { liveTemplate: "r" },
      leads: { phase: "Canary", target: "t", template: "r", stable: "r", canaries: ["n1"] },
      gate: "CanaryStarting",
    },
    {
      name: "of the first revision ever takes what the DaemonSet holds for proved, not what a record was to bring",
      of: record({ phase: "Install", target: "u", template: "u", stable: "" }),
      nodes: [other(1, "r")],
      at: { liveTemplate: "r" },
      leads: { phase: "Canary", target: "t", template: "r", stable: "r" },
    },
    {
      name: "of the first revision ever waits where a node has proved what is wanted and another is unhealthy",
      of: INSTALL_R,
      nodes: [other(1, "r"), other(2, "r", { kind: "unhealthy" })],
      at: { wanted: "r", liveTemplate: "r" },
      leads: { phase: "Install", target: "r", template: "r", stable: "" },
      gate: "NodesUnhealthy",
    },
    {
      name: "of the first revision ever takes none for proved that some nodes never had",
      of: INSTALL_R,
      nodes: [other(1, "r"), other(2, "q")],
      at: { liveTemplate: "r" },
      leads: { phase: "Install", target: "t", template: "t", stable: "" },
      gate: "TemplateOutdated",
    },
    {
      name: "of the first revision ever makes no canary",
      of: record({ phase: "Install", target: "t", template: "t", stable: "" }),
      nodes: [node(1), moved(2)],
      at: { liveTemplate: "t" },
      leads: { phase: "Install", canaries: [], inFlight: [replacement(1)] },
      gate: "NodesOutdated",
    },
    {
      name: "installs where a record knows of nothing stable",
      of: record({ stable: "" }),
      nodes: [],
      leads: { phase: "Install", target: "t", template: "t" },
      gate: "TemplateOutdated",
    },
  ])("$name", leads);
});

describe("a canary", () => {
  const inFlight = [replacement(1, { since: NOW - MINUTE })];
  const manual = { settings: { ...SETTINGS, approval: "Manual" as const } };
  const newer = { wanted: "u" };
  const two = { ...CANARY, canaries: ["n1", "n2"] };

  it.each<Row>([
    {
      name: "that isn't healthy makes way for a newer target at once",
      of: { ...CANARY, inFlight },
      nodes: [node(1, { kind: "updating", pod: fresh(1, starting) }), node(2)],
      at: newer,
      leads: { phase: "Canary", target: "u", inFlight: [replacement(1, { since: NOW })] },
      gate: "CanaryStarting",
    },
    {
      name: "whose pod isn't replaced yet makes way at once",
      of: { ...CANARY, inFlight },
      nodes: fleet(2),
      at: newer,
      leads: { target: "u", inFlight: [replacement(1, { since: NOW })] },
    },
    {
      name: "of which nothing is left makes way at once",
      of: { ...CANARY, canaries: [] },
      nodes: fleet(2),
      at: newer,
      leads: { target: "u", canaries: ["n1"] },
    },
    {
      name: "beside one that isn't healthy makes way at once",
      of: two,
      nodes: [moved(1, starting), node(2, { kind: "updating", pod: fresh(2) })],
      at: newer,
      leads: { target: "u" },
    },
    {
      name: "that is watched lets a newer target wait",
      of: { ...CANARY, inFlight },
      nodes: [moved(1, starting), node(2)],
      at: newer,
      leads: { target: "t", inFlight: inFlight.map((each) => ({ ...each, since: null })) },
      gate: "Bake",
    },
    {
      name: "that has proved the older target leaves the template alone, and makes way",
      of: CANARY,
      nodes: [moved(1), node(2)],
      at: newer,
      leads: { phase: "Canary", target: "u", template: "s" },
    },
    {
      name: "that failed while a newer target waits ends the older one",
      of: two,
      nodes: [moved(1, { restarts: 1 }), moved(2)],
      at: newer,
      leads: { phase: "RollingBack", target: "t" },
    },
    {
      name: "makes way for what the template holds already, which needs none",
      of: { ...CANARY, target: "u", template: "t" },
      nodes: [node(1), moved(2)],
      at: { liveTemplate: "t" },
      leads: { phase: "Progressing", target: "t", template: "t", canaries: [] },
    },
    {
      name: "makes way for what is stable, which needs none",
      of: { ...CANARY, target: "u", template: "t" },
      nodes: [node(1), moved(2)],
      at: { liveTemplate: "t", wanted: "s" },
      leads: { phase: "Progressing", target: "s", template: "s", canaries: [] },
      gate: "TemplateOutdated",
    },
    {
      name: "is waited for where there is no node",
      of: CANARY,
      nodes: [],
      leads: { phase: "Canary", canaries: [] },
      gate: "NoCanary",
    },
    {
      name: "is begun with at once where it has no replacement",
      of: CANARY,
      nodes: fleet(2),
      leads: { inFlight: [replacement(1, { since: NOW })] },
      gate: "CanaryStarting",
    },
    {
      name: "is begun with outside the window where its node fails anyway",
      of: { ...two, canaries: ["n1", "n2", "n3"] },
      nodes: [node(1, { kind: "unhealthy" }), node(2, { kind: "updating" }), node(3, { kind: "uncovered" })],
      leads: {
        inFlight: [
          replacement(1, { since: NOW, wasFailing: true }),
          replacement(2, { since: NOW }),
          replacement(3, { since: NOW, wasFailing: true }),
        ],
      },
    },
    {
      name: "is alone in being moved, though another node runs a third revision",
      of: CANARY,
      nodes: [moved(1, starting), other(2, "r")],
      at: { settings: { ...SETTINGS, maxUnavailable: 2 } },
      leads: { phase: "Canary", canaries: ["n1"], inFlight: [] },
    },
    {
      name: "is lost at its own deadline, not at another's",
      of: { ...two, inFlight: [replacement(1, { since: NOW - 5 * MINUTE }), replacement(2, { since: NOW })] },
      nodes: fleet(2),
      leads: {
        rejected: [
          {
            ...rejected("t"),
            reason: "CanaryLost",
            nodes: ["n1"],
            message: "n1: no pod of revision t stayed on the node within rollout.progressDeadline",
          },
        ],
      },
    },
    {
      name: "that is replaced though it runs the target isn't judged by its old pod",
      of: { ...CANARY, inFlight: [replacement(1, { podUID: "new-1", since: NOW })] },
      nodes: [failing(1), node(2)],
      leads: { phase: "Canary" },
      gate: "CanaryStarting",
    },
    {
      name: "that is proved ends its replacement, and no other",
      of: { ...CANARY, inFlight: [...inFlight, replacement(2)] },
      nodes: [moved(1), node(2, { kind: "updating", pod: null })],
      leads: { phase: "Progressing", template: "t", canaries: [], inFlight: [replacement(2)] },
      gate: "TemplateOutdated",
    },
    {
      name: "isn't failed by an exporter that delivers from the target's other pods alone",
      of: two,
      nodes: [moved(1, EXPORTS_FAIL), moved(2, delivering(MINUTE)), node(3, { pod: null })],
      leads: { phase: "Canary" },
      gate: "Exports",
    },
    {
      name: "is failed by what it holds back, with all exporters that it keeps it from",
      of: CANARY,
      nodes: [
        moved(1, {
          exports: "Unknown",
          heldBack: true,
          exporters: [line(), line({ signal: "logs" })],
          ...young(5 * MINUTE),
        }),
        node(2, { pod: pod(delivering(MINUTE)) }),
      ],
      leads: {
        rejected: [
          {
            ...rejected("t"),
            reason: "NothingDelivered",
            nodes: ["n1"],
            message:
              "n1: nothing of what its collector receives reaches otlp (logs), otlp (metrics), while nodes of another revision deliver",
          },
        ],
      },
    },
    {
      name: "is failed by an exporter that delivers from one node of another revision",
      of: CANARY,
      nodes: [moved(1, EXPORTS_FAIL), node(2, { pod: pod(EXPORTS_FAIL) }), node(3, { pod: pod(delivering(MINUTE)) })],
      leads: { phase: "RollingBack" },
    },
  ])("$name", leads);

  it.each<{ name: string; now: Partial<RolloutNode>; replaced: boolean }>([
    { name: "has restarted is replaced", now: { pod: fresh(1, { restarts: 1 }) }, replaced: true },
    { name: "fails is replaced", now: { kind: "unhealthy" }, replaced: true },
    { name: "is sound stays", now: {}, replaced: false },
    { name: "ends anyway stays", now: { pod: fresh(1, { restarts: 1, deleting: true }) }, replaced: false },
  ])("that becomes one with a pod of the target that $name", ({ now, replaced }) => {
    const node1 = { ...moved(1), ...now };
    const before = { ...CANARY, target: "u", canaries: [] };
    const { inFlight } = advance(before, view([node1, node(2)], { wanted: "t" })).record;
    expect(inFlight.filter(({ node: name }) => name === "n1").map(({ podUID }) => podUID)).toEqual(
      replaced ? ["new-1"] : [],
    );
  });

  it.each([
    { name: "one of its exporters", exporters: [], says: "n1: an exporter hasn't delivered yet" },
    { name: "its counters, which can't be read", exporters: null, says: "n1: its collector's counters can't be read" },
  ])("that is waited for says so of $name", ({ exporters, says }) => {
    const { waiting } = advance(CANARY, view([moved(1, { exports: "Unknown", exporters }), node(2)]));
    expect(waiting).toEqual({ gate: "Exports", message: says });
  });

  it("that is canary already isn't given a second pod when it fails", () => {
    const settings = { ...SETTINGS, autoRollback: false };
    expect(advance(CANARY, view([failing(1), node(2)], { settings })).record.inFlight).toEqual([]);
  });

  it.each<{ name: string; canary: RolloutNode; others?: readonly RolloutNode[]; says: string }>([
    { name: "nothing, where it proved all", canary: moved(1, { exports: "Flowing" }), says: "the canary is proved;" },
    {
      name: "that nobody looked at its exports",
      canary: moved(1),
      says: "the canary is proved (n1: its exports weren't looked at);",
    },
    {
      name: "that it had nothing to deliver",
      canary: moved(1, { exports: "Idle", ...young(2 * MINUTE) }),
      says: "the canary is proved (n1: it had nothing to deliver);",
    },
    {
      name: "that an exporter wasn't seen to deliver",
      canary: moved(1, { exports: "Unknown", exporters: [line({ deliveredAfter: [NOW] })], ...young(5 * MINUTE) }),
      says: "the canary is proved (n1: an exporter hasn't delivered yet);",
    },
    {
      name: "that its counters can't be read",
      canary: moved(1, { exports: "Unknown", exporters: null, ...young(5 * MINUTE) }),
      says: "the canary is proved (n1: its collector's counters can't be read);",
    },
    {
      name: "that nobody's exports arrive",
      canary: moved(1, {
        exports: "Failing",
        exporters: [
          line({ failingSince: NOW }),
          line({ signal: "logs", failingSince: NOW }),
          line({ signal: "traces" }),
        ],
        ...young(5 * MINUTE),
      }),
      says: "the canary is proved (n1: otlp (logs), otlp (metrics) delivers nothing, and no other node proves that to be the revision's fault);",
    },
  ])("that waits for approval says $name", ({ canary, says }) => {
    const { waiting } = advance(CANARY, view([canary, node(2)], manual));
    expect(waiting).toEqual({
      gate: "Approval",
      message: `${says} set the annotation kloudmate.com/approve=t to go on`,
    });
  });
});

describe("waves", () => {
  const during = { liveTemplate: "t" };
  const bearing = (maxFailures: number, maxUnavailable: number) => ({
    ...during,
    settings: { ...SETTINGS, maxFailures, maxUnavailable },
  });
  const two = { ...WAVES, inFlight: [replacement(2), replacement(3)] };
  const none = { ...WAVES, inFlight: [replacement(2)] };

  it.each<Row>([
    {
      name: "go back when more fail than are borne, though slots are left",
      of: two,
      nodes: [moved(1), failing(2), failing(3), node(4)],
      at: bearing(1, 4),
      leads: { phase: "RollingBack" },
    },
    {
      name: "go on while no more fail than are borne and slots are left",
      of: two,
      nodes: [moved(1), failing(2), failing(3), ...[4, 5, 6].map((index) => node(index))],
      at: bearing(2, 3),
      leads: { phase: "Progressing", inFlight: [replacement(2), replacement(3), replacement(4)] },
      gate: "Window",
    },
    {
      name: "go back when failed nodes fill the window, though more are borne",
      of: two,
      nodes: [moved(1), failing(2), failing(3), node(4)],
      at: bearing(5, 2),
      leads: { phase: "RollingBack" },
    },
    {
      name: "go on where failed nodes hold only a part of the slots",
      of: two,
      nodes: [moved(1), moved(2, starting), failing(3), node(4)],
      at: bearing(1, 2),
      leads: { phase: "Progressing" },
      gate: "Window",
    },
    {
      name: "bear that with the last nodes, for no slot is needed any more",
      of: two,
      nodes: [moved(1), failing(2), failing(3)],
      at: bearing(2, 2),
      leads: { phase: "Complete", stable: "t", inFlight: [] },
    },
    {
      name: "go on where the window is full of nodes that are all right",
      of: none,
      nodes: [moved(1), moved(2, starting), node(3)],
      at: bearing(0, 1),
      leads: { phase: "Progressing", inFlight: [replacement(2)] },
      gate: "Window",
    },
    {
      name: "to what is stable aren't ended by a failure",
      of: { ...WAVES, target: "s", template: "s", inFlight: [] },
      nodes: [node(1), node(2, { kind: "unhealthy", reason: "OOMKilled" })],
      at: { wanted: "s" },
      leads: { phase: "Complete", target: "s" },
    },
    {
      name: "let a newer target wait for what they began",
      of: two,
      nodes: [moved(1), moved(2, starting), failing(3)],
      at: { ...bearing(1, 4), wanted: "u" },
      leads: { phase: "Progressing", target: "t" },
      gate: "NewerTarget",
    },
    {
      name: "don't let it wait for nodes that failed, within what is borne",
      of: two,
      nodes: [moved(1), moved(2), failing(3)],
      at: { ...bearing(1, 4), wanted: "u" },
      leads: { phase: "Canary", target: "u", template: "t" },
    },
    {
      name: "don't let what is stable wait",
      of: none,
      nodes: [moved(1), moved(2, starting)],
      at: { ...during, wanted: "s" },
      leads: {
        phase: "Progressing",
        target: "s",
        template: "s",
        inFlight: [replacement(2)],
      },
    },
    {
      name: "go on where what is wanted by now is rejected, and say at their end that it was taken back",
      of: { ...WAVES, rejected: [rejected("u")] },
      nodes: fleet(1, { pod: fresh(1) }),
      at: { ...during, wanted: "u" },
      leads: { phase: "RolledBack", target: "u", template: "t", stable: "t" },
    },
    {
      name: "stop where what is wanted by now failed by its key, which every pod that is moved would read",
      of: { ...WAVES, inFlight: [replacement(2)], rejected: [rejected("u", { reason: "ApiKeyRejected" })] },
      nodes: [moved(1), moved(2, starting), node(3)],
      at: { ...during, wanted: "u" },
      leads: { phase: "Stalled", target: "u", template: "t", stable: "s", inFlight: [replacement(2)] },
      gate: null,
    },
    {
      name: "go back nevertheless where they fail themselves",
      of: { ...two, rejected: [rejected("u", { reason: "ApiKeyRejected" })] },
      nodes: [moved(1), failing(2), node(3)],
      at: { ...during, wanted: "u" },
      leads: { phase: "RollingBack", target: "t" },
    },
    {
      name: "are complete with what is wanted",
      of: WAVES,
      nodes: [moved(1), moved(2)],
      at: during,
      leads: { phase: "Complete", target: "t", stable: "t" },
      gate: null,
    },
    {
      name: "aren't complete before the DaemonSet holds the target",
      of: WAVES,
      nodes: [moved(1), moved(2)],
      leads: { phase: "Progressing" },
      gate: "TemplateOutdated",
    },
    {
      name: "aren't complete before Kubernetes has seen that",
      of: WAVES,
      nodes: [moved(1), moved(2)],
      at: { ...during, templateSeen: false },
      leads: { phase: "Progressing" },
      gate: "NotObserved",
    },
    {
      name: "aren't complete while one of several nodes is behind",
      of: WAVES,
      nodes: [moved(1), node(2)],
      at: during,
      leads: { phase: "Progressing", inFlight: [replacement(2)] },
    },
    {
      name: "aren't complete while a pod is watched",
      of: none,
      nodes: [moved(1), moved(2, starting)],
      at: during,
      leads: { phase: "Progressing" },
    },
    {
      name: "aren't complete where no node is left that proves it",
      of: WAVES,
      nodes: [node(1, { kind: "notReady", pod: fresh(1) }), node(2, { kind: "uncovered", pod: null })],
      at: during,
      leads: { phase: "Progressing" },
      gate: null,
    },
    {
      name: "aren't complete by a healthy node of another revision that can't be moved now",
      of: WAVES,
      nodes: [node(1, { pod: pod({ deleting: true }) })],
      at: during,
      leads: { phase: "Progressing" },
    },
    {
      name: "are complete where there is no node at all",
      of: WAVES,
      nodes: [],
      at: during,
      leads: { phase: "Complete" },
    },
  ])("$name", leads);

  it("say how far they are, and which nodes follow later", () => {
    const nodes = [moved(1), node(2), node(3), node(4, { kind: "notReady" }), node(5, { kind: "leaving" })];
    expect(advance(WAVES, view(nodes, during)).waiting).toEqual({
      gate: "Window",
      message:
        "2 of 4 nodes don't run revision t yet, and 1 of 1 slots are held; 1 are down and follow when they return",
    });
    expect(advance(WAVES, view([moved(1), node(2, { kind: "unhealthy" })], during)).waiting).toEqual({
      gate: "NodesOutdated",
      message: "1 of 2 nodes don't run revision t yet, and 0 of 1 slots are held",
    });
  });

  it("say what they wait for when all pods are right and one is watched", () => {
    expect(advance(none, view([moved(1), moved(2, starting)], during)).waiting).toEqual({
      gate: "Window",
      message: "0 of 2 nodes don't run revision t yet, and 1 of 1 slots are held",
    });
  });
});

describe("a failure", () => {
  const during = { liveTemplate: "t", settings: { ...SETTINGS, autoRollback: false } };
  const failed = (nodes: readonly RolloutNode[], at: Partial<RolloutView> = {}) =>
    advance(WAVES, view(nodes, { ...during, ...at })).record.rejected[0];

  it("is told with the first node, its reason and its words", () => {
    expect(failed([failing(1), node(2)])).toEqual(rejected("t", { message: "n1: exit 1 on 1", nodes: ["n1"] }));
  });

  it("is told with how many more nodes there are, and the first five of them", () => {
    const nodes = [1, 2, 3, 4, 5, 6, 7].map((index) => failing(index));
    expect(failed(nodes)).toEqual(
      rejected("t", { message: "n1 and 6 more nodes: exit 1 on 1", nodes: ["n1", "n2", "n3", "n4", "n5"] }),
    );
  });

  it("of a canary with another key for what waves have begun to bring stops those waves", () => {
    const before = record({ phase: "Canary", target: "u", template: "t", canaries: ["n1"] });
    const nodes = [failing(1, "CollectorExited", { revision: "u" }), moved(2), node(3)];
    const at = view(nodes, { liveTemplate: "t", wanted: "u", irrevocable: new Set(["u"]) });
    const { record: after } = advance(before, at);
    expect(after).toMatchObject({ phase: "Stalled", target: "u", template: "t" });
    expect(advance(after, at).record).toEqual(after);
  });

  it("of what can't be taken back is told with the node's reason in its words", () => {
    const at = { irrevocable: new Set(["t"]) };
    expect(failed([failing(1), node(2)], at)).toMatchObject({
      reason: "ApiKeyRejected",
      message: "CollectorExited on n1: exit 1 on 1",
    });
  });

  it("is marked as retried where the annotation names its revision, and not where it names another", () => {
    expect(failed([failing(1)], { retry: "t" })?.retried).toBe(true);
    expect(failed([failing(1)], { retry: "u" })?.retried).toBe(false);
  });
});

describe("a way back", () => {
  it.each<Row>([
    {
      name: "waits for the template",
      of: BACK,
      nodes: fleet(2),
      at: { liveTemplate: "t" },
      leads: { phase: "RollingBack" },
      gate: "TemplateOutdated",
    },
    {
      name: "waits for Kubernetes to see it",
      of: BACK,
      nodes: fleet(2),
      at: { templateSeen: false },
      leads: { phase: "RollingBack" },
      gate: "NotObserved",
    },
    {
      name: "moves what runs the rejected revision, failing nodes at once",
      of: { ...BACK, rejected: [rejected("t")] },
      nodes: [node(1), moved(2), moved(3), failing(4)],
      leads: {
        phase: "RollingBack",
        inFlight: [replacement(4, { podUID: "new-4", wasFailing: true }), replacement(2, { podUID: "new-2" })],
      },
      gate: "Window",
    },
    {
      name: "waits for what it moves",
      of: { ...BACK, rejected: [rejected("t")], inFlight: [replacement(2, { podUID: "new-2" })] },
      nodes: [node(1), node(2, { pod: pod(starting) })],
      leads: { phase: "RollingBack" },
      gate: "Window",
    },
    {
      name: "turns to what is wanted by now only at its end",
      of: { ...BACK, rejected: [rejected("t")] },
      nodes: [node(1), moved(2)],
      at: { wanted: "u" },
      leads: { phase: "RollingBack", target: "t" },
    },
    {
      name: "is over where the nodes that are left are down, though none of them proves anything",
      of: { ...BACK, rejected: [rejected("t")] },
      nodes: [node(1, { kind: "notReady" })],
      leads: { phase: "RolledBack", target: "t" },
    },
    {
      name: "turns to what is wanted by now at its end",
      of: { ...BACK, rejected: [rejected("t")] },
      nodes: fleet(2),
      at: { wanted: "u" },
      leads: { phase: "Canary", target: "u" },
    },
    {
      name: "begins nothing for nodes whose pod was to make way and still works",
      of: { ...CANARY, inFlight: [replacement(2)] },
      nodes: [failing(1), node(2)],
      leads: { phase: "RollingBack", inFlight: [replacement(1, { podUID: "new-1", wasFailing: true })] },
    },
    {
      name: "of waves stays at the stable template when that is what the DaemonSet still holds",
      of: { ...WAVES, inFlight: [] },
      nodes: [failing(1), failing(2), node(3)],
      leads: { phase: "RollingBack", template: "s" },
    },
  ])("$name", leads);
});

describe("a way back to what canaries alone have proved", () => {
  const before = record({
    phase: "RollingBack",
    target: "u",
    template: "t",
    inFlight: [replacement(1, { podUID: "u-1" })],
    rejected: [rejected("u")],
  });
  const at = { liveTemplate: "t", wanted: "u" };

  it.each(["u", "v"])("ends where a node fails there, which is taken back as well before %s counts", (wanted) => {
    const step = advance(before, view([failing(1), moved(2), node(3)], { ...at, wanted }));
    expect(step.record).toMatchObject({ phase: "RollingBack", target: "t", template: "s", inFlight: before.inFlight });
    expect(step.record.rejected.map(({ revision }) => revision)).toEqual(["t", "u"]);
  });

  it("turns to what is wanted by now where none fails", () => {
    const step = advance(before, view([moved(1), moved(2), node(3)], { ...at, wanted: "v" }));
    expect(step.record).toMatchObject({ phase: "Canary", target: "v", template: "t", canaries: ["n3"] });
  });

  it("doesn't end before what it moves has settled, or before the DaemonSet is back", () => {
    const settling = view([moved(1, starting), moved(2), node(3)], at);
    expect(advance(before, settling).record.phase).toBe("RollingBack");
    const late = view([failing(1), moved(2), node(3)], { ...at, templateSeen: false });
    expect(advance(before, late).record.phase).toBe("RollingBack");
  });
});

describe("rest", () => {
  const back = record({ phase: "RolledBack", target: "t", rejected: [rejected("t")] });
  const stalled = record({ phase: "Stalled", target: "t", rejected: [rejected("r"), rejected("t")] });
  const off = { settings: { ...SETTINGS, autoRollback: false } };

  it.each<Row>([
    {
      name: "moves nodes that return with an older pod",
      of: record(),
      nodes: [node(1), other(2, "r")],
      at: { wanted: "s" },
      leads: { phase: "Complete", inFlight: [replacement(2, { podUID: "other-2" })] },
    },
    {
      name: "moves them after a way back too",
      of: back,
      nodes: [node(1), other(2, "r")],
      leads: { phase: "RolledBack", inFlight: [replacement(2, { podUID: "other-2" })] },
    },
    {
      name: "ends after a way back when the revision is retried",
      of: back,
      nodes: fleet(2),
      at: { retry: "t" },
      leads: { phase: "Canary", target: "t", rejected: [] },
    },
    {
      name: "goes on when the wanted revision was rejected before",
      of: { ...record(), rejected: [rejected("t")] },
      nodes: fleet(2),
      leads: { phase: "RolledBack", target: "t", template: "s" },
      gate: null,
    },
    {
      name: "goes on with what canaries proved, where the wanted revision was rejected before",
      of: { ...CANARY, target: "v", template: "t", rejected: [rejected("u")] },
      nodes: [node(1), moved(2)],
      at: { wanted: "u", liveTemplate: "t" },
      leads: { phase: "Progressing", target: "t", template: "t", canaries: [] },
    },
    {
      name: "goes back from a template that was rejected itself",
      of: { ...CANARY, target: "v", template: "t", rejected: [rejected("u"), rejected("t")] },
      nodes: [node(1), moved(2)],
      at: { wanted: "u", liveTemplate: "t" },
      leads: { phase: "RolledBack", target: "u", template: "s" },
    },
    {
      name: "in Stalled waits for a person",
      of: stalled,
      nodes: [failing(1), node(2)],
      at: off,
      leads: { phase: "Stalled" },
      gate: null,
    },
    {
      name: "in Stalled ends with autoRollback",
      of: stalled,
      nodes: [failing(1), node(2)],
      leads: { phase: "RollingBack" },
    },
    {
      name: "in Stalled goes on where the key was refused, whatever autoRollback says",
      of: { ...stalled, rejected: [rejected("t", { reason: "ApiKeyRejected" })] },
      nodes: [failing(1), node(2)],
      leads: { phase: "Stalled" },
    },
    {
      name: "ends in Stalled where the key that is wanted again was refused before",
      of: { ...record(), rejected: [rejected("r"), rejected("t", { reason: "ApiKeyRejected" })] },
      nodes: [node(1), other(2, "r")],
      leads: { phase: "Stalled", target: "t", template: "s", inFlight: [] },
      gate: null,
    },
    {
      name: "in Stalled stays there where another key that was refused is wanted",
      of: {
        ...stalled,
        canaries: ["n1"],
        template: "t",
        rejected: [rejected("u", { reason: "ApiKeyRejected" }), rejected("t", { reason: "ApiKeyRejected" })],
      },
      nodes: [moved(1), node(2)],
      at: { wanted: "u", liveTemplate: "t" },
      leads: { phase: "Stalled", target: "u", template: "t", canaries: [] },
    },
    {
      name: "in Stalled ends when something else is wanted",
      of: stalled,
      nodes: [failing(1), node(2)],
      at: { ...off, wanted: "u" },
      leads: { phase: "Canary", target: "u" },
    },
    {
      name: "in Stalled ends when something else is wanted, and until that is proved new pods start what is stable",
      of: { ...stalled, template: "t", inFlight: [replacement(1, { podUID: "new-1" })] },
      nodes: [failing(1), moved(2), node(3)],
      at: { ...off, liveTemplate: "t", wanted: "u" },
      leads: { phase: "Canary", target: "u", template: "s" },
    },
    {
      name: "in Stalled ends with another key, and new pods start what failed by the one before",
      of: { ...stalled, template: "t", rejected: [rejected("t", { reason: "ApiKeyRejected" })] },
      nodes: [failing(1), moved(2), node(3)],
      at: { liveTemplate: "t", wanted: "u" },
      leads: { phase: "Canary", target: "u", template: "t" },
    },
    {
      name: "in Stalled ends when the revision is retried",
      of: stalled,
      nodes: [failing(1), node(2)],
      at: { ...off, retry: "t" },
      leads: {
        phase: "Canary",
        target: "t",
        inFlight: [replacement(1, { podUID: "new-1", since: NOW, wasFailing: true })],
      },
      gate: "CanaryStarting",
    },
  ])("$name", leads);
});
