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
      return await askServerMinor(client, signal);
    } catch (error) {
      if (!(error instanceof KmError)) throw error;
    }
    if (!(await slept(clock, RETRY_MS, signal))) return null;
  }
}

/** As `serverMinor`, but asked once: throws a `KmError` where there was no answer, `timeoutMs` at the latest. */
export async function askServerMinor(
  client: Pick<KubeClient, "request">,
  signal: AbortSignal,
  timeoutMs?: number,
): Promise<number | null> {
  try {
    const limit = timeoutMs === undefined ? {} : { timeoutMs };
    const { body } = await client.request({ method: "GET", path: "/version", ...limit }, signal);
    const minor = Number.parseInt(String(isJsonObject(body) ? body["minor"] : ""), 10);
    return Number.isNaN(minor) ? null : minor;
  } catch (error) {
    // Rights to read the version seldom come back, and everything else works without it.
    if (error instanceof KmError && (error.code === "Forbidden" || !isRetryable(error.code))) return null;
    throw error;
  }
}
