import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { until } from "../../eventually.ts";
import { ProcessTable, runs } from "./process.ts";

const signal = new AbortController().signal;
let directory: string;
let processes: ProcessTable;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "processes-"));
  processes = new ProcessTable(directory, basename(directory));
});
afterEach(async () => {
  await processes.killMarked();
  rmSync(directory, { recursive: true });
});

describe("a process of the cluster", () => {
  test("is found again by its record, and is gone and forgotten once it is stopped", async () => {
    const record = await processes.launch({ name: "sleeper", argv: ["sleep", "100"] }, signal);
    const later = new ProcessTable(directory, basename(directory));
    expect(later.record("sleeper")).toEqual(record);
    expect(later.isRunning("sleeper")).toBe(true);
    await later.stop("sleeper", 1_000);
    expect(runs(record)).toBe(false);
    expect(later.names()).toEqual([]);
  });

  test("isn't taken for another one that has its id now", async () => {
    const record = await processes.launch({ name: "sleeper", argv: ["sleep", "100"] }, signal);
    expect(runs({ ...record, startTime: "1" })).toBe(false);
    expect(runs({ ...record, boot: "another run of the kernel" })).toBe(false);
    writeFileSync(join(directory, "processes", "sleeper.json"), JSON.stringify({ ...record, startTime: "1" }));
    await processes.stop("sleeper", 0);
    expect(runs(record)).toBe(true);
  });

  test("is found by its mark where its record is lost", async () => {
    const record = await processes.launch({ name: "sleeper", argv: ["sleep", "100"] }, signal);
    rmSync(join(directory, "processes", "sleeper.json"));
    expect(processes.marked()).toEqual([record.pid]);
    await processes.killMarked();
    expect(runs(record)).toBe(false);
  });

  test("that ignores SIGTERM is killed after its grace", async () => {
    const ready = join(directory, "ready");
    const script = `trap "" TERM; : > ${ready}; while :; do sleep 100; done`;
    const record = await processes.launch({ name: "stubborn", argv: ["sh", "-c", script] }, signal);
    await until(() => existsSync(ready));
    await processes.stop("stubborn", 50);
    expect(runs(record)).toBe(false);
  });

  test("that another one forks is the one that is recorded", async () => {
    const argv = ["sh", "-c", `sh -c 'echo $$ > ${directory}/child; exec sleep 100'; true`];
    const record = await processes.launch({ name: "forked", argv, forks: true }, signal);
    const child = join(directory, "child");
    // It is there a moment before its content.
    await until(() => readFileSync(child, "utf8").endsWith("\n"));
    expect(record.pid).toBe(Number(readFileSync(child, "utf8")));
  });

  test("that doesn't exist is an error, with its name", async () => {
    await expect(processes.launch({ name: "nothing", argv: ["/does/not/exist"] }, signal)).rejects.toThrow(
      "nothing didn't start",
    );
  });

  test("is waited for, until it ends without what was awaited: the error then has its last words", async () => {
    const go = join(directory, "go");
    const script = `while ! [ -e ${go} ]; do sleep 0.01; done; echo nothing to do`;
    await processes.launch({ name: "short", argv: ["sh", "-c", script] }, signal);
    writeFileSync(go, "");
    const patience = { withinMs: 30_000, everyMs: 1, signal };
    await expect(processes.waitFor("short", "it answers", () => false, patience)).rejects.toThrow(
      "short ended before it answers: nothing to do",
    );
    await processes.waitFor("short", "it has written", () => existsSync(processes.logPath("short")), patience);
  });

  test("isn't given the environment of whoever starts it", async () => {
    process.env["KM_TEST_SECRET"] = "s3cret";
    try {
      const { pid } = await processes.launch({ name: "sleeper", argv: ["sleep", "100"] }, signal);
      expect(readFileSync(`/proc/${String(pid)}/environ`, "utf8")).not.toContain("s3cret");
    } finally {
      delete process.env["KM_TEST_SECRET"];
    }
  });
});
