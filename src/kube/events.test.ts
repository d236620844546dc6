import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { until } from "../../test/eventually.ts";
import { FakeClock } from "../../test/kube/fake-clock.ts";
import { KmError } from "../api/errors.ts";
import type { KubeRequest } from "./client.ts";
import { BURST, REFILL_MS, RecentMap, fitMessage, takeToken } from "./event-aggregate.ts";
import type { Bucket } from "./event-aggregate.ts";
import { createEventRecorder, objectReference } from "./events.ts";
import type { EventRecorder } from "./events.ts";

const AGENT = objectReference({
  apiVersion: "kloudmate.com/v1alpha1",
  kind: "KmAgent",
  metadata: { name: "km-agent", namespace: "ns", uid: "u1", resourceVersion: "5", labels: {} },
});

class Bench {
  readonly clock = new FakeClock();
  readonly stop = new AbortController();
  readonly sent: KubeRequest[] = [];
  readonly dropped: string[] = [];
  /** What the next calls end in; undefined and beyond is success. */
  answers: (KmError | undefined)[] = [];
  leading = true;
  readonly recorder: EventRecorder;

  constructor() {
    this.recorder = createEventRecorder(
      {
        client: {
          request: (request) => {
            request.beforeSend?.();
            this.sent.push(request);
            const failure = this.answers.shift();
            return failure ? Promise.reject(failure) : Promise.resolve({ status: 200, body: {}, warnings: [] });
          },
        },
        fence: () => {
          if (!this.leading) throw new KmError("NotLeading", "not ours");
        },
        component: "kmagent-operator",
        instance: "pod-1",
        clock: this.clock,
        random: () => 0.5,
        onDropped: (why, reason) => void this.dropped.push(`${why} ${reason}`),
      },
      this.stop.signal,
    );
  }

  /** Lets waits pass until everything recorded is written or dropped. */
  async settle(): Promise<void> {
    let settled = false;
    const flushed = this.recorder.flush().then(() => (settled = true));
    await until(() => {
      if (this.clock.nextDue !== undefined) this.clock.advance(this.clock.nextDue - this.clock.now());
      return settled;
    });
    await flushed;
  }
}

describe("the event recorder", () => {
  test("writes an event with all that kubectl describe shows", async () => {
    const bench = new Bench();
    bench.recorder.record(AGENT, "Warning", "NodeUnhealthy", "node-1: out of memory");
    await bench.settle();
    expect(bench.sent).toHaveLength(1);
    expect(bench.sent[0]).toMatchObject({
      method: "POST",
      path: "/api/v1/namespaces/ns/events",
      body: {
        apiVersion: "v1",
        kind: "Event",
        involvedObject: AGENT,
        type: "Warning",
        reason: "NodeUnhealthy",
        message: "node-1: out of memory",
        count: 1,
        firstTimestamp: "2026-01-01T00:16:40Z",
        lastTimestamp: "2026-01-01T00:16:40Z",
        source: { component: "kmagent-operator" },
        reportingComponent: "kmagent-operator",
        reportingInstance: "pod-1",
      },
    });
  });

  test("says the same thing again by raising a count", async () => {
    const bench = new Bench();
    for (let i = 0; i < 3; i++) bench.recorder.record(AGENT, "Normal", "Applied", "same");
    await bench.settle();
    expect(bench.sent.map(({ method }) => method)).toEqual(["POST", "PATCH", "PATCH"]);
    expect(bench.sent[2]?.body).toMatchObject({ count: 3 });
    expect(bench.sent[2]?.path).toMatch(/\/events\/km-agent\.[0-9a-f]+$/);
  });

  test("another message, reason or incarnation is another event", async () => {
    const bench = new Bench();
    bench.recorder.record(AGENT, "Normal", "Applied", "one");
    bench.recorder.record(AGENT, "Normal", "Applied", "two");
    bench.recorder.record(AGENT, "Normal", "Created", "one");
    bench.recorder.record({ ...AGENT, uid: "u2" }, "Normal", "Applied", "one");
    await bench.settle();
    expect(bench.sent.map(({ method }) => method)).toEqual(["POST", "POST", "POST", "POST"]);
  });

  test("an event that the server has forgotten is written anew", async () => {
    const bench = new Bench();
    bench.answers = [undefined, new KmError("NotFound", "expired")];
    bench.recorder.record(AGENT, "Normal", "Applied", "same");
    bench.recorder.record(AGENT, "Normal", "Applied", "same");
    await bench.settle();
    expect(bench.sent.map(({ method }) => method)).toEqual(["POST", "PATCH", "POST"]);
    expect(bench.sent[2]?.body).toMatchObject({ count: 1 });
  });

  test("an object that talks without end is cut short, others aren't", async () => {
    const bench = new Bench();
    for (let i = 0; i < BURST + 3; i++) bench.recorder.record(AGENT, "Normal", "Applied", `${i}`);
    bench.recorder.record({ ...AGENT, name: "other" }, "Normal", "Applied", "mine");
    await bench.settle();
    expect(bench.sent).toHaveLength(BURST + 1);
    expect(bench.dropped).toEqual(["rate Applied", "rate Applied", "rate Applied"]);
  });

  test("the fall and the recovery of two score nodes are told whole, for one KmAgent speaks for them all", async () => {
    const bench = new Bench();
    for (let i = 0; i < 40; i++) {
      bench.recorder.record(AGENT, "Warning", "NodeUnhealthy", `node-${i} fell`);
      bench.recorder.record(AGENT, "Normal", "NodeRecovered", `node-${i} runs`);
    }
    await bench.settle();
    expect([bench.sent.length, bench.dropped]).toEqual([80, []]);
  });

  test("an API server that is away costs a few tries and nobody's time", async () => {
    const bench = new Bench();
    bench.answers = Array.from({ length: 4 }, () => new KmError("Unavailable", "down"));
    bench.recorder.record(AGENT, "Normal", "Lost", "x");
    bench.recorder.record(AGENT, "Normal", "Kept", "y");
    await bench.settle();
    expect(bench.dropped).toEqual(["failed Lost"]);
    expect(bench.sent).toHaveLength(5);
  });

  test("what is refused isn't tried again", async () => {
    const bench = new Bench();
    bench.answers = [new KmError("Forbidden", "no")];
    bench.recorder.record(AGENT, "Normal", "Applied", "x");
    await bench.settle();
    expect([bench.sent.length, bench.dropped]).toEqual([1, ["failed Applied"]]);
  });

  test("who doesn't lead writes no event", async () => {
    const bench = new Bench();
    bench.leading = false;
    bench.recorder.record(AGENT, "Normal", "Applied", "x");
    await bench.settle();
    expect([bench.sent, bench.dropped]).toEqual([[], ["failed Applied"]]);
  });

  test("a queue that is full drops what comes, and a stop drops what waits", async () => {
    const bench = new Bench();
    bench.answers = [new KmError("Unavailable", "down")];
    for (let i = 0; i < 250; i++) bench.recorder.record({ ...AGENT, name: `a${i}` }, "Normal", `R${i}`, "x");
    expect(bench.dropped).toHaveLength(50);
    await until(() => bench.clock.timers > 0);
    bench.stop.abort();
    await until(() => bench.dropped.length >= 250);
    expect(bench.dropped).toHaveLength(250);
    await bench.recorder.flush();
  });
});

describe("an event's parts", () => {
  test("a message fits, ends in whole characters, and stays as it is where it can", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "grapheme", maxLength: 80 }),
        fc.integer({ min: 8, max: 100 }),
        (message, bound) => {
          const fitted = fitMessage(message, bound);
          expect(Buffer.byteLength(fitted)).toBeLessThanOrEqual(bound);
          expect(fitted).not.toContain("\ufffd");
          if (Buffer.byteLength(message) <= bound) expect(fitted).toBe(message);
          else expect(fitted.endsWith("…") && message.startsWith(fitted.slice(0, -1))).toBe(true);
        },
      ),
    );
  });

  test("a bucket gives its burst at once and one token for each refill after", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(REFILL_MS), { maxLength: 200 }), (gaps) => {
        let bucket: Bucket | undefined;
        let now = 0;
        let taken = 0;
        for (const gap of gaps) {
          now += gap;
          const next = takeToken(bucket, now);
          if (next) taken++;
          bucket = next ?? bucket;
        }
        expect(taken).toBeLessThanOrEqual(BURST + now / REFILL_MS);
        expect(taken).toBeGreaterThanOrEqual(Math.min(gaps.length, BURST));
      }),
    );
  });

  test("a map of bounded size forgets what was used longest ago", () => {
    const map = new RecentMap<number>(2);
    map.set("a", 1);
    map.set("b", 2);
    map.set("a", 3);
    map.set("c", 4);
    expect([map.get("a"), map.get("b"), map.get("c"), map.size]).toEqual([3, undefined, 4, 2]);
  });
});
