import { describe, expect, it } from "@jest/globals";
import { followExports } from "../../src/health/export-health.ts";
import type { ExportTrack } from "../../src/health/export-health.ts";
import { canaryVerdict } from "../../src/rollout/canary-gate.ts";
import type { RolloutPod } from "../../src/rollout/view.ts";
import { fresh, node, NOW, pod, record, SETTINGS, view } from "../rollout/views.ts";

/*
 * A canary beside five nodes of the revision before, all of which send to one endpoint, from the container's start to the
 * verdict. Their counters are read every 2 s, as in a rollout.
 */

const SECOND = 1_000;
const STEP = 2 * SECOND;
const CANARY = record({ phase: "Canary", target: "t", canaries: ["n1"] });

/** When the endpoint takes nothing, milliseconds from the canary's start. */
interface Outage {
  readonly from: number;
  readonly until: number;
}

/** How a collector is. Times are milliseconds from the canary's start. */
interface Traits {
  readonly startedAt: number;
  readonly firstAt: number;
  readonly period: number;
  /** How much longer or shorter than the usual ones its pauses are, by chance. */
  readonly patience: number;
  /** Whether what it is configured with can reach the endpoint at all. */
  readonly canSend: boolean;
}

/** A collector that gets a batch each `period`, and tries what it couldn't send again, after pauses that grow. */
class Collector {
  track: ExportTrack | null = null;
  readonly #of: Traits;
  #sent = 0;
  #received = 0;
  #waits = 0;
  #pause = 0;
  #triedAt = -Infinity;

  constructor(of: Traits) {
    this.#of = of;
  }

  /** Lives for one step, which ends at `at`, and is read then. */
  step(at: number, isUp: boolean): void {
    const { startedAt, firstAt, period, patience, canSend } = this.#of;
    const due = Math.floor((at - firstAt) / period) + 1;
    for (; this.#received < due; this.#received++) this.#waits += 1;
    const isTried = this.#waits > 0 && at >= this.#triedAt + this.#pause * patience;
    if (isTried && isUp && canSend) {
      this.#sent += this.#waits;
      this.#waits = 0;
      this.#pause = 0;
    } else if (isTried) {
      this.#triedAt = at;
      this.#pause = this.#pause === 0 ? 5 * SECOND : Math.min(30 * SECOND, this.#pause * 1.5);
    }
    const line = { exporter: "otlp", signal: "metrics" as const, sent: this.#sent, failed: 0, pending: this.#waits };
    const received = { metrics: this.#received };
    const reading = { at: NOW + at, startedAt: NOW + startedAt, received, exporters: [line] };
    this.track = followExports(this.track, reading);
  }

  get exports(): Pick<RolloutPod, "exports" | "exporters"> {
    return { exports: this.track?.health.state ?? "Unknown", exporters: this.track?.exporters ?? [] };
  }
}

/** The verdict on the canary, and how many seconds after its start it came. */
function verdictOf(canary: Collector, others: readonly Collector[], outage: Outage) {
  for (let at = -60 * SECOND; ; at += STEP) {
    const isUp = at < outage.from || at >= outage.until;
    for (const each of at < 0 ? others : [canary, ...others]) each.step(at, isUp);
    if (at <= 0) continue;
    const now = NOW + at;
    const own = fresh(1, { createdAt: NOW, startedAt: NOW, answeredAt: now, ...canary.exports });
    const stable = others.map(({ exports }, index) => node(index + 2, { pod: pod({ answeredAt: now, ...exports }) }));
    const seen = view([node(1, { pod: own }), ...stable], { now });
    const verdict = canaryVerdict(node(1, { pod: own }), undefined, CANARY, seen);
    if (verdict.kind !== "waiting") return { ...verdict, seconds: at / SECOND };
  }
}

const fleet = (period: number) =>
  [0, 1, 2, 3, 4].map((index) => {
    const firstAt = -60 * SECOND + (index * period) / 5;
    return new Collector({ startedAt: -3_600 * SECOND, firstAt, period, patience: 0.5, canSend: true });
  });
const canaryOf = (of: Pick<Traits, "period" | "patience" | "canSend">) =>
  new Collector({ startedAt: 0, firstAt: 4 * SECOND, ...of });
const NO_OUTAGE = { from: 0, until: 0 };

describe.each([5, 20, 60])("a canary whose fleet sends every %d s", (seconds) => {
  const period = seconds * SECOND;

  it("isn't rejected for an outage of the endpoint, whenever it comes and however long it lasts", () => {
    const rejected = [];
    for (let from = -20; from <= 30; from += 5) {
      for (const lasting of [4, 10, 16, 22, 30, 38, 46, 54, 62, 75, 90, 120, 180, 250, 400]) {
        const canary = canaryOf({ period, patience: 1.5, canSend: true });
        const outage = { from: from * SECOND, until: (from + lasting) * SECOND };
        const { kind } = verdictOf(canary, fleet(period), outage);
        if (kind !== "passed") rejected.push({ from, lasting });
      }
    }
    expect(rejected).toEqual([]);
  });

  it("is rejected where it alone can't send, before its deadline is near", () => {
    const canary = canaryOf({ period, patience: 1, canSend: false });
    const verdict = verdictOf(canary, fleet(period), NO_OUTAGE);
    expect(verdict).toMatchObject({ kind: "failed", fault: { reason: "ExportsFailing" } });
    expect(verdict.seconds).toBeLessThan(150);
    expect(verdict.seconds * SECOND).toBeLessThan(SETTINGS.deadlineMs / 2);
  });

  it("is rejected where it can't send after an outage that its whole fleet had, either", () => {
    const canary = canaryOf({ period, patience: 1, canSend: false });
    expect(verdictOf(canary, fleet(period), { from: -10 * SECOND, until: 60 * SECOND }).kind).toBe("failed");
  });
});
