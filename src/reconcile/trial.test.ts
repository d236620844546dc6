import { describe, expect, test } from "@jest/globals";
import type { FleetHealth } from "../health/fleet-health.ts";
import type { NodeHealth } from "../health/node-health.ts";
import type { KubeObject } from "../kube/resource.ts";
import { isUnexplained, trialTime } from "./trial.ts";

const NOW = 1_000_000;
const DAEMON_SET: KubeObject = { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "agent" } };

function node(more: Partial<NodeHealth>): NodeHealth {
  return { node: "n1", kind: "uncovered", podUid: "", reason: "PodMissing", ...more } as NodeHealth;
}

const fleet = (...nodes: NodeHealth[]) => ({ nodes }) as unknown as FleetHealth;

describe("a node is unexplained", () => {
  test.each([
    { name: "where it has no pod and nothing says why", of: node({}), unexplained: true },
    {
      name: "where the API server refused its pod: it may take it by now",
      of: node({ reason: "QuotaExceeded" }),
      unexplained: true,
    },
    { name: "not where a taint keeps the pod away", of: node({ reason: "TaintNotTolerated" }), unexplained: false },
    { name: "not where the operator makes no agents", of: node({ reason: "NotDeployed" }), unexplained: false },
    {
      name: "not where its pod waits for room",
      of: node({ podUid: "p", reason: "InsufficientResources" }),
      unexplained: false,
    },
    { name: "where its pod has just gone, before that is a fault", of: node({ kind: "updating" }), unexplained: true },
    {
      name: "not where its pod is being replaced in plain sight",
      of: node({ kind: "updating", podUid: "p", reason: "PodStarting" }),
      unexplained: false,
    },
    { name: "not where it is healthy", of: node({ kind: "healthy", podUid: "p" }), unexplained: false },
  ])("$name", ({ of, unexplained }) => {
    expect(isUnexplained(of)).toBe(unexplained);
  });
});

describe("a pod is tried", () => {
  test.each([
    { name: "at once where none was tried before", refusal: null, expected: NOW },
    { name: "30 s after the last trial", refusal: { verdict: null, at: NOW - 10_000 }, expected: NOW + 20_000 },
    { name: "now where that is long ago", refusal: { verdict: null, at: 0 }, expected: NOW },
  ])("$name", ({ refusal, expected }) => {
    expect(trialTime(DAEMON_SET, fleet(node({})), refusal, NOW)).toBe(expected);
  });

  test.each([
    {
      name: "5 s after a pod has gone, so that the reason is known before the fault",
      goneMs: 2_000,
      expected: NOW + 3_000,
    },
    { name: "now where it has been gone for longer", goneMs: 20_000, expected: NOW },
  ])("$name", ({ goneMs, expected }) => {
    const gone = node({ kind: "updating", since: NOW - goneMs });
    expect(trialTime(DAEMON_SET, fleet(gone), null, NOW)).toBe(expected);
  });

  test.each([
    { name: "without a DaemonSet to take the template of", daemonSet: undefined, of: fleet(node({})) },
    { name: "while nothing is known of the nodes", daemonSet: DAEMON_SET, of: null },
    {
      name: "for nodes whose pods only wait, however long ago the last trial was",
      daemonSet: DAEMON_SET,
      of: fleet(node({ podUid: "p", reason: "InsufficientResources" })),
    },
  ])("never $name", ({ daemonSet, of }) => {
    expect(trialTime(daemonSet, of, { verdict: null, at: 0 }, NOW)).toBeNull();
  });
});
