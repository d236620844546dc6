import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { createIntern, projectKmAgent, projectNode, projectPod } from "./project.ts";

const intern = createIntern();
const LEAST = { clusterName: "c", apiKeySecretRef: { name: "s", key: "k" } };

/** A pod as a kubelet leaves it, with fields that nobody here reads. */
const POD = {
  metadata: {
    name: "agent-x",
    namespace: "km",
    uid: "pod-1",
    creationTimestamp: "2026-01-01T00:00:00Z",
    labels: {
      "app.kubernetes.io/instance": "agent",
      "app.kubernetes.io/component": "node-agent",
      "kloudmate.com/revision": "rev1",
    },
    ownerReferences: [
      { kind: "Other", name: "o", uid: "uid-o" },
      { kind: "DaemonSet", name: "agent", uid: "uid-ds", controller: true },
    ],
    managedFields: [{ manager: "kubelet" }],
  },
  spec: {
    nodeName: "node-1",
    containers: [
      { name: "sidecar", image: "other:1" },
      {
        name: "km-agent",
        image: "agent:1",
        ports: [{ containerPort: 13_133 }, { name: "metrics", containerPort: 8_888 }],
      },
    ],
  },
  status: {
    phase: "Running",
    podIP: "10.0.0.7",
    conditions: [
      { type: "PodScheduled", status: "True", lastTransitionTime: "2026-01-01T00:00:02Z" },
      { type: "Ready", status: "True" },
    ],
    containerStatuses: [
      { name: "sidecar", restartCount: 9, state: { waiting: { reason: "CrashLoopBackOff" } } },
      {
        name: "km-agent",
        restartCount: 1,
        state: { running: { startedAt: "2026-01-01T00:01:00Z" } },
        lastState: {
          terminated: {
            exitCode: 137,
            signal: 9,
            reason: "OOMKilled",
            message: "",
            finishedAt: "2026-01-01T00:00:59Z",
          },
        },
      },
    ],
  },
};

describe("a pod's record", () => {
  test("holds the agent's container, the controller and the node, and nothing of others", () => {
    expect(projectPod(POD, intern)).toEqual({
      key: "km/agent-x",
      namespace: "km",
      name: "agent-x",
      uid: "pod-1",
      ownerUid: "uid-ds",
      ownerName: "agent",
      node: "node-1",
      instance: "agent",
      component: "node-agent",
      templateHash: "",
      revision: "rev1",
      createdAt: Date.parse("2026-01-01T00:00:00Z"),
      placedAt: Date.parse("2026-01-01T00:00:02Z"),
      deleting: false,
      phase: "Running",
      reason: "",
      message: "",
      ready: true,
      unschedulable: "",
      ip: "10.0.0.7",
      image: "agent:1",
      metricsPort: 8_888,
      container: {
        state: "running",
        startedAt: Date.parse("2026-01-01T00:01:00Z"),
        restarts: 1,
        last: {
          exitCode: 137,
          signal: 9,
          reason: "OOMKilled",
          message: "",
          finishedAt: Date.parse("2026-01-01T00:00:59Z"),
        },
      },
    });
  });

  test("knows the node that a pod is meant for before the scheduler has spoken, and its words when it can't", () => {
    const matchFields = [{ key: "metadata.name", operator: "In", values: ["node-2"] }];
    const spec = {
      affinity: {
        nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchFields }] } },
      },
    };
    const message = "0/2 nodes are available: 1 node(s) didn't have free ports.";
    const conditions = [{ type: "PodScheduled", status: "False", message }];
    const record = projectPod({ ...POD, spec, status: { phase: "Pending", conditions } }, intern);
    expect(record).toMatchObject({
      node: "node-2",
      unschedulable: message,
      placedAt: record.createdAt,
      container: null,
      ip: "",
    });
  });

  test.each<{ name: string; state: object; expected: object }>([
    {
      name: "that waits says why",
      state: { state: { waiting: { reason: "ImagePullBackOff", message: "no such image" } } },
      expected: { state: "waiting", reason: "ImagePullBackOff", message: "no such image", restarts: 0, last: null },
    },
    {
      name: "that ended says how, and not how it ended before",
      state: {
        restartCount: 3,
        state: { terminated: { exitCode: 0, reason: "Completed" } },
        lastState: { terminated: { exitCode: 1 } },
      },
      expected: { state: "terminated", restarts: 3, last: { exitCode: 0, signal: null, reason: "Completed" } },
    },
    { name: "without a state waits", state: {}, expected: { state: "waiting", reason: "" } },
  ])("a container $name", ({ state, expected }) => {
    const status = { ...POD.status, containerStatuses: [{ name: "km-agent", ...state }] };
    expect(projectPod({ ...POD, status }, intern).container).toMatchObject(expected);
  });
});

describe("a node's record", () => {
  test("holds labels, taints, what it is and whether it is ready", () => {
    const raw = {
      metadata: {
        name: "node-1",
        uid: "n-1",
        creationTimestamp: "2026-01-01T00:00:00Z",
        deletionTimestamp: "2026-01-02T00:00:00Z",
        labels: { "kubernetes.io/os": "linux" },
      },
      spec: {
        taints: [
          { key: "a", effect: "NoExecute" },
          { key: "b", value: "v", effect: "NoSchedule" },
        ],
      },
      status: {
        nodeInfo: { operatingSystem: "linux", architecture: "arm64" },
        conditions: [
          { type: "MemoryPressure", status: "False" },
          {
            type: "Ready",
            status: "Unknown",
            lastTransitionTime: "2026-01-01T01:00:00Z",
            message: "kubelet stopped",
          },
        ],
      },
    };
    expect(projectNode(raw, intern)).toEqual({
      key: "node-1",
      name: "node-1",
      uid: "n-1",
      labels: { "kubernetes.io/os": "linux" },
      taints: [
        { key: "a", value: "", effect: "NoExecute" },
        { key: "b", value: "v", effect: "NoSchedule" },
      ],
      os: "linux",
      architecture: "arm64",
      ready: { status: "Unknown", since: Date.parse("2026-01-01T01:00:00Z"), message: "kubelet stopped" },
      createdAt: Date.parse("2026-01-01T00:00:00Z"),
      deleting: true,
    });
  });

  test("is the same for a heartbeat, so that none starts a pass", () => {
    const at = (lastHeartbeatTime: string) =>
      projectNode(
        { metadata: { name: "n" }, status: { conditions: [{ type: "Ready", status: "True", lastHeartbeatTime }] } },
        intern,
      );
    expect(at("2026-01-01T00:00:00Z")).toEqual(at("2026-01-01T00:05:00Z"));
  });
});

describe("a KmAgent's record", () => {
  test("has the defaults in place", () => {
    const { spec, invalid } = projectKmAgent({ metadata: { name: "a", namespace: "km" }, spec: LEAST });
    expect(invalid).toBe("");
    expect(spec?.health.failureThreshold).toBe(3);
  });

  test("says where a spec can't be read, and keeps the status", () => {
    const record = projectKmAgent({
      metadata: { name: "a", namespace: "km" },
      spec: { ...LEAST, clusterName: 7 },
      status: { operatorVersion: "1" },
    });
    expect(record).toMatchObject({ spec: null, status: { operatorVersion: "1" } });
    expect(record.invalid).toContain("spec.clusterName");
  });

  test("takes a status that isn't ours to read for none", () => {
    const { status } = projectKmAgent({ metadata: {}, spec: LEAST, status: { nodes: "many" } });
    expect(status).toEqual({});
  });
});

describe("whatever the API server sends", () => {
  test("becomes a record, and nothing throws", () => {
    const anything = fc.oneof(
      fc.jsonValue({ maxDepth: 4 }),
      fc.record({ metadata: fc.jsonValue(), spec: fc.jsonValue(), status: fc.jsonValue() }),
    );
    fc.assert(
      fc.property(anything, (raw) => {
        expect(typeof projectPod(raw, intern).name).toBe("string");
        expect(typeof projectNode(raw, intern).name).toBe("string");
        expect(typeof projectKmAgent(raw).name).toBe("string");
      }),
    );
  });
});

describe("interning", () => {
  test("gives one copy of equal strings, and leaves long ones as they are", () => {
    const one = createIntern();
    const text = ["node", "agent"].join("-");
    expect(one(text)).toBe(one(["node", "agent"].join("-")));
    expect(one("x".repeat(1_000))).toHaveLength(1_000);
  });
});
