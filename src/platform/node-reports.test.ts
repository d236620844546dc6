import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ManualClock } from "../../test/platform/manual-clock.ts";
import { NodeReports } from "./node-reports.ts";
import type { Outcome } from "./outcome.ts";
import type { NodeReport } from "./wire.ts";

const OK: Outcome = { kind: "ok", answer: {}, message: "" };
const DOWN: Outcome = { kind: "unreachable", fault: "refused", message: "" };
const UNAUTHORIZED: Outcome = { kind: "unauthorized", message: "" };

let clock: ManualClock;
let sent: NodeReport[];
let heard: Outcome[];
/** What the platform does with a report; a promise holds the call open. */
let platform: (report: NodeReport) => Outcome | Promise<Outcome>;
let reports: NodeReports;

beforeEach(() => {
  clock = new ManualClock();
  sent = [];
  heard = [];
  platform = () => OK;
  reports = new NodeReports({
    clock,
    random: () => 0.5,
    intervalMs: 60_000,
    post: async (report, signal) => {
      sent.push(report);
      const aborted = new Promise<Outcome>((resolve) =>
        signal.addEventListener("abort", () => resolve({ kind: "aborted", message: "" }), { once: true }),
      );
      return Promise.race([aborted, Promise.resolve(platform(report))]);
    },
    onOutcome: (outcome) => heard.push(outcome),
  });
  reports.resume();
});
afterEach(() => reports.stop());

function nodes(count: number, error = ""): NodeReport[] {
  return Array.from({ length: count }, (_, i) => ({
    is_docker: false,
    hostname: `worker-${i}`,
    platform: "linux",
    architecture: "amd64",
    agent_version: "1.2.0",
    collector_version: "v0.143.0",
    agent_status: "Running",
    collector_status: error === "" ? "Running" : "Stopped",
    last_error_message: error,
  }));
}

test("new nodes are sent at once, and each again within the interval", async () => {
  reports.put(nodes(3));
  await clock.advance(10);
  expect(sent).toHaveLength(3);
  await clock.advance(60_000);
  expect(sent).toHaveLength(6);
});

test("a change is sent within seconds", async () => {
  reports.put(nodes(3));
  await clock.advance(2_000);
  reports.put(nodes(1, "OOMKilled"));
  await clock.advance(10);
  expect(sent.at(-1)).toMatchObject({ hostname: "worker-0", last_error_message: "OOMKilled" });
});

test("no more than sixteen calls at once", async () => {
  platform = () => new Promise(() => undefined);
  reports.put(nodes(500));
  await clock.advance(5_000);
  expect(sent).toHaveLength(16);
});

test("no more than fifty calls a second for a small fleet, and all nodes have their turn", async () => {
  reports.put(nodes(500));
  await clock.advance(1_000);
  expect(sent.length).toBeLessThanOrEqual(70);
  await clock.advance(11_000);
  expect(new Set(sent.map(({ hostname }) => hostname)).size).toBe(500);
});

test("a large fleet keeps its interval, for the rate grows with it", async () => {
  reports.setInterval(5_000);
  reports.put(nodes(500));
  await clock.advance(10_000);
  sent = [];
  await clock.advance(5_000);
  expect(new Set(sent.map(({ hostname }) => hostname)).size).toBe(500);
});

describe("an outage", () => {
  test("of an hour is some sixty calls by one caller, not one for each node and interval", async () => {
    platform = () => DOWN;
    reports.put(nodes(500));
    await clock.advance(3_600_000);
    // Sixteen were under way when it began; then one alone, at most a minute apart.
    expect(sent.length).toBeGreaterThan(50);
    expect(sent.length).toBeLessThan(16 + 150);
  });

  test("that ends is followed by the newest state of every node, and of none twice", async () => {
    platform = () => DOWN;
    reports.put(nodes(200));
    for (let minute = 0; minute < 60; minute++) {
      reports.put(nodes(200, `state of minute ${minute}`));
      await clock.advance(60_000);
    }
    expect(reports.waiting).toBeLessThanOrEqual(200);
    platform = () => OK;
    sent = [];
    await clock.advance(60_000);
    const firsts = new Map<string, NodeReport>();
    for (const report of sent) if (!firsts.has(report.hostname)) firsts.set(report.hostname, report);
    expect(firsts.size).toBe(200);
    expect([...firsts.values()].every((report) => report.last_error_message === "state of minute 59")).toBe(true);
  });

  test("is tried by one alone before the rest follow", async () => {
    platform = () => DOWN;
    reports.put(nodes(100));
    await clock.advance(10_000);
    sent = [];
    let release: (outcome: Outcome) => void = () => undefined;
    platform = () => new Promise((resolve) => (release = resolve));
    await clock.advance(120_000);
    expect(sent).toHaveLength(1);
    platform = () => OK;
    release(OK);
    await clock.advance(5_000);
    expect(new Set(sent.map(({ hostname }) => hostname)).size).toBe(100);
  });
});

test("a key that isn't taken is tried every five minutes, and at once when it changes", async () => {
  platform = () => UNAUTHORIZED;
  reports.put(nodes(3));
  await clock.advance(299_000);
  expect(sent.length).toBeLessThanOrEqual(3);
  const before = sent.length;
  await clock.advance(60_000);
  expect(sent).toHaveLength(before + 1);
  platform = () => OK;
  reports.resume();
  await clock.advance(1_000);
  expect(sent.length).toBeGreaterThanOrEqual(before + 1 + 3);
});

test("Retry-After is kept for all nodes", async () => {
  platform = () => ({ kind: "throttled", retryAfterMs: 30_000, message: "" });
  reports.put(nodes(1));
  await clock.advance(100);
  expect(sent).toHaveLength(1);
  reports.put(nodes(50, "changed"));
  await clock.advance(29_000);
  expect(sent).toHaveLength(1);
});

test("a payload that isn't taken is not sent again before its next turn", async () => {
  platform = ({ hostname }) => (hostname === "worker-0" ? { kind: "rejected", message: "" } : OK);
  reports.put(nodes(3));
  await clock.advance(1_000);
  expect(sent).toHaveLength(3);
});

describe("removal", () => {
  test("of all agents is told within ten seconds even for thousands", async () => {
    reports.put(nodes(1_000));
    await clock.advance(25_000);
    sent = [];
    const done = reports.withdrawAll("KmAgent a/b was deleted.", 10_000);
    await clock.advance(2_500);
    await done;
    expect(sent.filter(({ last_error_message: text }) => text === "Removed: KmAgent a/b was deleted.")).toHaveLength(
      1_000,
    );
  });

  test("waits ten seconds for a silent platform, no longer", async () => {
    reports.put(nodes(3));
    await clock.advance(1_000);
    platform = () => new Promise(() => undefined);
    let ended = false;
    const done = reports.withdrawAll("x", 10_000).then(() => (ended = true));
    await clock.advance(9_999);
    expect(ended).toBe(false);
    await clock.advance(1);
    expect(await done).toBe(true);
  });

  test("without a key is silent and leaves nothing behind", async () => {
    reports.put(nodes(3));
    await clock.advance(1_000);
    sent = [];
    reports.pause();
    reports.withdraw(["worker-0"], "x", 10_000);
    await clock.advance(1_000);
    expect([...reports.hostnames()]).toEqual(["worker-1", "worker-2"]);
    expect(sent).toEqual([]);
  });
});

describe("flush", () => {
  test("ends as soon as the platform knows everything", async () => {
    reports.put(nodes(100));
    let ended = false;
    const done = reports.flush(60_000).then(() => (ended = true));
    await clock.advance(3_000);
    expect(ended).toBe(true);
    expect(new Set(sent.map(({ hostname }) => hostname)).size).toBe(100);
    await done;
  });

  test("ends at once while nobody may call", async () => {
    platform = () => UNAUTHORIZED;
    reports.put(nodes(2));
    await clock.advance(1_000);
    let ended = false;
    const done = reports.flush(5_000).then(() => (ended = true));
    await clock.advance(0);
    expect(ended).toBe(true);
    await done;
  });
});

test("a failure is heard of once for those that fail together", async () => {
  platform = () => DOWN;
  reports.put(nodes(16));
  await clock.advance(1);
  expect(heard).toHaveLength(1);
});
