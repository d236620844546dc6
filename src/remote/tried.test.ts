import { describe, expect, test } from "@jest/globals";
import { NO_RECORD } from "./record.ts";
import type { RemoteRecord } from "./record.ts";
import { blameBoth, learn, NOTHING_TRIED } from "./tried.ts";
import type { Tried } from "./tried.ts";

const SINCE = Date.parse("2026-01-01T00:00:00Z");
const P = { hash: "p", text: "p: 1\n", since: SINCE };
const A = { hash: "a", text: "a: 1\n", since: SINCE + 60_000 };
const FAILED = { hash: "a", revision: "rev-a", reason: "CollectorExited", message: "node-1: exit code 1" };

const tried = (of: Partial<Tried>): Tried => ({ ...NOTHING_TRIED, ...of });
const record = (of: Partial<RemoteRecord>): RemoteRecord => ({ ...NO_RECORD, heard: "a", ...of });

describe("what a rollout has shown", () => {
  test("that the stable revision holds what counts proves it", () => {
    const { record: after, notes } = learn(record({ accepted: A, proved: P }), tried({ provedHash: "a" }), "");
    expect(after).toMatchObject({ accepted: A, proved: A });
    expect(notes).toEqual([]);
  });

  test("that it holds something else proves nothing", () => {
    const before = record({ accepted: A, proved: P });
    for (const provedHash of ["", "p", "b"]) expect(learn(before, tried({ provedHash }), "").record).toBe(before);
  });

  test.each([
    { name: "the last one that was proved", proved: P },
    { name: "the default, where none was", proved: null },
  ])("that it failed makes way for $name, and is remembered with its reason and text", ({ proved }) => {
    const { record: after, notes } = learn(record({ accepted: A, proved }), tried({ failed: FAILED }), "");
    expect(after).toMatchObject({
      accepted: proved,
      heard: "a",
      rolledBack: [{ ...FAILED, together: false, since: A.since, retried: false }],
      rolledBackText: A.text,
    });
    expect(notes).toMatchObject([{ kind: "rolledBack", rolledBack: { hash: "a" } }]);
    // What follows from it may be lost; the next process learns the same once.
    expect(learn(after, tried({ failed: FAILED }), "")).toEqual({ record: after, notes: [] });
  });

  test("that a revision failed with a configuration that was proved before blames the other change", () => {
    const before = record({ accepted: A, proved: A });
    expect(learn(before, tried({ failed: FAILED }), "").record).toBe(before);
  });

  test("that one failed which doesn't count any more says nothing of the one that does", () => {
    const before = record({ accepted: { ...A, hash: "b" }, proved: P });
    expect(learn(before, tried({ failed: FAILED }), "").record).toBe(before);
  });

  test("blames both where something else was changed with it", () => {
    const { record: after } = learn(record({ accepted: A }), tried({ failed: FAILED }), "");
    expect(blameBoth(after).rolledBack).toMatchObject([{ hash: "a", together: true }]);
  });

  test("of a retry that failed holds until the annotation was something else in between", () => {
    const once = learn(record({ accepted: A }), tried({ failed: FAILED }), "a").record;
    expect(once.rolledBack).toMatchObject([{ retried: true }]);
    expect(learn(once, NOTHING_TRIED, "rev-a").record).toBe(once);
    expect(learn(once, NOTHING_TRIED, "").record.rolledBack).toMatchObject([{ retried: false }]);
  });

  test("is remembered of the newest twenty", () => {
    let before = NO_RECORD;
    for (let at = 0; at < 25; at++) {
      const hash = `h${at}`;
      const failed = { ...FAILED, hash };
      before = learn({ ...before, accepted: { ...A, hash } }, tried({ failed }), "").record;
    }
    expect(before.rolledBack).toHaveLength(20);
    expect(before.rolledBack[0]?.hash).toBe("h24");
  });
});
