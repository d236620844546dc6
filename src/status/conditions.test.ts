import { describe, expect, it } from "@jest/globals";
import { CONDITION_TYPES } from "../api/conditions.ts";
import type { ConditionType } from "../api/conditions.ts";
import { CONDITION_REASONS } from "../api/reasons.ts";
import { COMPLETE, facts, healthOf, healthyNodes, spec } from "../../test/fleet/facts.ts";
import { node, nodeOfFleet, NOW, pod, probe, TARGET } from "../../test/fleet/observations.ts";
import type { FleetExports } from "../health/fleet-exports.ts";
import type { NodeObservation } from "../health/observation.ts";
import type { ReplicaRecord } from "../rollout/replica-record.ts";
import type { RolloutState } from "../rollout/state.ts";
import { judgeConditions } from "./conditions.ts";
import type { StatusFacts } from "./facts.ts";

const sick = (index: number): NodeObservation =>
  nodeOfFleet(index, { probe: probe({ kind: "timeout" }, { podUid: `pod-${index}` }) });
const uncovered = (index: number): NodeObservation =>
  nodeOfFleet(index, { pod: pod({ phase: "Pending", container: null, unschedulable: "1 Insufficient cpu" }) });
const down = (index: number, of: Partial<NodeObservation> = {}): NodeObservation =>
  nodeOfFleet(index, { ready: { status: "Unknown", since: 0, message: "" }, probe: null, ...of });
const beingMade = (index: number): NodeObservation => nodeOfFleet(index, { pod: null, probe: null });
const young = (index: number): NodeObservation =>
  nodeOfFleet(index, { ready: { status: "True", since: NOW, message: "" }, pod: null, probe: null });
const answeringDown = (index: number): NodeObservation => ({
  ...down(index),
  probe: probe(undefined, { podUid: `pod-${index}` }),
});

const nodes = (...observed: NodeObservation[]): Partial<StatusFacts> => ({ fleet: healthOf(observed) });
const blocked = nodes(
  ...[1, 2].map((index) => nodeOfFleet(index, { probe: probe({ kind: "timeout" }, { podUid: `pod-${index}` }) })),
);
const reached = { target: TARGET, stable: "rev1", updated: 1, failed: 1, outdated: 2 };
const install: RolloutState = {
  ...reached,
  phase: "Install",
  stable: "",
  waitingFor: { gate: "NodesUnsettled", message: "1 of 3 pods" },
};
const progressing: RolloutState = {
  ...reached,
  phase: "Progressing",
  waitingFor: { gate: "NodesOutdated", message: "2 of 3 nodes" },
};
const canary: RolloutState = {
  ...reached,
  phase: "Canary",
  canaries: ["node-1"],
  waitingFor: { gate: "Approval", message: "the annotation" },
};
const rolledBack: RolloutState = {
  ...reached,
  phase: "RolledBack",
  reason: "CollectorExited",
  message: "exit code 1 on node-1",
};
const gaveUp: RolloutState = {
  ...reached,
  phase: "Stalled",
  reason: "CollectorExited",
  message: "exit code 1 on node-1",
};
const REJECTION = { revision: "t", reason: "CollectorExited", message: "bad", since: 0, nodes: [], retried: false };
const replica = (
  of: { ready?: boolean; reason?: string; message?: string },
  record?: Partial<ReplicaRecord>,
): Partial<StatusFacts> => ({
  clusterAgent: {
    kind: "present",
    ready: true,
    revision: "s",
    reason: "",
    message: "",
    record: record ? { phase: "Complete", phaseSince: 0, target: "t", stable: "s", rejected: [], ...record } : null,
    ...of,
  },
});
const telemetry = (of: Partial<FleetExports>): Partial<StatusFacts> => ({
  telemetry: {
    Flowing: 0,
    Failing: 0,
    Idle: 0,
    Unknown: 0,
    flowingBeside: of.Flowing ?? 0,
    failingNodes: ["node-1"],
    failingExporters: ["otlphttp (logs)"],
    failingSince: NOW,
    ...of,
  },
});
const invalid = (reason: "InvalidSpec" | "InvalidConfig" | "SecretNotFound"): Partial<StatusFacts> => ({
  configuration: { kind: "invalid", reason, message: "spec.config: no" },
  rollout: null,
});

interface Row {
  readonly name: string;
  readonly of: Partial<StatusFacts>;
  readonly is: string;
  readonly says?: string;
}

const TABLE: Readonly<Record<ConditionType, readonly Row[]>> = {
  Ready: [
    { name: "all nodes are healthy", of: {}, is: "True AllHealthy", says: "3 of 3 nodes" },
    {
      name: "one of three nodes is sick, and 10% of three are none",
      of: nodes(nodeOfFleet(1), nodeOfFleet(2), sick(3)),
      is: "False TooManyUnhealthy",
      says: "node-3 (Unresponsive)",
    },
    {
      name: "one of ten nodes is sick",
      of: nodes(...healthyNodes(9), sick(10)),
      is: "True WithinTolerance",
      says: "node-10 (Unresponsive)",
    },
    { name: "one of ten nodes is uncovered", of: nodes(...healthyNodes(9), uncovered(10)), is: "True WithinTolerance" },
    {
      name: "one of ten nodes is sick and another uncovered",
      of: nodes(...healthyNodes(8), sick(9), uncovered(10)),
      is: "False TooManyUnhealthy",
    },
    {
      name: "nobody is tolerated, by number",
      of: { ...nodes(...healthyNodes(9), sick(10)), spec: spec({ health: { maxUnhealthy: 0 } }) },
      is: "False TooManyUnhealthy",
    },
    {
      name: "two of three nodes are NotReady, which don't count",
      of: nodes(nodeOfFleet(1), down(2), down(3)),
      is: "True AllHealthy",
    },
    { name: "all nodes are NotReady and silent", of: nodes(down(1), down(2)), is: "Unknown NodesNotReady" },
    {
      name: "all nodes are NotReady, yet a collector answers",
      of: nodes(answeringDown(1), down(2)),
      is: "True AllHealthy",
    },
    { name: "nodes that come don't count", of: nodes(nodeOfFleet(1), young(2)), is: "True AllHealthy" },
    {
      name: "a node is being moved by a later rollout",
      of: { ...nodes(nodeOfFleet(1), beingMade(2)), rollout: progressing },
      is: "True AllHealthy",
      says: "1 of 2 nodes are healthy. The others: 1 updating.",
    },
    {
      name: "a revision that failed is on its way back",
      of: { rollout: { ...rolledBack, phase: "RollingBack" } },
      is: "False RolledBack",
      says: "exit code 1 on node-1",
    },
    {
      name: "the first revision isn't everywhere yet",
      of: { ...nodes(nodeOfFleet(1), beingMade(2)), rollout: install },
      is: "Unknown Updating",
      says: "1 of 2 nodes",
    },
    {
      name: "not one agent answers yet",
      of: { ...nodes(beingMade(1), beingMade(2)), rollout: progressing },
      is: "Unknown Updating",
    },
    { name: "no node is selected", of: nodes(), is: "True NoNodes" },
    { name: "nothing was looked at yet", of: { fleet: null }, is: "Unknown Pending" },
    { name: "the configuration hasn't been judged", of: { configuration: null }, is: "Unknown Pending" },
    {
      name: "the configuration is invalid, though all nodes are healthy",
      of: invalid("InvalidConfig"),
      is: "False InvalidConfig",
    },
    {
      name: "the spec can't be read at all",
      of: { ...invalid("InvalidSpec"), spec: null, fleet: null },
      is: "False InvalidSpec",
    },
    {
      name: "something is stalled",
      of: { stalled: { reason: "NameConflict", message: "DaemonSet km-agent" } },
      is: "False NameConflict",
    },
    { name: "a rollout was taken back", of: { rollout: rolledBack }, is: "False RolledBack" },
    { name: "a rollout failed and waits for a person", of: { rollout: gaveUp }, is: "False RolloutFailed" },
    {
      name: "the platform is away, which changes nothing",
      of: { platform: { kind: "unreachable", message: "" } },
      is: "True AllHealthy",
    },
    {
      name: "the cluster agent is away, which changes nothing",
      of: { clusterAgent: { kind: "missing", record: null } },
      is: "True AllHealthy",
    },
  ],
  ConfigValid: [
    { name: "it can be used", of: {}, is: "True Valid" },
    {
      name: "an endpoint is plain http",
      of: { configuration: { kind: "valid", insecureEndpoints: ["spec.collectorEndpoint"] } },
      is: "True InsecureEndpoint",
      says: "spec.collectorEndpoint",
    },
    { name: "a Secret is missing", of: invalid("SecretNotFound"), is: "False SecretNotFound" },
    { name: "it hasn't been judged", of: { configuration: null }, is: "Unknown Pending" },
  ],
  AgentsAvailable: [
    { name: "all work", of: {}, is: "True AllHealthy", says: "3 of 3" },
    {
      name: "one of a hundred doesn't",
      of: nodes(...healthyNodes(99), sick(100)),
      is: "False UnhealthyNodes",
      says: "1 of 100 nodes have an agent that doesn't work: node-100 (Unresponsive)",
    },
    {
      name: "a NotReady node is silent",
      of: nodes(nodeOfFleet(1), down(2)),
      is: "False UnhealthyNodes",
      says: "node-2 (NodeNotReady)",
    },
    {
      name: "a NotReady node's collector answers",
      of: nodes(nodeOfFleet(1), answeringDown(2)),
      is: "True AllHealthy",
      says: "1 NotReady",
    },
    {
      name: "a node has no agent, which is told elsewhere",
      of: nodes(nodeOfFleet(1), uncovered(2)),
      is: "True AllHealthy",
      says: "1 uncovered",
    },
    { name: "none answers yet", of: nodes(beingMade(1)), is: "Unknown Updating" },
    { name: "the network hides them from us", of: blocked, is: "True ProbesBlocked", says: "TCP 13133" },
    { name: "no node is selected", of: nodes(), is: "True NoNodes" },
    { name: "nothing was looked at yet", of: { fleet: null }, is: "Unknown Pending" },
  ],
  NodesCovered: [
    { name: "all have one", of: {}, is: "True AllCovered" },
    {
      name: "one has no room",
      of: nodes(nodeOfFleet(1), uncovered(2)),
      is: "False UncoveredNodes",
      says: "node-2 (InsufficientResources). The node has no room",
    },
    {
      name: "one is being made",
      of: nodes(nodeOfFleet(1), beingMade(2)),
      is: "True AllCovered",
      says: "without an agent; agents being made or replaced: 1.",
    },
    { name: "no node is selected", of: nodes(), is: "True NoNodes" },
    { name: "nothing was looked at yet", of: { fleet: null }, is: "Unknown Pending" },
  ],
  RolloutComplete: [
    { name: "every node runs the target", of: {}, is: "True RolledOut", says: TARGET },
    { name: "it is the first one", of: { rollout: install }, is: "False Updating" },
    { name: "it goes on", of: { rollout: progressing }, is: "False Updating", says: "2 of 3 nodes" },
    { name: "it waits for a person", of: { rollout: canary }, is: "False WaitingForApproval" },
    { name: "a node came back with an older pod", of: { rollout: { ...COMPLETE, outdated: 1 } }, is: "False Updating" },
    { name: "it was taken back", of: { rollout: rolledBack }, is: "False RolledBack", says: "exit code 1 on node-1" },
    {
      name: "it is being taken back",
      of: { rollout: { ...rolledBack, phase: "RollingBack" } },
      is: "False RolledBack",
      says: "exit code 1 on node-1",
    },
    { name: "it failed and stays", of: { rollout: gaveUp }, is: "False RolloutFailed", says: "exit code 1 on node-1" },
    {
      name: "a key failed, which isn't taken back",
      of: { rollout: { ...gaveUp, reason: "ApiKeyRejected" } },
      is: "False ApiKeyRejected",
    },
    {
      name: "changes are held back",
      of: { spec: spec({ paused: true }), wouldChange: ["update the DaemonSet"] },
      is: "False Paused",
    },
    {
      name: "a policy rewrites a field",
      of: {
        overridden: [
          {
            added: false,
            object: "DaemonSet km-agent",
            path: "spec.template.spec.containers[0].image",
            value: "mirror/agent:1",
          },
        ],
      },
      is: "True FieldOverridden",
      says: "Somebody keeps setting fields of ours, and they are left as they are: DaemonSet km-agent: spec.template.spec.containers[0].image is mirror/agent:1. Change",
    },
    {
      name: "a policy adds a variable beside ours",
      of: { overridden: [{ added: true, object: "DaemonSet km-agent", path: "env[THEIRS]", value: "{}" }] },
      is: "True FieldOverridden",
      says: "Somebody added what isn't ours, and it stays: DaemonSet km-agent: env[THEIRS] is {}. Change",
    },
    { name: "the target isn't known", of: { rollout: null }, is: "Unknown Pending" },
  ],
  RemoteConfigApplied: [
    { name: "none was sent", of: {}, is: "True NoneReceived" },
    {
      name: "it is switched off",
      of: { remote: { kind: "disabled", message: "", last: null, told: [] } },
      is: "True Disabled",
    },
    {
      name: "it is in force",
      of: { remote: { kind: "applied", message: "", last: null, told: [] } },
      is: "True Applied",
    },
    {
      name: "the guard refused it",
      of: { remote: { kind: "refused", message: "rule x", last: null, told: [] } },
      is: "False Refused",
      says: "rule x",
    },
    {
      name: "the spec goes before it",
      of: { remote: { kind: "overridden", message: "", last: null, told: [] } },
      is: "False OverriddenBySpec",
    },
    {
      name: "it is being rolled out",
      of: { remote: { kind: "applying", message: "", last: null, told: [] } },
      is: "Unknown Applying",
    },
    { name: "it waits", of: { remote: { kind: "waiting", message: "", last: null, told: [] } }, is: "Unknown Waiting" },
    {
      name: "it was taken back",
      of: { remote: { kind: "rolledBack", message: "", last: null, told: [] } },
      is: "False RolledBack",
    },
  ],
  TelemetryFlowing: [
    { name: "nobody looked", of: {}, is: "Unknown NotObserved" },
    { name: "nobody saw anything", of: telemetry({}), is: "Unknown NotObserved" },
    { name: "all flow", of: telemetry({ Flowing: 3 }), is: "True Flowing" },
    {
      name: "some flow and the others have nothing to send",
      of: telemetry({ Flowing: 1, Idle: 2 }),
      is: "True Flowing",
    },
    {
      name: "some fail",
      of: telemetry({ Flowing: 2, Failing: 1 }),
      is: "False ExportsFailing",
      says: "since 2026-11-23T12:00:00Z on 1 node (exporter otlphttp (logs)), and succeed on others: node-1.",
    },
    {
      name: "all fail",
      of: telemetry({ Failing: 3 }),
      is: "False EndpointFailing",
      says: "since 2026-11-23T12:00:00Z on every node that was asked and has something to send (exporter otlphttp (logs))",
    },
    { name: "the only one fails", of: telemetry({ Failing: 1 }), is: "False EndpointFailing" },
    {
      name: "three fail, and those that flowed haven't been read since",
      of: telemetry({ Failing: 3, Flowing: 40, flowingBeside: 0 }),
      is: "False EndpointFailing",
    },
    {
      name: "two fail, which is too few to speak of the endpoint before others were read",
      of: telemetry({ Failing: 2, Flowing: 40, flowingBeside: 0 }),
      is: "False ExportsFailing",
    },
    { name: "there is nothing to send", of: telemetry({ Idle: 3 }), is: "Unknown Idle" },
    {
      name: "a new leader hasn't read for long enough",
      of: {
        ...telemetry({ Idle: 1, Unknown: 2 }),
        telemetryBefore: { status: "True", reason: "Flowing", message: "as before", byEarlier: true },
      },
      is: "True Flowing",
      says: "as before",
    },
    {
      name: "a new leader hasn't read the nodes that failed yet, but others",
      of: {
        ...telemetry({ Flowing: 1, Unknown: 2 }),
        telemetryBefore: { status: "False", reason: "ExportsFailing", message: "as before", byEarlier: true },
      },
      is: "False ExportsFailing",
      says: "as before",
    },
    {
      name: "what a new leader found itself is over",
      of: {
        ...telemetry({ Flowing: 3 }),
        telemetryBefore: { status: "False", reason: "ExportsFailing", message: "as before", byEarlier: false },
      },
      is: "True Flowing",
    },
    {
      name: "a new leader sees at once that it fails",
      of: {
        ...telemetry({ Failing: 3 }),
        telemetryBefore: { status: "True", reason: "Flowing", message: "as before", byEarlier: true },
      },
      is: "False EndpointFailing",
    },
  ],
  ClusterAgentAvailable: [
    { name: "it is ready", of: {}, is: "True Available" },
    { name: "it is switched off", of: { clusterAgent: { kind: "disabled" } }, is: "True Disabled" },
    { name: "it isn't there", of: { clusterAgent: { kind: "missing", record: null } }, is: "False Unavailable" },
    {
      name: "it isn't ready",
      of: replica({ ready: false, reason: "OOMKilled", message: "limit" }),
      is: "False Unavailable",
      says: "OOMKilled: limit",
    },
    {
      name: "another revision is tried beside it",
      of: replica({}, { phase: "Trying" }),
      is: "True Available",
      says: "revision t is tried beside it",
    },
    {
      name: "it works, and a revision was rolled back",
      of: replica({}, { phase: "RolledBack", rejected: [REJECTION] }),
      is: "True RolledBack",
      says: "revision t failed, and s goes on: CollectorExited: bad",
    },
    {
      name: "it doesn't work, after a revision was rolled back",
      of: replica(
        { ready: false, reason: "PodStarting", message: "soon" },
        { phase: "RolledBack", rejected: [REJECTION] },
      ),
      is: "False Unavailable",
      says: "PodStarting: soon; revision t failed, and s goes on: CollectorExited: bad",
    },
    {
      name: "a revision failed and isn't taken back",
      of: replica({}, { phase: "Stalled", rejected: [REJECTION] }),
      is: "True RolloutFailed",
      says: "revision t failed and waits for you: CollectorExited: bad",
    },
    {
      name: "a rotated key fails",
      of: replica({}, { phase: "Stalled", rejected: [{ ...REJECTION, reason: "ApiKeyRejected" }] }),
      is: "True ApiKeyRejected",
    },
    {
      name: "what failed once is wanted no longer",
      of: replica({}, { phase: "Complete", target: "s", rejected: [REJECTION] }),
      is: "True Available",
    },
    { name: "nobody looked", of: { clusterAgent: null }, is: "Unknown Pending" },
  ],
  PlatformConnected: [
    { name: "it takes reports", of: {}, is: "True Connected" },
    { name: "reports are switched off", of: { platform: { kind: "disabled", message: "" } }, is: "True Disabled" },
    {
      name: "nothing was sent yet",
      of: { platform: { kind: "notContacted", message: "" } },
      is: "Unknown NotContacted",
    },
    {
      name: "the key is wrong",
      of: { platform: { kind: "unauthorized", message: "HTTP 401" } },
      is: "False Unauthorized",
      says: "HTTP 401",
    },
    {
      name: "it is away",
      of: { platform: { kind: "unreachable", message: "" } },
      is: "False Unreachable",
      says: "api.kloudmate.com",
    },
    { name: "it is too busy", of: { platform: { kind: "throttled", message: "" } }, is: "False Throttled" },
    { name: "it fails", of: { platform: { kind: "error", message: "" } }, is: "False PlatformError" },
    { name: "it is somebody else", of: { platform: { kind: "badAnswer", message: "" } }, is: "False BadAnswer" },
  ],
  Reconciling: [
    { name: "nothing moves", of: {}, is: "absent" },
    { name: "the first revision is on its way", of: { rollout: install }, is: "True Updating" },
    { name: "nodes are moved", of: { rollout: progressing }, is: "True Updating", says: `to revision ${TARGET}` },
    {
      name: "nodes are moved back",
      of: { rollout: { ...rolledBack, phase: "RollingBack" } },
      is: "True Updating",
      says: "back to revision rev1",
    },
    {
      name: "the last apply failed",
      of: { failure: { message: "The API server is away." } },
      is: "True ApplyFailed",
      says: "The API server is away. It is tried again.",
    },
    {
      name: "it is stalled",
      of: { rollout: progressing, stalled: { reason: "Forbidden", message: "" } },
      is: "absent",
    },
    { name: "it is paused", of: { rollout: progressing, spec: spec({ paused: true }) }, is: "absent" },
  ],
  Stalled: [
    { name: "nothing is", of: {}, is: "absent" },
    {
      name: "a name is taken",
      of: { stalled: { reason: "NameConflict", message: "kubectl delete" } },
      is: "True NameConflict",
      says: "kubectl delete",
    },
    { name: "a failed rollout waits for a person", of: { rollout: gaveUp }, is: "True RolloutFailed" },
    {
      name: "a key that failed waits for a person",
      of: { rollout: { ...gaveUp, reason: "ApiKeyRejected" } },
      is: "True ApiKeyRejected",
    },
  ],
  Paused: [
    { name: "it isn't", of: {}, is: "absent" },
    {
      name: "nothing would change",
      of: { spec: spec({ paused: true }) },
      is: "True Paused",
      says: "nothing would be changed",
    },
    {
      name: "something would change",
      of: { spec: spec({ paused: true }), wouldChange: ["create DaemonSet km-agent"] },
      is: "True Paused",
      says: "create DaemonSet km-agent",
    },
  ],
};

const rows = CONDITION_TYPES.flatMap((type) => TABLE[type].map((row) => ({ type, ...row })));

describe("conditions", () => {
  it.each(rows)("$type is $is when $name", ({ type, of, is, says }) => {
    const verdict = judgeConditions(facts(of)).find((one) => one.type === type);
    expect(verdict === undefined ? "absent" : `${verdict.status} ${verdict.reason}`).toBe(is);
    if (says !== undefined) expect(verdict?.message).toContain(says);
  });

  it("are listed in the order of their types, the positive ones always, the abnormal ones only while true", () => {
    const all = judgeConditions(facts({ stalled: { reason: "Forbidden", message: "" }, spec: spec({ paused: true }) }));
    expect(judgeConditions(facts()).map(({ type }) => type)).toEqual(CONDITION_TYPES.slice(0, 9));
    expect(all.map(({ type }) => type)).toEqual(CONDITION_TYPES.filter((type) => type !== "Reconciling"));
  });

  it("say something in every case, and never with a dangling end", () => {
    for (const { of } of rows) {
      for (const { type, reason, message } of judgeConditions(facts(of))) {
        expect(Object.hasOwn(CONDITION_REASONS, reason)).toBe(true);
        if (type !== "Stalled" && type !== "Ready" && type !== "RemoteConfigApplied")
          expect(message.trim()).not.toBe("");
        expect(message).not.toMatch(/undefined|null|\s$/);
      }
    }
  });

  it("tell of a leaving node nowhere", () => {
    const leaving = healthOf([nodeOfFleet(1), node({ name: "gone", deleting: true, pod: null })]);
    expect(judgeConditions(facts({ fleet: leaving })).some(({ message }) => message.includes("gone"))).toBe(false);
  });
});
