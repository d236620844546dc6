import { describe, expect, it } from "@jest/globals";
import { KmError } from "../api/errors.ts";
import { createLog, logLevel } from "./log.ts";

function capture(level?: string, mask = (text: string) => text) {
  const lines: string[] = [];
  const log = createLog({ level, mask, write: (line) => lines.push(line) });
  return { log, lines, parsed: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>) };
}

describe("a log line", () => {
  it("is one JSON object with level, time, message and the fields", () => {
    const { log, lines, parsed } = capture();
    log.info({ kmagent: "km-agent", node: "worker-1" }, "collector restarted");
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/^\{.*\}\n$/);
    expect(parsed()[0]).toEqual({
      level: "info",
      ts: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as unknown,
      kmagent: "km-agent",
      node: "worker-1",
      msg: "collector restarted",
    });
  });

  it("stays one line whatever a stranger's text holds", () => {
    const { log, lines } = capture();
    log.info({ text: "a\nb\u2028c" }, "d\ne");
    expect(lines).toHaveLength(1);
    expect(lines[0]?.indexOf("\n")).toBe((lines[0]?.length ?? 0) - 1);
  });

  it("carries the fields of the log it came from", () => {
    const { log, parsed } = capture();
    log.child({ kmagent: "a" }).child({ node: "n" }).warn({ reason: "OOMKilled" }, "node unhealthy");
    expect(parsed()[0]).toMatchObject({ level: "warn", kmagent: "a", node: "n", reason: "OOMKilled" });
  });

  it("shows an error with code, message and causes, and no stack", () => {
    const { log, parsed } = capture();
    const cause = Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    log.error({ err: new KmError("Unavailable", "the API server is away", { cause }) }, "list failed");
    expect(parsed()[0]?.["err"]).toEqual({
      code: "Unavailable",
      message: "the API server is away",
      cause: { code: "ECONNREFUSED", message: "connect ECONNREFUSED" },
    });
  });

  it("shows the stack too at level debug", () => {
    const { log, parsed } = capture("debug");
    log.error({ err: new Error("x") }, "failed");
    expect(parsed()[0]?.["err"]).toMatchObject({ stack: expect.stringContaining("log.test.ts") as unknown });
  });

  it("survives an error that is its own cause", () => {
    const { log, lines } = capture();
    const error = new Error("round");
    error.cause = error;
    log.error({ err: error }, "failed");
    expect(lines).toHaveLength(1);
  });

  it("goes through the mask in whole: message, field and error", () => {
    const { log, lines } = capture(undefined, (text) => text.replaceAll("hunter22", "***"));
    log.error({ err: new Error("bad key hunter22"), key: "hunter22" }, "hunter22 refused");
    expect(lines[0]).not.toContain("hunter22");
  });
});

describe("the level", () => {
  it.each([
    ["debug", "debug"],
    ["info", "info"],
    ["warn", "warn"],
    ["warning", "warn"],
    ["error", "error"],
    ["ERROR", "error"],
    [" Debug ", "debug"],
    ["trace", "info"],
    ["", "info"],
    [undefined, "info"],
  ] as const)("%p means %s", (word, level) => expect(logLevel(word)).toBe(level));

  it("keeps lower lines out", () => {
    const { log, lines } = capture("warning");
    log.debug({}, "a");
    log.info({}, "b");
    log.warn({}, "c");
    log.error({}, "d");
    expect(lines).toHaveLength(2);
  });
});
