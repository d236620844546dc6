import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { calm, DECK, installed, settle, unmet } from "../../test/rollout/happenings.ts";

/** Ten thousand where nobody asks for more or fewer. */
const HISTORIES = Number(process.env["HISTORIES"] ?? 10_000);
const history = fc.array(fc.tuple(fc.nat({ max: DECK.length - 1 }), fc.nat({ max: 11 })), {
  minLength: 8,
  maxLength: 40,
});

describe("a staged rollout, whatever happens", () => {
  it("keeps every invariant, and comes to its end", () => {
    fc.assert(
      fc.property(history, (events) => {
        const cluster = installed();
        for (const [card, of] of events) DECK[card]?.(cluster, of);
        calm(cluster);
        settle(cluster);
        const found = unmet(cluster);
        // Jest's own comparison takes longer than a history.
        if (found.length > 0) expect(found).toEqual([]);
      }),
      { numRuns: HISTORIES, seed: 20_261_124, endOnFailure: true },
    );
  }, 300_000);
});
