import { readFileSync, writeFileSync } from "node:fs";
import type { Say } from "../say.ts";

const LIMIT_FILE = "/proc/sys/fs/inotify/max_user_instances";
/** A cluster at rest holds some 32 instances: seven of each kubelet and its containerd, six of the API server. */
const ENOUGH = 1_024;

/**
 * Raises the machine's limit on inotify instances of a user, until the next boot: the usual 128 are used up by four clusters, and a
 * kubelet that gets none doesn't start. Where it can't be raised, `say` hears of it, and one cluster has enough.
 */
export function raiseInotifyLimit(say: Say): void {
  const limit = Number(readFileSync(LIMIT_FILE, "utf8"));
  if (limit >= ENOUGH) return;
  try {
    writeFileSync(LIMIT_FILE, String(ENOUGH));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    say(`fs.inotify.max_user_instances stays ${String(limit)}, which several clusters at once may use up (${why})`);
  }
}
