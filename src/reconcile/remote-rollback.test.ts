import { describe, expect, test } from "@jest/globals";
import { nodeOfFleet, NOW, pod as podOf } from "../../test/fleet/observations.ts";
import { kmagentRecord, snapshotOf } from "../../test/fleet/snapshot.ts";
import { ANNOTATION } from "../api/labels.ts";
import type { KmAgentSpecInput, KmAgentStatus } from "../api/kmagent.ts";
import type { KubeObject } from "../kube/resource.ts";
import { NO_MEMORY } from "./memory.ts";
import { objectId } from "./object-id.ts";
import type { Plan } from "./plan.ts";
import { revisionOfTemplate } from "./pod-template.ts";
import { reconcile } from "./reconcile.ts";
import { remember } from "./remember.ts";
import { RemoteInbox } from "./remote-inbox.ts";
import type { Snapshot } from "./snapshot.ts";

/*
 * A configuration of the platform that the node agents don't work with, from the answer to the rollback and beyond, pass by
 * pass, each with what the one before wrote.
 */

const HELD = "ConfigMap agent-node-agent-remote";
const TIMES = { phaseSince: new Date(NOW).toISOString() };

type Rollout = NonNullable<KmAgentStatus["rollout"]>;

function kmagent(spec: Partial<KmAgentSpecInput>, more: Partial<Snapshot["kmagent"]> = {}): Snapshot["kmagent"] {
  const further = { clusterAgent: { enabled: false }, platform: { remoteConfig: { minInterval: "0s" } }, ...spec };
  return kmagentRecord(further, more);
}

function sent(timeout: string, to: "nodeAgent" | "clusterAgent" = "nodeAgent"): Snapshot["answers"] {
  const inbox = new RemoteInbox();
  const document = {
    receivers: { otlp: { protocols: { grpc: { endpoint: "0.0.0.0:4317" } } } },
    processors: { batch: { timeout } },
    exporters: {
      otlphttp: { endpoint: "${env:KM_COLLECTOR_ENDPOINT}", headers: { Authorization: "${env:KM_API_KEY}" } },
    },
    service: { pipelines: { traces: { receivers: ["otlp"], processors: ["batch"], exporters: ["otlphttp"] } } },
  };
  inbox.put("u", { restartRequired: true, nodeAgent: null, clusterAgent: null, [to]: document });
  return inbox.of("u");
}

/** A cluster of two nodes, and the operator that makes passes over it. */
class World {
  #now: Snapshot;
  last: Plan;
  /** Milliseconds since the epoch. */
  at = NOW;

  constructor(spec: Partial<KmAgentSpecInput> = {}) {
    this.#now = snapshotOf(kmagent(spec));
    this.last = this.pass();
    this.settle();
  }

  /** One pass, and all that it writes. */
  pass(answers: Snapshot["answers"] = []): Plan {
    const before = { ...this.#now, answers };
    const plan = reconcile(before, this.at, (text) => text);
    const live = new Map(before.live);
    const outcomes = plan.writes.flatMap((write, at) => {
      if (write.kind !== "create" && write.kind !== "apply") return [];
      const { name } = write.object.metadata;
      const metadata = {
        ...write.object.metadata,
        uid: `uid-${name}`,
        resourceVersion: String(10 + at),
        generation: 1,
      };
      const answer: KubeObject = { ...write.object, metadata, status: { observedGeneration: 1 } };
      live.set(objectId(answer), answer);
      const { object, wish } = write;
      return [
        { kind: "applied" as const, object, wish, answer, because: "created" as const, drifted: [], warnings: [] },
      ];
    });
    this.#now = {
      ...this.#now,
      live,
      kmagent: { ...before.kmagent, status: plan.status },
      memory: remember(before.memory, plan, outcomes, this.at),
      cacheVersions: { DaemonSet: "20", ConfigMap: "20" },
    };
    this.last = plan;
    return plan;
  }

  /** Every node runs what the template holds, and two passes have seen it. */
  settle(): void {
    const revision = revisionOfTemplate(this.#now.live.get("DaemonSet agent"));
    const pod = (index: number) => podOf({ uid: `pod-${index}-${revision}`, name: `agent-${index}`, revision });
    const nodes = [1, 2].map((index) => nodeOfFleet(index, { pod: pod(index), probe: null }));
    this.#now = { ...this.#now, nodes };
    for (let at = 0; at < 3; at++) this.pass();
  }

  /** What is being tried gets this status written of it, as the machine would. */
  rollout(of: Partial<Rollout>): void {
    const { status } = this.#now.kmagent;
    this.#now = {
      ...this.#now,
      kmagent: { ...this.#now.kmagent, status: { ...status, rollout: { ...status.rollout, ...of } } },
    };
  }

  /** What is written of the cluster agent's rollout, as its machine would. */
  replica(of: NonNullable<KmAgentStatus["clusterAgent"]>): void {
    const { status } = this.#now.kmagent;
    this.#now = { ...this.#now, kmagent: { ...this.#now.kmagent, status: { ...status, clusterAgent: of } } };
  }

  /** The newest revision's ConfigMap of the cluster agent that this pass made. */
  get madeForCluster(): KubeObject | undefined {
    const made = this.last.writes.flatMap((write) => (write.kind === "create" ? [write.object] : []));
    return made.find(
      ({ kind, metadata }) => kind === "ConfigMap" && /^agent-cluster-agent-[a-z0-9]{10}$/.test(metadata.name),
    );
  }

  /** The status is lost. */
  loseRollout(): void {
    this.#now = { ...this.#now, kmagent: { ...this.#now.kmagent, status: {} } };
  }

  /** The target's canary failed, and the way back has begun. */
  fail(phase: "RollingBack" | "Stalled" = "RollingBack"): string {
    const { target = "", stable, rejected = [] } = this.rolloutNow;
    const nodes = ["node-1"];
    const since = new Date(this.at).toISOString();
    const retried = this.#now.kmagent.annotations[ANNOTATION.retry] !== undefined;
    const rejection = {
      revision: target,
      reason: "CollectorExited",
      message: "node-1: exit code 1",
      since,
      nodes,
      retried,
    };
    this.rollout({ ...TIMES, phase, template: stable, canaries: [], inFlight: [], rejected: [rejection, ...rejected] });
    return target;
  }

  /** The target was proved everywhere. */
  prove(): void {
    const { target } = this.rolloutNow;
    this.rollout({ ...TIMES, phase: "Complete", stable: target, template: target, canaries: [], inFlight: [] });
    this.pass();
    this.settle();
  }

  change(spec: Partial<KmAgentSpecInput>, annotations: Record<string, string> = {}): void {
    const { status, generation } = this.#now.kmagent;
    this.#now = { ...this.#now, kmagent: kmagent(spec, { status, annotations, generation: generation + 1 }) };
  }

  annotate(annotations: Record<string, string>): void {
    this.#now = { ...this.#now, kmagent: { ...this.#now.kmagent, annotations } };
  }

  /** Another process begins; `lost` of what was written is gone. */
  restart(lost: { readonly record?: KubeObject | undefined } = {}): void {
    const live = new Map(this.#now.live);
    if (lost.record !== undefined) live.set(HELD, lost.record);
    this.#now = { ...this.#now, live, memory: NO_MEMORY };
  }

  get rolloutNow(): Rollout {
    return this.#now.kmagent.status.rollout ?? {};
  }

  get record(): KubeObject | undefined {
    return this.#now.live.get(HELD);
  }

  /** Where the configuration of what is tried now comes from. */
  get tried(): string | undefined {
    const { target = "" } = this.rolloutNow;
    return this.#now.live.get(`ConfigMap agent-node-agent-${target}`)?.metadata.annotations?.[ANNOTATION.source];
  }

  get applied() {
    return this.last.status.conditions?.find(({ type }) => type === "RemoteConfigApplied");
  }

  get isReady(): string | undefined {
    return this.last.status.conditions?.find(({ type }) => type === "Ready")?.status;
  }
}

const OTHER_IMAGE = { nodeAgent: { image: "agent:2" } };

/** The default was proved, the platform's configuration was tried and failed. */
function failed(): { readonly world: World; readonly revision: string } {
  const world = new World();
  world.pass(sent("1s"));
  expect(world.tried).toBe("remote");
  const revision = world.fail();
  world.pass();
  return { world, revision };
}

describe("a configuration of the platform that was rolled back", () => {
  test("is no part of what is wanted any more, and rollout, condition and status go on saying why", () => {
    const { world, revision } = failed();
    world.settle();
    expect(world.rolloutNow).toMatchObject({ phase: "RolledBack", target: revision });
    expect(world.applied).toMatchObject({ status: "False", reason: "RolledBack" });
    expect(world.applied?.message).toContain("CollectorExited: node-1: exit code 1");
    expect(world.applied?.message).not.toContain("either may be at fault");
    expect(world.last.status.config?.lastRemote).toMatchObject({ verdict: "RolledBack" });
    expect(world.isReady).toBe("False");
    expect(world.record?.["data"]).toMatchObject({ "rolled-back.yaml": expect.stringContaining("otlphttp") });
    expect(world.record?.["data"]).not.toHaveProperty("accepted.yaml");
  });

  test("isn't tried together with the next change, which completes without it", () => {
    const { world, revision } = failed();
    world.settle();
    world.change(OTHER_IMAGE);
    world.pass();
    expect(world.rolloutNow.phase).toBe("Canary");
    expect(world.rolloutNow.target).not.toBe(revision);
    expect(world.tried).toBe("default");
    world.prove();
    expect(world.rolloutNow.phase).toBe("Complete");
    expect(world.applied).toMatchObject({ status: "False", reason: "RolledBack" });
    expect(world.isReady).toBe("True");
  });

  test("makes way for the last one of the platform's that was proved", () => {
    const world = new World();
    world.pass(sent("1s"));
    world.prove();
    const { target: proved } = world.rolloutNow;
    expect(world.applied?.reason).toBe("Applied");
    world.pass(sent("2s"));
    world.fail();
    world.pass();
    world.settle();
    expect(world.record?.["data"]).toMatchObject({ "accepted.yaml": expect.stringContaining('"1s"') });
    expect(world.rolloutNow).toMatchObject({ phase: "RolledBack", stable: proved });
    world.change(OTHER_IMAGE);
    world.pass();
    expect(world.tried).toBe("remote");
    world.fail();
    world.pass();
    // It was proved before: the image failed.
    expect(world.record?.["data"]).toMatchObject({ "accepted.yaml": expect.stringContaining('"1s"') });
    const { "rolled-back.json": list = "" } = world.record?.["data"] as Record<string, string>;
    expect(JSON.parse(list)).toHaveLength(1);
  });

  test("stays in force, once it was proved, while another change is tried", () => {
    const world = new World();
    world.pass(sent("1s"));
    expect(world.applied).toMatchObject({ status: "Unknown", reason: "Applying" });
    world.prove();
    world.change(OTHER_IMAGE);
    world.pass();
    expect(world.rolloutNow.phase).toBe("Canary");
    expect(world.applied).toMatchObject({ status: "True", reason: "Applied" });
  });

  test("ends the same where the operator is killed before its record is written", () => {
    const world = new World();
    world.pass(sent("1s"));
    const { record } = world;
    const revision = world.fail();
    world.pass();
    world.restart({ record });
    world.pass();
    world.settle();
    expect(world.record?.["data"]).not.toHaveProperty("accepted.yaml");
    expect(world.rolloutNow).toMatchObject({ phase: "RolledBack", target: revision });
  });

  test("is known to a process that begins anew, also where the status is lost", () => {
    const { world } = failed();
    world.settle();
    world.restart();
    world.loseRollout();
    world.pass();
    expect(world.applied).toMatchObject({ reason: "RolledBack" });
    expect(world.applied?.message).toContain("exit code 1");
    world.change(OTHER_IMAGE);
    world.pass();
    expect(world.tried).toBe("default");
  });

  test.each([{ by: "its hash" }, { by: "its revision" }])(
    "is tried again by the annotation with $by, and once for each annotation",
    ({ by }) => {
      const { world, revision } = failed();
      world.settle();
      const retry = by === "its revision" ? revision : (world.last.status.config?.lastRemote?.hash ?? "");
      world.annotate({ [ANNOTATION.retry]: retry });
      world.pass();
      world.pass();
      expect(world.rolloutNow).toMatchObject({ phase: "Canary", target: revision });
      world.rollout({ rejected: [] });
      const { target = "", stable } = world.rolloutNow;
      const again = { revision: target, reason: "CollectorExited", message: "exit code 2", since: TIMES.phaseSince };
      world.rollout({ ...TIMES, phase: "RollingBack", template: stable, rejected: [{ ...again, retried: true }] });
      world.pass();
      world.settle();
      expect(world.rolloutNow).toMatchObject({ phase: "RolledBack", target: revision });
      expect(world.applied?.message).toContain("exit code 2");
      world.change(OTHER_IMAGE, { [ANNOTATION.retry]: retry });
      world.pass();
      expect(world.tried).toBe("default");
    },
  );

  test("is tried with what was changed meanwhile where the annotation asks for it, whatever it failed with before", () => {
    const { world, revision } = failed();
    world.settle();
    const { hash = "" } = world.last.status.config?.lastRemote ?? {};
    world.change(OTHER_IMAGE);
    world.pass();
    world.prove();
    const tryAgain = () => {
      world.at += 60_000;
      world.annotate({ [ANNOTATION.retry]: hash });
      for (let at = 0; at < 3; at++) world.pass();
      expect(world.rolloutNow.phase).toBe("Canary");
      expect(world.tried).toBe("remote");
      expect(world.rolloutNow.target).not.toBe(revision);
    };
    tryAgain();
    world.fail();
    world.pass();
    world.settle();
    expect(world.rolloutNow.phase).toBe("RolledBack");
    world.annotate({});
    world.pass();
    tryAgain();
  });

  test("that was changed together with something else leaves that to be tried alone, and says that either may be at fault", () => {
    const world = new World();
    world.pass(sent("1s"));
    world.change(OTHER_IMAGE);
    world.pass();
    const { target: both } = world.rolloutNow;
    expect(world.tried).toBe("remote");
    world.fail();
    world.pass();
    expect(world.applied?.message).toContain("either may be at fault");
    world.settle();
    expect(world.rolloutNow.phase).toBe("Canary");
    expect(world.rolloutNow.target).not.toBe(both);
    expect(world.tried).toBe("default");
  });

  test("isn't taken back where autoRollback is false, but goes with the next change", () => {
    const world = new World();
    world.change({ rollout: { autoRollback: false } });
    world.pass(sent("1s"));
    const revision = world.fail("Stalled");
    world.pass();
    world.pass();
    expect(world.rolloutNow).toMatchObject({ phase: "Stalled", target: revision });
    expect(world.record?.["data"]).toHaveProperty(["accepted.yaml"]);
    world.change({ ...OTHER_IMAGE, rollout: { autoRollback: false } });
    world.pass();
    world.pass();
    expect(world.tried).toBe("default");
  });

  test("makes way for another one that the platform sends", () => {
    const { world, revision } = failed();
    world.settle();
    world.pass(sent("3s"));
    expect(world.rolloutNow.phase).toBe("Canary");
    expect(world.rolloutNow.target).not.toBe(revision);
    expect(world.tried).toBe("remote");
  });

  test("moves nothing when it is sent again", () => {
    const { world, revision } = failed();
    world.settle();
    world.pass(sent("1s"));
    world.settle();
    expect(world.rolloutNow).toMatchObject({ phase: "RolledBack", target: revision });
    expect(world.applied?.reason).toBe("RolledBack");
  });

  test("of the cluster agent makes way as well, and its next change is tried without it", () => {
    const revisionOf = (configMap: KubeObject | undefined) =>
      configMap?.metadata.labels?.["kloudmate.com/revision"] ?? "";
    const world = new World({ clusterAgent: { enabled: true } });
    const stable = world.last.status.clusterAgent?.revision ?? "";
    world.replica({ phase: "Complete", target: stable, stable, ...TIMES });
    world.pass(sent("1s", "clusterAgent"));
    const tried = world.madeForCluster;
    expect(tried?.metadata.annotations?.[ANNOTATION.source]).toBe("remote");
    const target = revisionOf(tried);
    const rejection = { revision: target, reason: "CollectorExited", message: "exit code 1", since: TIMES.phaseSince };
    world.replica({ phase: "RolledBack", target, stable, rejected: [rejection], ...TIMES });
    world.pass();
    world.pass();
    expect(world.applied).toMatchObject({ status: "False", reason: "RolledBack" });
    expect(world.applied?.message).toContain("the cluster agent was rolled back: CollectorExited: exit code 1");
    expect(world.last.status.clusterAgent).toMatchObject({ phase: "RolledBack", target });
    world.change({ clusterAgent: { enabled: true, image: "agent:2" } });
    world.pass();
    expect(world.madeForCluster?.metadata.annotations?.[ANNOTATION.source]).toBe("default");
    expect(world.applied).toMatchObject({ status: "False", reason: "RolledBack" });
  });
});
