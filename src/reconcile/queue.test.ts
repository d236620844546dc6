import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { runs } from "../../test/properties.ts";
import type { Clock } from "../api/clock.ts";
import { jitteredBackoff, Queue } from "./queue.ts";
import type { PassResult } from "./queue.ts";

/** A clock that only moves when told, and lets promises settle after each step. */
class HandClock implements Pick<Clock, "now" | "after"> {
  #now = 0;
  #timers: { at: number; act: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(ms: number, act: () => void): () => void {
    const timer = { at: this.#now + ms, act };
    this.#timers.push(timer);
    return () => (this.#timers = this.#timers.filter((other) => other !== timer));
  }

  async advance(ms: number): Promise<void> {
    await settle();
    const until = this.#now + ms;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#now = Math.max(this.#now, next.at);
      next.act();
      await settle();
    }
    this.#now = until;
    await settle();
  }
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await Promise.resolve();
}

interface Pass {
  key: string;
  end: (result: PassResult) => void;
}

function harness() {
  const clock = new HandClock();
  const passes: Pass[] = [];
  const queue = new Queue(
    (key) => new Promise<PassResult>((end) => passes.push({ key, end })),
    clock,
    (failures) => failures * 1_000,
  );
  return { clock, queue, passes };
}

describe("the queue of keys", () => {
  test("makes one pass out of many additions", async () => {
    const { clock, queue, passes } = harness();
    queue.add("a");
    queue.add("a");
    queue.add("a", 5_000);
    await clock.advance(0);
    expect(passes.map((pass) => pass.key)).toEqual(["a"]);
  });

  test("never runs two passes of one key at once, and runs again for what came in between", async () => {
    const { clock, queue, passes } = harness();
    queue.add("a");
    await clock.advance(0);
    queue.add("a");
    await clock.advance(100);
    expect(passes).toHaveLength(1);
    passes[0]?.end({ kind: "done" });
    await clock.advance(0);
    expect(passes).toHaveLength(2);
  });

  test("runs different keys side by side", async () => {
    const { clock, queue, passes } = harness();
    queue.add("a");
    queue.add("b");
    await clock.advance(0);
    expect(passes.map((pass) => pass.key)).toEqual(["a", "b"]);
  });

  test("takes the earliest wish", async () => {
    const { clock, queue, passes } = harness();
    queue.add("a", 60_000);
    queue.add("a", 1_000);
    await clock.advance(999);
    expect(passes).toHaveLength(0);
    await clock.advance(1);
    expect(passes).toHaveLength(1);
  });

  test("keeps to a failing key's backoff, whatever is added meanwhile", async () => {
    const { clock, queue, passes } = harness();
    queue.add("a");
    await clock.advance(0);
    passes[0]?.end({ kind: "failed", code: "Unavailable" });
    await clock.advance(0);
    queue.add("a");
    await clock.advance(999);
    expect(passes).toHaveLength(1);
    await clock.advance(1);
    expect(passes).toHaveLength(2);
    passes[1]?.end({ kind: "failed", code: "Unavailable" });
    await clock.advance(1_999);
    expect(passes).toHaveLength(2);
    await clock.advance(1);
    expect(passes).toHaveLength(3);
  });

  test("waits at least as long as the other side asked for", async () => {
    const { clock, queue, passes } = harness();
    queue.add("a");
    await clock.advance(0);
    passes[0]?.end({ kind: "failed", code: "Throttled", notBeforeMs: 30_000 });
    await clock.advance(29_999);
    expect(passes).toHaveLength(1);
    await clock.advance(1);
    expect(passes).toHaveLength(2);
  });

  test("forgets the backoff after a success", async () => {
    const { clock, queue, passes } = harness();
    queue.add("a");
    await clock.advance(0);
    passes[0]?.end({ kind: "failed", code: "Unavailable" });
    await clock.advance(1_000);
    passes[1]?.end({ kind: "again", afterMs: 10 });
    await clock.advance(10);
    passes[2]?.end({ kind: "failed", code: "Unavailable" });
    await clock.advance(1_000);
    expect(passes).toHaveLength(4);
  });

  test("stops after the passes that run, and starts no other", async () => {
    const { clock, queue, passes } = harness();
    queue.add("a");
    await clock.advance(0);
    queue.add("a");
    let stopped = false;
    const stop = queue.stop().then(() => (stopped = true));
    await settle();
    expect(stopped).toBe(false);
    passes[0]?.end({ kind: "done" });
    await stop;
    await clock.advance(60_000);
    expect(passes).toHaveLength(1);
  });

  test("loses no key and never runs one twice at once, for any order of additions and results", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            fc.record({ do: fc.constant("add" as const), key: fc.constantFrom("a", "b", "c"), after: fc.nat(100) }),
            fc.record({
              do: fc.constant("end" as const),
              result: fc.constantFrom<PassResult>({ kind: "done" }, { kind: "failed", code: "Unavailable" }),
            }),
            fc.record({ do: fc.constant("wait" as const), ms: fc.nat(2_000) }),
          ),
          { maxLength: 40 },
        ),
        async (steps) => {
          const clock = new HandClock();
          const running = new Map<string, (result: PassResult) => void>();
          const owed = new Set<string>();
          const queue = new Queue(
            (key) => {
              expect(running.has(key)).toBe(false);
              owed.delete(key);
              return new Promise<PassResult>((end) => running.set(key, end));
            },
            clock,
            () => 500,
          );
          for (const step of steps) {
            if (step.do === "add") {
              queue.add(step.key, step.after);
              owed.add(step.key);
            } else if (step.do === "wait") await clock.advance(step.ms);
            else {
              const first = [...running.entries()][0];
              if (!first) continue;
              running.delete(first[0]);
              first[1](step.result);
              await settle();
            }
          }
          for (let round = 0; round < 20; round++) {
            for (const [key, end] of [...running]) {
              running.delete(key);
              end({ kind: "done" });
            }
            await clock.advance(5_000);
          }
          expect([...owed]).toEqual([]);
        },
      ),
      { numRuns: runs(200) },
    );
  });
});

describe("the backoff", () => {
  test("doubles up to ten seconds and jitters over its upper half", () => {
    const least = jitteredBackoff(() => 0);
    const most = jitteredBackoff(() => 1);
    expect([1, 2, 3].map(least)).toEqual([125, 250, 500]);
    expect([1, 2, 3].map(most)).toEqual([250, 500, 1_000]);
    expect(most(1_000)).toBe(10_000);
  });
});
