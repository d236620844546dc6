import type { KubeClient } from "../../src/kube/client.ts";
import { DAEMONSETS_PATH } from "./fleet.ts";

/** As much of a DaemonSet as the bench looks at. */
export interface DaemonSetSeen {
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
      readonly spec: { readonly containers: readonly { readonly image: string }[] };
    };
  };
}

type Type = "ADDED" | "MODIFIED" | "DELETED";

/** The DaemonSets of the namespace as a watch shows them, with the moment at which it did. */
export interface Sightings {
  /** Milliseconds of `performance.now()` at which the first event from now on came that `is` what was waited for. */
  next(is: (type: Type, seen: DaemonSetSeen) => boolean, withinMs?: number): Promise<number>;
  stop(): Promise<void>;
}

/** Watches DaemonSets until `stop`. Every waiting is refused once the watch has ended. */
export async function watchDaemonSets(client: KubeClient, signal: AbortSignal): Promise<Sightings> {
  const waiting = new Set<(type: Type, seen: DaemonSetSeen) => void>();
  const end = new AbortController();
  const { body } = await client.request({ method: "GET", path: DAEMONSETS_PATH }, signal);
  const { resourceVersion } = (body as { metadata: { resourceVersion: string } }).metadata;
  const query = { resourceVersion, timeoutSeconds: 7_200 };
  const follow = async () => {
    for await (const line of client.watch({ path: DAEMONSETS_PATH, query }, AbortSignal.any([signal, end.signal]))) {
      const { type, object } = line as { type: Type; object: DaemonSetSeen };
      for (const look of waiting) look(type, object);
    }
    throw new Error("the watch of DaemonSets ended");
  };
  const followed = follow();
  // Told to whoever waits; without this it would be unhandled in between.
  followed.catch(() => undefined);
  return {
    async next(is, withinMs = 60_000) {
      const seen = Promise.withResolvers<number>();
      const look = (type: Type, object: DaemonSetSeen) => {
        if (is(type, object)) seen.resolve(performance.now());
      };
      const timer = setTimeout(() => seen.reject(new Error(`not seen within ${withinMs} ms`)), withinMs);
      waiting.add(look);
      try {
        return await Promise.race([seen.promise, followed]);
      } finally {
        waiting.delete(look);
        clearTimeout(timer);
      }
    },
    async stop() {
      end.abort();
      await followed.catch(() => undefined);
    },
  };
}
