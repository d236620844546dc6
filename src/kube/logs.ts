import { KmError } from "../api/errors.ts";
import type { KubeClient } from "./client.ts";
import { PODS, resourcePath } from "./resource.ts";

/** Which container's last words, and how many of them. */
export interface LogQuery {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Of the container's last incarnation, the one that ended. */
  readonly previous?: boolean;
  readonly tailLines?: number;
  readonly limitBytes?: number;
}

/**
 * The last lines that a container wrote; undefined where kubelet has none (any more): the pod is gone, or the container
 * never ran. Foreign text: whoever shows it cleans and cuts it.
 */
export async function readLog(
  client: Pick<KubeClient, "request">,
  { namespace, pod, container, previous = false, tailLines = 20, limitBytes = 16 * 1024 }: LogQuery,
  signal: AbortSignal,
): Promise<string | undefined> {
  try {
    const { body } = await client.request(
      {
        method: "GET",
        path: resourcePath(PODS, namespace, pod, "log"),
        query: { container, previous: previous || undefined, tailLines, limitBytes },
        as: "text",
        timeoutMs: 5_000,
        // The server's bound is the first one; ours holds also where it forgets its own.
        maxBytes: 2 * limitBytes,
        retries: 0,
      },
      signal,
    );
    return typeof body === "string" ? body : undefined;
  } catch (error) {
    // 400 is kubelet's answer for a container that hasn't started or has no previous run.
    if (error instanceof KmError && (error.code === "NotFound" || error.code === "Invalid")) return undefined;
    throw error;
  }
}
