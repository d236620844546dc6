import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { startControl } from "./control.ts";
import { startOtlpSink } from "./otlp-sink.ts";
import { startSimulator } from "./simulator.ts";

/*
 * The platform's simulator and a sink for telemetry as one process, for tests on a cluster and for the demo:
 *
 *   node test/platform/main.ts --host ADDRESS --api-key KEY [--port N] [--otlp-port N] [--control 127.0.0.1:N]
 *
 * Prints one line of JSON with its three addresses when all of them listen, and ends on SIGTERM or SIGINT. --tls-key and
 * --tls-cert name PEM files, with which both speak https. The control port tells what was received and takes orders:
 * it belongs on loopback.
 */

const { values } = parseArgs({
  options: {
    host: { type: "string", default: "127.0.0.1" },
    port: { type: "string", default: "0" },
    "otlp-port": { type: "string", default: "0" },
    control: { type: "string", default: "127.0.0.1:0" },
    "api-key": { type: "string", multiple: true, default: [] },
    "tls-key": { type: "string" },
    "tls-cert": { type: "string" },
  },
});
const key = values["tls-key"];
const cert = values["tls-cert"];
const tls =
  key !== undefined && cert !== undefined
    ? { tls: { key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") } }
    : {};
const platform = await startSimulator({
  host: values.host,
  port: Number(values.port),
  apiKeys: values["api-key"],
  ...tls,
});
const otlp = await startOtlpSink({ host: values.host, port: Number(values["otlp-port"]), ...tls });
const colon = values.control.lastIndexOf(":");
const control = await startControl(values.control.slice(0, colon), Number(values.control.slice(colon + 1)), {
  platform,
  otlp,
});
console.log(JSON.stringify({ platform: platform.url, otlp: otlp.url, control: control.url }));

const stop = async (): Promise<void> => {
  await Promise.all([platform.stop(), otlp.stop(), control.stop()]);
};
for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => void stop());
