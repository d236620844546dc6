import { describe, expect, test } from "@jest/globals";
import type { LeaseDecision, LeaseRecord, Sighting } from "./lease-record.ts";
import { decideLease, heldLease, isOlder, leaseRecordOf, releasedLease, sight } from "./lease-record.ts";

const record = (holder: string, resourceVersion = "5", durationMs = 15_000): LeaseRecord => ({
  uid: "u",
  resourceVersion,
  holder,
  durationMs,
  acquireTime: "2026-01-01T00:00:00.000000Z",
  renewTime: "2026-01-01T00:00:00.000000Z",
  transitions: 3,
});
const TARGET = { namespace: "ns", name: "l", identity: "me", durationMs: 15_000 };

describe("a candidate", () => {
  const other = record("other");
  const rows: readonly { name: string; sighting: Sighting; now: number; decision: LeaseDecision }[] = [
    {
      name: "makes a lease that has never been",
      sighting: { record: undefined, freeAt: 0 },
      now: 0,
      decision: { kind: "create" },
    },
    {
      name: "waits for another's lease to run out",
      sighting: { record: other, freeAt: 15_000 },
      now: 14_999,
      decision: { kind: "wait", until: 15_000 },
    },
    {
      name: "takes another's lease that has run out",
      sighting: { record: other, freeAt: 15_000 },
      now: 15_000,
      decision: { kind: "take", record: other },
    },
    {
      name: "takes its own back at any time",
      sighting: { record: record("me"), freeAt: 15_000 },
      now: 1,
      decision: { kind: "take", record: record("me") },
    },
    {
      name: "waits where a held lease was deleted, for its holder doesn't know yet",
      sighting: { record: undefined, freeAt: 15_000 },
      now: 14_000,
      decision: { kind: "wait", until: 15_000 },
    },
  ];
  test.each(rows)("$name", ({ sighting, now, decision }) => expect(decideLease(sighting, "me", now)).toEqual(decision));
});

describe("a sighting", () => {
  const first = sight(undefined, record("other"), 1_000);
  test("of a holder counts from when it was first seen so, whatever its times say", () =>
    expect(first.freeAt).toBe(16_000));
  test("of the same record changes nothing", () => expect(sight(first, record("other"), 9_000)).toBe(first));
  test("of a renewal starts anew", () => expect(sight(first, record("other", "6"), 9_000).freeAt).toBe(24_000));
  test("of a release is free at once", () => expect(sight(first, record("", "6"), 9_000).freeAt).toBe(9_000));
  test("of nothing keeps what was held", () =>
    expect(sight(first, undefined, 9_000)).toEqual({ record: undefined, freeAt: 16_000 }));
  test("of nothing ever is free", () =>
    expect(sight(undefined, undefined, 9_000)).toEqual({ record: undefined, freeAt: 9_000 }));
  test("goes by the holder's duration, not by ours", () =>
    expect(sight(undefined, record("o", "5", 60_000), 0).freeAt).toBe(60_000));
});

describe("a lease's record", () => {
  test("is written and read back", () => {
    const written = heldLease(TARGET, undefined, Date.UTC(2026, 0, 2));
    expect(written.metadata).toEqual({ namespace: "ns", name: "l" });
    expect(leaseRecordOf(written)).toMatchObject({
      holder: "me",
      durationMs: 15_000,
      transitions: 0,
      renewTime: "2026-01-02T00:00:00.000000Z",
    });
  });
  test("carries its UID and version when it's written again", () =>
    expect(heldLease(TARGET, record("me"), 0).metadata).toMatchObject({ uid: "u", resourceVersion: "5" }));
  test("keeps the time of its taking over a renewal", () =>
    expect(heldLease(TARGET, record("me"), Date.UTC(2027, 0))["spec"]).toMatchObject({
      acquireTime: "2026-01-01T00:00:00.000000Z",
      leaseTransitions: 3,
    }));
  test("counts changes of hands", () =>
    expect(heldLease(TARGET, record("other"), 0)["spec"]).toMatchObject({ leaseTransitions: 4 }));
  test("has no holder after a release", () =>
    expect(leaseRecordOf(releasedLease(TARGET, record("me"), 0)).holder).toBe(""));
  test("without a duration counts as held for the usual one", () =>
    expect(
      leaseRecordOf({ apiVersion: "v1", kind: "Lease", metadata: { name: "l" }, spec: { holderIdentity: "x" } })
        .durationMs,
    ).toBe(15_000));
  test("is older or not by its version", () => {
    expect(isOlder(record("x", "9"), record("x", "10"))).toBe(true);
    expect(isOlder(record("x", "10"), record("x", "9"))).toBe(false);
    expect(isOlder(record("x", "9"), undefined)).toBe(false);
  });
});
