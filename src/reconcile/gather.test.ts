import { describe, expect, test } from "@jest/globals";
import { LABEL } from "../api/labels.ts";
import type { ProbeObservation } from "../health/observation.ts";
import type { KubeObject } from "../kube/resource.ts";
import { ObjectStore } from "../kube/store.ts";
import { watchFailedPods } from "./failed-pods.ts";
import { BY_INSTANCE, gather } from "./gather.ts";
import type { Sources } from "./gather.ts";
import { NO_MEMORY } from "./memory.ts";
import { createIntern, projectKmAgent, projectNode, projectPod } from "./project.ts";
import type { KmAgentRecord, NodeRecord, PodRecord } from "./project.ts";
import type { Referenced } from "./references.ts";

const intern = createIntern();
const SPEC = { clusterName: "c", apiKeySecretRef: { name: "s", key: "k" }, caBundleRef: { name: "ca", key: "c" } };

function kmagent(name: string, uid = `uid-${name}`): KmAgentRecord {
  return projectKmAgent({ metadata: { name, namespace: "km", uid }, spec: SPEC });
}

/** Caches of a cluster with the nodes n1 and n2, the KmAgents `agent` and `other`, and the DaemonSet of `agent`. */
function world(references: Readonly<Record<string, Referenced>> = {}) {
  const stores = {
    kmagents: new ObjectStore<KmAgentRecord>(),
    nodes: new ObjectStore<NodeRecord>(),
    pods: new ObjectStore<PodRecord>({ [BY_INSTANCE]: (pod) => pod.instance }),
    daemonSets: new ObjectStore<KubeObject>(),
    deployments: new ObjectStore<KubeObject>(),
    configMaps: new ObjectStore<KubeObject>(),
  };
  let version = 0;
  const set = <T>(store: ObjectStore<T>, key: string, value: T): void => {
    const resourceVersion = String(++version);
    store.set(key, { uid: key, resourceVersion, value }, resourceVersion);
  };
  const probes = new Map<string, ProbeObservation>();
  const sources: Sources = {
    caches: stores,
    failedPods: watchFailedPods(stores, new AbortController().signal),
    reference: ({ path }) => references[path] ?? { kind: "missing" },
    probes: () => probes,
    exports: () => new Map(),
    platform: () => ({ kind: "connected", message: "" }),
    answers: () => [],
    installation: {
      version: "1",
      images: { nodeAgent: "a", clusterAgent: "b" },
      serviceAccounts: { nodeAgent: "na", clusterAgent: "ca" },
      kubernetesMinor: 34,
    },
  };
  const object = (kind: string, name: string, ownerUid: string): KubeObject => ({
    apiVersion: "v1",
    kind,
    metadata: {
      name,
      namespace: "km",
      uid: `uid-${kind}-${name}`,
      ownerReferences: [{ apiVersion: "v1", kind: "KmAgent", name: "x", uid: ownerUid, controller: true }],
    },
  });
  const made = {
    node: (name: string) => set(stores.nodes, name, projectNode({ metadata: { name, uid: name } }, intern)),
    daemonSet: (name: string, ownerUid: string) =>
      set(stores.daemonSets, `km/${name}`, object("DaemonSet", name, ownerUid)),
    configMap: (name: string, ownerUid: string) =>
      set(stores.configMaps, `km/${name}`, object("ConfigMap", name, ownerUid)),
    pod: (
      name: string,
      of: {
        owner?: string;
        ownerName?: string;
        node?: string;
        minute?: number;
        metadata?: object;
        status?: object;
      } = {},
    ) => {
      const {
        owner = "uid-DaemonSet-agent",
        ownerName = "agent",
        node = "n1",
        minute = 0,
        metadata = {},
        status = {},
      } = of;
      const raw = {
        metadata: {
          name,
          namespace: "km",
          uid: name,
          labels: { [LABEL.instance]: "agent", [LABEL.component]: "node-agent" },
          creationTimestamp: new Date(minute * 60_000).toISOString(),
          ownerReferences: [{ kind: "DaemonSet", name: ownerName, uid: owner, controller: true }],
          ...metadata,
        },
        spec: { nodeName: node },
        status,
      };
      set(stores.pods, `km/${name}`, projectPod(raw, intern));
    },
  };
  set(stores.kmagents, "km/agent", kmagent("agent"));
  set(stores.kmagents, "km/other", kmagent("other"));
  for (const name of ["n1", "n2"]) made.node(name);
  made.daemonSet("agent", "uid-agent");
  const look = (of = kmagent("agent"), memory = NO_MEMORY) => gather(of, memory, sources);
  const observed = (node: string) => look().nodes.find(({ name }) => name === node);
  return { ...made, look, probes, observed, podOn: (node: string) => observed(node)?.pod?.name };
}

describe("which pod counts for a node", () => {
  test("is one of the KmAgent's own DaemonSet by its UID, whatever its labels say", () => {
    const { pod, podOn } = world();
    pod("foreign", { owner: "uid-of-somebody", minute: 9 });
    expect(podOn("n1")).toBeUndefined();
    pod("ours");
    expect(podOn("n1")).toBe("ours");
    expect(podOn("n2")).toBeUndefined();
  });

  test("is the newest that isn't being deleted, else the newest that is", () => {
    const { pod, podOn } = world();
    const metadata = { deletionTimestamp: "2026-01-01T00:00:00Z" };
    pod("old", { minute: 1, metadata });
    pod("older", { minute: 0, metadata });
    expect(podOn("n1")).toBe("old");
    pod("kept", { minute: 0 });
    expect(podOn("n1")).toBe("kept");
    pod("newest", { minute: 2 });
    expect(podOn("n1")).toBe("newest");
  });
});

describe("what is joined to a node", () => {
  test("is whether an older pod of ours is still ending there beside the newest", () => {
    const { pod, observed } = world();
    const metadata = { deletionTimestamp: "2026-01-01T00:00:00Z" };
    pod("foreign", { owner: "uid-of-somebody", ownerName: "theirs", metadata });
    pod("kept", { minute: 1 });
    expect(observed("n1")?.isMakingWay).toBe(false);
    pod("old", { minute: 0, metadata });
    expect(observed("n1")?.isMakingWay).toBe(true);
    expect(observed("n2")?.isMakingWay).toBe(false);
    pod("kept on n2", { node: "n2", minute: 1 });
    pod("of a DaemonSet that is gone", { node: "n2", owner: "uid-of-the-last", metadata });
    expect(observed("n2")?.isMakingWay).toBe(true);
  });

  test("is the probe of the pod that counts, and none of another one", () => {
    const { pod, probes, look } = world();
    const probe = (podUid: string): ProbeObservation => ({
      podUid,
      at: 1,
      outcome: { kind: "timeout" },
      misses: 1,
      everOk: false,
      latencyMs: 1,
    });
    probes.set("before", probe("before"));
    pod("now", { minute: 1 });
    expect(look().nodes[0]?.probe).toBeNull();
    probes.set("now", probe("now"));
    expect(look().nodes[0]?.probe).toMatchObject({ podUid: "now" });
  });

  test("is a pod that failed as a whole", () => {
    const { pod, look } = world();
    pod("evicted", { status: { phase: "Pending" } });
    pod("evicted", { status: { phase: "Failed", reason: "Evicted" } });
    expect(look().nodes[0]?.failedPod).toMatchObject({ pod: { reason: "Evicted" }, told: false });
  });

  test("is a container's last words, where it left no message of its own", () => {
    const terminated = (message: string) => ({
      containerStatuses: [{ name: "km-agent", restartCount: 2, state: { terminated: { exitCode: 0, message } } }],
    });
    const memory = { ...NO_MEMORY, lastWords: new Map([["p/0", "from the log"]]) };
    const { pod, look } = world();
    const said = () => look(kmagent("agent"), memory).nodes[0]?.pod?.container?.last?.message;
    pod("p", { status: terminated("") });
    expect(said()).toBe("from the log");
    pod("p", { status: terminated("its own") });
    expect(said()).toBe("its own");
  });
});

describe("a snapshot", () => {
  test("holds the objects that are ours or have our names, and the other KmAgents", () => {
    const { configMap, look } = world();
    configMap("agent-node-agent-r1", "uid-agent");
    configMap("renamed", "uid-agent");
    configMap("agent-node-agent-r2", "uid-of-somebody");
    configMap("other-node-agent-r1", "uid-other");
    const { live, siblings } = look();
    expect([...live.keys()].sort()).toEqual([
      "ConfigMap agent-node-agent-r1",
      "ConfigMap agent-node-agent-r2",
      "ConfigMap renamed",
      "DaemonSet agent",
    ]);
    expect(siblings.map(({ name }) => name)).toEqual(["other"]);
  });

  test("holds of the key and the bundle a hash alone, which changes with them and with the KmAgent", () => {
    const found = (text: string) => ({ "spec.apiKeySecretRef": { kind: "found", text } }) as const;
    const hmac = (text: string, of = kmagent("agent")) => world(found(text)).look(of).apiKeyHmac;
    expect(hmac("a-key")).toMatch(/^[0-9a-f]{64}$/);
    expect(hmac("a-key")).toBe(hmac("a-key"));
    expect(new Set([hmac("a-key"), hmac("another"), hmac("a-key", kmagent("agent", "uid-2"))]).size).toBe(3);
    const bundle = world({ "spec.caBundleRef": { kind: "found", text: "PEM" } }).look();
    expect(bundle.caBundleHash).toMatch(/^[0-9a-f]{64}$/);
    expect(bundle.apiKeyHmac).toBeNull();
  });

  test("of a KmAgent that can't be read follows no reference", () => {
    const unreadable = projectKmAgent({ metadata: { name: "agent", namespace: "km", uid: "uid-agent" }, spec: {} });
    expect(world().look(unreadable)).toMatchObject({ references: [], apiKeyHmac: null });
  });
});
