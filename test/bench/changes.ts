import type { KubeClient } from "../../src/kube/client.ts";

/** One event of a watch. */
export interface Change<T> {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: T;
}

interface Versioned {
  readonly metadata: { readonly resourceVersion: string };
}

/**
 * What there is, and then every change of it until the signal aborts. The API server ends a watch whose reader is slow, as one on
 * a busy machine is: the next goes on where it ended, so that no change is missed. Fails where that isn't possible.
 */
export async function changesOf<T>(
  client: KubeClient,
  { path, query = {} }: { readonly path: string; readonly query?: Readonly<Record<string, string>> },
  signal: AbortSignal,
): Promise<{ readonly items: readonly T[]; readonly changes: AsyncGenerator<Change<T>, void, void> }> {
  const { body } = await client.request({ method: "GET", path, query }, signal);
  const { metadata, items } = body as Versioned & { readonly items: readonly T[] };
  let { resourceVersion } = metadata;
  const follow = async function* (): AsyncGenerator<Change<T>, void, void> {
    for (;;) {
      const asked = { ...query, resourceVersion, timeoutSeconds: 7_200, allowWatchBookmarks: true };
      for await (const line of client.watch({ path, query: asked }, signal)) {
        const { type, object } = line as { type: Change<T>["type"] | "BOOKMARK" | "ERROR"; object: T & Versioned };
        if (type === "ERROR") throw new Error(`the watch of ${path} can't go on: ${JSON.stringify(object)}`);
        ({ resourceVersion } = object.metadata);
        if (type !== "BOOKMARK") yield { type, object };
      }
    }
  };
  return { items, changes: follow() };
}
