import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { spread } from "../api/spread.ts";
import { ReportQueue } from "./report-queue.ts";
import type { NodeReport } from "./wire.ts";

const INTERVAL = 60_000;

function report(hostname: string, error = ""): NodeReport {
  return {
    is_docker: false,
    hostname,
    platform: "linux",
    architecture: "amd64",
    agent_version: "1.2.0",
    collector_version: "v0.143.0",
    agent_status: "Running",
    collector_status: error === "" ? "Running" : "Stopped",
    last_error_message: error,
  };
}

/** Takes one report and says that it arrived. */
function send(queue: ReportQueue, now: number): NodeReport | null {
  const next = queue.next(now);
  if (next.kind === "wait") return null;
  queue.settle(next.report, "done", now);
  return next.report;
}

describe("what is sent when", () => {
  test("a new node is sent at once, and then every interval at its own moment", () => {
    const queue = new ReportQueue(INTERVAL);
    queue.put(report("a"), 0);
    expect(send(queue, 0)?.hostname).toBe("a");
    const wait = queue.next(1);
    const own = spread("a") * INTERVAL;
    expect(wait).toEqual({ kind: "wait", at: own });
    expect(send(queue, own - 1)).toBeNull();
    expect(send(queue, own)?.hostname).toBe("a");
    expect(queue.next(own + 1)).toEqual({ kind: "wait", at: own + INTERVAL });
  });

  test("the same state again changes nothing", () => {
    const queue = new ReportQueue(INTERVAL);
    queue.put(report("a"), 0);
    send(queue, 0);
    queue.put(report("a"), 1);
    expect(queue.next(1).kind).toBe("wait");
  });

  test("only the newest state is sent, whatever came before", () => {
    const queue = new ReportQueue(INTERVAL);
    for (const error of ["one", "two", "three"]) queue.put(report("a", error), 0);
    expect(send(queue, 0)?.last_error_message).toBe("three");
    expect(queue.settled).toBe(true);
  });

  test("a change while the old state is under way is sent after it, a second later", () => {
    const queue = new ReportQueue(INTERVAL);
    queue.put(report("a"), 0);
    const first = queue.next(0);
    queue.put(report("a", "broken"), 10);
    if (first.kind === "send") queue.settle(first.report, "done", 20);
    expect(queue.settled).toBe(false);
    expect(queue.next(20)).toEqual({ kind: "wait", at: 1_000 });
    expect(send(queue, 1_000)?.last_error_message).toBe("broken");
  });

  test("what failed goes behind the others", () => {
    const queue = new ReportQueue(INTERVAL);
    queue.put(report("a"), 0);
    queue.put(report("b"), 0);
    const first = queue.next(0);
    if (first.kind === "send") queue.settle(first.report, "failed", 0);
    expect([send(queue, 0)?.hostname, send(queue, 0)?.hostname]).toEqual(["b", "a"]);
  });

  test("a removed agent is told of once and forgotten", () => {
    const queue = new ReportQueue(INTERVAL);
    queue.put(report("a"), 0);
    send(queue, 0);
    queue.withdraw(report("a", "Removed: x"), 10_000, 5_000);
    expect([...queue.hostnames()]).toEqual([]);
    expect(send(queue, 5_000)?.last_error_message).toBe("Removed: x");
    expect(queue.size).toBe(0);
  });

  test("a removed agent of which nobody could be told is given up", () => {
    const queue = new ReportQueue(INTERVAL);
    queue.put(report("a"), 0);
    queue.withdraw(report("a", "Removed: x"), 10_000, 0);
    const next = queue.next(0);
    if (next.kind === "send") queue.settle(next.report, "failed", 9_000);
    expect(queue.next(10_000)).toEqual({ kind: "wait", at: null });
    expect(queue.size).toBe(0);
  });

  test("a node that comes back before its farewell is sent is reported as it is", () => {
    const queue = new ReportQueue(INTERVAL);
    queue.put(report("a"), 0);
    send(queue, 0);
    queue.withdraw(report("a", "Removed: x"), 12_000, 2_000);
    queue.put(report("a"), 2_000);
    expect(send(queue, 2_000)?.last_error_message).toBe("");
    expect(queue.size).toBe(1);
  });

  test("a shorter interval is kept from now on", () => {
    const queue = new ReportQueue(24 * 3_600_000);
    queue.put(report("a"), 0);
    send(queue, 0);
    queue.setInterval(10_000, 1_000);
    const next = queue.next(1_000);
    expect(next.kind === "wait" && next.at !== null && next.at <= 11_000).toBe(true);
  });
});

test("five thousand unchanged nodes spread evenly over the interval", () => {
  const queue = new ReportQueue(INTERVAL);
  for (let i = 0; i < 5_000; i++) queue.put(report(`worker-${i}`), 0);
  for (let i = 0; i < 5_000; i++) send(queue, 0);
  const perSecond = Array.from({ length: 60 }, (_, second) => {
    let sent = 0;
    while (send(queue, (second + 1) * 1_000) !== null) sent += 1;
    return sent;
  });
  expect(perSecond.reduce((sum, sent) => sum + sent, 0)).toBe(5_000);
  expect(Math.max(...perSecond)).toBeLessThan(130);
});

/** What may happen to a queue, at random. */
type Step =
  | { readonly do: "put"; readonly host: number; readonly error: number }
  | { readonly do: "withdraw"; readonly host: number; readonly error: number }
  | { readonly do: "forget"; readonly host: number; readonly error: number }
  | { readonly do: "take" }
  | { readonly do: "settle"; readonly ok: boolean }
  | { readonly do: "wait"; readonly ms: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    do: fc.constantFrom("put" as const, "put" as const, "put" as const, "withdraw" as const, "forget" as const),
    host: fc.nat(7),
    error: fc.nat(3),
  }),
  fc.record({ do: fc.constant("take" as const) }),
  fc.record({ do: fc.constant("settle" as const), ok: fc.boolean() }),
  fc.record({ do: fc.constant("wait" as const), ms: fc.nat(20_000) }),
);

test("whatever happens: no more waits than nodes, only the newest is sent, and in the end the platform knows the truth", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const queue = new ReportQueue(INTERVAL);
      const truth = new Map<string, NodeReport>();
      const platform = new Map<string, NodeReport>();
      const flying: NodeReport[] = [];
      let now = 0;
      const settle = (sent: NodeReport, ok: boolean): void => {
        if (ok) platform.set(sent.hostname, sent);
        queue.settle(sent, ok ? "done" : "failed", now);
      };
      for (const at of steps) {
        if (at.do === "wait") now += at.ms;
        else if (at.do === "put") {
          const state = report(`n${at.host}`, at.error === 0 ? "" : `error ${at.error}`);
          truth.set(state.hostname, state);
          queue.put(state, now);
        } else if (at.do === "withdraw") {
          if (truth.delete(`n${at.host}`)) queue.withdraw(report(`n${at.host}`, "Removed: x"), now + 10_000, now);
        } else if (at.do === "forget") {
          truth.delete(`n${at.host}`);
          queue.forget(`n${at.host}`);
        } else if (at.do === "take") {
          const next = queue.next(now);
          if (next.kind === "send") {
            const newest = truth.get(next.report.hostname);
            if (newest !== undefined) expect(next.report).toEqual(newest);
            flying.push(next.report);
          }
        } else {
          const sent = flying.shift();
          if (sent !== undefined) settle(sent, at.ok);
        }
        expect(queue.ready).toBeLessThanOrEqual(8);
        expect(queue.size).toBeLessThanOrEqual(8);
      }
      for (const sent of flying.splice(0)) settle(sent, true);
      for (let turn = 0; turn < 200; turn++) {
        const next = queue.next(now);
        if (next.kind === "send") settle(next.report, true);
        else now += 1_000;
      }
      for (const [hostname, state] of truth) expect(platform.get(hostname)).toEqual(state);
      expect(queue.settled).toBe(true);
    }),
  );
});

test("nothing starves: however fast others change, every due node is sent within four turns for each node", () => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 12 }), fc.integer({ min: 1, max: 50 }), (nodes, seed) => {
      const queue = new ReportQueue(INTERVAL);
      for (let i = 0; i < nodes; i++) queue.put(report(`n${i}`), 0);
      for (let i = 0; i < nodes; i++) send(queue, 0);
      // n0 is quiet and due; all others change before every single turn.
      let now = 2 * INTERVAL;
      let turns = 0;
      for (;;) {
        for (let i = 1; i < nodes; i++) queue.put(report(`n${i}`, `change ${seed} ${turns}`), now);
        turns += 1;
        if (send(queue, now)?.hostname === "n0") break;
        now += 1_000;
        expect(turns).toBeLessThanOrEqual(4 * nodes);
      }
    }),
  );
});
