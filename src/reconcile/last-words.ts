import { AGENT_CONTAINER } from "../api/labels.ts";
import type { KubeClient } from "../kube/client.ts";
import { readLog } from "../kube/logs.ts";
import { lastWordsKey } from "./memory.ts";
import type { PodRecord } from "./project.ts";

const TAIL_LINES = 20;
const LIMIT_BYTES = 4_096;
/** Logs asked for at once at most; the others follow with the next passes. */
const AT_ONCE = 5;

/** What `LastWords` needs. */
export interface LastWordsOptions {
  readonly client: Pick<KubeClient, "request">;
  /** Called with the KmAgent's key where words of one of its pods have come. */
  readonly onWords: (key: string) => void;
  readonly onFailure: (key: string, pod: string, error: unknown) => void;
}

/**
 * Reads the last words of containers that ended without a termination message, beside the passes: kubelet may take seconds
 * to answer, or never do, and no pass waits for it. Each run of a container is asked for once; where its log can't be read
 * it has said nothing.
 */
export class LastWords {
  readonly #options: LastWordsOptions;
  readonly #known = new Map<string, ReadonlyMap<string, string>>();
  readonly #reading = new Set<string>();

  constructor(options: LastWordsOptions) {
    this.#options = options;
  }

  /** What is known of a KmAgent's pods, by `lastWordsKey`. */
  of(key: string): ReadonlyMap<string, string> {
    return this.#known.get(key) ?? NONE;
  }

  /** Forgets what no pod can be asked for any more, and begins to read what is missing, few at once. Never waits. */
  listen(key: string, pods: readonly PodRecord[], signal: AbortSignal): void {
    const current = new Set(pods.map(lastWordsKey));
    const known = new Map([...this.of(key)].filter(([words]) => current.has(words)));
    this.#known.set(key, known);
    const silent = pods.filter(
      (pod) =>
        pod.container?.last?.message === "" && !known.has(lastWordsKey(pod)) && !this.#reading.has(lastWordsKey(pod)),
    );
    for (const pod of silent.slice(0, Math.max(0, AT_ONCE - this.#reading.size))) void this.#read(key, pod, signal);
  }

  /** Forgets a KmAgent that is gone. */
  forget(key: string): void {
    this.#known.delete(key);
  }

  async #read(key: string, pod: PodRecord, signal: AbortSignal): Promise<void> {
    const { client, onWords, onFailure } = this.#options;
    const { namespace, name, container } = pod;
    const query = {
      namespace,
      pod: name,
      container: AGENT_CONTAINER,
      previous: container?.state !== "terminated",
      tailLines: TAIL_LINES,
      limitBytes: LIMIT_BYTES,
    };
    this.#reading.add(lastWordsKey(pod));
    let text = "";
    try {
      text = (await readLog(client, query, signal)) ?? "";
    } catch (error) {
      if (!signal.aborted) onFailure(key, name, error);
    }
    this.#reading.delete(lastWordsKey(pod));
    const known = this.#known.get(key);
    if (!known || signal.aborted) return;
    this.#known.set(key, new Map(known).set(lastWordsKey(pod), text));
    onWords(key);
  }
}

const NONE: ReadonlyMap<string, string> = new Map();
