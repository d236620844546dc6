import { describe, expect, test } from "@jest/globals";
import { ObjectStore } from "../kube/store.ts";
import { watchFailedPods } from "./failed-pods.ts";
import { createIntern, projectNode, projectPod } from "./project.ts";
import type { NodeRecord, PodRecord } from "./project.ts";

const intern = createIntern();

const EVICTED = { phase: "Failed", reason: "Evicted", message: "the node was low on memory" };
const RUNNING = { phase: "Running", containerStatuses: [{ name: "km-agent", state: { running: {} } }] };

/** A cluster with the node n and the DaemonSet ds, and what is remembered of it. */
function world() {
  const pods = new ObjectStore<PodRecord>();
  const nodes = new ObjectStore<NodeRecord>();
  const end = new AbortController();
  const failed = watchFailedPods({ pods, nodes }, end.signal);
  let version = 0;
  const set = <T>(store: ObjectStore<T>, key: string, value: T | undefined): void => {
    const resourceVersion = String(++version);
    store.set(key, value === undefined ? undefined : { uid: key, resourceVersion, value }, resourceVersion);
  };
  set(nodes, "n", projectNode({ metadata: { name: "n", uid: "n" } }, intern));
  return {
    end,
    pod: (uid: string, status: object | undefined, metadata: object = {}) => {
      const ownerReferences = [{ kind: "DaemonSet", name: "agent", uid: "ds", controller: true }];
      const raw = {
        metadata: { name: uid, namespace: "km", uid, ownerReferences, ...metadata },
        spec: { nodeName: "n" },
      };
      set(pods, `km/${uid}`, status === undefined ? undefined : projectPod({ ...raw, status }, intern));
    },
    removeNode: () => set(nodes, "n", undefined),
    failed: () => failed.of("ds", "n")?.uid,
    ofAnother: () => failed.of("other", "n")?.uid,
  };
}

describe("a pod that failed as a whole", () => {
  test("is remembered after it is gone, until another one runs on its node", () => {
    const { pod, failed } = world();
    pod("a", RUNNING);
    expect(failed()).toBeUndefined();
    pod("a", EVICTED);
    pod("a", EVICTED, { deletionTimestamp: "2026-01-01T00:00:00Z" });
    pod("a", undefined);
    expect(failed()).toBe("a");
    pod("b", { phase: "Pending" });
    expect(failed()).toBe("a");
    pod("b", RUNNING);
    expect(failed()).toBeUndefined();
  });

  test.each([
    {
      name: "that ended because it was deleted",
      status: EVICTED,
      metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" },
    },
    { name: "whose failure has no name: its container tells", status: { phase: "Failed" }, metadata: {} },
    { name: "that succeeded", status: { phase: "Succeeded", reason: "Completed" }, metadata: {} },
  ])("isn't one $name", ({ status, metadata }) => {
    const { pod, failed } = world();
    pod("a", RUNNING);
    pod("a", status, metadata);
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
