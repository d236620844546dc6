import { describe, expect, it } from "@jest/globals";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { followExports } from "../../src/health/export-health.ts";
import type { ExportTrack } from "../../src/health/export-health.ts";
import { createCountersParser } from "../../src/probe/collector-counters.ts";

/*
 * What a real collector told of itself, release 0.160.0 where the name says nothing else: `## 30` stands before the page of
 * 30 seconds after its start, of which only the lines on exporters, receivers and uptime are kept. A reading every 5 s, a
 * batch of 5 s, an exporter with a queue of 500 and retries of 5 minutes where the name says nothing else.
 */

const FOLDER = join(import.meta.dirname, "measured");

/** The verdict after each page, such as `30 Failing otlphttp (metrics)`. */
function verdicts(name: string): string[] {
  let track: ExportTrack | null = null;
  const pages = readFileSync(join(FOLDER, `${name}.txt`), "utf8").split(/^## /m);
  return pages.slice(1).map((page) => {
    const seconds = parseInt(page);
    const parser = createCountersParser();
    parser.push(Buffer.from(page.slice(page.indexOf("\n") + 1)));
    const { uptimeSeconds, ...counters } = parser.end();
    const at = seconds * 1_000;
    track = followExports(track, { at, startedAt: at - (uptimeSeconds ?? NaN) * 1_000, ...counters });
    return [seconds, track.health.state, ...track.health.failing].join(" ");
  });
}

const METRICS = "otlphttp (metrics)";
const LOGS = "otlphttp (logs)";
/** Nothing tells at 30 s, for the batches that wait may have just come; at the next reading all is clear. */
const failing = (...exporters: string[]) => [
  "30 Unknown",
  ...[60, 90, 120, 150].map((at) => `${at} Failing ${exporters.join(" ")}`),
];
const failingAtOnce = (...exporters: string[]) =>
  [30, 60, 90, 120, 150].map((at) => `${at} Failing ${exporters.join(" ")}`);
const always = (state: string) => [30, 60, 90, 120, 150].map((at) => `${at} ${state}`);

const MEASURED: Readonly<Record<string, readonly string[]>> = {
  ok: ["5 Flowing", ...always("Flowing")],
  "metrics-and-logs": always("Flowing"),
  "logs-silent": always("Flowing"),
  idle: ["5 Unknown", "30 Unknown", "60 Unknown", "90 Unknown", "120 Idle", "150 Idle"],
  "debug-only": ["5 Unknown", "30 Unknown", "60 Unknown", "90 Unknown", "120 Idle", "150 Idle"],
  refused: ["5 Unknown", ...failingAtOnce(METRICS)],
  "never-answered": failing(METRICS),
  "status-503": failing(METRICS),
  "status-401": ["5 Unknown", ...failingAtOnce(METRICS)],
  "logs-refused": failing(LOGS),
  "traces-taken": ["30 Flowing", "60 Flowing", "90 Flowing"],
  "traces-refused": ["30 Unknown", "60 Failing otlphttp (traces)", "90 Failing otlphttp (traces)"],
  "one-of-two-refused": failing("otlphttp/second (metrics)"),
  "no-queue": failing(METRICS),
  "no-queue-no-retry": failingAtOnce(METRICS),
  "retries-end": failingAtOnce(METRICS),
  // A full queue loses what comes; one that blocks stops the good exporter beside it and the receiver, too.
  "queue-full": failingAtOnce(METRICS),
  "queue-full-blocks": failing(METRICS),
  "queue-in-items": failing(METRICS),
  // Refused from 40 s to 90 s.
  "refused-for-a-while": [
    "30 Flowing",
    "45 Flowing",
    "60 Flowing",
    `90 Failing ${LOGS} ${METRICS}`,
    "120 Flowing",
    "150 Flowing",
  ],
  // The release in KloudMate's image: other names, no count of requests in flight.
  "release-0.142-refused": ["75 Unknown", `100 Failing ${METRICS}`, `125 Failing ${METRICS}`],
  "release-0.142-retries-end": [75, 100, 125].map((at) => `${at} Failing ${LOGS} ${METRICS}`),
};

describe("the counters that real collectors gave", () => {
  it.each(Object.entries(MEASURED))("lead to the right verdicts: %s", (name, expected) => {
    expect(verdicts(name)).toEqual(expected);
  });

  it("are all judged here", () => {
    const files = readdirSync(FOLDER).map((file) => file.replace(/\.txt$/, ""));
    expect(files.toSorted()).toEqual(Object.keys(MEASURED).toSorted());
  });
});
