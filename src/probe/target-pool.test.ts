import { describe, expect, test } from "@jest/globals";
import { FakeClock } from "../../test/kube/fake-clock.ts";
import { Lane, newTarget, TargetPool } from "./target-pool.ts";
import type { PodEndpoint, Target } from "./target-pool.ts";

interface Pod extends PodEndpoint {
  readonly isSlow?: boolean;
}
type Asked = Target<Pod>;

const pod = (name: string, more: Partial<Pod> = {}): Pod => ({ node: name, podUid: name, ip: name, port: 1, ...more });

/** A pool of a quick lane for two at once and a slow one for one at once, three of both together. */
function harness({ concurrency = 3, gapMs = 0 } = {}) {
  const clock = new FakeClock();
  const stop = new AbortController();
  const quick = new Lane<Asked>({ concurrency: 2, gapMs });
  const slow = new Lane<Asked>({ concurrency: 1 });
  const asked: string[] = [];
  const heard: string[] = [];
  const changed: string[] = [];
  const open = new Map<string, { readonly answer: () => void; readonly signal: AbortSignal }>();
  const pool = new TargetPool<Pod, Asked, string>({
    clock,
    signal: stop.signal,
    lanes: [quick, slow],
    concurrency,
    laneOf: ({ where }) => (where.isSlow === true ? slow : quick),
    ask: ({ where }, signal) => {
      asked.push(where.podUid);
      return new Promise((answer) => open.set(where.podUid, { answer: () => answer(where.podUid), signal }));
    },
    onAnswer: (target, answer) => {
      heard.push(answer);
      pool.put(target, clock.now() + 1_000);
    },
  });
  const sync = (...pods: readonly Pod[]) =>
    pool.sync(
      "k",
      pods,
      (where) => newTarget("k", where),
      (known, where) => {
        changed.push(`${known.where.ip} to ${where.ip}`);
        known.where = where;
      },
    );
  const answer = async (name: string) => {
    open.get(name)?.answer();
    await new Promise((done) => setImmediate(done));
  };
  return { clock, stop, pool, asked, heard, changed, open, sync, answer };
}

describe("a pool of targets", () => {
  test("asks a new one at once, and again when it is put", async () => {
    const { clock, asked, heard, sync, answer } = harness();
    sync(pod("a"));
    expect(asked).toEqual(["a"]);
    await answer("a");
    clock.advance(999);
    expect(heard).toEqual(["a"]);
    expect(asked).toEqual(["a"]);
    clock.advance(1);
    expect(asked).toEqual(["a", "a"]);
  });

  test("lets a lane that is full hold up no other", async () => {
    const { asked, sync, answer } = harness();
    sync(pod("s", { isSlow: true }), pod("t", { isSlow: true }), pod("a"));
    expect(asked).toEqual(["a", "s"]);
    await answer("s");
    expect(asked).toEqual(["a", "s", "t"]);
  });

  test("asks no more at once than all lanes together may", async () => {
    const { asked, sync, answer } = harness({ concurrency: 2 });
    sync(pod("a"), pod("b"), pod("s", { isSlow: true }));
    expect(asked).toEqual(["a", "b"]);
    await answer("a");
    expect(asked).toEqual(["a", "b", "s"]);
  });

  test("leaves a lane's pause between two of its starts", () => {
    const { clock, asked, sync } = harness({ gapMs: 50 });
    sync(pod("a"), pod("b"), pod("s", { isSlow: true }));
    expect(asked).toEqual(["a", "s"]);
    clock.advance(49);
    expect(asked).toEqual(["a", "s"]);
    clock.advance(1);
    expect(asked).toEqual(["a", "s", "b"]);
  });

  test("hears no more of what goes away, and its place is free once its asking has ended", async () => {
    const { asked, heard, open, pool, sync, answer } = harness();
    sync(pod("s", { isSlow: true }), pod("a"));
    sync(pod("t", { isSlow: true }), pod("a"));
    expect([...pool.of("k").keys()].sort()).toEqual(["a", "t"]);
    expect(open.get("s")?.signal.aborted).toBe(true);
    expect(asked).not.toContain("t");
    await answer("s");
    expect(heard).toEqual([]);
    expect(asked).toContain("t");
  });

  test("tells of each that stays what it is now", () => {
    const { changed, sync } = harness();
    sync(pod("a", { ip: "10.0.0.1" }));
    sync(pod("a", { ip: "10.0.0.2" }), pod("b"));
    expect(changed).toEqual(["10.0.0.1 to 10.0.0.2"]);
  });

  test("forgets a key without touching another", () => {
    const { open, pool, sync } = harness();
    sync(pod("a"));
    pool.sync(
      "other",
      [pod("b")],
      (where) => newTarget("other", where),
      () => undefined,
    );
    pool.clear("k");
    expect(open.get("a")?.signal.aborted).toBe(true);
    expect(open.get("b")?.signal.aborted).toBe(false);
    expect([pool.of("k").size, pool.of("other").size]).toEqual([0, 1]);
  });

  test("ends everything with its signal, and takes nothing new", async () => {
    const { clock, stop, asked, heard, open, sync, answer } = harness();
    sync(pod("a"), pod("b"), pod("c"));
    stop.abort();
    expect(open.get("a")?.signal.aborted).toBe(true);
    await answer("a");
    sync(pod("d"));
    clock.advance(10_000);
    expect(asked).toHaveLength(2);
    expect(heard).toEqual([]);
    expect(clock.timers).toBe(0);
  });
});
