import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { exportHealth, fleetExports, startOfRun } from "./export-health.ts";
import type { CounterSample, ExporterSample, ExportState } from "./export-health.ts";

function exporter(of: Partial<ExporterSample> = {}): ExporterSample {
  return { exporter: "otlphttp", signal: "metrics", sent: 0, failed: 0, pending: 0, ...of };
}

function sample(at: number, accepted: number, ...exporters: ExporterSample[]): CounterSample {
  return { at: at * 1_000, accepted: { metrics: accepted }, exporters };
}

const started = startOfRun(0);

describe("what a collector's counters say", () => {
  it.each<{
    name: string;
    earlier: CounterSample | null;
    later: CounterSample;
    state: ExportState;
    failing?: string[];
  }>([
    {
      name: "one reading alone says nothing",
      earlier: null,
      later: sample(45, 75, exporter({ sent: 75 })),
      state: "Unknown",
    },
    {
      name: "an endpoint that takes everything",
      earlier: started,
      later: sample(45, 75, exporter({ sent: 75 })),
      state: "Flowing",
    },
    {
      name: "an endpoint that refuses the connection: neither counter is there, and batches wait",
      earlier: sample(25, 45, exporter({ pending: 3 })),
      later: sample(45, 75, exporter({ pending: 5 })),
      state: "Failing",
      failing: ["otlphttp (metrics)"],
    },
    {
      name: "the same before twenty seconds have passed",
      earlier: sample(35, 60, exporter({ pending: 4 })),
      later: sample(45, 75, exporter({ pending: 5 })),
      state: "Unknown",
    },
    {
      name: "an endpoint that answers 401",
      earlier: started,
      later: sample(45, 75, exporter({ failed: 75 })),
      state: "Failing",
      failing: ["otlphttp (metrics)"],
    },
    {
      name: "an endpoint that begins to fail after it took something",
      earlier: sample(0, 75, exporter({ sent: 75, pending: 1 })),
      later: sample(300, 575, exporter({ sent: 75, pending: 50 })),
      state: "Failing",
      failing: ["otlphttp (metrics)"],
    },
    {
      name: "an endpoint that takes most and refuses some",
      earlier: sample(0, 75, exporter({ sent: 75 })),
      later: sample(30, 175, exporter({ sent: 165, failed: 10 })),
      state: "Flowing",
    },
    {
      name: "a batch that has just come",
      earlier: sample(0, 75, exporter({ sent: 75 })),
      later: sample(30, 76, exporter({ sent: 75, pending: 1 })),
      state: "Unknown",
    },
    {
      name: "nothing comes, nothing goes",
      earlier: sample(0, 0, exporter()),
      later: sample(30, 0, exporter()),
      state: "Idle",
    },
    {
      name: "something came a moment ago and is still being batched",
      earlier: sample(0, 0, exporter()),
      later: sample(5, 15, exporter()),
      state: "Unknown",
    },
    {
      name: "a new process counts from nothing",
      earlier: sample(0, 500, exporter({ sent: 500, failed: 20 })),
      later: sample(30, 15, exporter({ sent: 15, failed: 0 })),
      state: "Flowing",
    },
    {
      name: "the debug exporter proves nothing",
      earlier: started,
      later: sample(45, 75, exporter({ exporter: "debug", sent: 75 })),
      state: "Unknown",
    },
    {
      name: "one exporter of two fails",
      earlier: started,
      later: sample(45, 75, exporter({ sent: 75 }), exporter({ exporter: "otlphttp/2", failed: 75 })),
      state: "Failing",
      failing: ["otlphttp/2 (metrics)"],
    },
    {
      name: "one signal of an exporter fails",
      earlier: started,
      later: sample(45, 75, exporter({ sent: 75 }), exporter({ signal: "logs", failed: 3 })),
      state: "Failing",
      failing: ["otlphttp (logs)"],
    },
    {
      name: "one signal flows and the other has nothing to send",
      earlier: started,
      later: sample(45, 75, exporter({ sent: 75 }), exporter({ signal: "traces" })),
      state: "Flowing",
    },
  ])("$name: $state", ({ earlier, later, state, failing = [] }) => {
    expect(exportHealth(earlier, later)).toEqual({ state, failing });
  });

  it("never calls a collector failing that sent something and failed nowhere", () => {
    const any = fc.record({ sent: fc.nat(), failed: fc.nat(), pending: fc.nat() });
    fc.assert(
      fc.property(any, fc.integer({ min: 1 }), fc.nat(), fc.nat(), (before, more, pending, passed) => {
        const earlier = sample(0, 0, exporter(before));
        const later = sample(passed, 0, exporter({ ...before, sent: before.sent + more, pending }));
        expect(exportHealth(earlier, later).state).toBe("Flowing");
      }),
    );
  });

  it("is summed up for the fleet with the names of those that fail", () => {
    const nodes = new Map([
      ["node-2", { state: "Failing" as const, failing: ["otlphttp (logs)"] }],
      ["node-1", { state: "Failing" as const, failing: ["otlphttp (logs)", "otlphttp (metrics)"] }],
      ["node-3", { state: "Flowing" as const, failing: [] }],
      ["node-4", { state: "Unknown" as const, failing: [] }],
      ["node-5", { state: "Idle" as const, failing: [] }],
    ]);
    expect(fleetExports(nodes)).toEqual({
      flowing: 1,
      failing: 2,
      idle: 1,
      failingNodes: ["node-1", "node-2"],
      failingExporters: ["otlphttp (logs)", "otlphttp (metrics)"],
    });
  });
});
