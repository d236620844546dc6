import { describe, expect, test } from "@jest/globals";
import type { NodeHealth } from "../health/node-health.ts";
import { lifecycleLines } from "./lifecycle-log.ts";

const HEALTHY: NodeHealth = {
  node: "n1",
  kind: "healthy",
  agent: "Running",
  collector: "Running",
  reason: "Healthy",
  message: "",
  lastError: "",
  since: 0,
  source: "probe",
  export: "Unknown",
  failingExporters: [],
  exportSince: null,
  latencyMs: 1,
  upSince: 1,
  restarts: 0,
  lastExitAt: null,
  revision: "r",
  podUid: "p1",
  podName: "agent-1",
  image: "i",
  os: "linux",
  architecture: "amd64",
  settled: "healthy",
  reviewAt: null,
};
const STARTING: NodeHealth = {
  ...HEALTHY,
  kind: "starting",
  reason: "Starting",
  agent: "Stopped",
  collector: "Stopped",
  upSince: null,
};
const EXITED: NodeHealth = {
  ...STARTING,
  kind: "unhealthy",
  reason: "CollectorExited",
  message: "exit code 1: unknown exporter",
  lastError: "unknown exporter",
  restarts: 1,
  lastExitAt: 5,
};
const START = "info collector instance created, starting run loop";
const END = "error collector run loop exited with error";

describe("the log tells of a node's collector", () => {
  test.each<{ name: string; before: NodeHealth | null; after: NodeHealth; told: readonly string[] }>([
    { name: "nothing while nothing changes", before: HEALTHY, after: { ...HEALTHY, latencyMs: 9 }, told: [] },
    { name: "its start", before: STARTING, after: HEALTHY, told: [START] },
    { name: "its start on a node that has just come", before: null, after: HEALTHY, told: [START] },
    { name: "the start of another pod's", before: HEALTHY, after: { ...HEALTHY, podUid: "p2" }, told: [START] },
    { name: "another run in the same pod", before: HEALTHY, after: { ...HEALTHY, restarts: 1 }, told: [START] },
    {
      name: "no start where only its node was silent",
      before: { ...STARTING, kind: "notReady" },
      after: HEALTHY,
      told: [],
    },
    {
      name: "no start where only probes failed",
      before: { ...HEALTHY, kind: "unhealthy", collector: "Stopped" },
      after: HEALTHY,
      told: [],
    },
    { name: "its end", before: HEALTHY, after: EXITED, told: [END] },
    {
      name: "that the first run of a pod failed",
      before: STARTING,
      after: EXITED,
      told: ["error Initial collector run failed: unknown exporter", END],
    },
    {
      name: "its next end, no longer as the first",
      before: EXITED,
      after: { ...EXITED, restarts: 2, lastExitAt: 9 },
      told: [END],
    },
    { name: "one end once", before: EXITED, after: { ...EXITED, reason: "CollectorExited", since: 7 }, told: [] },
    {
      name: "that it can't be made, once",
      before: STARTING,
      after: { ...STARTING, kind: "unhealthy", reason: "ImagePullFailed", message: "no such image" },
      told: ["error failed to create new collector instance: no such image"],
    },
  ])("$name", ({ before, after, told }) => {
    const known = new Map(before === null ? [] : [[before.node, before] as const]);
    expect(lifecycleLines(known, [after]).map(({ level, message }) => `${level} ${message}`)).toEqual(told);
  });

  test("nothing of what a first look finds", () => {
    expect(lifecycleLines(null, [EXITED])).toEqual([]);
  });

  test("a run that ends over and over with one line for each end", () => {
    const ends = [1, 2, 3].map((restarts) => ({ ...EXITED, restarts, lastExitAt: restarts }));
    const lines = ends.flatMap((end, at) => lifecycleLines(new Map([["n1", ends[at - 1] ?? HEALTHY]]), [end]));
    expect(lines).toHaveLength(3);
  });
});
