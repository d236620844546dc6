import { describe, expect, it } from "@jest/globals";
import type { CounterReading } from "../health/counter-reading.ts";
import { ExportWatch } from "./export-watch.ts";

const line = { exporter: "otlphttp", signal: "metrics" as const, sent: 0, failed: 0, pending: 0 };
const reading = (seconds: number, of: Partial<typeof line>): CounterReading => ({
  at: seconds * 1_000,
  startedAt: 0,
  received: {},
  exporters: [{ ...line, ...of }],
});
const stateOf = (watch: ExportWatch, pod = "p") => watch.of("k").get(pod)?.health.state;

describe("what is known of exports", () => {
  it("changes with the verdict alone", () => {
    const watch = new ExportWatch();
    expect(watch.follow("k", "p", reading(10, { sent: 1 }))).toEqual({ changed: true, open: false });
    expect(watch.follow("k", "p", reading(20, { sent: 2 }))).toEqual({ changed: false, open: false });
    expect(watch.follow("k", "p", reading(30, { sent: 2, pending: 1 }))).toEqual({ changed: false, open: true });
    expect(watch.follow("k", "p", reading(50, { sent: 2, pending: 1 }))).toEqual({ changed: true, open: true });
    expect(stateOf(watch)).toBe("Failing");
  });

  it("outlasts one reading that fails, not two, and then begins anew", () => {
    const watch = new ExportWatch();
    watch.follow("k", "p", reading(10, { sent: 1 }));
    expect(watch.follow("k", "p", null)).toEqual({ changed: false, open: true });
    expect(stateOf(watch)).toBe("Flowing");
    expect(watch.follow("k", "p", null)).toEqual({ changed: true, open: false });
    expect(stateOf(watch)).toBeUndefined();
    expect(watch.follow("k", "p", reading(600, { sent: 1 }))).toMatchObject({ open: true });
    expect(stateOf(watch)).toBe("Unknown");
  });

  it("is forgotten with the pod and with the KmAgent", () => {
    const watch = new ExportWatch();
    for (const pod of ["p", "q"]) watch.follow("k", pod, reading(10, { sent: 1 }));
    watch.keep("k", new Set(["q"]));
    expect([stateOf(watch, "p"), stateOf(watch, "q")]).toEqual([undefined, "Flowing"]);
    watch.forget("k");
    expect(watch.of("k").size).toBe(0);
  });
});
