import { describe, expect, test } from "@jest/globals";
import { ANNOTATION } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import type { KmAgentStatus } from "../api/kmagent.ts";
import { KmAgentSpec } from "../api/kmagent.ts";
import type { KubeObject } from "../kube/resource.ts";
import { hasSpec } from "./configuration.ts";
import { NO_MEMORY } from "./memory.ts";
import { objectId } from "./object-id.ts";
import { retriedRevision, triedOn, unprovedUntil } from "./remote-tried.ts";
import type { Snapshot } from "./snapshot.ts";

type Rollout = NonNullable<KmAgentStatus["rollout"]>;

const SINCE = Date.parse("2026-01-01T00:00:00Z");
const A = { hash: "a", text: "a: 1\n", since: SINCE };
const FAILED = { reason: "CollectorExited", message: "exit code 1", since: "2026-01-01T00:01:00Z" };
const rejected = (revision: string, more: object = {}) => ({ revision, ...FAILED, ...more });

/** The ConfigMap of a revision with the platform's configuration of this hash. */
function configMap(revision: string, hash: string, owner = "u"): KubeObject {
  const ownerReferences = [
    { apiVersion: "kloudmate.com/v1alpha1", kind: "KmAgent", name: "agent", uid: owner, controller: true },
  ];
  const metadata = {
    name: `agent-node-agent-${revision}`,
    ownerReferences,
    annotations: { [ANNOTATION.remoteHash]: hash },
  };
  return { apiVersion: "v1", kind: "ConfigMap", metadata };
}

/** Revisions `a1` and `a2` hold the configuration `a`, `b1` holds `b`, and `d` none of the platform's; `x` isn't ours. */
function snapshot(rollout: Rollout, { strategy = "Staged", retry = "", clusterAgent = true } = {}): Snapshot {
  const live = [configMap("a1", "a"), configMap("a2", "a"), configMap("b1", "b"), configMap("x", "a", "another")];
  return {
    kmagent: {
      name: "agent",
      uid: "u",
      annotations: retry === "" ? {} : { [ANNOTATION.retry]: retry },
      spec: KmAgentSpec.parse({
        clusterName: "c",
        apiKeySecretRef: { name: "s", key: "k" },
        rollout: { strategy },
        clusterAgent: { enabled: clusterAgent },
      }),
      status: { rollout },
    },
    live: new Map(live.map((object) => [objectId(object), object])),
    memory: NO_MEMORY,
  } as unknown as Snapshot;
}

const back: Rollout = { phase: "RollingBack", target: "a1", stable: "d", rejected: [rejected("a1")] };

describe("a first revision to go back to is waited for", () => {
  const since = Date.parse("2026-01-01T00:08:00Z");
  const untilOf = (component: Component, ...of: Parameters<typeof snapshot>) => {
    const found = snapshot(...of);
    if (!hasSpec(found.kmagent)) throw new Error("no spec");
    return unprovedUntil(component, { kmagent: found.kmagent, memory: found.memory });
  };
  const installing: Rollout = { phase: "Install", phaseSince: "2026-01-01T00:08:00Z", target: "d" };

  test("from the installation's beginning until rollout.progressDeadline", () => {
    expect(untilOf("node-agent", installing)).toBe(since + 300_000);
  });

  test("without an end, where the installation hasn't begun", () => {
    expect(untilOf("node-agent", {})).toBe(Infinity);
  });

  test("no more, where one is stable", () => {
    expect(untilOf("node-agent", { ...installing, phase: "Complete", stable: "d" })).toBeNull();
  });

  test("not by a cluster agent that is switched off", () => {
    expect(untilOf("cluster-agent", {})).toBe(Infinity);
    expect(untilOf("cluster-agent", {}, { clusterAgent: false })).toBeNull();
  });
});

describe("what a rollout has shown of the configuration that counts", () => {
  test.each<{ name: string; rollout: Rollout; more?: object; failed: string | null }>([
    { name: "that it failed, where its revision goes back", rollout: back, failed: "a1" },
    { name: "the same after that", rollout: { ...back, phase: "RolledBack" }, failed: "a1" },
    {
      name: "nothing, where another one's failed",
      rollout: { ...back, target: "b1", rejected: [rejected("b1")] },
      failed: null,
    },
    {
      name: "nothing by what is noted on somebody else's ConfigMap",
      rollout: { ...back, target: "x", rejected: [rejected("x")] },
      failed: null,
    },
    {
      name: "nothing by a failure from before it counted, such as before a retry",
      rollout: { ...back, rejected: [rejected("a1", { since: "2025-12-31T23:59:59Z" })] },
      failed: null,
    },
    {
      name: "nothing while the revision is wanted and waits for a person",
      rollout: { ...back, phase: "Stalled" },
      failed: null,
    },
    { name: "nothing where a retry frees the revision", rollout: back, more: { retry: "a1" }, failed: null },
    { name: "nothing where a retry frees it by its hash", rollout: back, more: { retry: "a" }, failed: null },
    {
      name: "that it failed again, under the same annotation",
      rollout: { ...back, rejected: [rejected("a1", { retried: true })] },
      more: { retry: "a" },
      failed: "a1",
    },
    {
      name: "nothing where Kubernetes rolls out, for nothing is taken back there",
      rollout: back,
      more: { strategy: "RollingUpdate" },
      failed: null,
    },
  ])("$name", ({ rollout, more, failed }) => {
    expect(triedOn("node-agent", snapshot(rollout, more), A).failed?.revision ?? null).toBe(failed);
  });

  test.each([
    { stable: "a2", hash: "a" },
    { stable: "d", hash: "" },
    { stable: "x", hash: "" },
  ])("that what the stable revision $stable holds is proved", ({ stable, hash }) => {
    expect(triedOn("node-agent", snapshot({ ...back, stable }), A).provedHash).toBe(hash);
  });
});

test("the cluster agent's rollout tells of its own", () => {
  const { live, kmagent, memory } = snapshot(back);
  const [, ours] = [...live.values()].map((object) => ({
    ...object,
    metadata: { ...object.metadata, name: object.metadata.name.replace("node-agent", "cluster-agent") },
  }));
  const of = {
    kmagent: {
      ...kmagent,
      status: { clusterAgent: { phase: "RolledBack", target: "a2", stable: "d", rejected: [rejected("a2")] } },
    },
    live: new Map(ours ? [[objectId(ours), ours]] : []),
    memory,
  } as unknown as Snapshot;
  expect(triedOn("cluster-agent", of, A).failed?.revision).toBe("a2");
  expect(triedOn("node-agent", of, A).failed).toBeNull();
});

describe("the annotation kloudmate.com/retry", () => {
  test.each([
    { name: "names a revision", retry: "b1", revision: "b1" },
    { name: "names by its hash what failed", retry: "b", revision: "b1" },
    { name: "names by its hash what is being tried, before what failed with it earlier", retry: "a", revision: "a2" },
    { name: "names what nobody knows", retry: "zz", revision: "zz" },
  ])("$name", ({ retry, revision }) => {
    const rollout: Rollout = { phase: "Canary", target: "a2", stable: "d", rejected: [rejected("b1"), rejected("a1")] };
    expect(retriedRevision("node-agent", snapshot(rollout, { retry }))).toBe(revision);
  });
});
