import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { withLock } from "./lock.ts";

const signal = new AbortController().signal;
let directory: string;
let path: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "lock-"));
  path = join(directory, "cluster.lock");
});
afterEach(() => rmSync(directory, { recursive: true }));

describe("a lock", () => {
  test("is held by one at a time, and given back", async () => {
    let holders = 0;
    const hold = async (): Promise<void> =>
      await withLock(path, signal, async () => {
        holders += 1;
        expect(holders).toBe(1);
        await new Promise(setImmediate);
        holders -= 1;
      });
    await Promise.all([hold(), hold(), hold()]);
    expect(existsSync(path)).toBe(false);
  });

  test("is given back by work that fails, whose error comes through", async () => {
    await expect(withLock(path, signal, () => Promise.reject(new Error("broken")))).rejects.toThrow("broken");
    expect(existsSync(path)).toBe(false);
  });

  test.each([
    ["died", "4194305 12345"],
    ["has another start time than its id's process now", `${String(process.pid)} 1`],
    ["left nothing readable", ""],
  ])("is taken over from a holder that %s", async (_, content) => {
    writeFileSync(path, content);
    expect(await withLock(path, signal, () => Promise.resolve("mine"))).toBe("mine");
  });

  test("isn't waited for by whoever is interrupted", async () => {
    const caller = new AbortController();
    await withLock(path, signal, async () => {
      const second = withLock(path, caller.signal, () => Promise.resolve());
      caller.abort(new Error("interrupted"));
      await expect(second).rejects.toThrow();
    });
  });
});
