import type { KubeClient } from "../kube/client.ts";
import { readLog } from "../kube/logs.ts";
import { lastWordsKey } from "./memory.ts";
import { AGENT_CONTAINER } from "./project.ts";
import type { PodRecord } from "./project.ts";

const TAIL_LINES = 20;
const LIMIT_BYTES = 4_096;
/** Logs asked for in one pass at most; the others follow with the next ones. */
const AT_ONCE = 5;

/** The pods whose container ended without a word that is known: kubelet keeps a log for it only after a failure. */
export function speechless(pods: readonly PodRecord[], known: ReadonlyMap<string, string>): PodRecord[] {
  const silent = pods.filter(
    ({ uid, container }) => container?.last?.message === "" && !known.has(lastWordsKey(uid, container.restarts)),
  );
  return silent.slice(0, AT_ONCE);
}

/** Reads the last lines of each pod's ended container. A log that can't be read counts as empty, and isn't asked for again. */
export async function readLastWords(
  pods: readonly PodRecord[],
  client: KubeClient,
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const words = new Map<string, string>();
  await Promise.all(
    pods.map(async ({ namespace, name, uid, container }) => {
      const query = {
        namespace,
        pod: name,
        container: AGENT_CONTAINER,
        previous: container?.state !== "terminated",
        tailLines: TAIL_LINES,
        limitBytes: LIMIT_BYTES,
      };
      const text = await readLog(client, query, signal).catch(() => undefined);
      words.set(lastWordsKey(uid, container?.restarts ?? 0), text ?? "");
    }),
  );
  return words;
}

/** `known` with `words`, less what no living pod can be asked for any more. */
export function mergeLastWords(
  known: ReadonlyMap<string, string>,
  words: ReadonlyMap<string, string>,
  pods: readonly PodRecord[],
): ReadonlyMap<string, string> {
  const current = new Set(pods.map(({ uid, container }) => lastWordsKey(uid, container?.restarts ?? 0)));
  return new Map([...known, ...words].filter(([key]) => current.has(key)));
}
