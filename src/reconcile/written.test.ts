import { describe, expect, test } from "@jest/globals";
import { nodeOfFleet, NOW, pod as podOf } from "../../test/fleet/observations.ts";
import { kmagentRecord, snapshotOf } from "../../test/fleet/snapshot.ts";
import type { KmAgentSpecInput, KmAgentStatus } from "../api/kmagent.ts";
import { objectId } from "./object-id.ts";
import type { Plan } from "./plan.ts";
import { revisionOfTemplate } from "./pod-template.ts";
import { reconcile } from "./reconcile.ts";
import { remember } from "./remember.ts";
import { RemoteInbox } from "./remote-inbox.ts";
import type { Snapshot } from "./snapshot.ts";

/*
 * The cache lags behind our own writes, and strangers write into a status. What a pass decides from what was, it decides from our
 * own last word.
 */

const plan = (of: Snapshot) => reconcile(of, NOW, (text) => text);

function kmagent(spec: Partial<KmAgentSpecInput>): Snapshot["kmagent"] {
  return kmagentRecord({ clusterAgent: { enabled: false }, ...spec });
}

/** The cluster after a plan: its objects are there, and the cache shows its status. */
function after(before: Snapshot, done: Plan): Snapshot {
  const live = new Map(before.live);
  for (const write of done.writes) {
    if (write.kind !== "create" && write.kind !== "apply") continue;
    const { object } = write;
    const metadata = { ...object.metadata, uid: `uid-${object.metadata.name}`, resourceVersion: "10", generation: 1 };
    live.set(objectId(object), { ...object, metadata, status: { observedGeneration: 1 } });
  }
  const memory = remember(before.memory, done, [], NOW);
  return { ...before, kmagent: { ...before.kmagent, status: done.status }, live, memory };
}

/** Two healthy nodes that run what the template holds, all of it written down. */
function running(spec: Partial<KmAgentSpecInput>): Snapshot {
  const first = snapshotOf(kmagent(spec));
  const made = after(first, plan(first));
  const revision = revisionOfTemplate(made.live.get("DaemonSet agent"));
  const nodes = [1, 2].map((index) =>
    nodeOfFleet(index, { pod: podOf({ uid: `pod-${index}`, name: `agent-${index}`, revision }) }),
  );
  const up = { ...made, nodes };
  return after(up, plan(up));
}

/** Our last word is what the cache shows with `rollout` changed, which the cache is still to show. */
function lagging(of: Snapshot, rollout: NonNullable<KmAgentStatus["rollout"]>): Snapshot {
  const written = { ...of.kmagent.status, rollout: { ...of.kmagent.status.rollout, ...rollout } };
  const status = { at: NOW, resourceVersion: "2", written, landed: written, repairs: [] };
  return { ...of, memory: { ...of.memory, status } };
}

/** The cache shows another rollout than our last word, which is what it showed before. */
function overwritten(of: Snapshot, rollout: KmAgentStatus["rollout"]): Snapshot {
  const { status } = of.kmagent;
  const told = { at: NOW, resourceVersion: "1", written: status, landed: status, repairs: [] };
  const kmagent = { ...of.kmagent, status: { ...status, rollout } };
  return { ...of, kmagent, memory: { ...of.memory, status: told } };
}

describe("what is written goes before what the cache shows", () => {
  test("of a rolling update that is complete: a node that fails later doesn't begin it anew", () => {
    const whole = running({ rollout: { strategy: "RollingUpdate" } });
    expect(whole.kmagent.status.rollout?.phase).toBe("Complete");
    const nodes = [nodeOfFleet(1, { pod: null }), ...whole.nodes.slice(1)];
    const { status } = plan({ ...overwritten(whole, {}), nodes });
    expect(status.rollout).toMatchObject({ phase: "Complete", stable: whole.kmagent.status.rollout?.stable });
  });

  test("of the stable revision: a rotated key is known to be no more than that, and isn't taken back", () => {
    const rotated = { ...running({}), apiKeyHmac: "cd" };
    const begun = after(rotated, plan(rotated));
    const { target = "" } = begun.kmagent.status.rollout ?? {};
    const last = { exitCode: 1, signal: null, reason: "Error", message: "401", finishedAt: NOW - 1_000 };
    const canary = podOf({
      uid: "canary",
      revision: target,
      createdAt: NOW - 10_000,
      ready: false,
      container: { state: "terminated", restarts: 1, last },
    });
    const nodes = [nodeOfFleet(1, { probe: null, pod: canary }), ...begun.nodes.slice(1)];
    const shown = { ...begun.kmagent.status.rollout, stable: "before" };
    expect(plan({ ...overwritten(begun, shown), nodes }).status.rollout?.phase).toBe("Stalled");
  });

  test("of what was rejected: the platform hears at once that its configuration failed", () => {
    const platform = { remoteConfig: { minInterval: "0s" } };
    const whole = running({ platform, rollout: { autoRollback: false } });
    const inbox = new RemoteInbox();
    const document = {
      receivers: { otlp: { protocols: { grpc: { endpoint: "0.0.0.0:4317" } } } },
      exporters: { otlphttp: { endpoint: "${env:KM_COLLECTOR_ENDPOINT}" } },
      service: { pipelines: { traces: { receivers: ["otlp"], exporters: ["otlphttp"] } } },
    };
    inbox.put("u", { restartRequired: true, nodeAgent: document, clusterAgent: null });
    const sent = { ...whole, answers: inbox.of("u") };
    const begun = { ...after(sent, plan(sent)), answers: [] };
    const { target: revision = "" } = begun.kmagent.status.rollout ?? {};
    const rejection = { revision, reason: "CollectorExited", message: "exit code 1", since: "2026-11-23T22:00:00Z" };
    const failed = { phase: "Stalled" as const, canaries: [], inFlight: [], rejected: [rejection] };
    const { status } = plan(lagging(begun, failed));
    expect(status.conditions).toContainEqual(
      expect.objectContaining({ type: "RemoteConfigApplied", status: "False", reason: "RolloutFailed" }),
    );
  });
});
