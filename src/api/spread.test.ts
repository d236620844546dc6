import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { spread } from "./spread.ts";

describe("the place of a name", () => {
  it("is always the same, and from 0 up to 1", () => {
    fc.assert(
      fc.property(fc.string(), (id) => {
        const place = spread(id);
        expect(place).toBe(spread(id));
        expect(place).toBeGreaterThanOrEqual(0);
        expect(place).toBeLessThan(1);
      }),
    );
  });

  it.each([
    ["worker-%", (i: number) => `worker-${i}`],
    ["ip-10-0-x-y.ec2.internal", (i: number) => `ip-10-0-${i >> 8}-${i & 255}.eu-central-1.compute.internal`],
    ["gke-pool-xxxx", (i: number) => `gke-prod-pool-1-${(i * 7919).toString(16).padStart(8, "0")}`],
  ])("spreads 5,000 nodes named %s so that no second of thirty has twice its share", (_, name) => {
    const seconds = new Array<number>(30).fill(0);
    for (let i = 0; i < 5_000; i++) {
      const second = Math.floor(spread(name(i)) * 30);
      seconds[second] = (seconds[second] ?? 0) + 1;
    }
    expect(Math.max(...seconds)).toBeLessThan((2 * 5_000) / 30);
    expect(Math.min(...seconds)).toBeGreaterThan(5_000 / 30 / 2);
  });
});
