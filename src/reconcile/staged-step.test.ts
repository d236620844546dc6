import { describe, expect, test } from "@jest/globals";
import type { KmAgentSpecInput, KmAgentStatus } from "../api/kmagent.ts";
import type { KubeObject } from "../kube/resource.ts";
import { node, nodeOfFleet, NOW, pod as podOf } from "../../test/fleet/observations.ts";
import { kmagentRecord, snapshotOf } from "../../test/fleet/snapshot.ts";
import { NO_MEMORY } from "./memory.ts";
import type { KmAgentMemory } from "./memory.ts";
import { objectId } from "./object-id.ts";
import type { Plan, Write } from "./plan.ts";
import { reconcile } from "./reconcile.ts";
import { remember } from "./remember.ts";
import type { Snapshot } from "./snapshot.ts";
import { revisionOfTemplate } from "./pod-template.ts";

type Kmagent = Snapshot["kmagent"];

function kmagent(spec: Partial<KmAgentSpecInput> = {}, status: KmAgentStatus = {}, generation = 1): Kmagent {
  return kmagentRecord({ clusterAgent: { enabled: false }, ...spec }, { status, generation });
}

function snapshot(of: Kmagent, more: Partial<Snapshot> = {}): Snapshot {
  const nodes = ["node-1", "node-2"].map((name) => node({ name, pod: null, probe: null }));
  return snapshotOf(of, { nodes, ...more });
}

const plan = (of: Snapshot) => reconcile(of, NOW, (text) => text);
const DAEMON_SET = "DaemonSet agent";

/** The cluster after a plan's writes of objects and status: pods stay as they are. */
function after(before: Snapshot, done: Plan): Snapshot {
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
      ...(write.object.kind === "DaemonSet" && { status: { observedGeneration: 1 } }),
    };
    live.set(objectId(answer), answer);
    const { object, wish } = write;
    return [{ kind: "applied" as const, object, wish, answer, because: "created" as const, drifted: [], warnings: [] }];
  });
  const memory: KmAgentMemory = remember(before.memory, done, outcomes, NOW);
  const told = { ...before.kmagent, status: done.status };
  return { ...before, kmagent: told, live, memory, cacheVersions: { DaemonSet: "20", ConfigMap: "20" } };
}

/** Two healthy nodes that run what the template holds, all of it written down. */
function running(): Snapshot {
  const first = snapshot(kmagent());
  const made = after(first, plan(first));
  const revision = revisionOfTemplate(made.live.get(DAEMON_SET));
  const nodes = [1, 2].map((index) =>
    nodeOfFleet(index, { pod: podOf({ uid: `pod-${index}`, name: `agent-${index}`, revision }) }),
  );
  const up = { ...made, nodes };
  return after(up, plan(up));
}

const changed = (from: Snapshot, more: Partial<Snapshot> = {}): Snapshot => ({
  ...from,
  kmagent: kmagent({ nodeAgent: { podAnnotations: { another: "revision" } } }, from.kmagent.status, 2),
  ...more,
});
const kinds = (writes: readonly Write[]) =>
  writes.map((write) => (write.kind === "status" ? "status" : `${write.kind} ${write.object.kind}`));
const isOf = (kind: string) => (write: Write) => "object" in write && write.object.kind === kind;

describe("a staged rollout in a pass", () => {
  test("is complete once the first revision is proved everywhere", () => {
    expect(running().kmagent.status.rollout).toMatchObject({ phase: "Complete", updated: 2 });
  });

  test("writes a change down with its canary, makes its ConfigMap, and leaves DaemonSet and pods alone", () => {
    const done = plan(changed(running()));
    expect(done.status.rollout).toMatchObject({ phase: "Canary", inFlight: [{ node: "node-1", podUID: "pod-1" }] });
    expect(kinds(done.writes)).toEqual(["create ConfigMap", "annotate ConfigMap", "status"]);
    expect(done.statusEvents).toContainEqual(expect.objectContaining({ reason: "RolloutStarted" }));
  });

  test("tries the canary's pod, deletes the one in its place by its UID, and makes it", () => {
    const begun = changed(running());
    const next = after(begun, plan(begun));
    const { writes, status } = plan(next);
    const pods = writes.filter(isOf("Pod"));
    expect(kinds(pods)).toEqual(["tryCanary Pod", "delete Pod", "createPod Pod"]);
    const [, removed, made] = pods;
    expect(removed).toMatchObject({ object: { metadata: { name: "agent-1", uid: "pod-1" } } });
    expect(made).toMatchObject({
      object: { metadata: { labels: { "kloudmate.com/revision": status.rollout?.target } } },
    });
    expect(writes.filter(isOf("DaemonSet"))).toEqual([]);
  });

  test("doesn't delete a pod again that the cache still shows", () => {
    const begun = changed(running());
    const next = after(begun, plan(begun));
    const gone = { ...next, memory: { ...next.memory, removedPods: new Set(["pod-1"]) } };
    expect(kinds(plan(gone).writes.filter(isOf("Pod")))).toEqual(["createPod Pod"]);
  });

  test("keeps the stable revision's ConfigMap and template in shape while a canary is tried", () => {
    const begun = changed(running());
    const next = after(begun, plan(begun));
    const stable = next.kmagent.status.rollout?.stable ?? "";
    const lost = new Map([...next.live].filter(([id]) => !id.endsWith(stable) && id !== DAEMON_SET));
    const repaired = plan({ ...next, live: lost }).writes.filter(({ kind }) => kind === "create");
    expect(repaired.map((write) => ("object" in write ? objectId(write.object) : ""))).toEqual([
      `ConfigMap agent-node-agent-${stable}`,
      DAEMON_SET,
    ]);
    const daemonSet = repaired.find(isOf("DaemonSet"));
    expect(revisionOfTemplate(daemonSet && "object" in daemonSet ? daemonSet.object : undefined)).toBe(stable);
  });

  describe("where the revision to go back to is gone, and the operator begins anew", () => {
    /** The new revision is in the template, failed in the waves, and goes back; the stable one's ConfigMap is deleted. */
    function stranded(): { readonly world: Snapshot; readonly stable: string; readonly target: string } {
      const begun = changed(running());
      const next = after(begun, plan(begun));
      const { stable = "", target = "" } = next.kmagent.status.rollout ?? {};
      const rejection = {
        revision: target,
        reason: "CollectorExited",
        message: "exit code 1",
        since: "2026-01-01T00:00:00Z",
      };
      const rollout = {
        ...next.kmagent.status.rollout,
        phase: "RollingBack" as const,
        template: stable,
        canaries: [],
        inFlight: [],
        rejected: [rejection],
      };
      const daemonSet = next.live.get(DAEMON_SET);
      const made = plan({
        ...next,
        memory: NO_MEMORY,
        kmagent: kmagent(
          { rollout: { strategy: "RollingUpdate" }, nodeAgent: { podAnnotations: { another: "revision" } } },
          {},
          2,
        ),
      });
      const wave = made.writes.find(isOf("DaemonSet"));
      const template = wave && "object" in wave ? wave.object["spec"] : undefined;
      const live = new Map([...next.live].filter(([id]) => !id.endsWith(stable)));
      if (daemonSet) live.set(DAEMON_SET, { ...daemonSet, spec: template });
      const told = { ...next.kmagent, status: { ...next.kmagent.status, rollout } };
      return { world: { ...next, live, kmagent: told, memory: NO_MEMORY }, stable, target };
    }

    test("says so and what to do, and leaves the DaemonSet as it is", () => {
      const { world, stable } = stranded();
      const { status, writes } = plan(world);
      const stalled = status.conditions?.find(({ type }) => type === "Stalled");
      expect(stalled).toMatchObject({ status: "True", reason: "RevisionLost" });
      expect(stalled?.message).toContain(stable);
      expect(writes.filter(isOf("DaemonSet"))).toEqual([]);
    });

    test("goes back once the spec is what it was before", () => {
      const { world, stable } = stranded();
      const mended = { ...world, kmagent: kmagent({}, world.kmagent.status, 3) };
      const { status, writes } = plan(mended);
      expect(status.conditions?.some(({ type }) => type === "Stalled")).toBe(false);
      const [write] = writes.filter(isOf("DaemonSet"));
      expect(revisionOfTemplate(write && "object" in write ? write.object : undefined)).toBe(stable);
    });

    test("installs something else that the spec asks for", () => {
      const { world, stable, target } = stranded();
      const other = kmagent({ nodeAgent: { podAnnotations: { yet: "another" } } }, world.kmagent.status, 3);
      const { status } = plan({ ...world, kmagent: other });
      expect(status.rollout).toMatchObject({ phase: "Install" });
      expect([stable, target]).not.toContain(status.rollout?.target);
      expect(status.conditions?.some(({ type }) => type === "Stalled")).toBe(false);
    });
  });

  test("takes a canary back that the API server refuses, before anything was deleted", () => {
    const begun = changed(running());
    const next = after(begun, plan(begun));
    const revision = next.kmagent.status.rollout?.target ?? "";
    const canaryRefusal = { revision, reason: "AdmissionDenied", message: "no such image here" };
    const { status, writes } = plan({ ...next, memory: { ...next.memory, canaryRefusal } });
    expect(status.rollout?.rejected).toMatchObject([{ revision, reason: "AdmissionDenied" }]);
    expect(writes.filter(isOf("Pod"))).toEqual([]);
  });

  /** A canary's pod of this revision, whose collector has ended. */
  const failedCanary = (index: number, revision: string) =>
    nodeOfFleet(index, {
      probe: null,
      pod: podOf({
        uid: "canary",
        revision,
        createdAt: NOW - 10_000,
        ready: false,
        container: {
          state: "terminated",
          restarts: 1,
          last: { exitCode: 1, signal: null, reason: "Error", message: "401", finishedAt: NOW - 1_000 },
        },
      }),
    });
  const isKeyRejected = expect.objectContaining({ type: "Stalled", status: "True", reason: "ApiKeyRejected" });

  test("stalls where a rotated key fails, and says so", () => {
    const from = running();
    const begun: Snapshot = { ...from, apiKeyHmac: "cd" };
    const next = after(begun, plan(begun));
    const target = next.kmagent.status.rollout?.target ?? "";
    const { status } = plan({ ...next, nodes: [failedCanary(1, target), ...next.nodes.slice(1)] });
    expect(status.rollout?.phase).toBe("Stalled");
    expect(status.conditions).toContainEqual(isKeyRejected);
  });

  test("stalls where a key fails that was rotated while another change was in waves, and brings that no further", () => {
    const begun = changed(running());
    const tried = after(begun, plan(begun));
    const { target = "", stable = "" } = tried.kmagent.status.rollout ?? {};
    const moved = nodeOfFleet(1, { pod: podOf({ uid: "moved", revision: target }) });
    const behind = nodeOfFleet(2, { pod: podOf({ uid: "behind", revision: stable }) });
    const rollout = { phase: "Progressing" as const, target, stable, template: target };
    const status = { ...tried.kmagent.status, rollout };
    const waves: Snapshot = {
      ...tried,
      kmagent: { ...tried.kmagent, status },
      memory: { ...tried.memory, status: null },
      nodes: [moved, behind],
    };
    const wave = after(waves, plan(waves));
    const rotated = after({ ...wave, apiKeyHmac: "cd" }, plan({ ...wave, apiKeyHmac: "cd" }));
    const canaries = ["node-2"];
    expect(rotated.kmagent.status.rollout).toMatchObject({ phase: "Canary", stable, template: target, canaries });
    const key = rotated.kmagent.status.rollout?.target ?? "";
    const failed = { ...rotated, nodes: [moved, failedCanary(2, key)] };
    const done = plan(failed);
    expect(done.status.rollout).toMatchObject({ phase: "Stalled", target: key, template: target, stable });
    expect(done.status.conditions).toContainEqual(isKeyRejected);
    expect(plan(after(failed, done)).writes.filter(isOf("Pod"))).toEqual([]);
  });

  test("notes on the ConfigMaps which revision is stable", () => {
    expect(plan(running()).writes.filter(({ kind }) => kind === "annotate")).toMatchObject([
      { annotations: { "kloudmate.com/state": "stable" } },
    ]);
  });

  test("sets a note back that somebody changed as it was, with the time when the revision became stable", () => {
    const later = NOW + 60_000;
    const noteAt = (now: number) =>
      reconcile(running(), now, (text) => text).writes.filter(({ kind }) => kind === "annotate");
    expect(noteAt(later)).toHaveLength(1);
    expect(noteAt(later)).toEqual(noteAt(NOW));
  });

  test("takes nothing from somebody else's DaemonSet of its name, and says that the name is taken", () => {
    const taken: KubeObject = {
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: "agent", namespace: "km", uid: "theirs", resourceVersion: "5", generation: 1 },
      spec: { template: { metadata: { labels: { app: "theirs" } } } },
      status: { observedGeneration: 1 },
    };
    const first = snapshot(kmagent(), { live: new Map([[DAEMON_SET, taken]]) });
    const second = after(first, plan(first));
    for (const done of [plan(first), plan(second), plan(after(second, plan(second)))]) {
      expect(done.status.conditions).toContainEqual(
        expect.objectContaining({ type: "Stalled", status: "True", reason: "NameConflict" }),
      );
      expect(done.writes.filter(isOf("DaemonSet"))).toEqual([]);
    }
  });

  test("takes a restart by kubectl for another target", () => {
    const done = plan({ ...running(), restartedAt: "2026-11-24T12:00:00Z" });
    expect(done.status.rollout?.phase).toBe("Canary");
  });

  test("does nothing while the KmAgent is paused, and says what it would do", () => {
    const from = running();
    const paused = {
      ...from,
      kmagent: kmagent(
        { paused: true, nodeAgent: { podAnnotations: { another: "revision" } } },
        from.kmagent.status,
        2,
      ),
    };
    const done = plan(paused);
    expect(kinds(done.writes)).toEqual(["status"]);
    const said = done.status.conditions?.find(({ type }) => type === "Paused")?.message;
    expect(said).toMatch(/it would: (.*; )?roll out revision/);
  });
});
