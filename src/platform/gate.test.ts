import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { OPEN, afterCall, reopened } from "./gate.ts";
import type { Gate } from "./gate.ts";
import type { Outcome } from "./outcome.ts";

const OK: Outcome = { kind: "ok", answer: {}, message: "" };
const REJECTED: Outcome = { kind: "rejected", message: "" };
const DOWN: Outcome = { kind: "unreachable", fault: "refused", message: "" };
const UNAUTHORIZED: Outcome = { kind: "unauthorized", message: "" };
const FORBIDDEN: Outcome = { kind: "forbidden", message: "" };
const BAD: Outcome = { kind: "badAnswer", message: "" };
const ABORTED: Outcome = { kind: "aborted", message: "" };
const throttled = (retryAfterMs: number | null): Outcome => ({ kind: "throttled", retryAfterMs, message: "" });
const failing = (retryAfterMs: number | null): Outcome => ({ kind: "serverError", retryAfterMs, message: "" });

/** The gate after these outcomes, each heard by a call of the present epoch at time 0. */
function after(outcomes: readonly Outcome[], random = 0): Gate {
  return outcomes.reduce<Gate>((gate, outcome) => afterCall(gate, gate.epoch, outcome, 0, random), OPEN);
}

describe("how long nobody calls", () => {
  const table: readonly [name: string, outcomes: readonly Outcome[], random: number, until: number | "open"][] = [
    ["a success keeps the gate open", [OK], 0, "open"],
    ["a payload that isn't taken says nothing against the next", [REJECTED], 0, "open"],
    ["our own stop says nothing", [ABORTED], 0, "open"],
    ["a first failure: a quarter of a second at least", [DOWN], 0, 250],
    ["a first failure: with all its jitter", [DOWN], 1, 1_250],
    ["a third failure: up to four seconds more", [DOWN, DOWN, DOWN], 1, 4_250],
    ["failures for ever: a minute at most", Array.from({ length: 100 }, () => DOWN), 1, 60_250],
    ["an answer that isn't the platform's backs off too", [BAD, BAD], 1, 2_250],
    ["a bad key: five minutes", [UNAUTHORIZED], 0, 300_000],
    ["a key without the right: five minutes", [FORBIDDEN], 0, 300_000],
    ["429: what was asked for", [throttled(30_000)], 0, 30_000],
    ["429: what was asked for and a tenth more", [throttled(30_000)], 1, 33_000],
    ["429 without a time: backoff", [throttled(null)], 1, 1_250],
    ["429 with zero: not at once", [throttled(0)], 0, 250],
    ["503 with a time: what was asked for", [failing(10_000)], 0, 10_000],
    ["503 with a second, over and over: backoff", Array.from({ length: 100 }, () => failing(1_000)), 1, 60_250],
    ["429 with zero, over and over: backoff", Array.from({ length: 100 }, () => throttled(0)), 1, 60_250],
    ["429 with more than the backoff has come to: what was asked for", [DOWN, DOWN, throttled(30_000)], 1, 33_000],
    ["a success after failures opens", [DOWN, DOWN, OK], 0, "open"],
    ["failures are counted anew after a success", [DOWN, DOWN, DOWN, OK, DOWN], 1, 1_250],
  ];
  test.each(table)("%s", (_name, outcomes, random, until) => {
    const gate = after(outcomes, random);
    expect(gate.kind === "open" ? "open" : gate.until).toBe(until);
  });
});

test("calls that fail together are one failure", () => {
  let gate: Gate = OPEN;
  for (let i = 0; i < 16; i++) gate = afterCall(gate, OPEN.epoch, DOWN, 0, 1);
  expect(gate).toMatchObject({ kind: "closed", failures: 1, until: 1_250 });
});

test("a late success of before an outage doesn't let everybody call", () => {
  const closed = after([DOWN]);
  expect(afterCall(closed, OPEN.epoch, OK, 0, 0)).toBe(closed);
});

test("a late 401 to the old key doesn't hold up the new one", () => {
  const fresh = reopened(after([UNAUTHORIZED]));
  expect(afterCall(fresh, fresh.epoch - 1, UNAUTHORIZED, 0, 0)).toBe(fresh);
});

test("whatever is heard, the wait is from a quarter of a second to an hour and a tenth", () => {
  const outcome = fc.oneof(
    fc.constantFrom(OK, REJECTED, DOWN, UNAUTHORIZED, FORBIDDEN, BAD, ABORTED),
    fc.option(fc.nat(3_600_000)).map(throttled),
    fc.option(fc.nat(3_600_000)).map(failing),
  );
  fc.assert(
    fc.property(fc.array(outcome), fc.double({ min: 0, max: 0.999, noNaN: true }), (outcomes, random) => {
      const gate = after(outcomes, random);
      if (gate.kind === "open") return;
      expect(gate.until).toBeGreaterThanOrEqual(250);
      expect(gate.until).toBeLessThanOrEqual(3_960_000);
    }),
  );
});
