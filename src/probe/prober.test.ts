import { describe, expect, it } from "@jest/globals";
import type { Clock } from "../api/clock.ts";
import type { ProbeOutcome } from "../health/observation.ts";
import { createMetrics } from "../telemetry/metrics.ts";
import type { Attempt } from "./attempt.ts";
import { createProber } from "./prober.ts";
import type { ProbeResult, ProbeTarget } from "./prober.ts";

const OK: ProbeOutcome = { kind: "ok", upSince: null };
const SETTINGS = { intervalMs: 30_000, timeoutMs: 2_000, failureThreshold: 3 };

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

/** Lets every chain of promises run to its end. */
const settle = () => new Promise((done) => setImmediate(done));

interface Call {
  readonly ip: string;
  readonly at: number;
  readonly signal: AbortSignal;
  answer(attempt: Attempt): void;
}

/** A prober whose attempts the test answers: at once as `reply` says, or by hand where that gives `undefined`. */
function harness(reply: (ip: string) => Attempt | undefined = () => ({ outcome: OK }), concurrency = 64) {
  const { clock, advance, timers } = fakeClock();
  const calls: Call[] = [];
  const results: ProbeResult[] = [];
  const stop = new AbortController();
  const open = { now: 0, most: 0 };
  const prober = createProber({
    clock,
    signal: stop.signal,
    metrics: createMetrics({ operator: "test" }),
    concurrency,
    onResult: (result) => results.push(result),
    attempt: async ({ ip }, _, signal) => {
      open.most = Math.max(open.most, ++open.now);
      const given = Promise.withResolvers<Attempt>();
      calls.push({ ip, at: clock.now(), signal, answer: given.resolve });
      const at = reply(ip);
      if (at !== undefined) given.resolve(at);
      signal.addEventListener("abort", () => given.resolve({ ours: "stopping" }));
      const attempt = await given.promise;
      open.now--;
      return attempt;
    },
  });
  return {
    prober,
    calls,
    results,
    stop,
    advance,
    open,
    timers,
    callsTo: (ip: string) => calls.filter((call) => call.ip === ip),
  };
}

const pod = (i: number, ip = `10.0.0.${i}`): ProbeTarget => ({ node: `n${i}`, podUid: `u${i}`, ip, port: 13133 });
const pods = (count: number) => Array.from({ length: count }, (_, i) => pod(i));

describe("a pod", () => {
  it("is probed at once when it is new, then once per interval", async () => {
    const { prober, calls, advance } = harness();
    prober.setTargets("k", [pod(1)], SETTINGS);
    await advance(0);
    expect(calls).toHaveLength(1);
    await advance(300_000);
    expect(calls.length).toBeGreaterThanOrEqual(10);
    expect(calls.length).toBeLessThanOrEqual(11);
    const gaps = calls.slice(2).map((call, i) => call.at - (calls[i + 1]?.at ?? 0));
    for (const gap of gaps) expect(gap).toBeCloseTo(30_000, 3);
  });

  it("without an address is left alone until it has one", async () => {
    const { prober, calls, advance } = harness();
    prober.setTargets("k", [pod(1, "")], SETTINGS);
    await advance(60_000);
    expect(calls).toHaveLength(0);
    prober.setTargets("k", [pod(1)], SETTINGS);
    await advance(0);
    expect(calls).toHaveLength(1);
  });

  it("is probed at once when it is nudged, which doesn't shift its regular time", async () => {
    const { prober, calls, advance } = harness();
    prober.setTargets("k", [pod(1)], SETTINGS);
    await advance(100_000);
    const regular = calls.at(-1)!.at;
    await advance(regular + 30_000 - 1_000_000 - 100_000 + 5_000);
    const before = calls.length;
    prober.nudge("k", "u1");
    await advance(0);
    expect(calls).toHaveLength(before + 1);
    await advance(30_000);
    expect(calls.at(-1)!.at).toBeCloseTo(regular + 60_000, 3);
  });

  it("that is nudged a hundred times in a second is probed five times at most", async () => {
    const { prober, calls, advance } = harness();
    prober.setTargets("k", [pod(1)], SETTINGS);
    await advance(20_000);
    const before = calls.length;
    for (let i = 0; i < 100; i++) {
      prober.nudge("k", "u1");
      await advance(10);
    }
    await advance(250);
    expect(calls.length - before).toBeGreaterThanOrEqual(4);
    expect(calls.length - before).toBeLessThanOrEqual(5);
  });

  it("that is nudged while its probe is under way is probed again after it, never twice at once", async () => {
    const { prober, calls, advance, open } = harness(() => undefined);
    prober.setTargets("k", [pod(1)], SETTINGS);
    prober.nudge("k", "u1");
    await advance(1_000);
    expect(calls).toHaveLength(1);
    calls[0]!.answer({ outcome: OK });
    await advance(0);
    expect(calls).toHaveLength(2);
    expect(open.most).toBe(1);
  });

  it("whose address changes is asked at the new one, and the old one's answer counts no more", async () => {
    const { prober, calls, results, advance } = harness(() => undefined);
    prober.setTargets("k", [pod(1, "10.0.0.1")], SETTINGS);
    prober.setTargets("k", [pod(1, "10.0.0.2")], SETTINGS);
    calls[0]!.answer({ outcome: { kind: "refused" } });
    await advance(250);
    expect(calls.map(({ ip }) => ip)).toEqual(["10.0.0.1", "10.0.0.2"]);
    expect(results).toEqual([]);
    calls[1]!.answer({ outcome: OK });
    await advance(0);
    expect(results).toHaveLength(1);
  });

  it.each([
    { name: "a pace of its own", target: { ...pod(1), everyMs: 2_000 }, settings: SETTINGS },
    { name: "another interval", target: pod(1), settings: { ...SETTINGS, intervalMs: 2_000 } },
  ])("that gets $name is probed by it at once", async ({ target, settings }) => {
    const { prober, calls, advance } = harness();
    prober.setTargets("k", [pod(1)], SETTINGS);
    await advance(60_000);
    const before = calls.length;
    prober.setTargets("k", [target], settings);
    await advance(20_000);
    expect(calls.length - before).toBeGreaterThanOrEqual(9);
    expect(calls.length - before).toBeLessThanOrEqual(11);
  });

  it("whose address and interval change together is asked at the new address at once", async () => {
    const { prober, calls, callsTo, advance } = harness();
    prober.setTargets("k", [pod(1, "10.0.0.1")], SETTINGS);
    await advance(60_000);
    prober.setTargets("k", [pod(1, "10.0.0.2")], { ...SETTINGS, intervalMs: 600_000 });
    await advance(1);
    expect(callsTo("10.0.0.2")).toHaveLength(1);
    expect(calls.at(-1)?.ip).toBe("10.0.0.2");
  });

  it("that goes away is forgotten: its probe is ended, its answer dropped", async () => {
    const { prober, calls, results, advance } = harness(() => undefined);
    prober.setTargets("k", pods(2), SETTINGS);
    calls[1]!.answer({ outcome: OK });
    await advance(0);
    prober.setTargets("k", [pod(0)], SETTINGS);
    expect(prober.snapshot("k").size).toBe(0);
    prober.setTargets("k", [], SETTINGS);
    await advance(0);
    expect(calls[0]!.signal.aborted).toBe(true);
    expect(results.map(({ node }) => node)).toEqual(["n1"]);
  });
});

describe("what is seen", () => {
  it("is handed over with node and key, and stands in the snapshot", async () => {
    const { prober, results, advance } = harness(() => ({ outcome: { kind: "status", code: 503 } }));
    prober.setTargets("k", [pod(1)], SETTINGS);
    await advance(0);
    const observation = {
      podUid: "u1",
      at: 1e12 + 1_000_000,
      outcome: { kind: "status", code: 503 },
      misses: 1,
      everOk: false,
      latencyMs: 0,
    };
    expect(results).toEqual([{ key: "k", node: "n1", observation, changed: true }]);
    expect(prober.snapshot("k").get("u1")).toEqual(observation);
    expect(prober.snapshot("other").size).toBe(0);
  });

  it("is news once, not at every probe that confirms it", async () => {
    const { prober, results, advance } = harness(() => ({ outcome: { kind: "refused" } }));
    prober.setTargets("k", [pod(1)], SETTINGS);
    await advance(300_000);
    expect(results.filter(({ changed }) => changed).map(({ observation }) => observation.misses)).toEqual([1, 3]);
  });

  it("by a fault of our own says nothing about the collector, and is tried again soon", async () => {
    let faults = 2;
    const { prober, calls, results, advance } = harness(() => (faults-- > 0 ? { ours: "EMFILE" } : { outcome: OK }));
    prober.setTargets("k", [pod(1)], SETTINGS);
    await advance(1_500);
    expect(results).toEqual([]);
    await advance(1_500);
    expect(calls).toHaveLength(3);
    expect(results.map(({ observation }) => observation.misses)).toEqual([0]);
  });
});

describe("many pods", () => {
  it("are never probed more than `concurrency` at once, and all of them are", async () => {
    const { prober, results, advance, open } = harness(undefined, 8);
    prober.setTargets("k", pods(500), SETTINGS);
    await advance(10);
    expect(new Set(results.map(({ node }) => node)).size).toBe(500);
    expect(open.most).toBe(8);
  });

  it("are spread over the interval", async () => {
    const { prober, calls, advance } = harness();
    prober.setTargets("k", pods(300), SETTINGS);
    await advance(45_000);
    const before = calls.length;
    const perSecond: number[] = [];
    for (let second = 0; second < 30; second++) {
      const count = calls.length;
      await advance(1_000);
      perSecond.push(calls.length - count);
    }
    expect(calls.length - before).toBe(300);
    expect(Math.max(...perSecond)).toBeLessThan(25);
  });

  it("that never answer hold at most half of the places, so that the others stay in time", async () => {
    const silent = (ip: string) => Number(ip.split(".")[3]) < 40;
    const { prober, calls, advance, callsTo } = harness((ip) => (silent(ip) ? undefined : { outcome: OK }), 8);
    const giveUp = () => {
      for (const call of calls) call.answer({ outcome: { kind: "timeout" } });
    };
    prober.setTargets("k", pods(80), SETTINGS);
    for (let i = 0; i < 120; i++) {
      giveUp();
      await advance(500);
    }
    // From here on the silent ones hang for good.
    await advance(60_000);
    const held = calls.length;
    await advance(30_000);
    const since = calls.slice(held).filter(({ ip }) => !silent(ip));
    expect(since.length).toBeGreaterThanOrEqual(39);
    expect(callsTo("10.0.0.79").length).toBeGreaterThanOrEqual(4);
  });

  it("of two KmAgents are kept apart", async () => {
    const { prober, calls, advance } = harness();
    prober.setTargets("a", [pod(1)], SETTINGS);
    prober.setTargets("b", [pod(2)], { ...SETTINGS, intervalMs: 5_000 });
    await advance(60_000);
    prober.clear("a");
    const before = calls.length;
    await advance(30_000);
    expect([...new Set(calls.slice(before).map(({ ip }) => ip))]).toEqual(["10.0.0.2"]);
    expect(prober.snapshot("a").size).toBe(0);
    expect(prober.snapshot("b").size).toBe(1);
  });
});

describe("another interval", () => {
  it("holds from then on", async () => {
    const { prober, calls, advance } = harness();
    prober.setTargets("k", [pod(1)], { ...SETTINGS, intervalMs: 3_600_000 });
    await advance(10_000);
    prober.setTargets("k", [pod(1)], { ...SETTINGS, intervalMs: 1_000 });
    await advance(10_000);
    expect(calls.length).toBeGreaterThanOrEqual(10);
  });
});

describe("the end", () => {
  it.each([
    ["by the signal", (h: ReturnType<typeof harness>) => h.stop.abort()],
    ["by stop", (h: ReturnType<typeof harness>) => h.prober.stop()],
  ])("%s ends probes, timers and new targets", async (_, end) => {
    const h = harness(() => undefined);
    h.prober.setTargets("k", pods(3), SETTINGS);
    await h.advance(0);
    end(h);
    await h.advance(100_000);
    expect(h.calls.every(({ signal }) => signal.aborted)).toBe(true);
    h.prober.setTargets("k", pods(5), SETTINGS);
    h.prober.nudge("k", "u1");
    await h.advance(100_000);
    expect(h.calls).toHaveLength(3);
    expect(h.results).toEqual([]);
    expect(h.timers.size).toBe(0);
  });
});
