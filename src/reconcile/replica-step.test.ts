import { describe, expect, test } from "@jest/globals";
import type { KmAgentSpecInput } from "../api/kmagent.ts";
import type { KubeObject } from "../kube/resource.ts";
import type { HeardAnswer } from "../platform/wire.ts";
import { node, NOW } from "../../test/fleet/observations.ts";
import { kmagentRecord, snapshotOf } from "../../test/fleet/snapshot.ts";
import { lastWordsKey, NO_MEMORY } from "./memory.ts";
import { objectId } from "./object-id.ts";
import type { Plan, Write } from "./plan.ts";
import { revisionOfTemplate } from "./pod-template.ts";
import type { PodRecord } from "./project.ts";
import { reconcile } from "./reconcile.ts";
import { remember } from "./remember.ts";
import { RemoteInbox } from "./remote-inbox.ts";
import { remoteReport } from "./remote-report.ts";
import type { Snapshot } from "./snapshot.ts";

const DEPLOYMENT = "Deployment agent-cluster";
const AVAILABLE = { observedGeneration: 1, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
/** The old pod works, and the new one doesn't yet. */
const TRYING = { observedGeneration: 1, replicas: 2, updatedReplicas: 1, availableReplicas: 1 };

function fresh(): Snapshot {
  return snapshotOf(kmagentRecord(), {
    nodes: [node({ name: "node-1", pod: null, probe: null })],
    references: [
      {
        reference: { kind: "Secret", name: "s", key: "k", path: "spec.apiKeySecretRef" },
        found: { kind: "found", text: "s3cr3t" },
      },
    ],
  });
}

const plan = (of: Snapshot, now = NOW) => reconcile(of, now, (text) => text.replaceAll("s3cr3t", "***"));
const said = ({ status }: Plan, type: string) => status.conditions?.find((condition) => condition.type === type);
const isOf = (kind: string) => (write: Write) => "object" in write && write.object.kind === kind;
const objectsOf = (writes: readonly Write[]) => writes.flatMap((write) => ("object" in write ? [write.object] : []));

/** The cluster after a plan's writes of objects, notes and status; the Deployment's controller then says `status`. */
function after(before: Snapshot, done: Plan, status: object = AVAILABLE): Snapshot {
  const live = new Map(before.live);
  const outcomes = done.writes.flatMap((write, at) => {
    if (write.kind === "annotate") {
      const found = live.get(objectId(write.object));
      const annotations = { ...found?.metadata.annotations, ...write.annotations };
      if (found) live.set(objectId(found), { ...found, metadata: { ...found.metadata, annotations } } as KubeObject);
    }
    if (write.kind !== "create" && write.kind !== "apply") return [];
    const { object, wish } = write;
    const answer: KubeObject = {
      ...object,
      metadata: {
        ...object.metadata,
        uid: `uid-${object.metadata.name}`,
        resourceVersion: `${10 + at}`,
        generation: 1,
      },
      ...(object.kind === "DaemonSet" && { status: { observedGeneration: 1 } }),
    };
    live.set(objectId(answer), answer);
    return [{ kind: "applied" as const, object, wish, answer, because: "created" as const, drifted: [], warnings: [] }];
  });
  const deployment = live.get(DEPLOYMENT);
  if (deployment) live.set(DEPLOYMENT, { ...deployment, status });
  const memory = remember(before.memory, done, outcomes, NOW);
  const kmagent = { ...before.kmagent, status: done.status };
  return {
    ...before,
    kmagent,
    live,
    memory,
    answers: [],
    cacheVersions: { DaemonSet: "30", Deployment: "30", ConfigMap: "30" },
  };
}

function pod(revision: string, of: Partial<PodRecord> = {}): PodRecord {
  return {
    key: `km/${revision}`,
    namespace: "km",
    name: `agent-cluster-${revision}`,
    uid: `pod-${revision}`,
    ownerUid: "rs",
    ownerName: "rs",
    node: "node-1",
    instance: "agent",
    component: "cluster-agent",
    templateHash: "",
    revision,
    createdAt: NOW,
    placedAt: NOW,
    deleting: false,
    phase: "Running",
    reason: "",
    message: "",
    ready: true,
    unschedulable: "",
    ip: "10.0.0.1",
    metricsPort: null,
    image: "agent:1",
    container: { state: "running", startedAt: NOW, restarts: 0, last: null },
    ...of,
  };
}

function ended(message: string, exitCode = 1): Partial<PodRecord> {
  const last = { exitCode, signal: null, reason: "Error", message, finishedAt: NOW };
  return { ready: false, container: { state: "terminated", restarts: 0, last } };
}

const liveRevision = (of: Snapshot) => revisionOfTemplate(of.live.get(DEPLOYMENT));
const noteOn = (of: Snapshot, revision: string) =>
  of.live.get(`ConfigMap agent-cluster-agent-${revision}`)?.metadata.annotations?.["kloudmate.com/state"];
const replicaOf = (of: Snapshot) => of.kmagent.status.clusterAgent ?? {};

/** The first revision is there, available, and written down as stable. */
function running(): Snapshot {
  const made = after(fresh(), plan(fresh()));
  const up = { ...made, pods: [pod(liveRevision(made))] };
  return after(up, plan(up));
}

function changed(from: Snapshot, of: Partial<KmAgentSpecInput> = {}): Snapshot {
  const { spec } = kmagentRecord({ clusterAgent: { podAnnotations: { another: "revision" } }, ...of });
  return { ...from, kmagent: { ...from.kmagent, spec, generation: from.kmagent.generation + 1 } };
}

/** Another revision is tried: its pod stands beside the old one, in the given state. */
function trying(from: Snapshot, of: Partial<PodRecord> = {}): Snapshot {
  const written = after(from, plan(from));
  const moved = after(written, plan(written), TRYING);
  return { ...moved, pods: [pod(liveRevision(moved), { createdAt: NOW + 1_000, ...of }), ...from.pods] };
}

describe("the cluster agent's rollout in a pass", () => {
  test("is complete once its first pod is available, and noted as stable", () => {
    const made = after(fresh(), plan(fresh()));
    expect(replicaOf(made)).toMatchObject({ phase: "Install" });
    const up = running();
    const stable = liveRevision(up);
    expect(replicaOf(up)).toMatchObject({ phase: "Complete", target: stable, stable, ready: true });
    expect(noteOn(up, stable)).toBe("stable");
  });

  test("writes a change down before the Deployment is touched", () => {
    const begun = changed(running());
    const done = plan(begun);
    expect(done.status.clusterAgent).toMatchObject({ phase: "Trying", stable: liveRevision(begun) });
    expect(done.writes.filter(isOf("Deployment"))).toEqual([]);
    expect(done.statusEvents).toContainEqual(expect.objectContaining({ reason: "RolloutStarted" }));
    const [applied] = objectsOf(plan(after(begun, done)).writes.filter(isOf("Deployment")));
    expect(revisionOfTemplate(applied)).toBe(done.status.clusterAgent?.target);
  });

  test("takes a revision back whose collector ends, with its words, once that is written down", () => {
    const failing = trying(changed(running()), ended("no such thing, key s3cr3t"));
    const { stable = "", target = "" } = replicaOf(failing);
    const done = plan(failing);
    expect(done.status.clusterAgent).toMatchObject({
      ready: true,
      phase: "RolledBack",
      target,
      stable,
      rejected: [{ revision: target, reason: "CollectorExited", nodes: ["node-1"] }],
    });
    expect(done.status.clusterAgent?.rejected?.[0]?.message).toContain("no such thing, key ***");
    expect(done.writes.filter(isOf("Deployment"))).toEqual([]);
    expect(said(done, "ClusterAgentAvailable")).toMatchObject({ status: "True", reason: "RolledBack" });
    expect(said(done, "ClusterAgentAvailable")?.message).toContain("no such thing");
    expect(done.statusEvents).toContainEqual(
      expect.objectContaining({
        type: "Warning",
        reason: "RolledBack",
        message: expect.stringContaining("no such thing"),
      }),
    );
    const told = after(failing, done);
    const [applied] = objectsOf(plan(told).writes.filter(isOf("Deployment")));
    expect(revisionOfTemplate(applied)).toBe(stable);
    expect([noteOn(told, target), noteOn(told, stable)]).toEqual(["rejected", "stable"]);
  });

  test("doesn't try a rejected revision again, also where the status is lost", () => {
    const failing = trying(changed(running()), ended("no such thing"));
    const { stable = "", target = "" } = replicaOf(failing);
    const told = after(failing, plan(failing));
    const back = after(told, plan(told));
    expect(liveRevision(back)).toBe(stable);
    const noted = { ...after(back, plan(back)), pods: [pod(stable)] };
    expect(plan(noted).writes.filter(isOf("Deployment"))).toEqual([]);
    const lost = { ...noted, memory: NO_MEMORY, kmagent: { ...noted.kmagent, status: {} } };
    const done = plan(lost);
    expect(done.status.clusterAgent).toMatchObject({ phase: "RolledBack", target, stable });
    expect(done.status.clusterAgent?.rejected?.[0]).toMatchObject({ reason: "CollectorExited" });
    expect(done.status.clusterAgent?.rejected?.[0]?.message).toContain("no such thing");
    const templates = objectsOf(done.writes.filter(isOf("Deployment"))).map(revisionOfTemplate);
    expect(new Set([...templates, stable])).toEqual(new Set([stable]));
  });

  test("keeps the stable revision's ConfigMap in shape while another is tried, and lets none of both go", () => {
    const tried = trying(changed(running()));
    const { stable = "", target = "" } = replicaOf(tried);
    const lost = new Map([...tried.live].filter(([id]) => !id.endsWith(stable)));
    const made = plan({ ...tried, live: lost }).writes.filter(({ kind }) => kind === "create");
    expect(objectsOf(made).map(objectId)).toEqual([`ConfigMap agent-cluster-agent-${stable}`]);
    const old = Array.from({ length: 9 }, (_, index): [string, KubeObject] => {
      const like = tried.live.get(`ConfigMap agent-cluster-agent-${stable}`);
      const name = `agent-cluster-agent-old${index}`;
      const labels = { ...like?.metadata.labels, "kloudmate.com/revision": `old${index}` };
      const metadata = { ...like?.metadata, name, labels, creationTimestamp: "2026-11-01T00:00:00Z" };
      return [`ConfigMap ${name}`, { apiVersion: "v1", kind: "ConfigMap", ...like, metadata }];
    });
    const crowded = { ...tried, pods: [], live: new Map([...tried.live, ...old]) };
    const gone = objectsOf(plan(crowded).writes.filter(({ kind }) => kind === "delete")).map(objectId);
    expect(gone).toHaveLength(6);
    expect(gone.filter((id) => id.endsWith(stable) || id.endsWith(target))).toEqual([]);
  });

  test("waits for the last words of a collector that ended without an error, and looks again", () => {
    const failing = trying(changed(running()), ended("", 0));
    const done = plan(failing);
    expect(done.status.clusterAgent?.phase).toBe("Trying");
    expect(done.nextAt).toBeLessThanOrEqual(NOW + 3_000);
    const tried = failing.pods.find(({ revision }) => revision === replicaOf(failing).target);
    const words = new Map(tried ? [[lastWordsKey(tried), "Error: bad file"]] : []);
    const heard = plan({ ...failing, memory: { ...failing.memory, lastWords: words } });
    expect(heard.status.clusterAgent?.rejected?.[0]).toMatchObject({ reason: "CollectorExitedCleanly" });
    expect(heard.status.clusterAgent?.rejected?.[0]?.message).toContain("Error: bad file");
  });

  test("stops where a rotated key fails, and where autoRollback is false", () => {
    const rotated = trying({ ...running(), apiKeyHmac: "cd" }, ended("401"));
    const held = trying(changed(running(), { rollout: { autoRollback: false } }), ended("no such thing"));
    for (const [failing, reason] of [
      [rotated, "ApiKeyRejected"],
      [held, "RolloutFailed"],
    ] as const) {
      const done = plan(failing);
      expect(done.status.clusterAgent?.phase).toBe("Stalled");
      expect(said(done, "ClusterAgentAvailable")).toMatchObject({ status: "True", reason });
      expect(plan(after(failing, done, TRYING)).writes.filter(isOf("Deployment"))).toEqual([]);
    }
  });

  test("says why a pod is refused, at the deadline", () => {
    const tried = trying(changed(running(), { rollout: { progressDeadline: "10s" } }));
    const refused = {
      ...TRYING,
      updatedReplicas: 0,
      conditions: [{ type: "ReplicaFailure", status: "True", message: 'pods "x" is forbidden: exceeded quota: q' }],
    };
    const deployment = tried.live.get(DEPLOYMENT);
    const live = new Map([
      ...tried.live,
      ...(deployment ? [[DEPLOYMENT, { ...deployment, status: refused }] as const] : []),
    ]);
    const without = { ...tried, live, pods: tried.pods.slice(1) };
    expect(plan(without).status.clusterAgent?.phase).toBe("Trying");
    const done = plan(without, NOW + 10_000);
    expect(done.status.clusterAgent?.rejected?.[0]).toMatchObject({ reason: "QuotaExceeded" });
    expect(done.status.clusterAgent?.rejected?.[0]?.message).toContain("exceeded quota: q");
  });

  test("writes a turn at once, however short ago a status was written", () => {
    const failing = trying(changed(running()), ended("no such thing"));
    const { status } = failing.kmagent;
    const memory = {
      ...failing.memory,
      status: { at: NOW - 1, resourceVersion: "1", written: status, landed: status, repairs: [] },
    };
    expect(plan({ ...failing, memory }).writes.map(({ kind }) => kind)).toContain("status");
  });

  test("goes on from what it wrote, though the cache doesn't show it yet", () => {
    const begun = changed(running());
    const done = plan(begun);
    const written = after(begun, done);
    const status = { at: NOW, resourceVersion: "2", written: done.status, landed: done.status, repairs: [] };
    const behind = { ...written, kmagent: begun.kmagent, memory: { ...written.memory, status } };
    const [applied] = objectsOf(plan(behind).writes.filter(isOf("Deployment")));
    expect(revisionOfTemplate(applied)).toBe(done.status.clusterAgent?.target);
  });

  test("keeps its record while an older KmAgent selects the same nodes", () => {
    const back = trying(changed(running()), ended("no such thing"));
    const told = after(back, plan(back));
    const older = {
      ...told.kmagent,
      key: "km/other",
      name: "other",
      uid: "other",
      creationTimestamp: "2025-01-01T00:00:00Z",
    };
    const { status } = plan({ ...told, siblings: [older] });
    expect(status.conditions).toContainEqual(expect.objectContaining({ reason: "NodeOverlap" }));
    expect(status.clusterAgent).toMatchObject({ phase: "RolledBack", rejected: replicaOf(told).rejected });
  });

  test("takes for stable what was noted as such last, where the status is lost", () => {
    const up = running();
    const stable = liveRevision(up);
    const id = `ConfigMap agent-cluster-agent-${stable}`;
    const older = (name: string): [string, KubeObject] => {
      const found = up.live.get(id);
      const annotations = { "kloudmate.com/state": "stable", "kloudmate.com/state-since": "2020-01-01T00:00:00Z" };
      const labels = { ...found?.metadata.labels, "kloudmate.com/revision": name };
      const metadata = { ...found?.metadata, name: `agent-cluster-agent-${name}`, labels, annotations };
      return [`ConfigMap ${metadata.name}`, { apiVersion: "v1", kind: "ConfigMap", ...found, metadata }];
    };
    const notes = [older("a"), ...[...up.live].filter(([key]) => key !== DEPLOYMENT), older("z")];
    const kmagent = { ...changed(up).kmagent, status: {} };
    const lost = { ...up, kmagent, live: new Map(notes), memory: NO_MEMORY, pods: [] };
    expect(plan(lost).status.clusterAgent).toMatchObject({ phase: "Trying", stable });
  });

  test("does nothing while the KmAgent is paused, and says what it would do", () => {
    const paused = changed(running(), { paused: true, clusterAgent: { podAnnotations: { another: "revision" } } });
    const done = plan(paused);
    expect(done.writes.map(({ kind }) => kind)).toEqual(["status"]);
    expect(said(done, "Paused")?.message).toContain("of the cluster agent");
    expect(done.status.clusterAgent).toMatchObject({ phase: "Complete" });
  });

  test("leaves the way to Kubernetes with strategy RollingUpdate, and keeps no record", () => {
    const platform = { remoteConfig: { mode: "Disabled" as const } };
    const plain = changed(running(), {
      platform,
      rollout: { strategy: "RollingUpdate" },
      clusterAgent: { podLabels: { a: "b" } },
    });
    const done = plan(plain);
    expect(done.writes.filter(isOf("Deployment"))).toHaveLength(1);
    expect(done.status.clusterAgent).not.toHaveProperty("phase");
  });
});

describe("a configuration of the cluster agent from the platform", () => {
  const asks = (clusterAgent: Readonly<Record<string, unknown>> | null): Snapshot["answers"] => {
    const inbox = new RemoteInbox();
    const heard: HeardAnswer = { restartRequired: true, nodeAgent: null, clusterAgent };
    inbox.put("u", heard);
    return inbox.of("u");
  };
  const config = (timeout: string) => ({
    receivers: { otlp: { protocols: { grpc: { endpoint: "0.0.0.0:4317" } } } },
    processors: { batch: { timeout } },
    exporters: {
      otlphttp: { endpoint: "${env:KM_COLLECTOR_ENDPOINT}", headers: { Authorization: "${env:KM_API_KEY}" } },
    },
    service: { pipelines: { traces: { receivers: ["otlp"], processors: ["batch"], exporters: ["otlphttp"] } } },
  });

  test("is told to be rolled back, here and to the platform, with the reason and what goes on", () => {
    const failing = trying({ ...running(), answers: asks(config("1s")) }, ended("no such thing"));
    const done = plan(failing);
    const remote = said(done, "RemoteConfigApplied");
    expect(remote).toMatchObject({ status: "False", reason: "RolledBack" });
    expect(remote?.message).toContain("no such thing");
    expect(remote?.message).toContain("The built-in configuration stays in force.");
    expect(remoteReport(done.remoteOutcome, (text) => text).lastError).toContain("no such thing");
    expect(done.status.config?.lastRemote?.verdict).toBe("RolledBack");
  });

  test("isn't in force before its pod is proved", () => {
    const tried = trying({ ...running(), answers: asks(config("1s")) });
    expect(said(plan(tried), "RemoteConfigApplied")).toMatchObject({ status: "Unknown", reason: "Applying" });
    const deployment = tried.live.get(DEPLOYMENT);
    const live = new Map([
      ...tried.live,
      ...(deployment ? [[DEPLOYMENT, { ...deployment, status: AVAILABLE }] as const] : []),
    ]);
    const done = plan({ ...tried, live, pods: tried.pods.slice(0, 1) });
    expect(said(done, "RemoteConfigApplied")).toMatchObject({ status: "True", reason: "Applied" });
  });

  test("moves nothing when it is sent again after it was rolled back, and a wish for a restart means what holds", () => {
    const failing = trying({ ...running(), answers: asks(config("1s")) }, ended("no such thing"));
    const told = after(failing, plan(failing));
    const back = after(told, plan(told));
    const noted = { ...after(back, plan(back)), pods: [pod(liveRevision(back))] };
    const quiet = after(noted, plan({ ...noted, answers: [] }));
    const again = plan({ ...quiet, answers: asks(config("1s")) });
    expect(again.writes.filter(isOf("Deployment"))).toEqual([]);
    expect(again.remote?.notes).toMatchObject([{ kind: "same" }]);
    const later = { ...quiet, answers: asks(null) };
    const restarted = plan(later, NOW + 3_600_000);
    expect(restarted.remote?.notes).toMatchObject([
      { kind: "restart", component: "node-agent" },
      { kind: "restart", component: "cluster-agent" },
    ]);
    const { target, rejected } = restarted.status.clusterAgent ?? {};
    expect(rejected?.map(({ revision }) => revision)).not.toContain(target);
    expect(plan({ ...quiet, answers: asks(config("2s")) }).status.clusterAgent?.phase).toBe("RolledBack");
  });
});
