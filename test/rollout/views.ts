import type { ExporterLine } from "../../src/health/witness.ts";
import type { Rejection, RolloutRecord } from "../../src/rollout/record.ts";
import type { RolloutNode, RolloutPod, RolloutSettings, RolloutView } from "../../src/rollout/view.ts";

/*
 * Nodes, views and records for tables of the rollout: `s` is stable, `t` is the target, and nodes are called n1, n2, …
 */

/** The time in every view. */
export const NOW = Date.UTC(2026, 10, 24, 12);
export const MINUTE = 60_000;

export const SETTINGS: RolloutSettings = {
  canary: 1,
  bakeMs: 30_000,
  maxUnavailable: "10%",
  maxFailures: "1%",
  deadlineMs: 5 * MINUTE,
  autoRollback: true,
  approval: "Automatic",
  maxUnhealthy: "10%",
};

/** A pod of the stable revision that has been healthy for an hour. */
export function pod(of: Partial<RolloutPod> = {}): RolloutPod {
  return {
    uid: "old",
    revision: "s",
    createdAt: NOW - 60 * MINUTE,
    startedAt: NOW - 60 * MINUTE,
    deleting: false,
    ready: true,
    restarts: 0,
    lastExitAt: null,
    answered: true,
    answeredAt: NOW,
    exports: null,
    heldBack: false,
    exporters: [],
    ...of,
  };
}

/** A healthy node with its pod of the stable revision. */
export function node(index: number, of: Partial<RolloutNode> = {}): RolloutNode {
  return {
    node: `n${index}`,
    kind: "healthy",
    reason: "Healthy",
    message: "words",
    since: NOW - 60 * MINUTE,
    architecture: "amd64",
    pod: pod({ uid: `old-${index}` }),
    ...of,
  };
}

/** An exporter's line of metrics, which delivers nothing and doesn't fail. */
export const line = (of: Partial<ExporterLine> = {}): ExporterLine => ({
  exporter: "otlp",
  signal: "metrics",
  failingSince: null,
  deliveredAfter: [],
  ...of,
});

/** A pod whose exports have failed for a minute. */
export const EXPORTS_FAIL: Partial<RolloutPod> = {
  exports: "Failing",
  exporters: [line({ failingSince: NOW - MINUTE })],
};

/** A pod that has delivered, so many milliseconds ago. */
export const delivering = (...ago: number[]): Partial<RolloutPod> => ({
  exports: "Flowing",
  exporters: [line({ deliveredAfter: ago.map((each) => NOW - each) })],
});

/** A pod of the target that was made a minute ago. */
export const fresh = (index: number, of: Partial<RolloutPod> = {}): RolloutPod =>
  pod({ uid: `new-${index}`, revision: "t", createdAt: NOW - MINUTE, startedAt: NOW - MINUTE, ...of });

/** A node whose pod of the target fails. */
export const failing = (index: number, reason = "CollectorExited", of: Partial<RolloutPod> = {}): RolloutNode =>
  node(index, { kind: "unhealthy", reason, message: `exit 1 on ${index}`, pod: fresh(index, of) });

/** A node whose pod of the target is healthy and baked. */
export const moved = (index: number, of: Partial<RolloutPod> = {}): RolloutNode =>
  node(index, { pod: fresh(index, of) });

/** A pod that was made so many milliseconds ago. */
export const young = (age: number): Partial<RolloutPod> => ({ createdAt: NOW - age, startedAt: NOW - age });

/** Nodes n1 to n`count`, all alike. */
export const fleet = (count: number, of: Partial<RolloutNode> = {}): RolloutNode[] =>
  Array.from({ length: count }, (_, index) => node(index + 1, of));

/** A view in which `t` is wanted and the DaemonSet holds `s`. */
export function view(nodes: readonly RolloutNode[], of: Partial<RolloutView> = {}): RolloutView {
  return {
    wanted: "t",
    nodes,
    liveTemplate: "s",
    templateSeen: true,
    noted: { stable: "s", rejected: [] },
    irrevocable: new Set(),
    approve: "",
    retry: "",
    refused: null,
    paused: false,
    settings: SETTINGS,
    now: NOW,
    ...of,
  };
}

/** A replacement of a node's old pod, as a record holds it. */
export const replacement = (index: number, of: Partial<RolloutRecord["inFlight"][number]> = {}) => ({
  node: `n${index}`,
  podUID: `old-${index}`,
  since: null,
  wasFailing: false,
  ...of,
});

/** A revision that failed. */
export const rejected = (revision: string, of: Partial<Rejection> = {}): Rejection => ({
  revision,
  reason: "CollectorExited",
  message: "n1: exit 1",
  since: NOW,
  nodes: [],
  retried: false,
  ...of,
});

/** A record in which nothing is under way. */
export function record(of: Partial<RolloutRecord> = {}): RolloutRecord {
  return {
    phase: "Complete",
    phaseSince: NOW - MINUTE,
    target: "s",
    stable: "s",
    template: "s",
    canaries: [],
    inFlight: [],
    rejected: [],
    ...of,
  };
}
