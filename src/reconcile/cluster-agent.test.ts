import { describe, expect, test } from "@jest/globals";
import type { KubeObject } from "../kube/resource.ts";
import { clusterAgentFacts } from "./cluster-agent.ts";
import type { PodRecord } from "./project.ts";

function deployment(status: object, generation = 1): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "agent-cluster", generation },
    spec: { template: { metadata: { labels: { "kloudmate.com/revision": "new" } } } },
    status,
  };
}

function pod(more: Partial<PodRecord> = {}): PodRecord {
  return {
    key: "km/p",
    namespace: "km",
    name: "p",
    uid: "u",
    ownerUid: "rs",
    ownerName: "rs",
    node: "n",
    instance: "agent",
    component: "cluster-agent",
    templateHash: "",
    revision: "new",
    createdAt: 1,
    placedAt: 1,
    deleting: false,
    phase: "Running",
    reason: "",
    message: "",
    ready: false,
    unschedulable: "",
    ip: "10.0.0.1",
    metricsPort: 8888,
    image: "agent:1",
    container: { state: "running", startedAt: 1, restarts: 0, last: null },
    ...more,
  };
}

const ended = { exitCode: 1, signal: null, reason: "Error", message: "bad configuration", finishedAt: 1 };
const UP = { observedGeneration: 1, availableReplicas: 1, updatedReplicas: 1 };

describe("the cluster agent", () => {
  test("is missing where there is no Deployment", () => {
    expect(clusterAgentFacts(undefined, [], null)).toEqual({ kind: "missing", record: null });
  });

  test("is ready with one available replica of the newest template", () => {
    expect(clusterAgentFacts(deployment(UP), [pod({ ready: true })], null)).toMatchObject({
      ready: true,
      revision: "new",
      reason: "",
    });
  });

  test("that crashes says so in the collector's own words", () => {
    const crashed = pod({ container: { state: "terminated", restarts: 2, last: ended } });
    const facts = clusterAgentFacts(deployment({ observedGeneration: 1 }), [crashed], null);
    expect(facts).toMatchObject({ ready: false, reason: "CollectorExited" });
    expect("message" in facts && facts.message).toContain("bad configuration");
  });

  test("that can't be scheduled says what the scheduler said", () => {
    const pending = pod({
      phase: "Pending",
      container: null,
      unschedulable: "0/3 nodes are available: 3 Insufficient memory.",
    });
    expect(clusterAgentFacts(deployment({ observedGeneration: 1 }), [pending], null)).toMatchObject({
      reason: "InsufficientResources",
    });
  });

  test("goes on with its old pod while a new one fails, and both are told", () => {
    const status = { observedGeneration: 1, availableReplicas: 1, updatedReplicas: 1 };
    const failing = pod({
      createdAt: 2,
      container: { state: "waiting", reason: "CrashLoopBackOff", message: "", restarts: 3, last: ended },
    });
    const pods = [pod({ ready: true }), failing];
    const facts = clusterAgentFacts(deployment({ ...status, observedGeneration: 0 }, 1), pods, null);
    expect(facts).toMatchObject({ kind: "present", ready: true, reason: "CollectorExited" });
    expect("message" in facts && facts.message).toContain("the pod before it goes on working");
  });
});
