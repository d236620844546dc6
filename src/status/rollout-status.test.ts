import { expect, test } from "@jest/globals";
import { readRecord } from "../rollout/record.ts";
import type { RolloutState } from "../rollout/state.ts";
import { rolloutStatus } from "./rollout-status.ts";

const SINCE = "2026-11-28T12:00:00Z";

test("a rejection says who failed, and what the collector said last, however much it said before", () => {
  const message = `node-1: the collector ended with exit code 1: ${"info ".repeat(200)}Error: is a directory`;
  const record = readRecord({
    phase: "RolledBack",
    target: "t",
    stable: "s",
    template: "s",
    rejected: [{ revision: "t", reason: "CollectorExited", message, since: SINCE }],
  });
  if (!record) throw new Error("no record");
  const reached = { target: "t", stable: "s", updated: 0, failed: 1, outdated: 0, record };
  const state: RolloutState = { phase: "RolledBack", reason: "CollectorExited", message, ...reached };
  const [rejection] = rolloutStatus(state, undefined, Date.parse(SINCE)).rejected ?? [];
  expect(rejection?.message).toMatch(/^node-1: the collector ended with exit code 1: .*….* Error: is a directory$/);
  // The schema's bound.
  expect(rejection?.message.length).toBeLessThanOrEqual(512);
});
