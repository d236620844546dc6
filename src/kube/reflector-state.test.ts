import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { KmError } from "../api/errors.ts";
import type { ErrorCode } from "../api/errors.ts";
import { INITIAL, SETTLED_MS, fullJitter, transition } from "./reflector-state.ts";
import type { Active, Outcome, ReflectorState } from "./reflector-state.ts";

const backoff = (failures: number) => failures * 100;
const error = (code: ErrorCode, retryAfterMs?: number) =>
  new KmError(code, code, retryAfterMs === undefined ? {} : { retryAfterMs });

const listing = (failures = 0, continueToken?: string, unpaged = false, relists = 0): Active => ({
  at: "listing",
  failures,
  relists,
  continueToken,
  unpaged,
});
const watching = (failures = 0, resourceVersion = "7", relists = 0): Active => ({
  at: "watching",
  failures,
  relists,
  resourceVersion,
});
const waiting = (waitMs: number, next: Active): ReflectorState => ({ at: "waiting", waitMs, next });
const broke = (code: ErrorCode, livedMs: number): Outcome => ({
  kind: "broke",
  error: error(code),
  resourceVersion: "9",
  livedMs,
});

describe("a reflector's states", () => {
  const rows: readonly { name: string; from: ReflectorState; outcome: Outcome; to: ReflectorState }[] = [
    {
      name: "a page leads to the next one",
      from: listing(),
      outcome: { kind: "page", continueToken: "t" },
      to: listing(0, "t"),
    },
    {
      name: "the last page leads to a watch from the list's position",
      from: listing(2, "t"),
      outcome: { kind: "listed", resourceVersion: "7" },
      to: watching(2),
    },
    {
      name: "a failed list waits and begins anew",
      from: listing(0, "t"),
      outcome: { kind: "failed", error: error("Unavailable") },
      to: waiting(100, listing(1)),
    },
    {
      name: "a token that ran out leads to a whole list at once",
      from: listing(0, "t"),
      outcome: { kind: "failed", error: error("Gone") },
      to: listing(1, undefined, true),
    },
    {
      name: "a whole list that fails too waits and stays whole",
      from: listing(1, undefined, true),
      outcome: { kind: "failed", error: error("Gone") },
      to: waiting(200, listing(2, undefined, true)),
    },
    {
      name: "what the server asks for is waited where it is longer",
      from: listing(),
      outcome: { kind: "failed", error: error("Throttled", 5_000) },
      to: waiting(5_000, listing(1)),
    },
    {
      name: "our own wait stays where it is longer than what the server asks for",
      from: listing(79),
      outcome: { kind: "failed", error: error("Throttled", 5_000) },
      to: waiting(8_000, listing(80)),
    },
    {
      name: "an orderly end after a while forgets what went wrong before",
      from: watching(3),
      outcome: { kind: "ended", resourceVersion: "9", livedMs: SETTLED_MS },
      to: watching(0, "9"),
    },
    {
      name: "an orderly end at once counts as a failure",
      from: watching(3),
      outcome: { kind: "ended", resourceVersion: "9", livedMs: SETTLED_MS - 1 },
      to: waiting(400, watching(4, "9")),
    },
    {
      name: "a broken watch goes on where it was",
      from: watching(),
      outcome: broke("Unavailable", 0),
      to: waiting(100, watching(1, "9")),
    },
    {
      name: "a watch that breaks after a while is the first failure",
      from: watching(5),
      outcome: broke("Unavailable", SETTLED_MS),
      to: waiting(100, watching(1, "9")),
    },
    {
      name: "a position that is too old leads to a list at once",
      from: watching(),
      outcome: broke("Gone", 0),
      to: listing(1, undefined, false, 1),
    },
    {
      name: "a position that is too old leads to a list at once also after the server was away for long",
      from: watching(9),
      outcome: broke("Gone", 0),
      to: listing(1, undefined, false, 1),
    },
    {
      name: "a position that is too old again waits first",
      from: watching(1, "7", 1),
      outcome: broke("Gone", 0),
      to: waiting(200, listing(2, undefined, false, 2)),
    },
    {
      name: "a position that is too old after a watch that settled leads to a list at once again",
      from: watching(3, "7", 2),
      outcome: broke("Gone", SETTLED_MS),
      to: listing(1, undefined, false, 1),
    },
    {
      name: "one senseless stream is asked again",
      from: watching(),
      outcome: broke("BadResponse", 0),
      to: waiting(100, watching(1, "9")),
    },
    {
      name: "a second senseless stream leads to a list",
      from: watching(1),
      outcome: broke("BadResponse", 0),
      to: waiting(200, listing(2)),
    },
    {
      name: "a second silent stream leads to a list",
      from: watching(1),
      outcome: broke("Timeout", 0),
      to: waiting(200, listing(2)),
    },
    {
      name: "a second line too long leads to a list",
      from: watching(1),
      outcome: broke("TooLarge", 0),
      to: waiting(200, listing(2)),
    },
    {
      name: "refused connections never lead to a list",
      from: watching(50),
      outcome: broke("Unavailable", 0),
      to: waiting(5_100, watching(51, "9")),
    },
    {
      name: "after the wait comes what was waited for",
      from: waiting(9, watching(4)),
      outcome: { kind: "waited" },
      to: watching(4),
    },
  ];
  test.each(rows)("$name", ({ from, outcome, to }) => expect(transition(from, outcome, backoff)).toEqual(to));

  const codes: readonly ErrorCode[] = [
    "Gone",
    "Unavailable",
    "Throttled",
    "Timeout",
    "BadResponse",
    "TooLarge",
    "Forbidden",
    "Unauthorized",
  ];

  test("no run of failures, whatever they are, goes on without waits", () => {
    // One failure after the other, none of which lets a watch settle: at most two requests in a row without a wait.
    const failure = fc.record({ code: fc.constantFrom(...codes), ended: fc.boolean(), page: fc.boolean() });
    fc.assert(
      fc.property(fc.array(failure, { minLength: 5, maxLength: 60 }), (failures) => {
        let state: ReflectorState = INITIAL;
        let waits = 0;
        let requests = 0;
        for (const { code, ended, page } of failures) {
          if (state.at === "waiting") {
            waits++;
            state = transition(state, { kind: "waited" }, backoff);
          }
          requests++;
          if (state.at === "watching") {
            state = transition(
              state,
              ended ? { kind: "ended", resourceVersion: "9", livedMs: 0 } : broke(code, 0),
              backoff,
            );
          } else if (page && state.at === "listing" && state.continueToken === undefined && !state.unpaged) {
            state = transition(state, { kind: "page", continueToken: "t" }, backoff);
          } else {
            state = transition(state, { kind: "failed", error: error(code) }, backoff);
          }
        }
        expect(waits).toBeGreaterThanOrEqual(Math.floor(requests / 3) - 1);
      }),
    );
  });

  test("a watch starts at the position that the list or the last watch left, and nowhere else", () => {
    const outcome = fc.oneof(
      fc.record({ kind: fc.constant("listed" as const), resourceVersion: fc.string() }),
      fc.record({ kind: fc.constant("ended" as const), resourceVersion: fc.string(), livedMs: fc.nat(20_000) }),
      fc.record({
        kind: fc.constant("broke" as const),
        resourceVersion: fc.string(),
        livedMs: fc.nat(20_000),
        error: fc.constantFrom(...codes).map((code) => error(code)),
      }),
    );
    fc.assert(
      fc.property(fc.constantFrom(listing(), watching()), outcome, (from, seen) => {
        const next = transition(from, seen, backoff);
        const active = next.at === "waiting" ? next.next : next;
        if (active.at === "watching" && active !== from) expect(active.resourceVersion).toBe(seen.resourceVersion);
      }),
    );
  });
});

describe("the wait after a failure", () => {
  test("grows, has a bound, and is never nothing", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1000 }),
        fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
        (failures, dice) => {
          const wait = fullJitter(() => dice)(failures);
          expect(wait).toBeGreaterThanOrEqual(50);
          expect(wait).toBeLessThanOrEqual(15_000);
        },
      ),
    );
    expect([1, 2, 3, 20].map(fullJitter(() => 0.5))).toEqual([275, 550, 1100, 8250]);
  });
});
