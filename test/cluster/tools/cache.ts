import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from "node:fs";
import { homedir } from "node:os";
import { join, relative } from "node:path";
import { withLock } from "../local/lock.ts";

/** One thing that is built once and kept outside the checkout: it is what its checksum says, so it never goes stale. */
export interface CacheEntry {
  readonly name: string;
  /** Checksum of everything that goes into it. */
  readonly key: string;
}

/** Where built things are kept: `$XDG_CACHE_HOME/kmagent-operator`, by default under `~/.cache`. */
export function cacheRoot(environment: Readonly<Record<string, string | undefined>> = process.env): string {
  const base = environment["XDG_CACHE_HOME"];
  return join(base !== undefined && base !== "" ? base : join(homedir(), ".cache"), "kmagent-operator");
}

/** The directory of an entry, whether it is there or not. */
export function entryPath(entry: CacheEntry): string {
  return join(cacheRoot(), `${entry.name}-${entry.key}`);
}

/** Whether an entry is there, whole: it appears by a rename of what was finished. */
export function isCached(entry: CacheEntry): boolean {
  return existsSync(entryPath(entry));
}

/** 16 hex digits that differ wherever one of the parts, their order or their borders do. */
export function checksum(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash("sha256");
  for (const part of parts) {
    const bytes = Buffer.from(part);
    hash.update(`${String(bytes.length)}:`).update(bytes);
  }
  return hash.digest("hex").slice(0, 16);
}

/** The checksum of a folder's files, those below it too, whose path inside it `takes` accepts: these paths and their content. */
export function checksumOfFolder(folder: string, takes: (path: string) => boolean = () => true): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((file) => file.isFile())
    .map((file) => relative(folder, join(file.parentPath, file.name)))
    .filter(takes)
    .sort();
  return checksum(files.flatMap((file) => [file, readFileSync(join(folder, file))]));
}

/**
 * Makes sure that an entry is there: `make` fills an empty directory, which then becomes the entry in one step, so an
 * interruption leaves no half of it. Two programs never make the same entry at once: the second waits and finds it.
 *
 * @returns the entry's directory.
 */
export async function ensureEntry(
  entry: CacheEntry,
  signal: AbortSignal,
  make: (directory: string) => Promise<void>,
): Promise<string> {
  const path = entryPath(entry);
  if (!existsSync(path)) {
    await withBuildLock(entry.name, signal, async () => {
      if (existsSync(path)) return;
      const directory = temporaryDirectory(entry.name);
      await make(directory);
      publish(directory, entry);
    });
  }
  return path;
}

/** Runs `work` while no other program of this machine builds the thing of this name. */
export async function withBuildLock<T>(name: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  return await withLock(join(cacheRoot(), "locks", name), signal, work);
}

/** An empty directory beside the entries. Call it under the build lock of the name: what an interrupted build left is removed. */
export function temporaryDirectory(name: string): string {
  const root = cacheRoot();
  mkdirSync(root, { recursive: true });
  const prefix = `.building-${name}-`;
  for (const leftover of readdirSync(root)) {
    if (leftover.startsWith(prefix)) rmSync(join(root, leftover), { recursive: true, force: true });
  }
  return mkdtempSync(join(root, prefix));
}

/** Turns a finished directory into an entry. */
export function publish(directory: string, entry: CacheEntry): void {
  renameSync(directory, entryPath(entry));
}

/** Marks an entry as used, and removes the longest unused ones of its name beyond `keep`. */
export function keepNewest(entry: CacheEntry, keep: number): void {
  const root = cacheRoot();
  const now = new Date();
  utimesSync(entryPath(entry), now, now);
  const sameName = readdirSync(root)
    .filter((name) => name.startsWith(`${entry.name}-`) && /^[0-9a-f]{16}$/.test(name.slice(entry.name.length + 1)))
    .flatMap((name) => {
      const path = join(root, name);
      // Another checkout may have removed it since the listing.
      const found = statSync(path, { throwIfNoEntry: false });
      return found ? [{ path, used: found.mtimeMs }] : [];
    })
    .sort((a, b) => b.used - a.used);
  for (const old of sameName.slice(keep)) rmSync(old.path, { recursive: true, force: true });
}
