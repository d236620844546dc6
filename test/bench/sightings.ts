import type { KubeClient } from "../../src/kube/client.ts";
import { changesOf } from "./changes.ts";
import type { Change } from "./changes.ts";
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

type Type = Change<DaemonSetSeen>["type"];

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
  const ends = AbortSignal.any([signal, end.signal]);
  const { changes } = await changesOf<DaemonSetSeen>(client, { path: DAEMONSETS_PATH }, ends);
  const follow = async () => {
    for await (const { type, object } of changes) for (const look of waiting) look(type, object);
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
