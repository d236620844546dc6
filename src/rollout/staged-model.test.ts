import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { calm, DECK, installed, settle } from "../../test/rollout/happenings.ts";

/** Ten thousand by default; a soak takes more. */
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
        expect(cluster.broken).toEqual([]);
        const { phase, target, stable = "", template, rejected = [], inFlight = [] } = cluster.status ?? {};
        const isTakenBack = rejected.some((rejection) => rejection.revision === cluster.wanted);
        expect({ phase, target, template, inFlight, pods: new Set(Object.values(cluster.pods())) }).toEqual({
          phase: isTakenBack ? "RolledBack" : "Complete",
          target: cluster.wanted,
          template: stable,
          inFlight: [],
          pods: new Set([stable]),
        });
        expect(isTakenBack || stable === cluster.wanted).toBe(true);
      }),
      { numRuns: HISTORIES, seed: 20_261_124, endOnFailure: true },
    );
  }, 300_000);
});
