import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { appendFileSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readAuditLog } from "./audit-log.ts";

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "audit-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const time = (second: number): string => `2026-01-01T00:00:${String(second).padStart(2, "0")}.000000Z`;
const line = (auditID: string, second: number): string =>
  `${JSON.stringify({
    auditID,
    stage: "ResponseComplete",
    verb: "create",
    requestURI: "/api/v1/namespaces/x/events",
    user: { username: "system:serviceaccount:km-agent:operator" },
    requestReceivedTimestamp: time(second),
    stageTimestamp: time(second),
  })}\n`;

async function ids(since: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { auditID } of readAuditLog(
    join(directory, "audit.log"),
    new Date(since),
    new AbortController().signal,
  ))
    found.push(auditID);
  return found;
}

describe("the audit log", () => {
  test("is read from the oldest rotated file to the one that is being written", async () => {
    writeFileSync(join(directory, "audit-2026-01-01T00-00-02.000.log"), line("a", 1));
    writeFileSync(join(directory, "audit-2026-01-01T00-00-04.000.log"), line("b", 3));
    writeFileSync(join(directory, "audit.log"), line("c", 5) + line("d", 6));
    expect(await ids(time(0))).toEqual(["a", "b", "c", "d"]);
  });

  test("holds nothing from before the time asked for", async () => {
    writeFileSync(join(directory, "audit.log"), line("a", 1) + line("b", 2) + line("c", 3));
    expect(await ids(time(2))).toEqual(["b", "c"]);
  });

  test("is read without opening files that were finished before that time", async () => {
    const old = join(directory, "audit-2025-12-31T00-00-00.000.log");
    writeFileSync(old, "this would not parse}\n");
    utimesSync(old, new Date("2025-12-31"), new Date("2025-12-31"));
    writeFileSync(join(directory, "audit.log"), line("a", 1));
    expect(await ids(time(0))).toEqual(["a"]);
  });

  test("holds requests that nobody vouched for, too", async () => {
    const anonymous = line("b", 2).replace(/"user":\{[^}]*\}/, '"user":{}');
    writeFileSync(join(directory, "audit.log"), line("a", 1) + anonymous);
    expect(await ids(time(0))).toEqual(["a", "b"]);
  });

  test("leaves out a line that is still being written", async () => {
    writeFileSync(join(directory, "audit.log"), line("a", 1));
    appendFileSync(join(directory, "audit.log"), line("b", 2).slice(0, 40));
    expect(await ids(time(0))).toEqual(["a"]);
  });

  test("is empty before the API server's first request", async () => {
    expect(await ids(time(0))).toEqual([]);
  });
});
