import type { Clock } from "../api/clock.ts";
import { KmError, asKmError } from "../api/errors.ts";
import { isJsonObject } from "../api/json.ts";
import type { KubeClient, Query } from "./client.ts";
import { linkSignal, slept } from "./clock.ts";
import { INITIAL, fullJitter, transition } from "./reflector-state.ts";
import type { Outcome, ReflectorState } from "./reflector-state.ts";
import { apiVersionOf, compareResourceVersions, isKubeObject, resourcePath } from "./resource.ts";
import type { KubeObject, ResourceType } from "./resource.ts";
import { errorOfWatchLine } from "./status.ts";
import { ObjectStore, identityOf } from "./store.ts";
import type { Entry, Indexes, Store } from "./store.ts";

/**
 * Smaller than client-go's 500: a page is held as bytes, text and objects at once. Measured with 5,000 objects of 4 KB: pages of
 * 500 add 57 MB to the process for good, pages of 100 add 22 MB and a second.
 */
const DEFAULT_PAGE_SIZE = 100;
/** The API server sends a bookmark about once a minute, so a stream without a line for longer than this is dead. */
const DEFAULT_SILENCE_MS = 90_000;
const LIST_TIMEOUT_MS = 60_000;
const MAX_LIST_BYTES = 256 * 1024 * 1024;
/** The server ends a watch after 5 to 10 minutes, so that watches spread over its replicas again. */
const WATCH_SECONDS = { least: 300, spread: 300 } as const;

/** What a reflector tells of its work, for metrics and logs. None of these may throw. */
export interface ReflectorHooks {
  /** A whole list came, `objects` of which are in the store now. */
  listed?(objects: number): void;
  /** The server accepted a watch. */
  watching?(): void;
  /** An event or a bookmark came. */
  event?(type: WatchEventType): void;
  /** A list or a watch failed; the next try comes after `waitMs`. */
  failed?(error: KmError, waitMs: number): void;
  /** `project` threw on an object, which is left out: a bug of ours or an object that breaks its schema. */
  unreadable?(key: string, error: unknown): void;
}

/** The types of lines in a watch that change the store or move it on; `ERROR` is a failure of the stream. */
export type WatchEventType = "ADDED" | "MODIFIED" | "DELETED" | "BOOKMARK";

/** Which collection is reflected, what is kept of its objects, and when a connection counts as dead. */
export interface ReflectorOptions<T> {
  readonly client: Pick<KubeClient, "request" | "watch">;
  readonly type: ResourceType;
  readonly namespace?: string;
  readonly labelSelector?: string;
  /** One object by its name is `metadata.name=…`, which also satisfies RBAC's `resourceNames`. */
  readonly fieldSelector?: string;
  /**
   * Keeps of an object what is in use, and undefined of one that isn't. Copy what you keep: a part cut out of a long string
   * (`slice`, `split`, a match) keeps the whole of it in memory.
   */
  readonly project: (object: KubeObject) => T | undefined;
  readonly indexes?: Indexes<T>;
  readonly clock: Clock;
  /** In [0, 1): spreads waits and the watches' ends. */
  readonly random: () => number;
  readonly pageSize?: number;
  readonly silenceMs?: number;
  readonly hooks?: ReflectorHooks;
}

/** A running reflector: its store, and how far it has come. */
export interface Reflector<T> {
  readonly store: Store<T>;
  /** True once the first list is in the store; false where the signal came first. Never rejects. */
  readonly synced: Promise<boolean>;
  /** Settles after the signal, when nothing of the reflector runs any more. */
  readonly done: Promise<void>;
}

/**
 * Keeps a store equal to a collection of the API server, by list and watch, until `signal` is raised.
 *
 * Flow: list in pages, swap the whole result into the store, watch from its position; `reflector-state.ts` says what follows
 * on what.
 *
 * Guarantees:
 * - The store moves only forward: a list is read at its newest, never from a stale cache, and a stream that goes back in time
 *   is dropped for a list.
 * - Between two lists no deletion and no re-creation is lost; after one, what vanished meanwhile is removed.
 * - A connection that says nothing, not even a bookmark, for `silenceMs` is given up.
 * - It never gives up and never storms: every failure waits, longer each time, with jitter, and as long as the server asks.
 * - It holds one page and one line of raw JSON at most.
 *
 * Errors go to `hooks.failed`; only the signal ends it.
 */
export function reflect<T>(options: ReflectorOptions<T>, signal: AbortSignal): Reflector<T> {
  const work = new Work(options, signal);
  return { store: work.store, synced: work.synced, done: work.run() };
}

class Work<T> {
  readonly store: ObjectStore<T>;
  readonly synced: Promise<boolean>;
  readonly #settleSynced: (synced: boolean) => void;
  readonly #options: ReflectorOptions<T>;
  readonly #signal: AbortSignal;
  readonly #path: string;
  #pages = new Map<string, Entry<T>>();

  constructor(options: ReflectorOptions<T>, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#path = resourcePath(options.type, options.namespace);
    this.store = new ObjectStore<T>(options.indexes);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.synced = promise;
    this.#settleSynced = resolve;
  }

  async run(): Promise<void> {
    const backoff = fullJitter(this.#options.random);
    let state: ReflectorState = INITIAL;
    while (!this.#signal.aborted) {
      const outcome = await this.#await(state);
      if (outcome === undefined) break;
      state = transition(state, outcome, backoff);
      this.#tellFailure(outcome, state);
    }
    this.#settleSynced(false);
  }

  /** Does what the state stands for; undefined when the signal cut it short. */
  async #await(state: ReflectorState): Promise<Outcome | undefined> {
    switch (state.at) {
      case "listing":
        return this.#list(state);
      case "watching":
        return this.#watch(state.resourceVersion);
      case "waiting":
        return this.#wait(state.waitMs);
      default:
        return state satisfies never;
    }
  }

  #tellFailure(outcome: Outcome, next: ReflectorState): void {
    const waitMs = next.at === "waiting" ? next.waitMs : 0;
    if (outcome.kind === "failed" || outcome.kind === "broke") this.#options.hooks?.failed?.(outcome.error, waitMs);
    else if (outcome.kind === "ended" && waitMs > 0) {
      const early = new KmError(
        "Unavailable",
        `WATCH ${this.#path}: the server ended it after ${Math.round(outcome.livedMs)} ms`,
      );
      this.#options.hooks?.failed?.(early, waitMs);
    }
  }

  async #wait(ms: number): Promise<Outcome | undefined> {
    return (await slept(this.#options.clock, ms, this.#signal)) ? { kind: "waited" } : undefined;
  }

  async #list(state: Extract<ReflectorState, { at: "listing" }>): Promise<Outcome | undefined> {
    const { continueToken, unpaged } = state;
    if (continueToken === undefined) this.#pages = new Map();
    try {
      const query: Query = {
        ...this.#selectors(),
        // No resourceVersion: the newest state, so that a list never takes the store back in time.
        limit: unpaged ? undefined : (this.#options.pageSize ?? DEFAULT_PAGE_SIZE),
        continue: continueToken,
      };
      const { body } = await this.#options.client.request(
        { method: "GET", path: this.#path, query, retries: 0, timeoutMs: LIST_TIMEOUT_MS, maxBytes: MAX_LIST_BYTES },
        this.#signal,
      );
      const page = pageOf(body, this.#path);
      for (const item of page.items) this.#collect(item);
      if (page.continueToken !== undefined && page.continueToken === continueToken) {
        throw new KmError("BadResponse", `GET ${this.#path}: the list doesn't come to an end`);
      }
      if (page.continueToken !== undefined) return { kind: "page", continueToken: page.continueToken };
      this.store.replace(this.#pages, page.resourceVersion);
      this.#pages = new Map();
      this.#settleSynced(true);
      this.#options.hooks?.listed?.(this.store.size);
      return { kind: "listed", resourceVersion: page.resourceVersion };
    } catch (error) {
      return this.#signal.aborted ? undefined : { kind: "failed", error: asKmError(error, `GET ${this.#path}`) };
    }
  }

  #collect(item: unknown): void {
    if (!isKubeObject(item)) throw new KmError("BadResponse", `GET ${this.#path}: an item has no metadata`);
    const { key, uid, resourceVersion } = identityOf(item.metadata);
    const value = this.#project(key, item);
    if (value !== undefined) this.#pages.set(key, { uid, resourceVersion, value });
  }

  async #watch(from: string): Promise<Outcome | undefined> {
    const { client, clock, random, hooks, silenceMs = DEFAULT_SILENCE_MS } = this.#options;
    const linked = linkSignal(this.#signal);
    let cancelSilence: () => void = () => undefined;
    let opened = clock.now();
    let lastSign = opened;
    const alive = () => {
      lastSign = clock.now();
      cancelSilence();
      cancelSilence = clock.after(silenceMs, () =>
        linked.abort(new KmError("Timeout", `WATCH ${this.#path}: nothing came for ${silenceMs} ms`)),
      );
    };
    try {
      const query: Query = {
        ...this.#selectors(),
        resourceVersion: from,
        allowWatchBookmarks: true,
        timeoutSeconds: Math.round(WATCH_SECONDS.least + WATCH_SECONDS.spread * random()),
      };
      const onOpen = () => {
        alive();
        opened = lastSign;
        hooks?.watching?.();
      };
      for await (const line of client.watch({ path: this.#path, query, onOpen }, linked.signal)) {
        alive();
        this.#follow(line);
      }
      return { kind: "ended", resourceVersion: this.store.resourceVersion, livedMs: clock.now() - opened };
    } catch (error) {
      if (this.#signal.aborted) return undefined;
      const { resourceVersion } = this.store;
      return {
        kind: "broke",
        error: asKmError(error, `WATCH ${this.#path}`),
        resourceVersion,
        livedMs: lastSign - opened,
      };
    } finally {
      cancelSilence();
      linked.release();
    }
  }

  /** Takes one line of the watch into the store; throws what makes the stream useless. */
  #follow(line: unknown): void {
    const what = `WATCH ${this.#path}`;
    if (!isJsonObject(line)) throw new KmError("BadResponse", `${what}: a line is no object`);
    const { type, object } = line;
    if (type === "ERROR") throw errorOfWatchLine(object, what);
    if (!isWatchEventType(type)) throw new KmError("BadResponse", `${what}: a line of unknown type`);
    const resourceVersion = versionOf(object);
    if (resourceVersion === undefined) throw new KmError("BadResponse", `${what}: an object has no resourceVersion`);
    const step = compareResourceVersions(resourceVersion, this.store.resourceVersion);
    if (step !== undefined && step < 0) {
      // Something behind this was lost or reordered; only a list tells the truth now.
      throw new KmError("Gone", `${what}: went back from ${this.store.resourceVersion} to ${resourceVersion}`);
    }
    if (type === "BOOKMARK") this.store.advance(resourceVersion);
    else this.#change(type, object, resourceVersion, what);
    this.#options.hooks?.event?.(type);
  }

  #change(type: Exclude<WatchEventType, "BOOKMARK">, object: unknown, resourceVersion: string, what: string): void {
    if (!isKubeObject(object)) throw new KmError("BadResponse", `${what}: an object has no name`);
    const { key, uid } = identityOf(object.metadata);
    // A deletion carries the version of the deletion; an entry keeps it in no case.
    const value = type === "DELETED" ? undefined : this.#project(key, object);
    this.store.set(key, value === undefined ? undefined : { uid, resourceVersion, value }, resourceVersion);
  }

  #project(key: string, item: KubeObject): T | undefined {
    const { project, type, hooks } = this.#options;
    try {
      // Items of a list don't say what they are.
      return project({ ...item, apiVersion: apiVersionOf(type), kind: type.kind });
    } catch (error) {
      hooks?.unreadable?.(key, error);
      return undefined;
    }
  }

  #selectors(): Query {
    const { labelSelector, fieldSelector } = this.#options;
    return { labelSelector, fieldSelector };
  }
}

interface Page {
  readonly items: readonly unknown[];
  readonly resourceVersion: string;
  readonly continueToken: string | undefined;
}

function pageOf(body: unknown, path: string): Page {
  const metadata = isJsonObject(body) ? body["metadata"] : undefined;
  // An empty collection of a Go server may come as null.
  const items: unknown = isJsonObject(body) ? (body["items"] ?? []) : undefined;
  if (!isJsonObject(metadata) || !Array.isArray(items))
    throw new KmError("BadResponse", `GET ${path}: the answer is no list`);
  const { resourceVersion, continue: token } = metadata;
  if (typeof resourceVersion !== "string" || resourceVersion === "") {
    throw new KmError("BadResponse", `GET ${path}: the list has no resourceVersion`);
  }
  return { items, resourceVersion, continueToken: typeof token === "string" && token !== "" ? token : undefined };
}

function versionOf(object: unknown): string | undefined {
  const metadata = isJsonObject(object) ? object["metadata"] : undefined;
  const version = isJsonObject(metadata) ? metadata["resourceVersion"] : undefined;
  return typeof version === "string" && version !== "" ? version : undefined;
}

function isWatchEventType(type: unknown): type is WatchEventType {
  return type === "ADDED" || type === "MODIFIED" || type === "DELETED" || type === "BOOKMARK";
}
