import { describe, expect, it } from "@jest/globals";
import { failingLines, hasDelivered, isWitness, lineName, withDelivery } from "./witness.ts";
import type { ExporterLine } from "./witness.ts";

const line = (exporter: string, ...deliveredAfter: number[]): ExporterLine => ({
  exporter,
  signal: "metrics",
  failingSince: null,
  deliveredAfter,
});

describe("a collector is a witness against another one", () => {
  it.each<{ name: string; lines: ExporterLine[]; failing: Record<string, number>; expected: boolean }>([
    { name: "that delivered when it failed", lines: [line("a", 100)], failing: { "a (metrics)": 100 }, expected: true },
    { name: "not where that was before", lines: [line("a", 99)], failing: { "a (metrics)": 100 }, expected: false },
    {
      name: "also where it delivered before and since",
      lines: [line("a", 110, 90)],
      failing: { "a (metrics)": 100 },
      expected: true,
    },
    {
      name: "not by what another exporter delivered",
      lines: [line("a", 99), line("b", 110)],
      failing: { "a (metrics)": 100 },
      expected: false,
    },
    {
      name: "not by what another signal delivered",
      lines: [line("a", 99), { ...line("a", 110), signal: "logs" }],
      failing: { "a (metrics)": 100 },
      expected: false,
    },
    {
      name: "by anything where it hasn't got that exporter",
      lines: [line("b", 99), line("c", 110)],
      failing: { "a (metrics)": 100 },
      expected: true,
    },
    {
      name: "by anything where nothing ever came to that exporter",
      lines: [line("a"), line("b", 110)],
      failing: { "a (metrics)": 100 },
      expected: true,
    },
    {
      name: "not by anything from before",
      lines: [line("a"), line("b", 99)],
      failing: { "a (metrics)": 100 },
      expected: false,
    },
    {
      name: "by one of two exporters, each with its own beginning",
      lines: [line("a", 150), line("b", 210)],
      failing: { "a (metrics)": 200, "b (metrics)": 200 },
      expected: true,
    },
    {
      name: "not where each delivered before its own failed",
      lines: [line("a", 150), line("b", 90)],
      failing: { "a (metrics)": 200, "b (metrics)": 100 },
      expected: false,
    },
    { name: "not where nothing is known of it", lines: [], failing: { "a (metrics)": 100 }, expected: false },
    { name: "not where nothing fails", lines: [line("a", 100)], failing: {}, expected: false },
  ])("$name: $expected", ({ lines, failing, expected }) => {
    expect(hasDelivered(lines, new Map(Object.entries(failing)))).toBe(expected);
  });

  it("once the other one has tried again since, however often it delivered in between", () => {
    const failing = new Map([["a (metrics)", 1_000]]);
    let deliveredAfter: readonly number[] = [];
    const verdicts = Array.from({ length: 40 }, (_, index) => {
      const at = index * 2_000;
      deliveredAfter = withDelivery(deliveredAfter, at - 2_000);
      return isWitness([line("a", ...deliveredAfter)], failing, at);
    });
    // Deliveries are kept 15 s apart, so the first one that counts may be as much later.
    const first = verdicts.indexOf(true) * 2;
    expect(first).toBeGreaterThanOrEqual(1 + 45);
    expect(first).toBeLessThanOrEqual(1 + 15 + 2 + 45);
    expect(verdicts.slice(first / 2)).not.toContain(false);
  });
});

it("deliveries are kept in mind some time apart, and only the newest of them", () => {
  const all = [0, 14_999, 15_000, 31_000, 46_000, 61_000];
  expect(all.reduce<readonly number[]>(withDelivery, [])).toEqual([61_000, 46_000, 31_000, 15_000]);
});

it("lines that fail are named with their signal", () => {
  const failing = { ...line("otlphttp/2"), failingSince: 5 };
  expect(lineName(failing)).toBe("otlphttp/2 (metrics)");
  expect(failingLines([line("otlphttp"), failing])).toEqual(new Map([["otlphttp/2 (metrics)", 5]]));
});
