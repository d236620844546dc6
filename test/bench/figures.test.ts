import { describe, expect, test } from "@jest/globals";
import { median, percentile, table } from "./figures.ts";

describe("the figures of a benchmark", () => {
  test.each([
    ["of one measurement it is that one", [7], 99, 7],
    ["of fifty the highest is the 99th percentile", Array.from({ length: 50 }, (_, i) => i + 1), 99, 50],
    ["of two hundred the two highest are beyond it", Array.from({ length: 200 }, (_, i) => i + 1), 99, 198],
    ["the order of the measurements doesn't matter", [3, 1, 2], 50, 2],
  ])("percentile: %s", (_, values, percent, expected) => {
    expect(percentile(values, percent)).toBe(expected);
  });

  test("the median of nothing is no number, and doesn't pass for a met budget", () => {
    const text = table([{ what: "nothing", measured: median([]), budget: 1, unit: "s" }]);
    expect(text).toContain("**no**");
    expect(text).toContain("Not met: nothing.");
  });

  test("a figure exactly at its budget meets it", () => {
    expect(table([{ what: "edge", measured: 80, budget: 80, unit: "MiB" }])).toContain("Every budget is met.");
  });

  test("what has no budget is no miss", () => {
    expect(table([{ what: "peak", measured: 500, budget: null, unit: "MiB" }])).toContain("Every budget is met.");
  });
});
