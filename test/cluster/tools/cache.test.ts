import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { cacheRoot, checksum, checksumOfFolder, ensureEntry, entryPath, isCached, keepNewest } from "./cache.ts";

let home: string;
let before: string | undefined;
const signal = new AbortController().signal;
const entry = { name: "thing", key: "0123456789abcdef" };

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), "kmagent-cache-"));
  before = process.env["XDG_CACHE_HOME"];
  process.env["XDG_CACHE_HOME"] = home;
});

afterEach(() => {
  if (before === undefined) delete process.env["XDG_CACHE_HOME"];
  else process.env["XDG_CACHE_HOME"] = before;
  rmSync(home, { recursive: true });
});

describe("cacheRoot", () => {
  it.each([
    { name: "follows XDG_CACHE_HOME", environment: { XDG_CACHE_HOME: "/var/c" }, root: /^\/var\/c\/kmagent-operator$/ },
    { name: "is ~/.cache where that isn't set", environment: {}, root: /\/\.cache\/kmagent-operator$/ },
    {
      name: "is ~/.cache where that is empty",
      environment: { XDG_CACHE_HOME: "" },
      root: /\/\.cache\/kmagent-operator$/,
    },
  ])("$name", ({ environment, root }) => {
    expect(cacheRoot(environment)).toMatch(root);
  });
});

describe("checksum", () => {
  it("differs wherever the parts differ, also where only their borders do", () => {
    const parts = fc.array(fc.string());
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        expect(checksum(one) === checksum(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
    expect(checksum(["ab", "c"])).not.toBe(checksum(["a", "bc"]));
  });

  it("is 16 hex digits, the same for text and its bytes", () => {
    expect(checksum(["é"])).toMatch(/^[0-9a-f]{16}$/);
    expect(checksum(["é"])).toBe(checksum([Buffer.from("é")]));
  });
});

describe("checksumOfFolder", () => {
  it("changes with a file's content and its name, also below, and not with files that aren't taken", () => {
    const folder = join(home, "folder");
    mkdirSync(join(folder, "below"), { recursive: true });
    writeFileSync(join(folder, "below", "a.go"), "one");
    const takes = (name: string): boolean => name.endsWith(".go");
    const first = checksumOfFolder(folder, takes);
    writeFileSync(join(folder, "note.md"), "not taken");
    expect(checksumOfFolder(folder, takes)).toBe(first);
    writeFileSync(join(folder, "below", "a.go"), "two");
    const second = checksumOfFolder(folder, takes);
    expect(second).not.toBe(first);
    rmSync(join(folder, "below", "a.go"));
    writeFileSync(join(folder, "below", "b.go"), "two");
    expect(checksumOfFolder(folder, takes)).not.toBe(second);
  });
});

describe("ensureEntry", () => {
  it("makes an entry once, also when it is asked for twice at the same time", async () => {
    let made = 0;
    const make = async (directory: string): Promise<void> => {
      made++;
      await Promise.resolve();
      writeFileSync(join(directory, "file"), "content");
    };
    const [one, other] = await Promise.all([ensureEntry(entry, signal, make), ensureEntry(entry, signal, make)]);
    expect(one).toBe(other);
    expect(readFileSync(join(one, "file"), "utf8")).toBe("content");
    expect(made).toBe(1);
  });

  it("leaves no entry when making it fails, and clears away the half of it the next time", async () => {
    const fails = ensureEntry(entry, signal, async (directory) => {
      writeFileSync(join(directory, "half"), "");
      await Promise.reject(new Error("compiler on fire"));
    });
    await expect(fails).rejects.toThrow("compiler on fire");
    expect(isCached(entry)).toBe(false);
    await ensureEntry(entry, signal, async () => await Promise.resolve());
    expect(readdirSync(entryPath(entry))).toEqual([]);
    expect(readdirSync(cacheRoot()).filter((name) => name.startsWith(".building"))).toEqual([]);
  });
});

describe("keepNewest", () => {
  it("removes the longest unused entries of the same name, and never the one in use", async () => {
    const keys = ["1", "2", "3", "4"].map((digit) => digit.repeat(16));
    const entries = keys.map((key) => ({ name: "thing", key }));
    const other = { name: "thing-else", key: "f".repeat(16) };
    for (const each of [...entries, other]) await ensureEntry(each, signal, async () => await Promise.resolve());
    for (const [index, each] of entries.entries()) utimesSync(entryPath(each), 1000 + index, 1000 + index);
    utimesSync(entryPath(other), 1, 1);
    keepNewest(entries[0]!, 2);
    expect(entries.map((each) => existsSync(entryPath(each)))).toEqual([true, false, false, true]);
    expect(isCached(other)).toBe(true);
  });
});
