import { describe, expect, it } from "@jest/globals";
import type { Clock } from "../api/clock.ts";
import { KmError } from "../api/errors.ts";
import type { CounterReading } from "../health/counter-reading.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import { createCounterReader } from "./counter-reader.ts";
import type { CounterTarget } from "./counter-reader.ts";

/** A clock that stands still until a test moves it. */
function fakeClock() {
  let time = 1_000_000;
  const timers = new Set<{ at: number; run: () => void }>();
  const clock: Clock = {
    now: () => time,
    wallNow: () => 1e12 + time,
    after: (ms, run) => {
      const timer = { at: time + ms, run };
      timers.add(timer);
      return () => timers.delete(timer);
    },
  };
  const settle = () => new Promise((done) => setImmediate(done));
  /** Moves on by `ms`, running what falls due on the way, with every promise settled in between. */
  const advance = async (ms: number) => {
    const end = time + ms;
    for (;;) {
      await settle();
      const due = [...timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      timers.delete(due);
      time = Math.max(time, due.at);
      due.run();
    }
    time = end;
  };
  return { clock, advance, timers };
}

/** A reader whose readings are answered as `reply` says: at once, never (`null`) or with an error. */
function harness(reply: (ip: string) => "ok" | "hang" | KmError = () => "ok", soon = () => false) {
  const { clock, advance, timers } = fakeClock();
  const stop = new AbortController();
  const calls: { ip: string; at: number }[] = [];
  const readings: { podUid: string; reading: CounterReading | null }[] = [];
  const open = { now: 0, most: 0 };
  const reader = createCounterReader({
    clock,
    signal: stop.signal,
    metrics: createMetrics({ operator: "test" }),
    onReading: (_, podUid, reading) => {
      readings.push({ podUid, reading });
      return soon();
    },
    read: async ({ ip }, _, signal) => {
      calls.push({ ip, at: clock.now() });
      open.most = Math.max(open.most, ++open.now);
      const answer = reply(ip);
      try {
        if (answer === "hang") {
          await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("ended"))));
        }
        if (answer instanceof KmError) throw answer;
        return { uptimeSeconds: 60, received: {}, exporters: [] };
      } finally {
        open.now--;
      }
    },
  });
  return {
    reader,
    calls,
    readings,
    open,
    stop,
    advance,
    timers,
    callsTo: (ip: string) => calls.filter((c) => c.ip === ip),
  };
}

const target = (i: number, of: Partial<CounterTarget> = {}): CounterTarget => ({
  node: `n${i}`,
  podUid: `u${i}`,
  ip: `10.0.0.${i}`,
  port: 8888,
  everyMs: 300_000,
  awaited: false,
  ...of,
});
const targets = (count: number, of: Partial<CounterTarget> = {}) =>
  Array.from({ length: count }, (_, i) => target(i, of));

describe("a reader of counters", () => {
  it("reads a new pod at once, and then at its own pace", async () => {
    const { reader, callsTo, advance, readings } = harness();
    reader.setTargets("k", [target(1)], 2_000);
    await advance(0);
    expect(readings).toEqual([
      { podUid: "u1", reading: { at: 1e12 + 1e6, startedAt: 1e12 + 940_000, received: {}, exporters: [] } },
    ]);
    await advance(3_000_000);
    expect(callsTo("10.0.0.1").length).toBeGreaterThanOrEqual(10);
    expect(callsTo("10.0.0.1").length).toBeLessThanOrEqual(12);
  });

  it("reads again soon where the reading left something open", async () => {
    const { reader, calls, advance } = harness(undefined, () => true);
    reader.setTargets("k", [target(1)], 2_000);
    await advance(60_000);
    expect(calls.map(({ at }) => at - 1_000_000)).toEqual([0, 21_000, 42_000]);
  });

  it("follows a change of pace at once, both ways", async () => {
    const { reader, callsTo, advance } = harness();
    reader.setTargets("k", [target(1)], 2_000);
    await advance(10_000);
    reader.setTargets("k", [target(1, { everyMs: 2_000, awaited: true })], 2_000);
    await advance(10_000);
    expect(callsTo("10.0.0.1").length).toBeGreaterThanOrEqual(6);
    reader.setTargets("k", [target(1)], 2_000);
    await advance(2_000);
    const before = callsTo("10.0.0.1").length;
    await advance(140_000);
    expect(callsTo("10.0.0.1").length - before).toBeLessThanOrEqual(1);
  });

  it("reads forty a second at most of those that nobody waits for, and all of them in the end", async () => {
    const { reader, calls, advance } = harness();
    reader.setTargets("k", targets(200), 2_000);
    await advance(1_000);
    expect(calls.length).toBeGreaterThanOrEqual(39);
    expect(calls.length).toBeLessThanOrEqual(41);
    await advance(4_000);
    expect(new Set(calls.map(({ ip }) => ip)).size).toBe(200);
  });

  it("doesn't let those that never answer hold up one that is awaited", async () => {
    const { reader, callsTo, open, advance } = harness((ip) => (ip === "10.0.0.999" ? "ok" : "hang"));
    reader.setTargets("k", [...targets(100), target(999, { awaited: true, everyMs: 2_000 })], 2_000);
    await advance(10_000);
    expect(callsTo("10.0.0.999").length).toBeGreaterThanOrEqual(5);
    expect(open.most).toBe(17);
  });

  it("tells of a reading that failed", async () => {
    const { reader, readings, advance } = harness(() => new KmError("Unavailable", "refused"));
    reader.setTargets("k", [target(1)], 2_000);
    await advance(0);
    expect(readings).toEqual([{ podUid: "u1", reading: null }]);
  });

  it("ends the readings of pods that are gone, tells nothing of them, and uses their room again", async () => {
    const { reader, readings, open, calls, advance } = harness(() => "hang");
    reader.setTargets("k", targets(16), 2_000);
    await advance(1_000);
    expect(open.now).toBe(16);
    reader.setTargets("k", [target(50)], 2_000);
    await advance(1_000);
    expect([open.now, calls.at(-1)?.ip, readings]).toEqual([1, "10.0.0.50", []]);
    reader.clear("k");
    await advance(1_000);
    expect([open.now, readings]).toEqual([0, []]);
  });

  it("ends with its signal, and leaves no timer behind", async () => {
    const { reader, stop, timers, calls, advance } = harness();
    reader.setTargets("k", targets(3), 2_000);
    await advance(1_000);
    stop.abort();
    expect(timers.size).toBe(0);
    reader.setTargets("k", targets(5), 2_000);
    await advance(1_000_000);
    expect(calls).toHaveLength(3);
  });
});
