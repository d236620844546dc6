import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { anyFleet } from "../../test/fleet/arbitraries.ts";
import {
  ended,
  fleet,
  HOUR,
  MINUTE,
  node,
  nodeOfFleet,
  NOW,
  pod,
  probe,
  SETTINGS,
  unmasked,
  waiting,
} from "../../test/fleet/observations.ts";
import { BOUND } from "../api/bounds.ts";
import { fleetHealth } from "./fleet-health.ts";
import type { FleetHealth } from "./fleet-health.ts";
import type { NodeHealth } from "./node-health.ts";
import type { FleetObservation, NodeObservation } from "./observation.ts";
import { listsAll, rememberedHealth } from "./remembered.ts";
import type { RememberedHealth } from "./remembered.ts";

const NOTHING: ReadonlyMap<string, NodeHealth> = new Map();

function judged(
  observed: FleetObservation,
  previous: ReadonlyMap<string, NodeHealth | RememberedHealth> = NOTHING,
  now = NOW,
): FleetHealth {
  return fleetHealth(observed, SETTINGS, previous, now, unmasked);
}

const crash = (of = {}) =>
  pod({ ready: false, container: waiting("CrashLoopBackOff", { restarts: 2, last: ended() }), ...of });
const notReady = (since: number) => ({ status: "Unknown", since, message: "" }) as const;

/** The same fleet once every pod that failed has been told of: nothing came between two passes that the first didn't see. */
function withFailuresTold(observed: FleetObservation): FleetObservation {
  const nodes = observed.nodes.map((of) => ({ ...of, failedPod: of.failedPod && { ...of.failedPod, told: true } }));
  return { ...observed, nodes };
}

/** Events of a sequence of observations of one node, a minute apart. */
function eventsOf(...observations: NodeObservation[]): string[] {
  let previous: ReadonlyMap<string, NodeHealth> = NOTHING;
  return observations.flatMap((observed, step) => {
    const health = judged(fleet([observed]), previous, NOW + step * MINUTE);
    previous = health.byNode;
    return health.transitions.map(({ event }) => event);
  });
}

describe("the fleet in numbers", () => {
  it("counts every node once, by its kind", () => {
    const health = judged(
      fleet([
        nodeOfFleet(1),
        nodeOfFleet(2, { pod: crash() }),
        nodeOfFleet(3, { pod: pod({ deleting: true }) }),
        nodeOfFleet(4, { ready: { status: "True", since: NOW - 1_000, message: "" }, pod: null }),
        nodeOfFleet(5, { deleting: true }),
        nodeOfFleet(6, { ready: notReady(NOW - HOUR), probe: null }),
        nodeOfFleet(7, { pod: pod({ phase: "Pending", container: null, unschedulable: "1 Insufficient cpu" }) }),
        nodeOfFleet(8, { labels: {} }),
      ]),
    );
    expect(health.counts).toEqual({
      desired: 6,
      healthy: 1,
      unhealthy: 1,
      updating: 1,
      starting: 1,
      leaving: 1,
      notReady: 1,
      uncovered: 1,
      excluded: 1,
      updated: 5,
      outdated: 0,
    });
  });

  it("tells pods of the target revision from older ones", () => {
    const old = (index: number, of = {}) =>
      nodeOfFleet(index, { pod: pod({ uid: `pod-${index}`, revision: "rev1" }), ...of });
    const { counts } = judged(
      fleet([nodeOfFleet(1), old(2), old(3, { ready: notReady(NOW - HOUR) }), old(4, { deleting: true })]),
    );
    expect({ updated: counts.updated, outdated: counts.outdated }).toEqual({ updated: 1, outdated: 1 });
  });

  it("adds up, and doesn't depend on the order of the nodes", () => {
    fc.assert(
      fc.property(anyFleet, (observed) => {
        const health = judged(observed);
        const {
          healthy,
          unhealthy,
          updating,
          starting,
          leaving,
          notReady: down,
          uncovered,
          excluded,
          desired,
        } = health.counts;
        expect(healthy + unhealthy + updating + starting + down + uncovered).toBe(desired);
        expect(desired + leaving + excluded).toBe(observed.nodes.length);
        expect(judged({ ...observed, nodes: observed.nodes.toReversed() })).toEqual(health);
      }),
    );
  });

  it("never says something new of a fleet that didn't change, and keeps the very objects", () => {
    fc.assert(
      fc.property(anyFleet, (observed) => {
        const first = judged(observed);
        const second = judged(withFailuresTold(observed), first.byNode);
        expect(second.transitions).toEqual([]);
        expect(second.nodes.every((health, index) => health === first.nodes[index])).toBe(true);
      }),
    );
  });

  it("keeps each beginning for as long as kind and reason stay, whatever else happens", () => {
    fc.assert(
      fc.property(anyFleet, anyFleet, fc.nat({ max: HOUR }), (before, after, passed) => {
        const first = judged(before);
        for (const health of judged(withFailuresTold(after), first.byNode, NOW + passed).nodes) {
          const known = first.byNode.get(health.node);
          if (known?.kind === health.kind && known.reason === health.reason) expect(health.since).toBe(known.since);
        }
      }),
    );
  });

  it("begins anew where a pod came and failed between two passes that say the same", () => {
    const refused = node({ pod: null, probe: null });
    const refusal = { kind: "QuotaExceeded", message: "" } as const;
    const before = judged(fleet([refused], { refusal }));
    const failed = { pod: pod({ phase: "Failed", reason: "Evicted" }), told: false };
    const after = judged(fleet([{ ...refused, failedPod: failed }], { refusal }), before.byNode, NOW + HOUR);
    expect(before.nodes[0]).toMatchObject({ kind: "uncovered", reason: "QuotaExceeded", since: NOW });
    expect(after.nodes[0]).toMatchObject({ kind: "uncovered", reason: "QuotaExceeded", since: NOW + HOUR });
  });
});

describe("the worst nodes", () => {
  it("are the oldest faults, NotReady nodes after the unhealthy, and never more than the status lists", () => {
    const down = nodeOfFleet(0, { ready: notReady(NOW - 9 * HOUR), probe: null });
    const sick = Array.from({ length: 30 }, (_, index) =>
      nodeOfFleet(index + 1, { pod: crash({ uid: `pod-${index + 1}` }) }),
    );
    const first = judged(fleet([down, ...sick.slice(20)]));
    const second = judged(fleet([down, ...sick]), first.byNode, NOW + HOUR);
    expect(second.worstUnhealthy).toHaveLength(BOUND.listedNodes);
    expect(second.worstUnhealthy.slice(0, 10).map(({ since }) => since)).toEqual(Array.from({ length: 10 }, () => NOW));
    expect(first.worstUnhealthy.at(-1)?.node).toBe("node-0");
  });
});

describe("transitions", () => {
  const healthy = node();
  const sick = node({ pod: crash() });
  const replaced = node({
    pod: pod({ uid: "pod-2", phase: "Pending", createdAt: NOW, ready: false, container: waiting("ContainerCreating") }),
    probe: null,
  });
  const recovered = node({ pod: pod({ uid: "pod-2" }), probe: probe(undefined, { podUid: "pod-2" }) });
  const noRoom = node({
    pod: pod({ phase: "Pending", ready: false, container: null, unschedulable: "1 Insufficient cpu" }),
    probe: null,
  });
  const leaving = node({ deleting: true, pod: crash() });

  it.each([
    { name: "a node that is healthy from the start is no news", steps: [healthy, healthy], events: [] },
    {
      name: "a node that is found sick is told once",
      steps: [sick, sick],
      events: ["NodeUnhealthy"],
    },
    {
      name: "a recovery is told, also by way of a new pod",
      steps: [healthy, sick, replaced, recovered],
      events: ["NodeUnhealthy", "NodeRecovered"],
    },
    { name: "a plain replacement of a pod is no news", steps: [healthy, replaced, recovered], events: [] },
    {
      name: "a node without room is uncovered, then covered",
      steps: [noRoom, replaced, recovered],
      events: ["NodeUncovered", "NodeCovered"],
    },
    { name: "a node that leaves is no news, whatever its pod does", steps: [healthy, leaving], events: [] },
    {
      name: "a stopped kubelet is told",
      steps: [healthy, node({ ready: notReady(NOW), createdAt: 0, probe: null })],
      events: ["NodeUnhealthy"],
    },
  ])("$name", ({ steps, events }) => {
    expect(eventsOf(...steps)).toEqual(events);
  });

  describe("a pod that was evicted", () => {
    const evicted = pod({ phase: "Failed", reason: "Evicted", message: "low on memory", ready: false });
    const untold = { pod: evicted, told: false };
    const told = { pod: evicted, told: true };
    const ended137 = node({ pod: crash(), probe: null });

    it.each([
      {
        name: "is told of though its successor is healthy already when a pass first looks",
        steps: [healthy, { ...recovered, failedPod: untold }, recovered],
        events: ["NodeUnhealthy", "NodeRecovered"],
      },
      {
        name: "recovers with its successor's first answer, and not with its start",
        steps: [healthy, { ...replaced, failedPod: untold }, { ...replaced, failedPod: told }, recovered],
        events: ["NodeUnhealthy", "NodeRecovered"],
      },
      {
        name: "is told of once, however many passes see it",
        steps: [
          healthy,
          node({ pod: evicted, failedPod: untold, probe: null }),
          node({ pod: null, failedPod: told, probe: null }),
        ],
        events: ["NodeUnhealthy"],
      },
      {
        name: "is told of though the end of its container was told before",
        steps: [healthy, ended137, node({ pod: evicted, failedPod: untold, probe: null })],
        events: ["NodeUnhealthy", "NodeUnhealthy"],
      },
      {
        name: "is told of where it was being deleted by the time anybody looked",
        steps: [healthy, { ...recovered, failedPod: { pod: { ...evicted, deleting: true }, told: false } }],
        events: ["NodeUnhealthy", "NodeRecovered"],
      },
      {
        name: "is no news on a node that leaves",
        steps: [healthy, { ...leaving, failedPod: untold }],
        events: [],
      },
    ])("$name", ({ steps, events }) => {
      expect(eventsOf(...steps)).toEqual(events);
    });

    it("is no news to a process that finds it in the status", () => {
      const unhealthyNodes = [{ node: "node-1", since: "2026-11-23T10:00:00Z", reason: "Evicted", message: "" }];
      const observed = fleet([node({ pod: evicted, failedPod: untold, probe: null })]);
      expect(judged(observed, rememberedHealth({ unhealthyNodes })).transitions).toEqual([]);
    });

    it("doesn't make its node unhealthy once the successor runs", () => {
      const { nodes, transitions, nextChangeAt } = judged(fleet([{ ...recovered, failedPod: untold }]));
      expect(nodes[0]).toMatchObject({ kind: "healthy", reason: "Healthy", podUid: "pod-2" });
      expect(transitions[0]?.message).toMatch(/^node-1: Kubelet evicted the pod: low on memory/);
      expect(nextChangeAt).toBeNull();
    });
  });

  it("names the node and what is wrong", () => {
    expect(judged(fleet([sick])).transitions[0]?.message).toMatch(/^node-1: The collector ended with exit code 1/);
  });
});

describe("what an earlier operator left in the status", () => {
  it("keeps beginnings and repeats no event", () => {
    const sick = fleet([
      nodeOfFleet(1, { pod: crash() }),
      nodeOfFleet(2, { ready: notReady(NOW - HOUR), probe: null }),
    ]);
    const status = {
      unhealthyNodes: [
        { node: "node-1", since: "2026-11-23T10:00:00Z", reason: "CollectorExited", message: "" },
        { node: "node-2", since: "2026-11-23T11:00:00Z", reason: "NodeNotReady", message: "" },
        { node: "node-3", since: "no time", reason: "CollectorExited", message: "" },
        { node: "node-4", since: "2026-11-23T11:00:00Z", reason: "toString", message: "" },
      ],
    };
    const remembered = rememberedHealth(status);
    const health = judged(sick, remembered);
    expect([...remembered.keys()]).toEqual(["node-1", "node-2"]);
    expect(health.nodes.map(({ since }) => new Date(since).toISOString())).toEqual([
      "2026-11-23T10:00:00.000Z",
      "2026-11-23T11:00:00.000Z",
    ]);
    expect(health.transitions).toEqual([]);
  });
});

describe("what an earlier operator's status has no room for", () => {
  const sick = (of: Partial<FleetObservation>) => judged(fleet([nodeOfFleet(1, { pod: crash() })], of)).transitions;

  it("isn't told of as new", () => {
    expect(sick({ remembersAll: false })).toEqual([]);
    expect(sick({}).map(({ event }) => event)).toEqual(["NodeUnhealthy"]);
  });

  it("is known by its numbers", () => {
    const unhealthyNodes = [{ node: "n", since: "2026-11-23T10:00:00Z", reason: "Evicted", message: "" }];
    expect(listsAll({ nodes: { unhealthy: 1 }, unhealthyNodes })).toBe(true);
    expect(listsAll({ nodes: { unhealthy: 2 }, unhealthyNodes })).toBe(false);
    expect(listsAll({ nodes: { unhealthy: 1, notReady: 1 }, unhealthyNodes })).toBe(false);
    expect(listsAll({ nodes: { uncovered: 1 } })).toBe(false);
    expect(listsAll({})).toBe(true);
  });
});

describe("a node that has no agent because the operator makes none", () => {
  it("is told of by no event, neither when it has none nor when it gets one", () => {
    const none = judged(fleet([nodeOfFleet(1, { pod: null, probe: null })], { withheld: "Paused: by hand" }));
    expect(none.nodes[0]?.reason).toBe("NotDeployed");
    expect(none.transitions).toEqual([]);
    expect(judged(fleet([nodeOfFleet(1)]), none.byNode).transitions).toEqual([]);
  });
});

describe("when to look again", () => {
  it("is the soonest end of a grace", () => {
    const young = (index: number, since: number) =>
      nodeOfFleet(index, { ready: { status: "True", since, message: "" }, pod: null });
    expect(judged(fleet([nodeOfFleet(1), young(2, NOW - 1_000), young(3, NOW - 30_000)])).nextChangeAt).toBe(
      NOW + 90_000,
    );
  });

  it("is never, where time alone changes nothing", () => {
    expect(judged(fleet([nodeOfFleet(1)])).nextChangeAt).toBeNull();
  });
});

describe("a network that blocks our probes", () => {
  it("is one finding, not a fleet of sick nodes", () => {
    const silent = (index: number) =>
      nodeOfFleet(index, { probe: probe({ kind: "timeout" }, { podUid: `pod-${index}` }) });
    const health = judged(fleet([silent(1), silent(2), silent(3)]));
    expect(health.findings.probesBlocked).toBe(true);
    expect(health.counts.healthy).toBe(3);
    expect(health.nodes.map(({ source }) => source)).toEqual(["kubelet", "kubelet", "kubelet"]);
  });
});
