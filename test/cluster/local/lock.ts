import { randomUUID } from "node:crypto";
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { isAbsent, startTimeOf } from "./process.ts";

/**
 * Runs `work` while no other program of this machine holds the lock at `path`; waits for its turn. A lock whose holder died is taken over.
 *
 * @throws the abort's reason while waiting, or what `work` throws.
 */
export async function withLock<T>(path: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const mine = `${String(process.pid)} ${startTimeOf(process.pid) ?? ""}`;
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${randomUUID()}`;
  writeFileSync(draft, mine);
  try {
    while (!take(draft, path)) {
      signal.throwIfAborted();
      if (!holderLives(path)) rmSync(path, { force: true });
      else await delay(100, undefined, { signal });
    }
  } finally {
    rmSync(draft, { force: true });
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
}

/** A link appears with its content at once, or not at all: nobody reads a half-written lock. */
function take(draft: string, path: string): boolean {
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function holderLives(path: string): boolean {
  try {
    const [pid, startTime] = readFileSync(path, "utf8").split(" ");
    return startTime !== undefined && startTimeOf(Number(pid)) === startTime;
  } catch (error) {
    // Given back between our try and our look.
    if (isAbsent(error)) return false;
    throw error;
  }
}
