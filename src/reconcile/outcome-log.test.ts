import { describe, expect, test } from "@jest/globals";
import { KmError } from "../api/errors.ts";
import type { KubeObject } from "../kube/resource.ts";
import type { EventNote } from "./condition-events.ts";
import type { Outcome } from "./execute.ts";
import { outcomeLines } from "./outcome-log.ts";

const object: KubeObject = { apiVersion: "apps/v1", kind: "DaemonSet", metadata: { name: "agent", namespace: "km" } };
const pod: KubeObject = { apiVersion: "v1", kind: "Pod", metadata: { name: "agent-canary", namespace: "km" } };
const error = new KmError("Invalid", "spec.x: no");
const TURNED: readonly EventNote[] = [
  { type: "Warning", reason: "RolledBack", message: "it failed" },
  { type: "Normal", reason: "RolloutCompleted", message: "it went well" },
];

describe("what the log says of a write", () => {
  test.each<{ name: string; outcome: Outcome; lines: readonly unknown[] }>([
    {
      name: "that applied an object: why, which fields were set back, and what the API server warns of",
      outcome: {
        kind: "applied",
        object,
        wish: "",
        answer: object,
        because: "drift",
        drifted: [{ path: "spec.x", wanted: "1", found: "2" }],
        warnings: ["spec.y is deprecated"],
      },
      lines: [
        {
          level: "info",
          fields: { object: "DaemonSet agent", because: "drift", fields: ["spec.x"] },
          message: "applied",
        },
        {
          level: "warn",
          fields: { object: "DaemonSet agent", warning: "spec.y is deprecated" },
          message: "API server warns",
        },
      ],
    },
    {
      name: "that found the object as it should be",
      outcome: {
        kind: "left",
        object,
        wish: "",
        decision: { kind: "keep", overridden: [], recheckAt: null },
        until: 0,
      },
      lines: [{ level: "debug", fields: { object: "DaemonSet agent" }, message: "left as it was found" }],
    },
    {
      name: "that found somebody else's object: whose it is",
      outcome: { kind: "foreign", object, wish: "", owner: "Helm" },
      lines: [
        { level: "warn", fields: { object: "DaemonSet agent", owner: "Helm" }, message: "left untouched: not ours" },
      ],
    },
    {
      name: "that the API server refuses: its words",
      outcome: { kind: "refused", object, wish: "", error },
      lines: [
        { level: "error", fields: { object: "DaemonSet agent", err: error }, message: "refused by the API server" },
      ],
    },
    {
      name: "that deleted an object",
      outcome: { kind: "deleted", object },
      lines: [{ level: "info", fields: { object: "DaemonSet agent" }, message: "deleted" }],
    },
    {
      name: "that found a pod's owner there after all",
      outcome: { kind: "notOrphaned", object: pod },
      lines: [
        {
          level: "debug",
          fields: { object: "Pod agent-canary" },
          message: "not deleted: its owner is there",
        },
      ],
    },
    {
      name: "that tried a canary's pod",
      outcome: { kind: "canaryTried", object: pod },
      lines: [{ level: "debug", fields: { object: "Pod agent-canary" }, message: "a canary's pod would be taken" }],
    },
    {
      name: "whose canary's pod is refused: by what",
      outcome: { kind: "canaryRefused", object: pod, revision: "r", verdict: { kind: "QuotaExceeded", message: "" } },
      lines: [
        {
          level: "warn",
          fields: { object: "Pod agent-canary", refusal: "QuotaExceeded" },
          message: "a canary's pod is refused",
        },
      ],
    },
    {
      name: "that made a canary's pod",
      outcome: { kind: "podCreated", object: pod },
      lines: [{ level: "info", fields: { object: "Pod agent-canary" }, message: "canary's pod made" }],
    },
    {
      name: "that noted something on an object",
      outcome: { kind: "annotated", object },
      lines: [{ level: "info", fields: { object: "DaemonSet agent" }, message: "noted" }],
    },
    {
      name: "that tried a pod which is refused",
      outcome: { kind: "podTried", verdict: { kind: "AdmissionDenied", message: "" } },
      lines: [{ level: "debug", fields: { refusal: "AdmissionDenied" }, message: "tried a pod by dry run" }],
    },
    {
      name: "that tried a pod which would be taken",
      outcome: { kind: "podTried", verdict: null },
      lines: [{ level: "debug", fields: { refusal: "none" }, message: "tried a pod by dry run" }],
    },
    {
      name: "of the status: what it has turned to, warnings as such",
      outcome: { kind: "statusWritten", resourceVersion: "2", landed: {} },
      lines: [
        { level: "debug", fields: {}, message: "status written" },
        { level: "warn", fields: { reason: "RolledBack", message: "it failed" }, message: "status turned" },
        { level: "info", fields: { reason: "RolloutCompleted", message: "it went well" }, message: "status turned" },
      ],
    },
    {
      name: "that failed and is tried again: what, and why",
      outcome: { kind: "failed", what: "status", error },
      lines: [{ level: "warn", fields: { what: "status", err: error }, message: "write failed" }],
    },
  ])("$name", ({ outcome, lines }) => {
    expect(outcomeLines(outcome, TURNED)).toEqual(lines);
  });
});
