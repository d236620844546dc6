import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import type { ProbeOutcome } from "../health/observation.ts";
import { ANSWER_LIMIT, createAnswerReader } from "./answer.ts";

const BODY = '{"status":"Server available","upSince":"2026-11-23T22:00:00.123456789Z","uptime":"1m2.5s"}';
const HEALTHY = `HTTP/1.0 200 OK\r\nContent-Type: application/json\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`;
const SINCE = Date.UTC(2026, 10, 23, 22, 0, 0, 123);

/** Outcome of an answer that comes in pieces of `size` bytes, and whether it was certain before the end. */
function read(answer: string, size = Infinity): { outcome: ProbeOutcome; early: boolean } {
  const reader = createAnswerReader();
  const bytes = Buffer.from(answer, "latin1");
  for (let at = 0; at < bytes.length; at += size) {
    const outcome = reader.push(bytes.subarray(at, at + size));
    if (outcome !== null) return { outcome, early: true };
  }
  return { outcome: reader.end(), early: false };
}

describe("an answer", () => {
  const rows: readonly (readonly [string, string, ProbeOutcome])[] = [
    ["of a healthy collector tells since when it is up", HEALTHY, { kind: "ok", upSince: SINCE }],
    [
      "of HTTP/1.1 without a length ends with the connection",
      `HTTP/1.1 200 OK\r\n\r\n${BODY}`,
      { kind: "ok", upSince: SINCE },
    ],
    ["with bare newlines is taken", `HTTP/1.1 200\n\n${BODY}`, { kind: "ok", upSince: SINCE }],
    ["200 with another body is healthy all the same", "HTTP/1.1 200 OK\r\n\r\nhello", { kind: "ok", upSince: null }],
    ["200 without a body is healthy", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", { kind: "ok", upSince: null }],
    [
      "200 with a start time that is none",
      'HTTP/1.1 200 OK\r\n\r\n{"upSince":"2026-99-99T00:00:00Z"}',
      { kind: "ok", upSince: null },
    ],
    [
      "200 with Go's zero time",
      'HTTP/1.1 200 OK\r\n\r\n{"upSince":"0001-01-01T00:00:00Z"}',
      { kind: "ok", upSince: null },
    ],
    ["of a collector that isn't ready", "HTTP/1.1 503 Service Unavailable\r\n\r\n", { kind: "status", code: 503 }],
    ["204 isn't 200", "HTTP/1.1 204 No Content\r\n\r\n", { kind: "status", code: 204 }],
    [
      "that redirects",
      "HTTP/1.1 302 Found\r\nLocation: http://169.254.169.254/\r\n\r\n",
      { kind: "redirect", code: 302 },
    ],
    ["that announces a gigabyte", "HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\nx", { kind: "tooLarge" }],
    ["that sends more than the bound", `HTTP/1.1 200 OK\r\n\r\n${"x".repeat(ANSWER_LIMIT)}`, { kind: "tooLarge" }],
    ["whose head never ends", `HTTP/1.1 200 OK\r\nx: ${"x".repeat(20_000)}`, { kind: "tooLarge" }],
    ["that isn't HTTP", "SSH-2.0-OpenSSH_9.2\r\n", { kind: "garbage", detail: "the answer isn't HTTP" }],
    ["of HTTP/2", "\0\0\x12\x04\0\0\0\0\0", { kind: "garbage", detail: "the answer isn't HTTP" }],
    [
      "with a status that is none",
      "HTTP/1.1 banana\r\n\r\n",
      { kind: "garbage", detail: "the answer has no valid status" },
    ],
    ["with status 999", "HTTP/1.1 999 What\r\n\r\n", { kind: "garbage", detail: "the answer has no valid status" }],
    [
      "that breaks off in its head",
      "HTTP/1.1 200 OK\r\nConte",
      { kind: "garbage", detail: "the answer ended within its head" },
    ],
    [
      "that breaks off in its body",
      HEALTHY.slice(0, -5),
      { kind: "garbage", detail: "the answer ended before its announced length" },
    ],
    ["that isn't there", "", { kind: "unreachable", detail: "the connection was closed without an answer" }],
  ];
  it.each(rows)("%s", (_, answer, outcome) => {
    expect(read(answer).outcome).toEqual(outcome);
    expect(read(answer, 1_000).outcome).toEqual(outcome);
  });

  it("is certain as soon as it is complete, or can't be healthy any more", () => {
    expect(read(HEALTHY).early).toBe(true);
    expect(read("HTTP/1.1 503 x\r\n\r\n").early).toBe(true);
    expect(read("GET / HTTP/1.1\r\n").early).toBe(true);
  });

  it("means the same however its bytes are split", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...rows.map(([, answer]) => answer.slice(0, 4_000))),
        fc.integer({ min: 1, max: 50 }),
        (answer, size) => {
          expect(read(answer, size).outcome).toEqual(read(answer).outcome);
        },
      ),
    );
  });

  it("of any bytes gives an outcome and never throws", () => {
    const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array).toString("latin1"));
    fc.assert(
      fc.property(
        fc.oneof(
          bytes,
          bytes.map((tail) => `HTTP/1.1 200 OK\r\n${tail}`),
        ),
        (answer) => void read(answer, 7),
      ),
    );
  });
});
