import { StringDecoder } from "node:string_decoder";
import type { CounterReading, ExporterReading, Signal } from "../health/counter-reading.ts";

/** The counters of one collector; the reader adds when they were read. */
export interface CollectorCounters extends Pick<CounterReading, "received" | "exporters"> {
  /** Seconds since the collector's start. */
  readonly uptimeSeconds: number | null;
}

/** Reads the text as it arrives, piece by piece. */
export interface CountersParser {
  /** Takes the next bytes. */
  push(chunk: Uint8Array): void;
  /** What was found; to be called once, after the last piece. */
  end(): CollectorCounters;
}

/** A longer line is no counter of a collector's, and is skipped. */
const LONGEST_LINE = 8_192;
/** More exporters than this are nobody's, so those beyond are left out. */
const MOST_LINES = 256;

/** What a metric counts into. */
type Field = "sent" | "failed" | "queue" | "inFlight" | "received";

const SIGNALS = { spans: "traces", metric_points: "metrics", log_records: "logs" } as const satisfies Record<
  string,
  Signal
>;

/** Names of counters (without `_total`, which releases before 0.150 add): what they count, and the signal that they are of. */
const COUNTERS: ReadonlyMap<string, readonly [Field, Signal]> = new Map(
  Object.entries(SIGNALS).flatMap(([items, signal]): [string, readonly [Field, Signal]][] => [
    [`otelcol_exporter_sent_${items}`, ["sent", signal]],
    [`otelcol_exporter_send_failed_${items}`, ["failed", signal]],
    [`otelcol_exporter_enqueue_failed_${items}`, ["failed", signal]],
    [`otelcol_receiver_accepted_${items}`, ["received", signal]],
    // What the memory limiter or a queue that blocks doesn't take.
    [`otelcol_receiver_refused_${items}`, ["received", signal]],
  ]),
);
/** Gauges, whose signal stands in their label `data_type`. */
const GAUGES: ReadonlyMap<string, Field> = new Map([
  ["otelcol_exporter_queue_size", "queue"],
  ["otelcol_exporter_in_flight_requests", "inFlight"],
]);
const UPTIME = new Set(["otelcol_process_uptime", "otelcol_process_uptime_seconds"]);

type Line = { -readonly [K in keyof Omit<ExporterReading, "pending">]: ExporterReading[K] } & {
  queue: number;
  inFlight: number;
};

/**
 * A parser of the Prometheus text of an OpenTelemetry Collector's own metrics that keeps only the counters named above, summed over
 * addresses, by exporter and signal. It holds at most one line, and never throws: what it doesn't understand it leaves out.
 */
export function createCountersParser(): CountersParser {
  const lines = new Map<string, Line>();
  const received: Partial<Record<Signal, number>> = {};
  const decoder = new StringDecoder("utf8");
  let uptimeSeconds: number | null = null;
  let rest = "";
  let skipping = false;

  const lineOf = (exporter: string, signal: Signal): Line | undefined => {
    const key = `${signal} ${exporter}`;
    const known = lines.get(key);
    if (known !== undefined || lines.size >= MOST_LINES) return known;
    // A copy, for a part of a text keeps all of it in memory.
    const name = Buffer.from(exporter).toString();
    const line: Line = { exporter: name, signal, sent: 0, failed: 0, queue: 0, inFlight: 0 };
    lines.set(key, line);
    return line;
  };

  const take = (text: string) => {
    if (!text.startsWith("otelcol_")) return;
    const [, name = "", labels = "", number = ""] = SAMPLE.exec(text) ?? [];
    const value = Number(number);
    if (number === "" || !Number.isFinite(value) || value < 0) return;
    const plain = name.replace(/_total$/, "");
    if (UPTIME.has(plain)) uptimeSeconds = value;
    const gauge = GAUGES.get(plain);
    const [field, signal] = gauge ? [gauge, signalOf(labels)] : (COUNTERS.get(plain) ?? []);
    if (field === undefined || signal === undefined) return;
    if (field === "received") {
      received[signal] = (received[signal] ?? 0) + value;
      return;
    }
    const exporter = labelOf(labels, "exporter");
    const line = exporter === undefined ? undefined : lineOf(exporter, signal);
    if (line) line[field] += value;
  };

  return {
    push: (chunk) => {
      const texts = (rest + decoder.write(chunk)).split("\n");
      rest = texts.pop() ?? "";
      for (const text of texts) {
        if (!skipping) take(text);
        skipping = false;
      }
      if (rest.length > LONGEST_LINE) {
        rest = "";
        skipping = true;
      }
    },
    end: () => {
      if (!skipping) take(rest);
      const exporters = Array.from(lines.values(), ({ queue, inFlight, ...line }) => ({
        ...line,
        // Newer releases count what is on its way in both, older ones in the queue alone, and none without a queue.
        pending: Math.max(queue, inFlight),
      }));
      return { exporters, received, uptimeSeconds };
    },
  };
}

/** Name, labels and value of a sample; the alternatives begin with different characters, so it never backtracks. */
const SAMPLE = /^([a-z0-9_]+)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? +([^ \r]+)/;

/** The value of a label. Quotes within values are escaped, so a name before a bare quote is a label's own. */
function labelOf(labels: string, name: "exporter" | "data_type"): string | undefined {
  const [, value] = LABEL[name].exec(labels) ?? [];
  return value?.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
}

const LABEL = { exporter: /(?:^|,)exporter="((?:[^"\\]|\\.)*)"/, data_type: /(?:^|,)data_type="((?:[^"\\]|\\.)*)"/ };

function signalOf(labels: string): Signal | undefined {
  const type = labelOf(labels, "data_type");
  return Object.values(SIGNALS).find((signal) => signal === type);
}
