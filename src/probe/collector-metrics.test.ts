import { afterEach, describe, expect, it } from "@jest/globals";
import { createServer } from "node:net";
import type { AddressInfo, Server, Socket } from "node:net";
import { readCollectorMetrics } from "./collector-metrics.ts";

const servers: Server[] = [];
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await Promise.all(servers.splice(0).map((server) => new Promise((done) => server.close(done))));
});

/** A server that writes `answer` to whoever asks, and then leaves the connection open or not. */
async function answering(answer: string | Buffer, thenClose = true): Promise<number> {
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    socket.once("data", () => (thenClose ? socket.end(answer) : socket.write(answer)));
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  return (server.address() as AddressInfo).port;
}

const never = new AbortController().signal;
const read = (port: number, { timeoutMs = 10_000, maxBytes = 1 << 20, signal = never } = {}) =>
  readCollectorMetrics({ ip: "127.0.0.1", port }, { timeoutMs, maxBytes }, signal);
const LINE = 'otelcol_exporter_sent_spans{exporter="otlphttp"} 7\n';

describe("reading a collector's metrics", () => {
  it("takes a chunked answer", async () => {
    const chunks = [LINE.slice(0, 20), LINE.slice(20)].map((text) => `${text.length.toString(16)}\r\n${text}\r\n`);
    const port = await answering(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunks.join("")}0\r\n\r\n`);
    expect((await read(port)).exporters).toMatchObject([{ exporter: "otlphttp", sent: 7 }]);
  });

  it.each([
    ["another status", "HTTP/1.1 404 Not Found\r\n\r\n", "BadResponse"],
    ["a redirect", "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\n\r\n", "BadResponse"],
    ["something that isn't HTTP", "SSH-2.0-OpenSSH\r\n\r\n", "BadResponse"],
    ["an answer that breaks off", "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc", "Unavailable"],
    ["nothing", "", "Unavailable"],
    ["more than its bound", `HTTP/1.1 200 OK\r\n\r\n${LINE.repeat(100)}`, "TooLarge"],
  ])("refuses %s", async (_, answer, code) => {
    await expect(read(await answering(answer), { maxBytes: 1_000 })).rejects.toMatchObject({ name: "KmError", code });
  });

  it("says so where nobody listens", async () => {
    const port = await answering("");
    await new Promise((done) => servers.pop()?.close(done));
    await expect(read(port)).rejects.toMatchObject({ code: "Unavailable" });
  });

  it("gives up after its time, though bytes still come", async () => {
    const port = await answering(`HTTP/1.1 200 OK\r\n\r\n${LINE}`, false);
    await expect(read(port, { timeoutMs: 50 })).rejects.toMatchObject({ code: "Timeout" });
  });

  it("stops when it is told to", async () => {
    const port = await answering(`HTTP/1.1 200 OK\r\n\r\n`, false);
    await expect(read(port, { signal: AbortSignal.abort() })).rejects.toMatchObject({ code: "Aborted" });
  });
});
