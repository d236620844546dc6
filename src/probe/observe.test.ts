import { describe, expect, it } from "@jest/globals";
import type { ProbeOutcome } from "../health/observation.ts";
import { differs, observe } from "./observe.ts";
import type { Counted } from "./observe.ts";

const INTERVAL = 30_000;
const OK: ProbeOutcome = { kind: "ok", upSince: null };
const REFUSED: ProbeOutcome = { kind: "refused" };
const TIMEOUT: ProbeOutcome = { kind: "timeout" };

/** Counts of misses after each of a series of probes, `[second, outcome]`. */
function misses(series: readonly (readonly [number, ProbeOutcome])[]): number[] {
  let known: Counted | undefined;
  return series.map(([second, outcome]) => {
    known = observe(
      known,
      "uid",
      { outcome, at: 1e12 + second * 1000, latencyMs: 1, startedAt: second * 1000 },
      INTERVAL,
    );
    return known.observation.misses;
  });
}

describe("misses in a row", () => {
  it.each([
    [
      "are counted once per interval",
      [
        [0, REFUSED],
        [30, REFUSED],
        [60, TIMEOUT],
      ],
      [1, 2, 3],
    ],
    [
      "begin again after a hit",
      [
        [0, REFUSED],
        [30, OK],
        [60, REFUSED],
      ],
      [1, 0, 1],
    ],
    [
      "begin at once after a hit, however soon",
      [
        [0, REFUSED],
        [1, OK],
        [2, REFUSED],
      ],
      [1, 0, 1],
    ],
    [
      "don't grow by probes out of turn",
      [
        [0, REFUSED],
        [1, REFUSED],
        [2, TIMEOUT],
        [30, REFUSED],
      ],
      [1, 1, 1, 2],
    ],
    [
      "don't starve where probes out of turn never end",
      [
        [0, REFUSED],
        [8, REFUSED],
        [16, REFUSED],
        [24, REFUSED],
        [32, REFUSED],
      ],
      [1, 1, 2, 2, 3],
    ],
  ] as [string, (readonly [number, ProbeOutcome])[], number[]][])("%s", (_, series, counts) =>
    expect(misses(series)).toEqual(counts),
  );
});

describe("an observation", () => {
  it("remembers that the pod answered once", () => {
    const first = observe(undefined, "uid", { outcome: OK, at: 1, latencyMs: 2, startedAt: 0 }, INTERVAL);
    const second = observe(first, "uid", { outcome: REFUSED, at: 3, latencyMs: 4, startedAt: 1 }, INTERVAL);
    expect(second.observation).toEqual({
      podUid: "uid",
      at: 3,
      outcome: REFUSED,
      misses: 1,
      everOk: true,
      latencyMs: 4,
    });
  });
});

describe("news", () => {
  const seen = (outcome: ProbeOutcome, count: number) => ({
    podUid: "u",
    at: 1,
    outcome,
    misses: count,
    everOk: true,
    latencyMs: 1,
  });
  it.each([
    ["is the first observation", undefined, seen(OK, 0), true],
    ["is no confirmation", seen(OK, 0), { ...seen(OK, 0), at: 2, latencyMs: 9 }, false],
    ["is the first miss", seen(OK, 0), seen(REFUSED, 1), true],
    ["is no second miss", seen(REFUSED, 1), seen(REFUSED, 2), false],
    ["is the miss that makes the threshold full", seen(REFUSED, 2), seen(REFUSED, 3), true],
    ["is no miss beyond the threshold", seen(REFUSED, 3), seen(REFUSED, 4), false],
    ["is another kind of miss", seen(REFUSED, 3), seen(TIMEOUT, 4), true],
    ["is another status", seen({ kind: "status", code: 503 }, 3), seen({ kind: "status", code: 500 }, 4), true],
    ["is a restarted collector", seen({ kind: "ok", upSince: 1 }, 0), seen({ kind: "ok", upSince: 2 }, 0), true],
  ])("%s", (_, before, after, expected) => expect(differs(before, after, 3)).toBe(expected));
});
