import { expect, test } from "@jest/globals";
import { weakNodes } from "./weak-nodes.ts";

test.each([100, 500, 1_000])("of %i nodes some are broken in each way, none twice, and the canary isn't", (nodes) => {
  const { frail, unwell, down } = weakNodes(nodes);
  const all = [...frail, ...unwell, ...down];
  expect(new Set(all).size).toBe(all.length);
  expect(all).not.toContain("");
  expect(all).not.toContain("worker-0");
  expect(Math.min(unwell.length, down.length)).toBeGreaterThan(0);
  // More than a maxFailures of 1 % bears.
  expect(frail.length).toBeGreaterThan(Math.floor(nodes / 100));
});

test("three in a hundred of 500 nodes are broken", () => {
  const { frail, unwell, down } = weakNodes(500);
  expect(frail.length + unwell.length + down.length).toBe(15);
});
