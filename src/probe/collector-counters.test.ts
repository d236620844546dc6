import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { createCountersParser } from "./collector-counters.ts";

const parse = (text: string, size = Infinity) => {
  const parser = createCountersParser();
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += size) parser.push(bytes.subarray(at, at + size));
  return parser.end();
};

/** As collector 0.160.0 with an exporter that reaches nobody gave it, shortened. */
const PAGE = `# HELP otelcol_exporter_in_flight_requests Number of requests currently in-flight.
# TYPE otelcol_exporter_in_flight_requests gauge
otelcol_exporter_in_flight_requests{data_type="logs",exporter="otlphttp"} 4
otelcol_exporter_in_flight_requests{data_type="metrics",exporter="otlphttp"} 4
# TYPE otelcol_exporter_queue_capacity gauge
otelcol_exporter_queue_capacity{data_type="logs",exporter="otlphttp"} 500
# TYPE otelcol_exporter_queue_size gauge
otelcol_exporter_queue_size{data_type="logs",exporter="otlphttp"} 35
otelcol_exporter_queue_size{data_type="metrics",exporter="otlphttp"} 5
# TYPE otelcol_exporter_send_failed_log_records counter
otelcol_exporter_send_failed_log_records{exporter="otlphttp",server_address="10.0.0.1",server_port="14318",url_path="/v1/logs"} 67
# TYPE otelcol_exporter_sent_metric_points counter
otelcol_exporter_enqueue_failed_log_records{exporter="otlphttp"} 3
otelcol_exporter_sent_metric_points{exporter="otlphttp",server_address="10.0.0.1"} 1.5e+06
otelcol_exporter_sent_metric_points{exporter="otlphttp",server_address="10.0.0.2"} 7
otelcol_exporter_sent_metric_points{exporter="debug/second"} 12
# TYPE otelcol_process_uptime counter
otelcol_process_uptime{service_name="otelcol"} 91.25
# TYPE otelcol_receiver_accepted_log_records counter
otelcol_receiver_accepted_log_records{receiver="filelog/containers",transport=""} 406
otelcol_receiver_accepted_metric_points{receiver="hostmetrics",transport=""} 1584
otelcol_receiver_refused_log_records{receiver="filelog/containers",transport=""} 3
promhttp_metric_handler_errors_total{cause="encoding"} 0
`;
const line = { exporter: "x", signal: "traces", sent: 0, failed: 0, pending: 0 };

describe("a collector's own counters", () => {
  it("are told by exporter and signal, summed over addresses; what isn't shown is zero", () => {
    const { exporters, received, uptimeSeconds } = parse(PAGE);
    expect(exporters).toEqual([
      { exporter: "otlphttp", signal: "logs", sent: 0, failed: 70, pending: 35 },
      { exporter: "otlphttp", signal: "metrics", sent: 1_500_007, failed: 0, pending: 5 },
      { exporter: "debug/second", signal: "metrics", sent: 12, failed: 0, pending: 0 },
    ]);
    expect(received).toEqual({ logs: 409, metrics: 1584 });
    expect(uptimeSeconds).toBe(91.25);
  });

  it("mean the same with the ending _total and with Windows' newlines", () => {
    const other = PAGE.replaceAll(/^(otelcol_\w+_(?:points|records|uptime))\{/gm, "$1_total{").replaceAll("\n", "\r\n");
    expect(parse(other)).toEqual(parse(PAGE));
  });

  it("are the same however their bytes are split", () => {
    const text = PAGE.replaceAll("debug/second", "debug/zwölf€");
    fc.assert(fc.property(fc.integer({ min: 1, max: 200 }), (size) => expect(parse(text, size)).toEqual(parse(text))));
  });

  it.each([
    ["a label of another name that ends alike", 'otelcol_exporter_sent_spans{other_exporter="x"} 1'],
    ["a label's name within another one's value", String.raw`otelcol_exporter_sent_spans{url=",exporter=\"x\""} 1`],
    ["no labels at all", "otelcol_exporter_sent_spans 1"],
    ["a queue of no signal", 'otelcol_exporter_queue_size{exporter="x"} 1'],
    ["a queue of an unknown signal", 'otelcol_exporter_queue_size{data_type="profiles",exporter="x"} 1'],
    ["a value that is no number", 'otelcol_exporter_sent_spans{exporter="x"} many'],
    ["NaN", 'otelcol_exporter_sent_spans{exporter="x"} NaN'],
    ["infinity", 'otelcol_exporter_sent_spans{exporter="x"} +Inf'],
    ["less than nothing", 'otelcol_exporter_sent_spans{exporter="x"} -1'],
    ["a label that never ends", 'otelcol_exporter_sent_spans{exporter="x'],
    ["another metric", 'otelcol_exporter_sent_dreams{exporter="x"} 1'],
    ["a comment", '# otelcol_exporter_sent_spans{exporter="x"} 1'],
    ["a line without end", `otelcol_exporter_sent_spans{exporter="${"x".repeat(100_000)}"} 1`],
  ])("leave out %s, and go on after it", (_, text) => {
    const { exporters } = parse(`${text}\notelcol_exporter_sent_spans{exporter="after"} 2\n`, 1_000);
    expect(exporters).toEqual([{ ...line, exporter: "after", sent: 2 }]);
  });

  it("keep what is escaped in a name, and a timestamp out of the value", () => {
    const { exporters } = parse(String.raw`otelcol_exporter_sent_spans{a="},{",exporter="a\"b\\c"} 3 1700000000000`);
    expect(exporters).toEqual([{ ...line, exporter: 'a"b\\c', sent: 3 }]);
  });

  it("stay few, however many components a page invents", () => {
    const page = Array.from({ length: 5_000 }, (_, i) => `otelcol_exporter_sent_spans{exporter="r${i}"} 1\n`).join("");
    expect(parse(page).exporters).toHaveLength(256);
  });

  it("come of any bytes without an error", () => {
    const any = fc.string({ unit: "binary", maxLength: 80 });
    const almost = any.map((tail) => `otelcol_exporter_sent_spans{exporter="${tail}`);
    fc.assert(
      fc.property(fc.array(fc.oneof(any, almost)), fc.integer({ min: 1, max: 64 }), (lines, size) => {
        const { exporters } = parse(lines.join("\n"), size);
        for (const { sent } of exporters) expect(sent).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
