import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { KmAgentStatus } from "../api/kmagent.ts";
import { COMPLETE, facts, healthOf, healthyNodes, spec } from "../../test/fleet/facts.ts";
import { anyFleet } from "../../test/fleet/arbitraries.ts";
import { ended, HOUR, nodeOfFleet, NOW, pod, probe, TARGET, unmasked, waiting } from "../../test/fleet/observations.ts";
import { timestamp } from "../api/time.ts";
import { utf8Bytes } from "../health/foreign-text.ts";
import type { NodeObservation } from "../health/observation.ts";
import type { ReplicaRecord } from "../rollout/replica-record.ts";
import { assembleStatus } from "./assemble.ts";
import { STATUS_BYTES } from "./bound.ts";
import type { StatusFacts } from "./facts.ts";

const SICK = [
  nodeOfFleet(1),
  nodeOfFleet(2),
  nodeOfFleet(3, { probe: probe({ kind: "timeout" }, { podUid: "pod-3" }) }),
];

/** A node that ends with words as long and as awkward to write as they come. */
function loud(index: number, uncovered: boolean): NodeObservation {
  const name = `${"n".repeat(240)}-${index}`;
  const words = '"\\'.repeat(2_048);
  const uid = `pod-${index}`;
  return nodeOfFleet(index, {
    name,
    probe: null,
    pod: uncovered
      ? pod({ uid, phase: "Pending", container: null, unschedulable: words })
      : pod({
          uid,
          ready: false,
          container: waiting("CrashLoopBackOff", { restarts: 9, last: ended({ message: words }) }),
        }),
  });
}

function assembled(of: StatusFacts, previous: KmAgentStatus, now: number): KmAgentStatus {
  return assembleStatus(of, previous, now, unmasked);
}

function conditionOf(status: KmAgentStatus, type: string) {
  return status.conditions?.find((condition) => condition.type === type);
}

describe("the status", () => {
  it("holds no empty map, for server-side apply makes null of one whose fields were ours", () => {
    const status = assembled(facts({ fleet: healthOf(SICK), versions: {} }), {}, NOW);
    const isEmptyMap = (value: unknown) =>
      typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
    expect(Object.entries(status).filter(([, value]) => isEmptyMap(value))).toEqual([]);
  });

  it("tells counts, findings and what is in force", () => {
    const status = assembled(facts({ fleet: healthOf(SICK), generation: 7 }), {}, NOW);
    expect(status).toMatchObject({
      observedGeneration: 7,
      nodes: { desired: 3, healthy: 2, unhealthy: 1, uncovered: 0 },
      unhealthyNodes: [{ node: "node-3", since: "2026-11-23T12:00:00Z", reason: "Unresponsive" }],
      uncoveredNodes: [],
      config: { source: "Default", revision: TARGET, since: "2026-11-23T12:00:00Z" },
      rollout: { phase: "Complete", target: TARGET, stable: TARGET, updated: 3, failed: 0 },
      clusterAgent: { ready: true, revision: "rev1" },
      operatorVersion: "0.1.0",
    });
  });

  it("moves lastTransitionTime when a condition's status changes, and not for a new reason or message", () => {
    const first = assembled(facts(), {}, NOW);
    const another = assembled(facts({ fleet: healthOf(healthyNodes(4)) }), first, NOW + HOUR);
    const sick = assembled(facts({ fleet: healthOf(SICK) }), another, NOW + 2 * HOUR);
    expect([first, another, sick].map((status) => conditionOf(status, "AgentsAvailable")?.lastTransitionTime)).toEqual([
      "2026-11-23T12:00:00Z",
      "2026-11-23T12:00:00Z",
      "2026-11-23T14:00:00Z",
    ]);
  });

  it("leaves lastTransitionTime where a condition stays True for another reason", () => {
    const first = assembled(facts(), {}, NOW);
    const second = assembled(
      facts({ overridden: [{ added: false, object: "DaemonSet a", path: "p", value: "v" }] }),
      first,
      NOW + HOUR,
    );
    expect(conditionOf(second, "RolloutComplete")).toMatchObject({
      reason: "FieldOverridden",
      lastTransitionTime: "2026-11-23T12:00:00Z",
    });
  });

  it("moves `since` of configuration and phase with what they speak of only", () => {
    const first = assembled(facts(), {}, NOW);
    const same = assembled(facts({ rollout: { ...COMPLETE, updated: 2 } }), first, NOW + HOUR);
    const next = assembled(
      facts({ inForce: { source: "Spec", revision: "rev3" }, rollout: { ...COMPLETE, target: "rev3" } }),
      same,
      NOW + 2 * HOUR,
    );
    expect([same, next].map(({ config, rollout }) => [config?.since, rollout?.phaseSince])).toEqual([
      ["2026-11-23T12:00:00Z", "2026-11-23T12:00:00Z"],
      ["2026-11-23T14:00:00Z", "2026-11-23T14:00:00Z"],
    ]);
  });

  it("keeps what was seen before where a pass couldn't look, and says Unknown", () => {
    const first = assembled(facts({ fleet: healthOf(SICK) }), {}, NOW);
    const blind = assembled(facts({ fleet: null, rollout: null, inForce: null, clusterAgent: null }), first, NOW);
    expect(blind).toMatchObject({
      nodes: first.nodes,
      unhealthyNodes: first.unhealthyNodes,
      rollout: first.rollout,
      config: first.config,
    });
    expect(conditionOf(blind, "AgentsAvailable")).toMatchObject({ status: "Unknown", reason: "Pending" });
  });

  it("keeps what other parts of the operator wrote: rejected revisions", () => {
    const rejected = [{ revision: "bad", reason: "CollectorExited", message: "", since: "2026-11-23T10:00:00Z" }];
    expect(assembled(facts(), { rollout: { rejected } }, NOW).rollout?.rejected).toEqual(rejected);
  });

  it("shows the verdict on the platform's last configuration, also while the spec can't be used", () => {
    const last = {
      hash: "abc",
      verdict: "Refused",
      rule: "size",
      path: "",
      message: "is too long",
      since: NOW,
    } as const;
    const shown = { hash: "abc", verdict: "Refused", rule: "size", message: "is too long", since: timestamp(NOW) };
    const remote = { kind: "refused", message: "", told: [], last } as const;
    expect(assembled(facts({ remote }), {}, NOW).config?.lastRemote).toEqual(shown);
    expect(assembled(facts({ remote, inForce: null }), {}, NOW).config?.lastRemote).toEqual(shown);
  });

  it("drops the cluster agent when it is switched off", () => {
    const first = assembled(facts(), {}, NOW);
    expect(assembled(facts({ clusterAgent: { kind: "disabled" } }), first, NOW)).not.toHaveProperty("clusterAgent");
  });

  it("is the same, whatever the time, for the same facts, and fits the schema", () => {
    fc.assert(
      fc.property(anyFleet, fc.boolean(), fc.integer({ min: 1, max: 9 * HOUR }), (observed, paused, passed) => {
        const of: StatusFacts = facts({ fleet: healthOf(observed.nodes), spec: spec({ paused }) });
        const first = assembled(of, {}, NOW);
        expect(assembled(of, first, NOW + passed)).toEqual(first);
        expect(KmAgentStatus.parse(first)).toEqual(first);
      }),
    );
  });

  it("masks and cleans what it quotes, whoever said it", () => {
    const words = "the key s3cr3t\u001b[31m is\nbad";
    const status = assembleStatus(
      facts({
        platform: { kind: "error", message: words },
        clusterAgent: {
          kind: "present",
          ready: false,
          revision: "",
          reason: "CollectorExited",
          message: words,
          record: null,
        },
      }),
      {},
      NOW,
      (text) => text.replaceAll("s3cr3t", "***"),
    );
    expect(JSON.stringify(status)).not.toContain("s3cr3t");
    expect([conditionOf(status, "PlatformConnected")?.message, status.clusterAgent?.message]).toEqual([
      "the key *** is bad",
      "the key *** is bad",
    ]);
  });

  it("stays within 64 KiB with 5,000 nodes and the longest texts, and shortens what explains, not what counts", () => {
    const health = healthOf(Array.from({ length: 5_000 }, (_, index) => loud(index, index % 2 === 0)));
    const long = '"\\'.repeat(5_000);
    const rejection = { revision: "r", reason: "OOMKilled", message: long, since: NOW, nodes: ["n"], retried: true };
    const record: ReplicaRecord = {
      phase: "RolledBack",
      phaseSince: NOW,
      target: "r",
      stable: "s",
      rejected: Array.from({ length: 5 }, () => rejection),
    };
    const status = assembled(
      facts({
        fleet: health,
        stalled: { reason: "Forbidden", message: long },
        platform: { kind: "error", message: long },
        remote: { kind: "refused", message: long, last: null, told: [] },
        clusterAgent: { kind: "present", ready: false, revision: "r", reason: "OOMKilled", message: long, record },
        configuration: { kind: "invalid", reason: "InvalidConfig", message: long },
        overridden: [{ added: false, object: "DaemonSet km-agent", path: long, value: long }],
      }),
      {},
      NOW,
    );
    expect(utf8Bytes(JSON.stringify(status))).toBeLessThanOrEqual(STATUS_BYTES);
    expect(status.nodes).toMatchObject({ desired: 5_000, unhealthy: 2_500, uncovered: 2_500 });
    expect(status.unhealthyNodes).toHaveLength(20);
    expect(status.unhealthyNodes?.[0]?.message).toMatch(/^The collector ended with exit code 1/);
    expect(KmAgentStatus.parse(status)).toEqual(status);
  });
});
