import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { DueQueue, nextDue } from "./schedule.ts";
import type { Due } from "./schedule.ts";

describe("the next regular time", () => {
  it("is on the phase, between half an interval and one and a half after the last start", () => {
    const interval = fc.integer({ min: 1_000, max: 3_600_000 });
    fc.assert(
      fc.property(
        interval,
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.integer({ min: 0, max: 1e9 }),
        (every, part, started) => {
          const due = nextDue(started, part * every, every);
          expect(due - started).toBeGreaterThanOrEqual(every / 2 - 1e-3);
          expect(due - started).toBeLessThanOrEqual(1.5 * every + 1e-3);
          const turns = (due - part * every) / every;
          expect(Math.abs(turns - Math.round(turns))).toBeLessThan(1e-6);
        },
      ),
    );
  });

  it("of a target that is always on time is one interval later", () =>
    expect(nextDue(1_000 + 30_000, 1_000, 30_000)).toBe(61_000));
});

describe("the queue", () => {
  type Step = { readonly put: number; readonly at: number } | { readonly remove: number };
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.record({ put: fc.nat(19), at: fc.nat(100) }),
    fc.record({ remove: fc.nat(19) }),
  );

  it("always gives the item that is due first, however items were put, moved and removed", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const items: Due[] = Array.from({ length: 20 }, () => ({ dueAt: 0, place: -1 }));
        const queue = new DueQueue<Due>();
        const model = new Map<Due, number>();
        for (const each of steps) {
          if ("put" in each) {
            queue.put(items[each.put]!, each.at);
            model.set(items[each.put]!, each.at);
          } else {
            queue.remove(items[each.remove]!);
            model.delete(items[each.remove]!);
          }
          expect(queue.peek()?.dueAt).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
        }
        const drained: number[] = [];
        for (let first = queue.peek(); first !== undefined; first = queue.peek()) {
          drained.push(first.dueAt);
          queue.remove(first);
        }
        expect(drained).toEqual([...model.values()].sort((a, b) => a - b));
      }),
    );
  });
});
