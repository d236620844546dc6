import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { CounterReading, ExporterReading } from "./counter-reading.ts";
import { followExports } from "./export-health.ts";
import type { ExportState, ExportTrack } from "./export-health.ts";

function exporter(of: Partial<ExporterReading> = {}): ExporterReading {
  return { exporter: "otlphttp", signal: "metrics", sent: 0, failed: 0, pending: 0, ...of };
}

/** A reading at `seconds` of a process that began at 0, unless `startedAt` says otherwise. */
function reading(seconds: number, received: number, ...exporters: ExporterReading[]): CounterReading {
  return { at: seconds * 1_000, startedAt: 0, received: { metrics: received }, exporters };
}

/** The same of a process that began at `startedAt` seconds. */
const begunAt = (startedAt: number, of: CounterReading): CounterReading => ({ ...of, startedAt: startedAt * 1_000 });

function followed(...readings: CounterReading[]): ExportTrack {
  return readings.reduce<ExportTrack | null>((track, next) => followExports(track, next), null)!;
}

const HOUR = 3_600;

describe("what a collector's counters say", () => {
  it.each<{ name: string; readings: CounterReading[]; state: ExportState; failing?: string[] }>([
    {
      name: "a young process that has sent something",
      readings: [reading(45, 75, exporter({ sent: 75 }))],
      state: "Flowing",
    },
    {
      name: "the first reading of an old process, for it may have sent all that last week",
      readings: [reading(HOUR, 75, exporter({ sent: 75 }))],
      state: "Unknown",
    },
    {
      name: "an old process that has sent more since",
      readings: [reading(HOUR, 75, exporter({ sent: 75 })), reading(HOUR + 20, 90, exporter({ sent: 90 }))],
      state: "Flowing",
    },
    {
      name: "an old process that tells no uptime, at first",
      readings: [{ ...reading(45, 75, exporter({ sent: 75 })), startedAt: null }],
      state: "Unknown",
    },
    {
      name: "an endpoint that refuses the connection: neither counter is there, and batches wait",
      readings: [reading(25, 45, exporter({ pending: 3 })), reading(45, 75, exporter({ pending: 5 }))],
      state: "Failing",
      failing: ["otlphttp (metrics)"],
    },
    {
      name: "the same before twenty seconds have passed",
      readings: [reading(35, 60, exporter({ pending: 4 })), reading(45, 75, exporter({ pending: 5 }))],
      state: "Unknown",
    },
    {
      name: "an endpoint that answers 401: each batch is lost at once",
      readings: [reading(45, 75, exporter({ failed: 75 }))],
      state: "Failing",
      failing: ["otlphttp (metrics)"],
    },
    {
      name: "an endpoint that answers 401 from the start, before twenty seconds have passed",
      readings: [reading(2, 5, exporter({ failed: 5 })), reading(19, 75, exporter({ failed: 75 }))],
      state: "Unknown",
    },
    {
      name: "the same after twenty seconds, though the next batch is a minute away",
      readings: [reading(2, 5, exporter({ failed: 5 })), reading(20, 5, exporter({ failed: 5 }))],
      state: "Failing",
      failing: ["otlphttp (metrics)"],
    },
    {
      name: "one batch that is lost right after others were taken",
      readings: [
        reading(10, 75, exporter({ sent: 75 })),
        reading(28, 150, exporter({ sent: 150 })),
        reading(30, 155, exporter({ sent: 150, failed: 5 })),
        reading(70, 155, exporter({ sent: 150, failed: 5 })),
      ],
      state: "Flowing",
    },
    {
      name: "one batch that is lost by an exporter that sends each minute",
      readings: [reading(10, 75, exporter({ sent: 75 })), reading(70, 150, exporter({ sent: 75, failed: 75 }))],
      state: "Flowing",
    },
    {
      name: "batches that are lost one after the other for twenty seconds",
      readings: [
        reading(10, 75, exporter({ sent: 75 })),
        reading(12, 80, exporter({ sent: 75, failed: 5 })),
        reading(32, 85, exporter({ sent: 75, failed: 10 })),
      ],
      state: "Failing",
      failing: ["otlphttp (metrics)"],
    },
    {
      name: "a batch that is lost long after another one, with some that were taken in between",
      readings: [
        reading(10, 75, exporter({ sent: 75 })),
        reading(12, 80, exporter({ sent: 75, failed: 5 })),
        reading(40, 155, exporter({ sent: 150, failed: 5 })),
        reading(42, 160, exporter({ sent: 150, failed: 10 })),
      ],
      state: "Flowing",
    },
    {
      name: "a batch that is lost by one that was idle",
      readings: [reading(100, 0, exporter()), reading(110, 0, exporter({ failed: 5 }))],
      state: "Idle",
    },
    {
      name: "another one twenty seconds later, with nothing that was taken in between",
      readings: [
        reading(100, 0, exporter()),
        reading(110, 0, exporter({ failed: 5 })),
        reading(130, 0, exporter({ failed: 10 })),
      ],
      state: "Failing",
      failing: ["otlphttp (metrics)"],
    },
    {
      name: "an endpoint that begins to fail after it took something",
      readings: [
        reading(10, 75, exporter({ sent: 75 })),
        reading(30, 95, exporter({ sent: 75, pending: 1 })),
        reading(50, 115, exporter({ sent: 75, pending: 3 })),
      ],
      state: "Failing",
      failing: ["otlphttp (metrics)"],
    },
    {
      name: "one that takes things again after it failed",
      readings: [
        reading(10, 75, exporter({ failed: 75 })),
        reading(30, 95, exporter({ sent: 10, failed: 75, pending: 4 })),
      ],
      state: "Flowing",
    },
    {
      name: "an endpoint that takes most and refuses some",
      readings: [reading(10, 75, exporter({ sent: 75 })), reading(40, 175, exporter({ sent: 165, failed: 10 }))],
      state: "Flowing",
    },
    {
      name: "a batch that has just come to one that flowed",
      readings: [reading(10, 75, exporter({ sent: 75 })), reading(40, 76, exporter({ sent: 75, pending: 1 }))],
      state: "Flowing",
    },
    {
      name: "one that waits for the next scrape",
      readings: [reading(10, 75, exporter({ sent: 75 })), reading(400, 75, exporter({ sent: 75 }))],
      state: "Flowing",
    },
    {
      name: "one that has sent nothing for longer than any scrape takes",
      readings: [reading(10, 75, exporter({ sent: 75 })), reading(700, 75, exporter({ sent: 75 }))],
      state: "Idle",
    },
    {
      name: "a process that is too young to have scraped and batched",
      readings: [reading(30, 0, exporter())],
      state: "Unknown",
    },
    { name: "nothing comes, nothing goes", readings: [reading(120, 0, exporter())], state: "Idle" },
    {
      name: "what is received goes nowhere: neither sent, nor waiting, nor lost",
      readings: [reading(120, 500, exporter())],
      state: "Unknown",
    },
    {
      name: "a new process counts from nothing, though it is older than a minute",
      readings: [
        reading(500, 500, exporter({ sent: 500, failed: 20 })),
        begunAt(510, reading(600, 15, exporter({ sent: 15 }))),
      ],
      state: "Flowing",
    },
    {
      name: "a new process that fails where the one before flowed",
      readings: [
        reading(500, 500, exporter({ sent: 500 })),
        reading(520, 520, exporter({ sent: 520 })),
        begunAt(530, reading(550, 15, exporter({ failed: 15 }))),
      ],
      state: "Failing",
      failing: ["otlphttp (metrics)"],
    },
    {
      name: "counters that fall without a new uptime are a new process too",
      readings: [reading(10, 500, exporter({ sent: 500 })), reading(12, 5, exporter({ pending: 1 }))],
      state: "Unknown",
    },
    {
      name: "the debug exporter alone: there is nobody to deliver to",
      readings: [reading(120, 75, exporter({ exporter: "debug/x", sent: 75 }))],
      state: "Idle",
    },
    {
      name: "no exporter at all in a young process: one without a queue shows itself with its first batch",
      readings: [reading(30, 75)],
      state: "Unknown",
    },
    {
      name: "no exporter at all in one that gets nothing",
      readings: [reading(120, 0)],
      state: "Idle",
    },
    {
      name: "no exporter at all in one that gets something: it may have no queue, and never have sent",
      readings: [reading(120, 75)],
      state: "Unknown",
    },
    {
      name: "the debug exporter of another signal than what is received",
      readings: [reading(120, 75, exporter({ exporter: "debug", signal: "logs", sent: 5 }))],
      state: "Unknown",
    },
    {
      name: "one exporter of two fails",
      readings: [reading(45, 75, exporter({ sent: 75 }), exporter({ exporter: "otlphttp/2", failed: 75 }))],
      state: "Failing",
      failing: ["otlphttp/2 (metrics)"],
    },
    {
      name: "one exporter of two has sent, the other's first batch waits",
      readings: [reading(15, 75, exporter({ sent: 75 }), exporter({ exporter: "otlphttp/2", pending: 1 }))],
      state: "Unknown",
    },
    {
      name: "one signal of an exporter fails",
      readings: [reading(45, 75, exporter({ sent: 75 }), exporter({ signal: "logs", failed: 3 }))],
      state: "Failing",
      failing: ["otlphttp (logs)"],
    },
    {
      name: "one signal flows, and the first batch of the other waits",
      readings: [reading(15, 75, exporter({ sent: 75 }), exporter({ signal: "logs", pending: 1 }))],
      state: "Unknown",
    },
    {
      name: "one signal flows and the other has nothing to send",
      readings: [reading(15, 75, exporter({ sent: 75 }), exporter({ signal: "traces" }))],
      state: "Flowing",
    },
  ])("$name: $state", ({ readings, state, failing = [] }) => {
    expect(followed(...readings).health).toMatchObject({ state, failing });
  });

  it.each([
    { name: "what is received goes nowhere", of: [reading(120, 500, exporter())], heldBack: true },
    { name: "nobody can say yet", of: [reading(30, 500, exporter())], heldBack: undefined },
    { name: "no exporter shows itself", of: [reading(120, 500)], heldBack: undefined },
    { name: "nothing is received", of: [reading(120, 0, exporter())], heldBack: undefined },
  ])("tell whether what is received is held back, where $name", ({ of, heldBack }) => {
    expect(followed(...of).health.heldBack).toBe(heldBack);
  });

  it("tell since when exports fail: since something waits, and as long as the same ones fail", () => {
    const first = followed(
      reading(10, 75, exporter({ sent: 75 })),
      reading(30, 95, exporter({ sent: 75, pending: 1 })),
      reading(60, 115, exporter({ sent: 75, pending: 3 })),
    );
    expect(first.health).toMatchObject({ state: "Failing", since: 30_000 });
    const later = followExports(first, reading(90, 115, exporter({ sent: 75, pending: 5 })));
    expect(later.health).toBe(first.health);
    expect(followExports(later, reading(100, 115, exporter({ sent: 90 }))).health).toMatchObject({ since: 100_000 });
  });

  it("tell since when exports fail: since something was lost, where nothing waits", () => {
    const lost = followed(reading(5, 5, exporter({ failed: 5 })), reading(25, 30, exporter({ failed: 30 })));
    expect(lost.health).toMatchObject({ state: "Failing", since: 5_000 });
  });

  it("tell of each exporter since when it fails, and when it delivered: after the reading before", () => {
    const track = followed(
      reading(10, 75, exporter({ sent: 75 }), exporter({ exporter: "otlphttp/2", failed: 5 })),
      reading(30, 95, exporter({ sent: 75, pending: 1 }), exporter({ exporter: "otlphttp/2", failed: 25 })),
      reading(60, 115, exporter({ sent: 90, pending: 3 }), exporter({ exporter: "otlphttp/2", failed: 45 })),
      reading(80, 115, exporter({ sent: 90, pending: 3 }), exporter({ exporter: "otlphttp/2", failed: 45, sent: 1 })),
    );
    expect(track.exporters).toMatchObject([
      { exporter: "otlphttp", failingSince: 60_000, deliveredAfter: [30_000, 0] },
      { exporter: "otlphttp/2", failingSince: null, deliveredAfter: [60_000] },
    ]);
    expect(track.health).toMatchObject({ failing: ["otlphttp (metrics)"], since: 60_000 });
  });

  it.each([
    { name: "something waits", now: exporter({ sent: 75, pending: 1 }), open: true },
    { name: "something was lost", now: exporter({ sent: 75, failed: 9 }), open: true },
    { name: "it sends, though more is on its way", now: exporter({ sent: 80, pending: 4 }), open: false },
    { name: "nothing happens", now: exporter({ sent: 75 }), open: false },
  ])("ask for another reading soon or not, where $name", ({ now, open }) => {
    expect(followed(reading(10, 75, exporter({ sent: 75 })), reading(20, 80, now)).open).toBe(open);
  });

  it("ask for none once nothing has moved for long after something was lost", () => {
    const lost = exporter({ sent: 75, failed: 5 });
    const quiet = followed(reading(10, 75, exporter({ sent: 75 })), reading(20, 75, lost), reading(620, 75, lost));
    expect(quiet).toMatchObject({ open: false, health: { state: "Idle" } });
  });

  const anyExporter = fc.record({
    exporter: fc.constantFrom("otlphttp", "otlphttp/2", "debug"),
    signal: fc.constantFrom("metrics" as const, "logs" as const, "traces" as const),
    sent: fc.nat(1_000),
    failed: fc.nat(1_000),
    pending: fc.nat(5),
  });
  const anyReading = fc.record({
    at: fc.nat(10_000_000),
    startedAt: fc.option(fc.nat(10_000_000)),
    received: fc.record({ metrics: fc.nat(), logs: fc.nat() }),
    exporters: fc.uniqueArray(anyExporter, { selector: ({ exporter, signal }) => exporter + signal, maxLength: 4 }),
  });

  it("never call a collector failing that sent more and lost nothing, whatever was before", () => {
    fc.assert(
      fc.property(fc.array(anyReading, { minLength: 1, maxLength: 6 }), fc.nat(60_000), (readings, passed) => {
        const last = readings.at(-1)!;
        const more = last.exporters.map((line) => ({ ...line, sent: line.sent + 1 }));
        const track = followExports(followed(...readings), { ...last, at: last.at + passed, exporters: more });
        expect(track.health.state).not.toBe("Failing");
      }),
    );
  });

  it("name who fails exactly when something fails, and begin no verdict in the future", () => {
    fc.assert(
      fc.property(fc.array(anyReading, { minLength: 1, maxLength: 6 }), (readings) => {
        const { health, at } = followed(...readings.toSorted((a, b) => a.at - b.at));
        expect(health.failing.length > 0).toBe(health.state === "Failing");
        expect(health.since).toBeLessThanOrEqual(at);
      }),
    );
  });
});
