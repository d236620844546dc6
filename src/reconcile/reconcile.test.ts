import { describe, expect, test } from "@jest/globals";
import type { KmAgentSpecInput } from "../api/kmagent.ts";
import { LABEL } from "../api/labels.ts";
import { kmagentRecord as kmagent, snapshotOf } from "../../test/fleet/snapshot.ts";
import type { NodeObservation } from "../health/observation.ts";
import type { KubeObject } from "../kube/resource.ts";
import { NO_MEMORY } from "./memory.ts";
import type { KmAgentMemory } from "./memory.ts";
import { objectId } from "./object-id.ts";
import type { Plan, Write } from "./plan.ts";
import { projectPod } from "./project.ts";
import type { KmAgentRecord } from "./project.ts";
import { reconcile } from "./reconcile.ts";
import { remember } from "./remember.ts";
import { KmError } from "../api/errors.ts";
import type { Outcome } from "./execute.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Referenced } from "./references.ts";

const NOW = Date.parse("2026-01-01T00:10:00Z");

function node(name: string): NodeObservation {
  return {
    name,
    labels: { "kubernetes.io/os": "linux", "kubernetes.io/hostname": name },
    taints: [],
    os: "linux",
    architecture: "amd64",
    ready: { status: "True", since: 0, message: "" },
    createdAt: 0,
    deleting: false,
    pod: null,
    isMakingWay: false,
    failedPod: null,
    probe: null,
    exports: null,
  };
}

function snapshot(
  of: KmAgentRecord,
  more: Partial<Snapshot> = {},
  secret: Referenced = { kind: "found", text: "key" },
): Snapshot {
  return snapshotOf(of, {
    nodes: [node("n1"), node("n2")],
    references: [{ reference: { kind: "Secret", name: "s", key: "k", path: "spec.apiKeySecretRef" }, found: secret }],
    ...more,
  });
}

const plan = (of: Snapshot) => reconcile(of, NOW, (text) => text);
const said = ({ status }: Plan, type: string) => status.conditions?.find((condition) => condition.type === type);
const names = (writes: readonly Write[]) =>
  writes.map((write) => (write.kind === "status" ? "status" : `${write.kind} ${write.object.kind}`));

/** The cluster after a plan: what was created is there, as the API server would answer it. */
function applied(before: Snapshot, done: Plan): Snapshot {
  const live = new Map(before.live);
  const outcomes = done.writes.flatMap((write, at) => {
    if (write.kind !== "create" && write.kind !== "apply") return [];
    const answer: KubeObject = {
      ...write.object,
      metadata: {
        ...write.object.metadata,
        uid: `uid-${write.object.metadata.name}`,
        resourceVersion: String(10 + at),
        generation: 1,
      },
    };
    live.set(objectId(answer), answer);
    return [
      {
        kind: "applied" as const,
        object: write.object,
        wish: write.wish,
        answer,
        because: "created" as const,
        drifted: [],
        warnings: [],
      },
    ];
  });
  const memory: KmAgentMemory = remember(before.memory, done, outcomes, NOW);
  return { ...before, live, memory, cacheVersions: { DaemonSet: "20", Deployment: "20", ConfigMap: "20" } };
}

describe("what is said of telemetry", () => {
  const before = {
    type: "TelemetryFlowing" as const,
    status: "True" as const,
    observedGeneration: 1,
    lastTransitionTime: "2026-11-20T00:00:00Z",
    reason: "Flowing",
    message: "as before",
  };
  const told = snapshot({ ...kmagent(), status: { conditions: [before] } });
  const begun = (ago: number) => ({ ...told, memory: { ...NO_MEMORY, begunAt: NOW - ago } });

  test("stays what the process before said until this one has read for three minutes, when it is looked at again", () => {
    expect(said(plan(told), "TelemetryFlowing")).toEqual(before);
    expect(said(plan(begun(179_999)), "TelemetryFlowing")).toEqual(before);
    expect(plan(begun(170_000)).nextAt).toBe(NOW + 10_000);
    expect(said(plan(begun(180_000)), "TelemetryFlowing")).toMatchObject({ status: "Unknown", reason: "NotObserved" });
  });
});

describe("a pass over a new KmAgent", () => {
  test("makes each pod's ConfigMap before what makes the pod", () => {
    expect(names(plan(snapshot(kmagent())).writes)).toEqual([
      "create ConfigMap",
      "create DaemonSet",
      "create ConfigMap",
      "create Deployment",
      "status",
    ]);
  });

  test("writes nothing but status once everything is there", () => {
    const first = snapshot(kmagent());
    const second = applied(first, plan(first));
    expect(names(plan(second).writes)).toEqual(["status"]);
  });

  test("takes away the pods of a DaemonSet that is gone, when their time has come", () => {
    const first = snapshot(kmagent());
    const there = applied(first, plan(first));
    const orphan = (minutes: number) =>
      projectPod(
        {
          metadata: {
            name: "agent-x",
            namespace: "km",
            uid: "pod-x",
            labels: { [LABEL.instance]: "agent", [LABEL.component]: "node-agent" },
            creationTimestamp: new Date(NOW - minutes * 60_000).toISOString(),
            ownerReferences: [{ kind: "DaemonSet", name: "agent", uid: "gone", controller: true }],
          },
        },
        (value) => value,
      );
    const old = plan({ ...there, nodes: [], pods: [orphan(1)] });
    expect(names(old.writes)).toEqual(["deleteOrphan Pod", "status"]);
    const young = plan({ ...there, nodes: [], pods: [orphan(0)] });
    expect(names(young.writes)).toEqual(["status"]);
    expect(young.nextAt).toBe(NOW + 60_000);
    const paused = { ...there, nodes: [], kmagent: kmagent({ paused: true }), pods: [orphan(1)] };
    expect(names(plan(paused).writes)).toEqual(["status"]);
  });

  test("writes nothing at all once the status says what is", () => {
    const first = snapshot(kmagent());
    const second = applied(first, plan(first));
    const third = { ...second, kmagent: kmagent({}, { status: plan(second).status }) };
    expect(plan(third).writes).toEqual([]);
    expect(plan(third).events).toEqual([]);
  });
});

describe("a status that somebody else wrote into", () => {
  const settled = (() => {
    const first = snapshot(kmagent());
    const second = applied(first, plan(first));
    const written = plan(second);
    const outcome: Outcome = { kind: "statusWritten", resourceVersion: "1", landed: written.status };
    return { of: second, status: written.status, memory: remember(second.memory, written, [outcome], NOW - 60_000) };
  })();
  const conditions = settled.status.conditions ?? [];
  const flipped = conditions.map((condition) => ({
    ...condition,
    status: "True" as const,
    lastTransitionTime: "2020-01-01T00:00:00Z",
  }));

  test("is set back as it was, times included, without an event of a change that was none", () => {
    const live = kmagent({}, { status: { ...settled.status, conditions: flipped } });
    const seen = plan({ ...settled.of, memory: settled.memory, kmagent: live });
    expect(seen.writes).toEqual([{ kind: "status", status: settled.status }]);
    expect(seen.statusEvents).toEqual([]);
  });
});

describe("a KmAgent that changed", () => {
  test("updates what it made, which is told from the first look after a start", () => {
    const first = snapshot(kmagent());
    const running = applied(first, plan(first));
    const changed = {
      ...running,
      kmagent: kmagent({ health: { failureThreshold: 5 }, rollout: { bakeTime: "1s" } }, { generation: 2 }),
    };
    expect(plan(changed).writes).toContainEqual(expect.objectContaining({ kind: "apply", because: "updated" }));
    expect(plan({ ...running, memory: NO_MEMORY }).writes).toContainEqual(
      expect.objectContaining({ kind: "apply", because: "startup" }),
    );
  });
});

describe("a KmAgent that can't be served", () => {
  test("whose Secret isn't known yet is waited for, without a word", () => {
    const seen = plan(snapshot(kmagent(), {}, { kind: "loading" }));
    expect(seen.writes).toEqual([]);
    expect(seen.status).toEqual({});
  });

  test("whose Secret is missing says so with the command that makes it, and touches nothing", () => {
    const seen = plan(snapshot(kmagent(), {}, { kind: "missing" }));
    expect(names(seen.writes)).toEqual(["status"]);
    expect(said(seen, "ConfigValid")).toMatchObject({ status: "False", reason: "SecretNotFound" });
    expect(said(seen, "ConfigValid")?.message).toContain("kubectl -n km create secret generic s --from-literal=k=");
  });

  test("whose configuration is refused leaves what runs as it is", () => {
    const first = snapshot(kmagent());
    const running = applied(first, plan(first));
    const broken = {
      ...running,
      kmagent: kmagent({ config: { nodeAgent: { inline: "receivers: [" } } }, { generation: 2 }),
    };
    const seen = plan(broken);
    expect(names(seen.writes)).toEqual(["status"]);
    expect(said(seen, "ConfigValid")).toMatchObject({ status: "False", reason: "InvalidConfig" });
    expect(said(seen, "Ready")).toMatchObject({ status: "False" });
  });

  test("that is younger than one which selects the same nodes is stalled", () => {
    const older = kmagent(
      {},
      { key: "km/older", name: "older", uid: "uid-older", creationTimestamp: "2025-01-01T00:00:00Z" },
    );
    const seen = plan(snapshot(kmagent(), { siblings: [older] }));
    expect(names(seen.writes)).toEqual(["status"]);
    expect(said(seen, "Stalled")).toMatchObject({ status: "True", reason: "NodeOverlap" });
  });

  test("that is older goes on, whatever a younger one selects", () => {
    const younger = kmagent({}, { key: "km/y", name: "y", uid: "uid-y", creationTimestamp: "2026-06-01T00:00:00Z" });
    expect(names(plan(snapshot(kmagent(), { siblings: [younger] })).writes)).toContain("create DaemonSet");
  });

  test("whose name is taken is stalled, with the command that frees the name", () => {
    const first = snapshot(kmagent());
    const done = plan(first);
    const write = done.writes[1];
    if (write?.kind !== "create") throw new Error("no DaemonSet");
    const memory = remember(
      NO_MEMORY,
      done,
      [{ kind: "foreign", object: write.object, wish: write.wish, owner: "Helm" }],
      NOW,
    );
    const seen = plan({ ...first, memory });
    expect(said(seen, "Stalled")).toMatchObject({ status: "True", reason: "NameConflict" });
    expect(said(seen, "Stalled")?.message).toContain("kubectl -n km delete daemonset agent");
  });
});

describe("a KmAgent whose spec became unusable", () => {
  const first = snapshot(kmagent());
  const settled = applied(first, plan(first));
  // The first pass over what is there keeps the memory; the spec breaks after it.
  const bad = kmagent({ config: { nodeAgent: { inline: "receivers: [" } } }, { generation: 2 });
  const unreadable = kmagent({}, { spec: null, invalid: "spec.x: bad", generation: 2 });
  const broken = (of: KmAgentRecord, memory: KmAgentMemory): Snapshot => {
    const before = { ...settled, kmagent: of, memory };
    return applied(before, plan(before));
  };
  const without = (of: Snapshot, ...ids: string[]) => ({
    ...of,
    live: new Map([...of.live].filter(([id]) => !ids.includes(id))),
    cacheVersions: { DaemonSet: "30", Deployment: "30", ConfigMap: "30" },
  });
  const ofObjects = ({ writes }: Plan) => names(writes).filter((name) => name !== "status");
  const CASES = [
    { name: "since the operator started", memory: settled.memory },
    { name: "before the operator started", memory: NO_MEMORY },
  ];

  test.each(CASES)("$name keeps what it was in shape", ({ memory }) => {
    for (const each of [bad, unreadable]) {
      const daemonSet = settled.live.get("DaemonSet agent");
      const gone = plan(without(broken(each, memory), "DaemonSet agent", "Deployment agent-cluster"));
      expect(said(gone, "ConfigValid")).toMatchObject({ status: "False" });
      expect(ofObjects(gone)).toEqual(["create DaemonSet", "create Deployment"]);
      const [created] = gone.writes;
      expect(created).toMatchObject({ object: { spec: daemonSet?.["spec"] } });
    }
  });

  test.each(CASES)("$name makes a lost ConfigMap again, as it was", ({ memory }) => {
    const id = [...settled.live.keys()].find((key) => key.startsWith("ConfigMap agent-node-agent")) ?? "";
    const [created] = plan(without(broken(bad, memory), id)).writes;
    expect(created).toMatchObject({
      kind: "create",
      object: { data: settled.live.get(id)?.["data"], immutable: true },
    });
  });

  test("writes nothing while everything is as it was", () => {
    for (const { memory } of CASES) expect(ofObjects(plan(broken(bad, memory)))).toEqual([]);
  });

  test("takes the template from the ConfigMap, whatever somebody made of the DaemonSet's before the start", () => {
    const daemonSet = settled.live.get("DaemonSet agent");
    if (!daemonSet) throw new Error("no DaemonSet");
    const spec = daemonSet["spec"] as { template: { spec: object } };
    const edited = { ...daemonSet, spec: { ...spec, template: { ...spec.template, spec: { hostPID: true } } } };
    const live = new Map(settled.live).set("DaemonSet agent", edited);
    const seen = plan({ ...settled, kmagent: bad, live, memory: NO_MEMORY });
    const apply = seen.writes.find((write) => write.kind === "apply" && write.object.kind === "DaemonSet");
    expect(apply).toMatchObject({ object: { spec: { template: spec.template } } });
  });

  test("gives up nothing that belongs to somebody else", () => {
    const owner = [{ apiVersion: "v1", kind: "Other", name: "o", uid: "uid-other", controller: true }];
    const live = new Map(
      [...settled.live].map(([id, of]) => [id, { ...of, metadata: { ...of.metadata, ownerReferences: owner } }]),
    );
    expect(ofObjects(plan({ ...settled, kmagent: bad, live, memory: NO_MEMORY }))).toEqual([]);
  });
});

describe("an object that can't be had", () => {
  const first = snapshot(kmagent());
  const done = plan(first);
  const [configMap, daemonSet] = done.writes;
  if (configMap?.kind !== "create" || daemonSet?.kind !== "create") throw new Error("no such writes");
  const LONG_AGO = NOW - 3_600_000;
  const { object, wish } = daemonSet;

  test.each<{ name: string; outcome: Outcome; reason: string }>([
    {
      name: "for its name is taken stays a conflict while it is tried again",
      outcome: { kind: "foreign", object, wish, owner: "Helm" },
      reason: "NameConflict",
    },
    {
      name: "for it was refused stays refused while it is tried again",
      outcome: { kind: "refused", object, wish, error: new KmError("Invalid", "no") },
      reason: "ApplyRefused",
    },
  ])("$name", ({ outcome, reason }) => {
    const memory = remember(NO_MEMORY, done, [outcome], LONG_AGO);
    const seen = plan({ ...first, memory });
    expect(names(seen.writes)).toContain("create DaemonSet");
    expect(said(seen, "Stalled")).toMatchObject({ status: "True", reason });
  });

  test("keeps back the DaemonSet that needs it", () => {
    const outcome: Outcome = { kind: "foreign", object: configMap.object, wish: configMap.wish, owner: "Helm" };
    const seen = plan({ ...first, memory: remember(NO_MEMORY, done, [outcome], NOW) });
    expect(names(seen.writes)).toEqual(["create ConfigMap", "create Deployment", "status"]);
  });
});

describe("an object that is on its way out", () => {
  const first = snapshot(kmagent());
  const running = applied(first, plan(first));
  const withDaemonSet = (metadata: Partial<KubeObject["metadata"]>, more: Partial<Snapshot> = {}): Snapshot => {
    const id = "DaemonSet agent";
    const daemonSet = running.live.get(id);
    if (!daemonSet) throw new Error("no DaemonSet");
    const object = { ...daemonSet, metadata: { ...daemonSet.metadata, ...metadata } };
    return { ...running, ...more, live: new Map(running.live).set(id, object) };
  };

  test("is reported once it has taken five minutes, with what holds it", () => {
    const finalizers = ["example.com/hold"];
    const young = plan(withDaemonSet({ deletionTimestamp: "2026-01-01T00:05:01Z", finalizers }));
    expect(said(young, "Stalled")).toBeUndefined();
    expect(young.nextAt).toBeLessThanOrEqual(NOW + 1_000);
    const old = plan(withDaemonSet({ deletionTimestamp: "2026-01-01T00:05:00Z", finalizers }));
    expect(said(old, "Stalled")).toMatchObject({
      reason: "NameConflict",
      message:
        "DaemonSet agent was deleted at 2026-01-01T00:05:00Z and is still there; its finalizers hold it: example.com/hold. It is made anew once it is gone.",
    });
    expect(names(old.writes)).not.toContain("create DaemonSet");
  });

  test("is waited for without a word where a KmAgent of our name left it behind a moment ago", () => {
    const ownerReferences = [
      { apiVersion: "kloudmate.com/v1alpha1", kind: "KmAgent", name: "agent", uid: "uid-before", controller: true },
    ];
    const anew = (creationTimestamp: string) =>
      plan(withDaemonSet({ ownerReferences }, { kmagent: kmagent({}, { creationTimestamp }), memory: NO_MEMORY }));
    const young = anew("2026-01-01T00:09:50Z");
    expect(said(young, "Stalled")).toBeUndefined();
    expect(names(young.writes).filter((name) => name.endsWith("DaemonSet"))).toEqual([]);
    expect(young.nextAt).toBeLessThanOrEqual(NOW + 50_000);
    expect(said(anew("2026-01-01T00:00:00Z"), "Stalled")).toMatchObject({ reason: "NameConflict" });
  });
});

describe("a KmAgent that is paused", () => {
  test("changes nothing and says what it would change", () => {
    const seen = plan(snapshot(kmagent({ paused: true })));
    expect(names(seen.writes)).toEqual(["status"]);
    expect(said(seen, "Paused")?.message).toMatch(
      /^Paused by spec\.paused; it would: create ConfigMap agent-node-agent-\w+; create DaemonSet agent; create ConfigMap agent-cluster-agent-\w+; create Deployment agent-cluster\.$/,
    );
  });
});

describe("the configuration in force", () => {
  const first = snapshot(kmagent());
  const running = applied(first, plan(first));
  const before = plan(running).status;
  const wanted: Partial<KmAgentSpecInput> = {
    nodeAgent: { image: "agent:2" },
    config: {
      nodeAgent: {
        inline:
          "receivers: { otlp: {} }\nexporters: { debug: {} }\nservice: { pipelines: { logs: { receivers: [otlp], exporters: [debug] } } }",
      },
    },
  };
  const older = kmagent({}, { name: "older", uid: "uid-older", creationTimestamp: "2025-01-01T00:00:00Z" });

  test("is what was wanted, once it is written", () => {
    const { config, versions } = plan({ ...running, kmagent: kmagent(wanted, { generation: 2 }) }).status;
    expect(config).toMatchObject({ source: "Spec" });
    expect(config?.revision).not.toBe(before.config?.revision);
    expect(versions).toMatchObject({ nodeAgentImage: "agent:2", clusterAgentImage: "agent:1" });
  });

  test.each<{ name: string; of: Partial<Snapshot> }>([
    { name: "the KmAgent is paused", of: { kmagent: kmagent({ ...wanted, paused: true }, { generation: 2 }) } },
    {
      name: "it waits for an older one of the same nodes",
      of: { kmagent: kmagent(wanted, { generation: 2 }), siblings: [older] },
    },
    {
      name: "the spec can't be used",
      of: { kmagent: kmagent({ config: { nodeAgent: { inline: "[" } } }, { generation: 2 }) },
    },
    {
      name: "the last write failed",
      of: { kmagent: kmagent(wanted, { generation: 2 }), memory: { ...running.memory, failure: "away" } },
    },
  ])("is what it was while $name, also where status was lost", ({ of }) => {
    const { config, versions } = plan({ ...running, ...of }).status;
    expect(config).toMatchObject({ source: "Default", revision: before.config?.revision });
    expect(versions).toEqual(before.versions);
  });

  test("is none where a paused KmAgent has never had a DaemonSet", () => {
    const { config, versions } = plan(snapshot(kmagent({ paused: true }))).status;
    expect(config).toBeUndefined();
    // No empty map: the API server would make null of it.
    expect(versions).toBeUndefined();
  });
});

describe("a cluster agent that is switched off", () => {
  test("is deleted, and nothing else is", () => {
    const first = snapshot(kmagent());
    const running = applied(first, plan(first));
    const seen = plan({ ...running, kmagent: kmagent({ clusterAgent: { enabled: false } }, { generation: 2 }) });
    expect(seen.writes.filter((write) => write.kind === "delete").map((write) => objectId(write.object))).toEqual([
      "Deployment agent-cluster",
    ]);
  });
});

describe("a KmAgent that is being deleted", () => {
  test("is left alone: owner references take its objects away; its nodes are judged on", () => {
    const leaving = plan(snapshot(kmagent({}, { deleting: true })));
    expect(leaving.writes).toEqual([]);
    expect(leaving.events).toEqual([]);
    const none = { agent: "Stopped", reason: "NotDeployed" };
    expect(leaving.fleet?.nodes).toMatchObject([none, none]);
  });
});

describe("nodes to which the operator itself gives no agent", () => {
  const older = kmagent(
    { nodeAgent: { nodeSelector: { "kubernetes.io/hostname": "n1" } } },
    { key: "km/older", name: "older", uid: "uid-older", creationTimestamp: "2025-01-01T00:00:00Z" },
  );

  test.each<{ name: string; of: Snapshot; condition: string; nodes: readonly string[] }>([
    {
      name: "the spec can't be used",
      of: snapshot(kmagent({ config: { nodeAgent: { inline: "[" } } })),
      condition: "ConfigValid",
      nodes: ["n1", "n2"],
    },
    {
      name: "the KmAgent is paused",
      of: snapshot(kmagent({ paused: true })),
      condition: "Paused",
      nodes: ["n1", "n2"],
    },
    {
      name: "an older one has some of the nodes",
      of: snapshot(kmagent(), { siblings: [older] }),
      condition: "Stalled",
      nodes: ["n2"],
    },
  ])("are told as such by the very pass that finds that $name", ({ of, condition, nodes }) => {
    const { status, fleet, events } = plan(of);
    const message = status.conditions?.find(({ type }) => type === condition)?.message ?? "?";
    const withheld = fleet?.nodes.filter(({ reason }) => reason === "NotDeployed") ?? [];
    expect(withheld.map(({ node: name }) => name)).toEqual(nodes);
    for (const each of withheld) expect(each.message).toContain(message);
    expect(JSON.stringify({ status, events })).not.toContain("PodMissing");
  });
});

describe("a fleet with nodes whose pods only wait", () => {
  test("asks for no pass in the past, though a pod was tried by dry run once", () => {
    const first = snapshot(kmagent());
    const running = applied(first, plan(first));
    const waiting = running.nodes.map((of) => ({ ...of, pod: pendingPod(of.name) }));
    const seen = plan({
      ...running,
      nodes: waiting,
      memory: { ...running.memory, refusal: { verdict: null, at: NOW - 3_600_000 } },
    });
    expect(seen.fleet?.counts.uncovered).toBe(2);
    expect(seen.nextAt === null || seen.nextAt > NOW).toBe(true);
  });
});

function pendingPod(on: string): NonNullable<NodeObservation["pod"]> {
  return {
    uid: `pod-${on}`,
    name: `agent-${on}`,
    revision: "",
    createdAt: 0,
    placedAt: 0,
    deleting: false,
    phase: "Pending",
    reason: "",
    message: "",
    ready: false,
    unschedulable: "0/2 nodes are available: 1 Insufficient memory.",
    ip: "",
    metricsPort: null,
    image: "",
    container: null,
  };
}
