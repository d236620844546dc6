import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { gzipSync } from "node:zlib";
import { startOtlpSink } from "./otlp-sink.ts";
import type { OtlpSink } from "./otlp-sink.ts";

let sink: OtlpSink;
beforeEach(async () => {
  sink = await startOtlpSink();
});
afterEach(() => sink.stop());

const field = (tag: number, content: Buffer): Buffer => Buffer.concat([Buffer.from([tag, content.length]), content]);

/** A resource attribute as protobuf has it, between other bytes: key first as most write it, or value first as the collector does. */
function withNode(...names: readonly string[]): Buffer {
  const key = field(0x0a, Buffer.from("k8s.node.name"));
  return Buffer.concat(
    names.flatMap((name, i) => {
      const value = field(0x12, field(0x0a, Buffer.from(name)));
      const keyValue = field(0x0a, Buffer.concat(i % 2 === 0 ? [value, key] : [key, value]));
      return [Buffer.from([0x0a, keyValue.length + 2]), keyValue];
    }),
  );
}

const send = (path: string, body: Buffer, headers: Record<string, string> = {}) =>
  fetch(`${sink.url}${path}`, { method: "POST", body: new Uint8Array(body), headers });

test("requests are counted by node, packed or not", async () => {
  expect((await send("/v1/metrics", withNode("node-1", "node-2"))).status).toBe(200);
  await send("/v1/logs", gzipSync(withNode("node-1")), { "content-encoding": "gzip" });
  const { byNode, byAddress } = sink.counts();
  expect(byNode).toMatchObject({
    "node-1": { requests: 2, metrics: 1, logs: 1, traces: 0 },
    "node-2": { requests: 1, metrics: 1 },
  });
  expect(byAddress["127.0.0.1"]).toMatchObject({ requests: 2 });
});

test("what is refused doesn't count as arrived", async () => {
  await sink.tell({ kind: "status", code: 503 });
  expect((await send("/v1/traces", withNode("node-1"))).status).toBe(503);
  expect(sink.counts()).toMatchObject({ byNode: {}, refused: 1 });
});

test("it can stop listening and come back on the same port", async () => {
  await sink.tell({ kind: "refuse" });
  await expect(send("/v1/metrics", Buffer.of())).rejects.toThrow();
  await sink.tell({ kind: "ok" });
  expect((await send("/v1/metrics", Buffer.of())).status).toBe(200);
});
