import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { gzipSync } from "node:zlib";
import { startOtlpSink } from "./otlp-sink.ts";
import type { OtlpSink } from "./otlp-sink.ts";

let sink: OtlpSink;
beforeEach(async () => {
  sink = await startOtlpSink();
});
afterEach(() => sink.stop());

const field = (number: number, ...contents: readonly Buffer[]): Buffer => {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([number * 8 + 2, content.length]), content]);
};
const text = (number: number, value: string): Buffer => field(number, Buffer.from(value));

/** An attribute, with its key first as most write it, or its value first as the collector does. */
const attribute = (key: string, value: string, valueFirst = false): Buffer => {
  const parts = [text(1, key), field(2, text(1, value))];
  return field(1, ...(valueFirst ? parts.toReversed() : parts));
};

/** Resources with a gauge of two data points each, between fields that say nothing. */
function metricsOf(...nodes: readonly string[]): Buffer {
  const time = Buffer.from([0x19, 1, 2, 3, 4, 5, 6, 7, 8]);
  const gauge = field(2, text(1, "load"), field(5, field(1, time), field(1, time)));
  return Buffer.concat(
    nodes.map((node, i) => {
      const attributes = [attribute("k8s.node.name", node, i % 2 === 0), attribute("k8s.pod.name", `pod-of-${node}`)];
      return field(1, field(1, ...attributes), field(2, text(1, "scope"), gauge));
    }),
  );
}

/** A log record of each node. */
const logsOf = (...nodes: readonly string[]): Buffer =>
  Buffer.concat(nodes.map((node) => field(1, field(1, attribute("k8s.node.name", node)), field(2, text(2, "line")))));

const send = (path: string, body: Buffer, headers: Record<string, string> = {}) =>
  fetch(`${sink.url}${path}`, { method: "POST", body: new Uint8Array(body), headers });

test("requests and what they bring are counted by node and pod, packed or not", async () => {
  expect((await send("/v1/metrics", metricsOf("node-1", "node-2"))).status).toBe(200);
  await send("/v1/logs", gzipSync(logsOf("node-1")), { "content-encoding": "gzip" });
  const { byNode, byPod, byAddress } = sink.counts();
  expect(byNode).toMatchObject({
    "node-1": { requests: 2, metrics: 1, logs: 1, traces: 0, items: 3 },
    "node-2": { requests: 1, metrics: 1, items: 2 },
  });
  expect(byPod).toMatchObject({ "pod-of-node-1": { items: 2 }, "pod-of-node-2": { items: 2 } });
  expect(byAddress["127.0.0.1"]).toMatchObject({ requests: 2, items: 5 });
});

test("what isn't protobuf, or is cut off, arrives from nobody", async () => {
  const whole = metricsOf("node-1");
  for (const body of [Buffer.from("hello"), Buffer.alloc(64, 0xff), whole.subarray(0, whole.length - 1)]) {
    expect((await send("/v1/metrics", body)).status).toBe(200);
  }
  expect(sink.counts()).toMatchObject({ byNode: {}, byPod: {}, byAddress: { "127.0.0.1": { requests: 3, items: 0 } } });
});

test("what is refused doesn't count as arrived", async () => {
  await sink.tell({ kind: "status", code: 503 });
  expect((await send("/v1/traces", metricsOf("node-1"))).status).toBe(503);
  expect(sink.counts()).toMatchObject({ byNode: {}, refused: 1 });
});

test("it can stop listening and come back on the same port", async () => {
  await sink.tell({ kind: "refuse" });
  await expect(send("/v1/metrics", Buffer.of())).rejects.toThrow();
  await sink.tell({ kind: "ok" });
  expect((await send("/v1/metrics", Buffer.of())).status).toBe(200);
});
