import type { Clock } from "../api/clock.ts";
import type { KmError } from "../api/errors.ts";
import { textsOf } from "../api/json.ts";
import type { KubeClient } from "../kube/client.ts";
import { reflect } from "../kube/reflector.ts";
import { CONFIGMAPS, SECRETS } from "../kube/resource.ts";
import type { Store } from "../kube/store.ts";
import type { Reference, Referenced } from "./references.ts";

/** What `createReferenceWatch` needs. `readableSecrets` are the names that the chart grants. */
export interface ReferenceWatchOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly random: () => number;
  readonly namespace: string;
  readonly readableSecrets: readonly string[];
  /** Called where a referenced object came, changed or went. */
  readonly onChange: () => void;
  readonly onFailure: (error: KmError) => void;
}

/** Keeps one watch for each object that some KmAgent names, and none for any other. */
export interface ReferenceWatch {
  /** Starts what is new in `references` and stops what isn't in it any more. */
  follow(references: readonly Reference[]): void;
  /** What is known now; never waits. */
  read(reference: Reference): Referenced;
}

interface Watched {
  readonly stop: AbortController;
  /** Whether the API server has said that we may not read it. */
  readonly forbidden: () => boolean;
  readonly store: Store<Data>;
}

/** Decoded data of a Secret or ConfigMap. */
interface Data {
  readonly values: Readonly<Record<string, string>>;
}

/** A `ReferenceWatch` that lives until `signal` aborts. */
export function createReferenceWatch(options: ReferenceWatchOptions, signal: AbortSignal): ReferenceWatch {
  const watched = new Map<string, Watched>();
  const readable = new Set(options.readableSecrets);
  const idOf = (reference: Reference) => `${reference.kind}/${reference.name}`;
  const notReadable: Referenced = { kind: "notReadable", readable: options.readableSecrets };
  const mayRead = (reference: Reference) => reference.kind === "ConfigMap" || readable.has(reference.name);

  function start(reference: Reference): Watched {
    const stop = new AbortController();
    const secret = reference.kind === "Secret";
    let forbidden = false;
    const onFailure = (error: KmError) => {
      options.onFailure(error);
      if (error.code !== "Forbidden" || forbidden) return;
      forbidden = true;
      options.onChange();
    };
    const { store, synced } = reflect<Data>(
      {
        client: options.client,
        clock: options.clock,
        random: options.random,
        type: secret ? SECRETS : CONFIGMAPS,
        namespace: options.namespace,
        fieldSelector: `metadata.name=${reference.name}`,
        project: (raw) => ({ values: secret ? decoded(raw["data"]) : textsOf(raw["data"]) }),
        hooks: { failed: onFailure },
      },
      AbortSignal.any([signal, stop.signal]),
    );
    store.subscribe(() => options.onChange());
    // The first answer may be "there is no such object", which changes no entry of the store.
    void synced.then((complete) => {
      if (complete) options.onChange();
    });
    return { stop, forbidden: () => forbidden, store };
  }

  return {
    follow(references) {
      const wanted = new Map(references.filter(mayRead).map((reference) => [idOf(reference), reference]));
      for (const [id, watch] of watched) {
        if (wanted.has(id)) continue;
        watch.stop.abort();
        watched.delete(id);
      }
      for (const [id, reference] of wanted) if (!watched.has(id)) watched.set(id, start(reference));
    },
    read(reference) {
      if (!mayRead(reference)) return notReadable;
      const watch = watched.get(idOf(reference));
      const store = watch?.store;
      if (store?.synced !== true) return watch?.forbidden() === true ? notReadable : { kind: "loading" };
      const data = store.get(`${options.namespace}/${reference.name}`);
      if (!data) return { kind: "missing" };
      const text = data.values[reference.key];
      return text === undefined || text === ""
        ? { kind: "keyMissing", keys: Object.keys(data.values) }
        : { kind: "found", text };
    },
  };
}

/** Values stay verbatim, also with a newline at the end: the agents get them so, and what is wrong with them must show. */
function decoded(data: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(textsOf(data)).map(([key, value]) => [key, Buffer.from(value, "base64").toString("utf8")]),
  );
}
