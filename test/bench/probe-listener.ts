import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { FRAIL_RANGE, UNWELL_RANGE } from "./pod-ranges.ts";

/*
 * Stands in for thousands of collectors: every address of 127.0.0.0/8, and in the bench's network every pod's, reaches this one
 * listener, and how it answers hangs on the address that was asked. Those below 127.2.0.0/16 take the connection and never answer.
 * Listens on the port that it is given, or on any, and prints it; a second port is for the collectors' own counters. Ends with its parent.
 */

/** How long a frail collector answers before it fails: less than any time that it is watched for. */
const FRAIL_MS = 2_000;

const body = JSON.stringify({ status: "Server available", upSince: new Date().toISOString(), uptime: "1m2.5s" });
/** When each address was first asked: its collector's start. */
const startedAt = new Map<string, number>();

/** How long a collector has run, in milliseconds. */
function runsFor(address: string): number {
  const started = startedAt.get(address) ?? performance.now();
  startedAt.set(address, started);
  return performance.now() - started;
}

function answerHealth({ socket: { localAddress = "" } }: IncomingMessage, response: ServerResponse): void {
  if (localAddress.startsWith("127.2.")) return;
  const isWell =
    !localAddress.startsWith(UNWELL_RANGE) &&
    (!localAddress.startsWith(FRAIL_RANGE) || runsFor(localAddress) < FRAIL_MS);
  const headers = { "content-type": "application/json", "content-length": body.length };
  response.writeHead(isWell ? 200 : 503, headers).end(body);
}

/** What a collector shows that delivers all that it gets. */
function answerCounters({ socket: { localAddress = "" } }: IncomingMessage, response: ServerResponse): void {
  const seconds = runsFor(localAddress) / 1_000;
  const points = 1 + Math.floor(seconds * 100);
  const page = [
    `otelcol_process_uptime_seconds_total{service_name="otelcol"} ${seconds}`,
    `otelcol_receiver_accepted_metric_points_total{receiver="hostmetrics"} ${points}`,
    `otelcol_exporter_sent_metric_points_total{exporter="otlphttp"} ${points}`,
    `otelcol_exporter_queue_size{data_type="metrics",exporter="otlphttp"} 0`,
  ];
  response.writeHead(200, { "content-type": "text/plain; version=0.0.4" }).end(`${page.join("\n")}\n`);
}

const [healthPort = "0", countersPort] = process.argv.slice(2);
const everywhere = { host: "0.0.0.0", backlog: 4096 };
if (countersPort !== undefined) createServer(answerCounters).listen({ port: Number(countersPort), ...everywhere });
const server = createServer(answerHealth);
server.listen({ port: Number(healthPort), ...everywhere }, () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume().on("end", () => process.exit(0));
