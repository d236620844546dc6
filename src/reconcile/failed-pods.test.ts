import { describe, expect, test } from "@jest/globals";
import { LABEL } from "../api/labels.ts";
import { ObjectStore } from "../kube/store.ts";
import { watchFailedPods } from "./failed-pods.ts";
import { createIntern, projectNode, projectPod } from "./project.ts";
import type { NodeRecord, PodRecord } from "./project.ts";

const intern = createIntern();

const EVICTED = { phase: "Failed", reason: "Evicted", message: "the node was low on memory" };
const RUNNING = { phase: "Running", containerStatuses: [{ name: "km-agent", state: { running: {} } }] };

type SetPod = (uid: string, status: object | undefined, metadata?: object) => void;

/** A cluster with the node n and the DaemonSet ds, `found` as it begins, and what is remembered of it. */
function world(found: (pod: SetPod) => void = () => undefined) {
  const pods = new ObjectStore<PodRecord>();
  const nodes = new ObjectStore<NodeRecord>();
  const end = new AbortController();
  let version = 0;
  const set = <T>(store: ObjectStore<T>, key: string, value: T | undefined): void => {
    const resourceVersion = String(++version);
    store.set(key, value === undefined ? undefined : { uid: key, resourceVersion, value }, resourceVersion);
  };
  const pod = (uid: string, status: object | undefined, metadata: object = {}) => {
    const ownerReferences = [{ kind: "DaemonSet", name: "agent", uid: "ds", controller: true }];
    const labels = { [LABEL.component]: "node-agent" };
    const raw = {
      metadata: { name: uid, namespace: "km", uid, labels, ownerReferences, ...metadata },
      spec: { nodeName: "n" },
    };
    set(pods, `km/${uid}`, status === undefined ? undefined : projectPod({ ...raw, status }, intern));
  };
  set(nodes, "n", projectNode({ metadata: { name: "n", uid: "n" } }, intern));
  found(pod);
  const failed = watchFailedPods({ pods, nodes }, end.signal);
  return {
    end,
    pod,
    removeNode: () => set(nodes, "n", undefined),
    failed: () => failed.of("ds", "n")?.pod.uid,
    told: () => failed.of("ds", "n")?.told,
    tell: (uid: string) => failed.tell("n", uid),
    ofAnother: () => failed.of("other", "n")?.pod.uid,
  };
}

const DELETED = { deletionTimestamp: "2026-01-01T00:00:00Z" };

describe("a pod that failed as a whole", () => {
  test("is remembered after it is gone, until it was told of and another one runs on its node", () => {
    const { pod, failed, tell } = world();
    pod("a", RUNNING);
    expect(failed()).toBeUndefined();
    pod("a", EVICTED);
    pod("a", EVICTED, DELETED);
    pod("a", undefined);
    expect(failed()).toBe("a");
    tell("a");
    pod("b", { phase: "Pending" });
    expect(failed()).toBe("a");
    pod("b", RUNNING);
    expect(failed()).toBeUndefined();
  });

  test("isn't forgotten for a cluster agent that fails on the same node", () => {
    const { pod, failed } = world();
    pod("a", EVICTED);
    pod("cluster", EVICTED, { labels: { [LABEL.component]: "cluster-agent" } });
    expect(failed()).toBe("a");
  });

  test("waits to be told of, however long its successor has run", () => {
    const { pod, failed, told, tell } = world();
    pod("a", EVICTED);
    pod("a", undefined);
    pod("b", RUNNING);
    pod("b", undefined);
    pod("c", RUNNING);
    expect([failed(), told()]).toEqual(["a", false]);
    tell("b");
    expect(failed()).toBe("a");
    tell("a");
    expect(failed()).toBeUndefined();
  });

  test("makes way for a newer one, which nobody has told of", () => {
    const { pod, failed, told, tell } = world();
    pod("a", EVICTED);
    tell("a");
    expect(told()).toBe(true);
    pod("b", EVICTED);
    tell("a");
    expect([failed(), told()]).toEqual(["b", false]);
  });

  test("is one that had failed before anybody watched, and whose successor ran already", () => {
    const { failed, tell } = world((pod) => {
      pod("a", EVICTED);
      pod("b", RUNNING);
    });
    expect(failed()).toBe("a");
    tell("a");
    expect(failed()).toBeUndefined();
  });

  test("is one whose failure and deletion came as one change, as a list after a break shows them", () => {
    const { pod, failed } = world();
    pod("a", RUNNING);
    pod("a", EVICTED, DELETED);
    expect(failed()).toBe("a");
  });

  test("isn't forgotten for a pod before it that still runs: a canary's, evicted while the old one ends", () => {
    const { pod, failed, tell } = world();
    pod("old", RUNNING, { creationTimestamp: "2026-01-01T00:00:00Z", ...DELETED });
    pod("a", EVICTED, { creationTimestamp: "2026-01-01T00:01:00Z" });
    tell("a");
    pod("old", RUNNING, { creationTimestamp: "2026-01-01T00:00:00Z", ...DELETED, labels: { x: "y" } });
    expect(failed()).toBe("a");
  });

  test("isn't one that was on its way out before", () => {
    const { pod, failed } = world();
    pod("a", RUNNING, DELETED);
    pod("a", EVICTED, DELETED);
    expect(failed()).toBeUndefined();
  });

  test.each([
    { name: "whose failure has no name: its container tells", status: { phase: "Failed" } },
    { name: "that succeeded, for it was deleted", status: { phase: "Succeeded" }, metadata: DELETED },
  ])("isn't one $name", ({ status, metadata = {} }) => {
    const { pod, failed } = world();
    pod("a", RUNNING);
    pod("a", status, metadata);
    expect(failed()).toBeUndefined();
  });

  test("is one that obeyed when kubelet ended it, of which kubelet only says that it succeeded", () => {
    const { pod, failed, tell } = world();
    pod("a", RUNNING);
    pod("a", { phase: "Succeeded" });
    pod("a", { phase: "Succeeded" }, DELETED);
    pod("a", undefined);
    expect(failed()).toBe("a");
    tell("a");
    pod("b", RUNNING);
    expect(failed()).toBeUndefined();
  });

  test("is no other DaemonSet's", () => {
    const { pod, ofAnother } = world();
    pod("a", EVICTED);
    expect(ofAnother()).toBeUndefined();
  });

  test("is forgotten with its node", () => {
    const { pod, removeNode, failed } = world();
    pod("a", EVICTED);
    removeNode();
    expect(failed()).toBeUndefined();
  });

  test("isn't looked for after the end", () => {
    const { pod, end, failed } = world();
    end.abort();
    pod("a", EVICTED);
    expect(failed()).toBeUndefined();
  });
});
