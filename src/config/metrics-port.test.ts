import { describe, expect, test } from "@jest/globals";
import { complete } from "./complete.ts";
import { readDocument } from "./document.ts";
import { metricsPort } from "./metrics-port.ts";

function portOf(metrics: string): number | null {
  const reading = readDocument(`service: { pipelines: {}, telemetry: { metrics: ${metrics} } }`);
  if (!reading.ok) throw new Error("not YAML");
  return metricsPort(complete(reading.document));
}

const pull = (settings: string) => `{ readers: [{ pull: { exporter: { prometheus: ${settings} } } }] }`;

describe("the port of a collector's own counters", () => {
  test.each([
    { name: "ours, where nobody says anything", metrics: "{}", port: 8888 },
    { name: "ours beside a level", metrics: "{ level: detailed }", port: 8888 },
    { name: "one of the configuration's own", metrics: pull("{ host: 0.0.0.0, port: 9999 }"), port: 9999 },
    { name: "one for all addresses, of either kind", metrics: pull("{ host: '::', port: 9999 }"), port: 9999 },
    { name: "one as older releases say it", metrics: "{ address: '0.0.0.0:9998' }", port: 9998 },
    { name: "none on the loopback", metrics: pull("{ host: localhost, port: 8888 }"), port: null },
    { name: "none on the loopback, as older releases say it", metrics: "{ address: '127.0.0.1:8888' }", port: null },
    { name: "none without a host, which means the loopback", metrics: pull("{ port: 8888 }"), port: null },
    { name: "none where they are switched off", metrics: "{ level: none }", port: null },
    {
      name: "none where they are sent elsewhere",
      metrics: "{ readers: [{ periodic: { interval: 1000 } }] }",
      port: null,
    },
    { name: "none where a port is no number", metrics: pull("{ host: 0.0.0.0, port: '${env:PORT}' }"), port: null },
    { name: "none where a port is none", metrics: pull("{ host: 0.0.0.0, port: 99999 }"), port: null },
    { name: "none where an address is no text", metrics: "{ address: 8888 }", port: null },
  ])("is $name", ({ metrics, port }) => {
    expect(portOf(metrics)).toBe(port);
  });
});
