import { describe, expect, it, jest } from "@jest/globals";
import fc from "fast-check";
import { runs } from "../../test/properties.ts";
import { bare, calm, DECK, installed, settle, unmet } from "../../test/rollout/happenings.ts";

// Longer than other tests may take, and the more histories the longer.
jest.setTimeout(runs(300_000));

/** Ten thousand, or as many as are asked for. */
const HISTORIES = Number(process.env["HISTORIES"] ?? runs(10_000));
const history = fc.array(fc.tuple(fc.nat({ max: DECK.length - 1 }), fc.nat({ max: 11 })), {
  minLength: 8,
  maxLength: 40,
});

describe("a staged rollout, whatever happens", () => {
  it("keeps every invariant, and comes to its end", () => {
    fc.assert(
      fc.property(fc.boolean(), history, (isInstalled, events) => {
        const cluster = isInstalled ? installed() : bare();
        for (const [card, of] of events) DECK[card]?.(cluster, of);
        calm(cluster);
        settle(cluster);
        const found = unmet(cluster);
        // Jest's own comparison takes longer than a history.
        if (found.length > 0) expect(found).toEqual([]);
      }),
      { numRuns: HISTORIES, endOnFailure: true },
    );
  });
});
