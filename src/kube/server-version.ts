import type { Clock } from "../api/clock.ts";
import { isRetryable, KmError } from "../api/errors.ts";
import { isJsonObject } from "../api/json.ts";
import type { KubeClient } from "./client.ts";
import { slept } from "./clock.ts";

const RETRY_MS = 1_000;

/**
 * Minor version of the API server (34 of v1.34.4); null where it doesn't say, or after `signal`. Asked until there is an
 * answer: what is made depends on it, so a guess for want of one would replace every pod, and again after the next start.
 */
export async function serverMinor(
  client: Pick<KubeClient, "request">,
  clock: Clock,
  signal: AbortSignal,
): Promise<number | null> {
  for (;;) {
    try {
      const { body } = await client.request({ method: "GET", path: "/version" }, signal);
      const minor = Number.parseInt(String(isJsonObject(body) ? body["minor"] : ""), 10);
      return Number.isNaN(minor) ? null : minor;
    } catch (error) {
      if (!(error instanceof KmError)) throw error;
      // Rights to read the version seldom come back, and everything else works without it.
      if (error.code === "Forbidden" || !isRetryable(error.code)) return null;
    }
    if (!(await slept(clock, RETRY_MS, signal))) return null;
  }
}
