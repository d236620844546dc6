import { StringDecoder } from "node:string_decoder";

/** What one exporter says of itself, over all signals. `null`: the collector doesn't tell, which isn't the same as zero. */
interface ExporterCounters {
  /** Items delivered since the collector's start. There is no such counter before the first delivery, or the first failure for good. */
  readonly sent: number | null;
  /** Items given up after the last retry, 5 minutes after the first by default. */
  readonly failed: number | null;
  /** Items that found the queue full. */
  readonly enqueueFailed: number | null;
  readonly queueSize: number | null;
  readonly queueCapacity: number | null;
  readonly inFlight: number | null;
}

/** What one receiver says of itself, over all signals. */
interface ReceiverCounters {
  readonly accepted: number | null;
  /** Items that the pipeline behind it didn't take. */
  readonly refused: number | null;
}

/** The counters of one collector at one time. */
export interface CollectorCounters {
  readonly exporters: ReadonlyMap<string, ExporterCounters>;
  readonly receivers: ReadonlyMap<string, ReceiverCounters>;
  /** Seconds since the collector's start; a smaller one than before means that all counters began anew. */
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
/** More components than this are nobody's, so those beyond are left out. */
const MOST_COMPONENTS = 256;

const EXPORTER = {
  sent: null,
  failed: null,
  enqueueFailed: null,
  queueSize: null,
  queueCapacity: null,
  inFlight: null,
} as const satisfies ExporterCounters;
const RECEIVER = { accepted: null, refused: null } as const satisfies ReceiverCounters;

type Signal = "spans" | "metric_points" | "log_records";
const SIGNALS: readonly Signal[] = ["spans", "metric_points", "log_records"];

/** Names of metrics (without `_total`, which some builds add) and the field that they count into. */
const EXPORTER_FIELDS: ReadonlyMap<string, keyof ExporterCounters> = new Map([
  ...SIGNALS.flatMap((signal): [string, keyof ExporterCounters][] => [
    [`otelcol_exporter_sent_${signal}`, "sent"],
    [`otelcol_exporter_send_failed_${signal}`, "failed"],
    [`otelcol_exporter_enqueue_failed_${signal}`, "enqueueFailed"],
  ]),
  ["otelcol_exporter_queue_size", "queueSize"],
  ["otelcol_exporter_queue_capacity", "queueCapacity"],
  ["otelcol_exporter_in_flight_requests", "inFlight"],
]);
const RECEIVER_FIELDS: ReadonlyMap<string, keyof ReceiverCounters> = new Map(
  SIGNALS.flatMap((signal): [string, keyof ReceiverCounters][] => [
    [`otelcol_receiver_accepted_${signal}`, "accepted"],
    [`otelcol_receiver_refused_${signal}`, "refused"],
  ]),
);
const UPTIME = new Set(["otelcol_process_uptime", "otelcol_process_uptime_seconds"]);

/**
 * A parser of the Prometheus text of an OpenTelemetry Collector's own metrics that keeps only the counters named above, summed over
 * signals and addresses. It holds at most one line, and never throws: what it doesn't understand it leaves out.
 */
export function createCountersParser(): CountersParser {
  const exporters = new Map<string, ExporterCounters>();
  const receivers = new Map<string, ReceiverCounters>();
  const decoder = new StringDecoder("utf8");
  let uptimeSeconds: number | null = null;
  let rest = "";
  let skipping = false;

  const take = (line: string) => {
    if (!line.startsWith("otelcol_")) return;
    const [, name = "", labels = "", number = ""] = LINE.exec(line) ?? [];
    const value = Number(number);
    if (number === "" || !Number.isFinite(value) || value < 0) return;
    const plain = name.replace(/_total$/, "");
    const exporterField = EXPORTER_FIELDS.get(plain);
    const receiverField = RECEIVER_FIELDS.get(plain);
    if (exporterField) add(exporters, labelOf(labels, "exporter"), EXPORTER, exporterField, value);
    else if (receiverField) add(receivers, labelOf(labels, "receiver"), RECEIVER, receiverField, value);
    else if (UPTIME.has(plain)) uptimeSeconds = value;
  };

  return {
    push: (chunk) => {
      const lines = (rest + decoder.write(chunk)).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (!skipping) take(line);
        skipping = false;
      }
      if (rest.length > LONGEST_LINE) {
        rest = "";
        skipping = true;
      }
    },
    end: () => {
      if (!skipping) take(rest);
      return { exporters, receivers, uptimeSeconds };
    },
  };
}

/** Name, labels and value of a sample; the alternatives begin with different characters, so it never backtracks. */
const LINE = /^([a-z0-9_]+)(?:\{((?:[^"}]|"(?:[^"\\]|\\.)*")*)\})? +([^ \r]+)/;

/** The value of a label. Quotes within values are escaped, so a name before a bare quote is a label's own. */
function labelOf(labels: string, name: "exporter" | "receiver"): string | null {
  const [, value] = LABEL[name].exec(labels) ?? [];
  return value === undefined ? null : value.replaceAll(/\\(.)/g, (_, char: string) => (char === "n" ? "\n" : char));
}

const LABEL = { exporter: /(?:^|,)exporter="((?:[^"\\]|\\.)*)"/, receiver: /(?:^|,)receiver="((?:[^"\\]|\\.)*)"/ };

function add<T extends object>(
  all: Map<string, T>,
  name: string | null,
  empty: T,
  field: keyof T,
  value: number,
): void {
  if (name === null) return;
  const known = all.get(name);
  if (known === undefined && all.size >= MOST_COMPONENTS) return;
  const before = (known ?? empty)[field];
  all.set(name, { ...(known ?? empty), [field]: (typeof before === "number" ? before : 0) + value });
}
