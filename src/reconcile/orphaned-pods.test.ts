import { describe, expect, test } from "@jest/globals";
import { healthOf, healthyNodes } from "../../test/fleet/facts.ts";
import { nodeOfFleet } from "../../test/fleet/observations.ts";
import { kmagentRecord, snapshotOf } from "../../test/fleet/snapshot.ts";
import { LABEL } from "../api/labels.ts";
import type { NodeObservation } from "../health/observation.ts";
import type { KubeObject } from "../kube/resource.ts";
import { NO_MEMORY } from "./memory.ts";
import { orphanedPods } from "./orphaned-pods.ts";
import { projectPod } from "./project.ts";
import type { PodRecord } from "./project.ts";

const NOW = Date.UTC(2026, 10, 24, 12);
const at = (secondsAgo: number) => new Date(NOW - secondsAgo * 1_000).toISOString();

const daemonSet = (uid: string, secondsAgo: number, owner = "uid-agent"): KubeObject => ({
  apiVersion: "apps/v1",
  kind: "DaemonSet",
  metadata: {
    name: "agent",
    namespace: "km",
    uid,
    creationTimestamp: at(secondsAgo),
    ownerReferences: [
      { apiVersion: "kloudmate.com/v1alpha1", kind: "KmAgent", name: "agent", uid: owner, controller: true },
    ],
  },
});

const pod = (
  name: string,
  of: { owner?: string; ownerName?: string; ago?: number; metadata?: object } = {},
): PodRecord =>
  projectPod(
    {
      metadata: {
        name,
        namespace: "km",
        uid: `uid-${name}`,
        labels: { [LABEL.instance]: "agent", [LABEL.component]: "node-agent" },
        creationTimestamp: at(of.ago ?? 3_600),
        ownerReferences: [
          { kind: "DaemonSet", name: of.ownerName ?? "agent", uid: of.owner ?? "gone", controller: true },
        ],
        ...of.metadata,
      },
    },
    (value) => value,
  );

interface World {
  readonly pods: readonly PodRecord[];
  readonly live?: KubeObject | null;
  readonly nodes?: readonly NodeObservation[];
  readonly maxUnavailable?: string | number;
  readonly removed?: readonly string[];
}

function found({
  pods,
  live = daemonSet("there", 3_600),
  nodes = healthyNodes(3),
  maxUnavailable = 10,
  removed,
}: World) {
  const snapshot = snapshotOf(kmagentRecord({ rollout: { maxUnavailable } }), {
    pods,
    live: new Map(live === null ? [] : [["DaemonSet agent", live]]),
    memory: { ...NO_MEMORY, removedPods: new Set(removed) },
  });
  const { writes, nextAt } = orphanedPods(snapshot, healthOf(nodes), NOW);
  return { names: writes.map((write) => ("object" in write ? write.object.metadata.name : "")), writes, nextAt };
}

describe("pods of a DaemonSet that is gone while another has its name", () => {
  test("are deleted by UID, once the API server confirms that their owner isn't there", () => {
    expect(found({ pods: [pod("a")] }).writes).toEqual([
      {
        kind: "deleteOrphan",
        object: {
          apiVersion: "v1",
          kind: "Pod",
          metadata: {
            name: "a",
            namespace: "km",
            uid: "uid-a",
            labels: { [LABEL.component]: "node-agent" },
          },
        },
        owner: { apiVersion: "apps/v1", kind: "DaemonSet", name: "agent", uid: "gone" },
      },
    ]);
  });

  test.each<{ name: string; world: World; names: string[]; nextAt?: number }>([
    { name: "are no others", world: { pods: [pod("a", { owner: "there" })] }, names: [] },
    { name: "are none of a DaemonSet of another name", world: { pods: [pod("a", { ownerName: "b" })] }, names: [] },
    {
      name: "are none of the cluster agent",
      world: { pods: [pod("a", { metadata: { labels: { [LABEL.component]: "cluster-agent" } } })] },
      names: [],
    },
    {
      name: "stay where no DaemonSet is there",
      world: { pods: [pod("a")], live: null },
      names: [],
    },
    {
      name: "stay beside somebody else's DaemonSet",
      world: { pods: [pod("a")], live: daemonSet("there", 3_600, "somebody") },
      names: [],
    },
    {
      name: "aren't deleted twice",
      world: {
        pods: [pod("a", { metadata: { deletionTimestamp: at(1) } }), pod("b")],
        removed: ["uid-b"],
      },
      names: [],
    },
    {
      name: "are left to Kubernetes for a minute after the exchange",
      world: { pods: [pod("a")], live: daemonSet("there", 59) },
      names: [],
      nextAt: NOW + 1_000,
    },
    {
      name: "are left to Kubernetes for a minute after they were made",
      world: { pods: [pod("a", { ago: 20 }), pod("b", { ago: 30 }), pod("c", { ago: 60 })] },
      names: ["c"],
      nextAt: NOW + 30_000,
    },
    {
      name: "go as many at once as maxUnavailable allows",
      world: { pods: ["a", "b", "c"].map((name) => pod(name)), maxUnavailable: 2 },
      names: ["a", "b"],
    },
    {
      name: "go one by one at least",
      world: { pods: ["a", "b"].map((name) => pod(name)), maxUnavailable: "10%" },
      names: ["a"],
    },
    {
      name: "wait for nodes whose pods are being made",
      world: {
        pods: ["a", "b"].map((name) => pod(name)),
        nodes: [...healthyNodes(2), nodeOfFleet(3, { pod: null })],
        maxUnavailable: 1,
      },
      names: [],
    },
    {
      name: "wait though more nodes than that are being made",
      world: {
        pods: ["a", "b", "c"].map((name) => pod(name)),
        nodes: [1, 2, 3].map((index) => nodeOfFleet(index, { pod: null })),
        maxUnavailable: 1,
      },
      names: [],
    },
  ])("$name", ({ world, names, nextAt }) => {
    expect(found(world)).toMatchObject({ names, nextAt: nextAt ?? null });
  });
});
