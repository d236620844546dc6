import { describe, expect, test } from "@jest/globals";
import type { KubeObject } from "../kube/resource.ts";
import { ended, node, NOW, pod, unmasked, waiting } from "../../test/fleet/observations.ts";
import { kmagentRecord, snapshotOf } from "../../test/fleet/snapshot.ts";
import type { ReplicaView } from "../rollout/replica-view.ts";
import { hasSpec } from "./configuration.ts";
import type { PodRecord } from "./project.ts";
import { replicaView } from "./replica-view.ts";
import type { Snapshot } from "./snapshot.ts";

const OWNER = { apiVersion: "kloudmate.com/v1alpha1", kind: "KmAgent", name: "agent", uid: "u", controller: true };

function deployment(status: object, generation = 1): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "agent-cluster", uid: "d", generation, ownerReferences: [OWNER] },
    spec: { template: { metadata: { labels: { "kloudmate.com/revision": "new" } } } },
    status: { observedGeneration: 1, ...status },
  };
}

function record(of: Partial<PodRecord>): PodRecord {
  const own = { namespace: "km", ownerUid: "rs", ownerName: "rs", instance: "agent", templateHash: "" };
  return { ...pod(), ...own, key: "km/p", component: "cluster-agent", node: "node-1", ready: false, ...of };
}

function view(of: {
  live?: readonly KubeObject[];
  pods?: readonly PodRecord[];
  nodes?: Snapshot["nodes"];
}): ReplicaView {
  const { live = [], pods = [], nodes = [node({ name: "node-1" })] } = of;
  const kmagent = kmagentRecord({ rollout: { progressDeadline: "2m" } }, { uid: "u" });
  if (!hasSpec(kmagent)) throw new Error("its spec is valid");
  const found = new Map(live.map((object) => [`${object.kind} ${object.metadata.name}`, object]));
  const snapshot = { ...snapshotOf(kmagent, { nodes, pods, live: found, cacheVersions: {} }), kmagent };
  return replicaView(snapshot, { wanted: "new", stable: "old", restorable: new Set(["old"]) }, unmasked, NOW);
}

const DONE = { replicas: 1, updatedReplicas: 1, availableReplicas: 1 };

describe("what is seen of the Deployment", () => {
  test.each<{ name: string; of: KubeObject | null; sees: object }>([
    { name: "nothing, where there is none", of: null, sees: { liveTemplate: null, templateSeen: false } },
    {
      name: "nothing, where it is somebody else's",
      of: { ...deployment(DONE), metadata: { name: "agent-cluster", ownerReferences: [{ ...OWNER, uid: "theirs" }] } },
      sees: { liveTemplate: null, isComplete: false },
    },
    {
      name: "that its pod is available and alone",
      of: deployment(DONE),
      sees: { liveTemplate: "new", isComplete: true },
    },
    {
      name: "no proof while Kubernetes hasn't seen the template",
      of: deployment(DONE, 2),
      sees: { templateSeen: false, isComplete: false },
    },
    {
      name: "no proof while the old pod is there",
      of: deployment({ ...DONE, replicas: 2 }),
      sees: { templateSeen: true, isComplete: false },
    },
    {
      name: "no proof while nothing is available",
      of: deployment({ replicas: 1, updatedReplicas: 1 }),
      sees: { isComplete: false },
    },
    {
      name: "no proof where only the old pod is left",
      of: deployment({ replicas: 1, availableReplicas: 1 }),
      sees: { isComplete: false },
    },
    {
      name: "that its pod is refused, and by what",
      of: deployment({ conditions: [{ type: "ReplicaFailure", status: "True", message: "violates PodSecurity" }] }),
      sees: {
        podless: {
          reason: "PodSecurityViolation",
          message: "its pod is refused: violates PodSecurity",
          isOverdue: false,
        },
      },
    },
    {
      name: "that Kubernetes gave up",
      of: deployment({ conditions: [{ type: "Progressing", status: "False", reason: "ProgressDeadlineExceeded" }] }),
      sees: { podless: expect.objectContaining({ reason: "ProgressDeadlineExceeded", isOverdue: true }) },
    },
    {
      name: "no trouble in what Kubernetes said of an older template",
      of: deployment({ conditions: [{ type: "ReplicaFailure", status: "True", message: "no" }] }, 2),
      sees: { podless: null },
    },
  ])("$name", ({ of, sees }) => {
    expect(view({ live: of ? [of] : [] })).toMatchObject(sees);
  });
});

describe("what is seen of a pod", () => {
  test.each<{ name: string; of: Partial<PodRecord>; sees: object }>([
    { name: "nothing wrong while it starts", of: {}, sees: { ended: null, trouble: null, nodeReady: true } },
    {
      name: "its end, in its own words",
      of: { container: waiting("CrashLoopBackOff", { last: ended({ message: "bad\nfile" }) }) },
      sees: { ended: { reason: "CollectorExited", message: expect.stringContaining("bad file"), isSilent: false } },
    },
    {
      name: "its end, though it runs again",
      of: {
        container: { state: "running", startedAt: NOW, restarts: 1, last: ended({ message: "bad" }) },
        ready: true,
      },
      sees: { ended: { reason: "CollectorExited" }, trouble: null },
    },
    {
      name: "that words may follow an end without an error",
      of: { container: { state: "terminated", restarts: 0, last: ended({ exitCode: 0, message: "" }) } },
      sees: { ended: { reason: "CollectorExitedCleanly", isSilent: true } },
    },
    {
      name: "an image that can't be pulled, which may still come right",
      of: { container: waiting("ErrImagePull") },
      sees: { ended: null, trouble: { reason: "ImagePullFailed" } },
    },
    {
      name: "that nothing has room for it",
      of: { phase: "Pending", node: "", container: null, unschedulable: "0/3 nodes: Insufficient memory" },
      sees: { trouble: { reason: "InsufficientResources" }, nodeReady: true },
    },
    { name: "that its node is gone", of: { node: "node-9" }, sees: { nodeReady: false } },
  ])("$name", ({ of, sees }) => {
    expect(view({ pods: [record(of)] }).pods).toMatchObject([sees]);
  });

  test("that isn't Ready: its node", () => {
    const down = node({ name: "node-1", ready: { status: "Unknown", since: 0, message: "" } });
    expect(view({ pods: [record({})], nodes: [down] }).pods).toMatchObject([{ nodeReady: false }]);
  });

  test("only where it is the cluster agent's, lives and isn't over; the newest first", () => {
    const pods = [
      record({ revision: "old", createdAt: 1 }),
      record({ revision: "new", createdAt: 2 }),
      record({ revision: "going", deleting: true }),
      record({ revision: "evicted", phase: "Failed", reason: "Evicted" }),
      record({ revision: "node's", component: "node-agent" }),
    ];
    expect(view({ pods }).pods.map(({ revision }) => revision)).toEqual(["new", "old"]);
  });
});
