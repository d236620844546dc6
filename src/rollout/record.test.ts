import { describe, expect, it } from "@jest/globals";
import { NOW, record, replacement } from "../../test/rollout/views.ts";
import { enter, followRetry, isRejected, readRecord, reject } from "./record.ts";
import type { Rejection, RolloutRecord } from "./record.ts";

const rejection = (revision: string, of: Partial<Rejection> = {}): Rejection => ({
  revision,
  reason: "CollectorExited",
  message: "n1: exit 1",
  since: NOW,
  nodes: ["n1"],
  retried: false,
  ...of,
});

describe("the record in a status", () => {
  it("is all that was written", () => {
    const since = new Date(NOW).toISOString();
    const status = {
      phase: "Canary",
      phaseSince: since,
      target: "t",
      stable: "s",
      template: "s",
      canaries: ["n1"],
      inFlight: [
        { node: "n1", podUID: "old-1", since },
        { node: "n2", podUID: "old-2", wasFailing: true },
      ],
      rejected: [
        { revision: "r", reason: "CollectorExited", message: "n1: exit 1", since, nodes: ["n1"], retried: true },
      ],
    } as const;
    expect(
      readRecord({
        ...status,
        canaries: ["n1"],
        inFlight: [...status.inFlight],
        rejected: [{ ...status.rejected[0], nodes: ["n1"] }],
      }),
    ).toEqual({
      phase: "Canary",
      phaseSince: NOW,
      target: "t",
      stable: "s",
      template: "s",
      canaries: ["n1"],
      inFlight: [replacement(1, { since: NOW }), replacement(2, { wasFailing: true })],
      rejected: [rejection("r", { retried: true })],
    });
  });

  it("isn't there without a phase and a target", () => {
    expect([readRecord(undefined), readRecord({ target: "t" }), readRecord({ phase: "Complete" })]).toEqual([
      null,
      null,
      null,
    ]);
  });

  it("of Kubernetes' own RollingUpdate has its target in the template, and nothing under way", () => {
    expect(readRecord({ phase: "Complete", target: "t", stable: "t" })).toEqual(
      record({ phaseSince: 0, target: "t", stable: "t", template: "t" }),
    );
  });

  it("takes what isn't a time for long ago", () => {
    expect(readRecord({ phase: "Complete", target: "t", phaseSince: "soon" })?.phaseSince).toBe(0);
  });
});

describe("a phase", () => {
  it("begins anew with itself or its target, and with nothing else", () => {
    const since = (to: Partial<RolloutRecord>) => enter(record({ phaseSince: 1 }), to, 2).phaseSince;
    expect([since({}), since({ canaries: ["n1"] }), since({ phase: "Canary" }), since({ target: "t" })]).toEqual([
      1, 1, 2, 2,
    ]);
  });
});

describe("a rejected revision", () => {
  it("is remembered once, the newest first", () => {
    const twice = reject(
      record({ rejected: [rejection("r"), rejection("t")] }),
      rejection("t", { reason: "OOMKilled" }),
    );
    expect(twice.rejected).toEqual([rejection("t", { reason: "OOMKilled" }), rejection("r")]);
    expect([isRejected(twice, "t"), isRejected(twice, "s")]).toEqual([true, false]);
  });

  it("is forgotten after twenty others", () => {
    const rejected = Array.from({ length: 20 }, (_, index) => rejection(`r${index}`));
    expect(reject(record({ rejected }), rejection("t")).rejected).toEqual([rejection("t"), ...rejected.slice(0, 19)]);
  });

  it.each<{ name: string; rejected: Rejection[]; retry: string; left: Rejection[] }>([
    {
      name: "is freed by the annotation that names it",
      rejected: [rejection("t"), rejection("r")],
      retry: "t",
      left: [rejection("r")],
    },
    { name: "isn't freed by another name", rejected: [rejection("t")], retry: "r", left: [rejection("t")] },
    {
      name: "isn't freed again by the annotation under which it failed",
      rejected: [rejection("t", { retried: true })],
      retry: "t",
      left: [rejection("t", { retried: true })],
    },
    {
      name: "can be freed again once the annotation was something else",
      rejected: [rejection("t", { retried: true })],
      retry: "",
      left: [rejection("t")],
    },
  ])("$name", ({ rejected, retry, left }) => {
    expect(followRetry(record({ rejected }), retry).rejected).toEqual(left);
  });
});
