import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { estimateRest, inWords } from "./estimate.ts";

describe("estimateRest", () => {
  it.each([
    { name: "at the start it is the typical time", done: [], current: [100, 0, 0], waiting: [50], rest: 150 },
    {
      name: "on a machine of the usual speed the typical time shrinks",
      done: [],
      current: [100, 0.5, 50],
      waiting: [50],
      rest: 100,
    },
    {
      name: "a machine half as fast doubles the rest",
      done: [[970, 1970]],
      current: [100, 0, 0],
      waiting: [],
      rest: 200,
    },
    { name: "ten slow seconds are no evidence yet", done: [], current: [270, 0, 10], waiting: [30], rest: 400 },
    { name: "nothing is left at the end", done: [[10, 20]], current: [100, 1, 300], waiting: [], rest: 0 },
  ])("$name", ({ done, current: [seconds, fraction, running], waiting, rest }) => {
    const steps = done.map(([typical, took]) => ({ seconds: typical!, took: took! }));
    const current = { seconds: seconds!, fraction: fraction!, running: running! };
    expect(
      estimateRest(
        steps,
        current,
        waiting.map((step) => ({ seconds: step })),
      ),
    ).toBeCloseTo(rest, 6);
  });

  it("never says less than nothing, nor more for a step that is further on", () => {
    const seconds = fc.double({ min: 0, max: 1e4, noNaN: true });
    const fraction = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(seconds, fraction, fraction, seconds, seconds, (typical, one, other, running, waiting) => {
        const at = (value: number): number =>
          estimateRest([], { seconds: typical, fraction: value, running }, [{ seconds: waiting }]);
        const [less, more] = [Math.min(one, other), Math.max(one, other)];
        expect(at(more)).toBeGreaterThanOrEqual(0);
        expect(at(more)).toBeLessThanOrEqual(at(less) + 1e-6);
      }),
    );
  });
});

describe("inWords", () => {
  it.each([
    [0, "0 s"],
    [59.4, "59 s"],
    [59.6, "1 min 0 s"],
    [200, "3 min 20 s"],
    [3600, "60 min 0 s"],
  ])("says %d seconds as %s", (seconds, words) => {
    expect(inWords(seconds)).toBe(words);
  });
});
