import { describe, expect, test } from "@jest/globals";
import type { KmAgentStatus } from "../api/kmagent.ts";
import { rememberStatus, statusDueAt } from "./status-repair.ts";
import type { StatusMemory } from "./status-repair.ts";

const OURS: KmAgentStatus = { operatorVersion: "1" };
const THEIRS: KmAgentStatus = { operatorVersion: "evil" };
const MINUTE = 60_000;

function memory(of: Partial<StatusMemory> = {}): StatusMemory {
  return { at: 0, resourceVersion: "1", written: OURS, landed: OURS, repairs: [], ...of };
}

describe("a status", () => {
  test.each<{
    name: string;
    status: KmAgentStatus;
    live: KmAgentStatus;
    memory: StatusMemory | null;
    due: number | null;
  }>([
    { name: "that is there already isn't written", status: OURS, live: OURS, memory: null, due: null },
    { name: "is written after a start", status: OURS, live: {}, memory: null, due: 1_000 },
    { name: "with news is written", status: { operatorVersion: "2" }, live: OURS, memory: memory(), due: 1_000 },
    { name: "that somebody changed is set back", status: OURS, live: THEIRS, memory: memory(), due: 1_000 },
    {
      name: "that never lands as it was asked for isn't written again",
      status: OURS,
      live: { operatorVersion: "1", platformURL: "theirs" },
      memory: memory({ landed: { platformURL: "theirs", operatorVersion: "1" } }),
      due: null,
    },
  ])("$name", ({ status, live, memory: known, due }) => {
    expect(statusDueAt(status, live, known, 1_000)).toBe(due);
  });

  test("that somebody changes without end is set back five times in ten minutes", () => {
    let known: StatusMemory | null = null;
    const writes: number[] = [];
    for (let now = 0; now < 60 * MINUTE; now += 5_000) {
      const due = statusDueAt(OURS, THEIRS, known, now);
      if (due === null || due > now) continue;
      writes.push(now);
      known = rememberStatus(known, OURS, { resourceVersion: "1", landed: OURS }, now);
    }
    for (const start of writes) {
      expect(writes.filter((at) => at >= start && at < start + 10 * MINUTE).length).toBeLessThanOrEqual(6);
    }
    // The first one was news; then five in each of the hour's six windows.
    expect(writes).toHaveLength(31);
  });

  test("with news is written however often it was set back", () => {
    const fought = memory({ repairs: [1, 2, 3, 4, 5] });
    expect(statusDueAt(OURS, THEIRS, fought, 1_000)).toBe(1 + 10 * MINUTE);
    expect(statusDueAt({ operatorVersion: "2" }, THEIRS, fought, 1_000)).toBe(1_000);
  });
});
