import { describe, expect, test } from "@jest/globals";
import { LABEL } from "../api/labels.ts";
import type { KubeObject } from "../kube/resource.ts";
import { ObjectStore } from "../kube/store.ts";
import { BY_INSTANCE } from "./gather.ts";
import { createIntern, projectKmAgent, projectNode, projectPod } from "./project.ts";
import type { KmAgentRecord, NodeRecord, PodRecord } from "./project.ts";
import { crowdMs, subscribeTriggers } from "./triggers.ts";

const intern = createIntern();
let version = 0;

function kmagent(name: string, generation = 1, more: object = {}): KmAgentRecord {
  return projectKmAgent({ metadata: { name, namespace: "km", uid: `uid-${name}`, generation }, ...more });
}

function node(name: string, ready = "True", heartbeat = ""): NodeRecord {
  const conditions = [{ type: "Ready", status: ready, lastHeartbeatTime: heartbeat }];
  return projectNode({ metadata: { name, uid: name }, status: { conditions } }, intern);
}

function pod(instance: string, ip = ""): PodRecord {
  return projectPod(
    {
      metadata: { name: "p", namespace: "km", uid: "pod", labels: { [LABEL.instance]: instance } },
      status: { podIP: ip },
    },
    intern,
  );
}

function daemonSet(metadata: Partial<KubeObject["metadata"]>): KubeObject {
  return { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "d", namespace: "km", ...metadata } };
}

/** Caches with the KmAgents `a` and `b`, and what was asked for since. */
function world() {
  const caches = {
    kmagents: new ObjectStore<KmAgentRecord>(),
    nodes: new ObjectStore<NodeRecord>(),
    pods: new ObjectStore<PodRecord>({ [BY_INSTANCE]: (of) => of.instance }),
    daemonSets: new ObjectStore<KubeObject>(),
    deployments: new ObjectStore<KubeObject>(),
    configMaps: new ObjectStore<KubeObject>(),
  };
  const set = <T>(store: ObjectStore<T>, key: string, value: T | undefined): void => {
    const resourceVersion = String(++version);
    store.set(key, value && { uid: key, resourceVersion, value }, resourceVersion);
  };
  set(caches.kmagents, "km/a", kmagent("a"));
  set(caches.kmagents, "km/b", kmagent("b"));
  set(caches.nodes, "n", node("n"));
  set(caches.pods, "km/p", pod("a"));
  const owners = [{ apiVersion: "kloudmate.com/v1alpha1", kind: "KmAgent", name: "b", uid: "uid-b" }];
  set(caches.daemonSets, "km/d", daemonSet({ labels: { [LABEL.instance]: "a" } }));
  const asked: string[] = [];
  const end = subscribeTriggers(caches, {
    add: (key, afterMs) => asked.push(`${key} ${afterMs === 0 ? "at once" : "soon"}`),
    podChanged: (uid, podUid) => asked.push(`probe ${podUid} of ${uid}`),
  });
  return { caches, set, asked, end, owners };
}

type World = ReturnType<typeof world>;

describe("a pass is asked for", () => {
  test.each<{ name: string; act: (of: World) => void; expected: string[] }>([
    {
      name: "where a spec changes: at once, and soon for those that may overlap with it",
      act: ({ set, caches }) => set(caches.kmagents, "km/a", kmagent("a", 2)),
      expected: ["km/a at once", "km/b soon"],
    },
    {
      name: "where a status changes, for that KmAgent alone",
      act: ({ set, caches }) => set(caches.kmagents, "km/a", kmagent("a", 1, { status: { operatorVersion: "2" } })),
      expected: ["km/a at once"],
    },
    {
      name: "where a KmAgent goes",
      act: ({ set, caches }) => set(caches.kmagents, "km/a", undefined),
      expected: ["km/a at once", "km/b soon"],
    },
    {
      name: "where an object that names an instance changes",
      act: ({ set, caches }) => set(caches.daemonSets, "km/d", daemonSet({ labels: { [LABEL.instance]: "a" } })),
      expected: ["km/a at once", "km/a at once"],
    },
    {
      name: "where an object goes over from one to another",
      act: ({ set, caches, owners }) => set(caches.daemonSets, "km/d", daemonSet({ ownerReferences: owners })),
      expected: ["km/a at once", "km/b at once"],
    },
    {
      name: "where an object is deleted",
      act: ({ set, caches }) => set(caches.daemonSets, "km/d", undefined),
      expected: ["km/a at once"],
    },
    {
      name: "soon where a node changes, for everyone",
      act: ({ set, caches }) => set(caches.nodes, "n", node("n", "False")),
      expected: ["km/a soon", "km/b soon"],
    },
    {
      name: "soon where a node goes",
      act: ({ set, caches }) => set(caches.nodes, "n", undefined),
      expected: ["km/a soon", "km/b soon"],
    },
    {
      name: "not where a node only gives a sign of life, as 5,000 do every few minutes",
      act: ({ set, caches }) => set(caches.nodes, "n", node("n", "True", "2026-01-01T00:00:00Z")),
      expected: [],
    },
    {
      name: "soon where a pod changes, which is probed at once",
      act: ({ set, caches }) => set(caches.pods, "km/p", pod("a", "10.0.0.1")),
      expected: ["km/a soon", "probe pod of uid-a"],
    },
    {
      name: "not where nothing that we read of a pod changes",
      act: ({ set, caches }) => set(caches.pods, "km/p", pod("a")),
      expected: [],
    },
    {
      name: "where a pod goes",
      act: ({ set, caches }) => set(caches.pods, "km/p", undefined),
      expected: ["km/a soon"],
    },
    {
      name: "where a pod loses its label, for whom it belonged to",
      act: ({ set, caches }) => set(caches.pods, "km/p", pod("")),
      expected: ["km/a soon", "probe pod of uid-a"],
    },
    {
      name: "never again once the subscription has ended",
      act: ({ set, caches, end }) => {
        end();
        set(caches.kmagents, "km/a", kmagent("a", 2));
      },
      expected: [],
    },
  ])("$name", ({ act, expected }) => {
    const of = world();
    act(of);
    expect(of.asked).toEqual(expected);
  });
});

test.each([
  { nodes: 0, ms: 20 },
  { nodes: 1_000, ms: 120 },
  { nodes: 5_000, ms: 500 },
])("changes are gathered for $ms ms with $nodes nodes", ({ nodes, ms }) => {
  expect(crowdMs(nodes)).toBe(ms);
});
