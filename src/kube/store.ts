import { objectKey } from "./resource.ts";
import type { ObjectMeta } from "./resource.ts";

/** What happened to one key. An object that was deleted and made again under its name arrives as `removed`, then `added`. */
export type Change<T> =
  | { readonly type: "added"; readonly key: string; readonly before: undefined; readonly after: T }
  | { readonly type: "changed"; readonly key: string; readonly before: T; readonly after: T }
  | { readonly type: "removed"; readonly key: string; readonly before: T; readonly after: undefined };

/** Called after the store holds the change, in the order of the changes. Must not throw and must not change the store. */
export type Listener<T> = (change: Change<T>) => void;

/** What readers see of a store: projected objects by `objectKey`. */
export interface Store<T> {
  get(key: string): T | undefined;
  values(): IterableIterator<T>;
  readonly size: number;
  /** All objects for which the index of this name gives `value`; throws on an index that wasn't declared. */
  by(index: string, value: string): readonly T[];
  /** The position of the collection that this is the state of; empty before the first list. */
  readonly resourceVersion: string;
  /** Whether the whole collection has been listed at least once. */
  readonly synced: boolean;
  /** Tells of every change from now on; the returned function ends it. */
  subscribe(listener: Listener<T>): () => void;
}

/** How a secondary index finds its value in an object; undefined keeps the object out of it. */
export type Indexes<T> = Readonly<Record<string, (value: T) => string | undefined>>;

/** One object as the store holds it: the projection, and what tells one incarnation and version from another. */
export interface Entry<T> {
  readonly uid: string;
  readonly resourceVersion: string;
  readonly value: T;
}

/** The writable store behind a reflector. Everything in it happens within one call, so readers never see half a relist. */
export class ObjectStore<T> implements Store<T> {
  #entries = new Map<string, Entry<T>>();
  readonly #indexes = new Map<string, Index<T>>();
  readonly #listeners = new Set<Listener<T>>();
  #resourceVersion = "";
  #synced = false;

  constructor(indexes: Indexes<T> = {}) {
    for (const [name, valueOf] of Object.entries(indexes)) this.#indexes.set(name, new Index(valueOf));
  }

  get(key: string): T | undefined {
    return this.#entries.get(key)?.value;
  }

  values(): IterableIterator<T> {
    return this.#entries.values().map((entry) => entry.value);
  }

  get size(): number {
    return this.#entries.size;
  }

  by(index: string, value: string): readonly T[] {
    const found = this.#indexes.get(index);
    if (!found) throw new TypeError(`the store has no index ${index}`);
    return found.keys(value).flatMap((key) => this.#entries.get(key)?.value ?? []);
  }

  get resourceVersion(): string {
    return this.#resourceVersion;
  }

  get synced(): boolean {
    return this.#synced;
  }

  subscribe(listener: Listener<T>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Takes a whole list at its position: what isn't in it is gone. Listeners hear only of true differences. */
  replace(entries: Map<string, Entry<T>>, resourceVersion: string): void {
    const before = this.#entries;
    this.#entries = entries;
    this.#resourceVersion = resourceVersion;
    this.#synced = true;
    for (const index of this.#indexes.values()) index.rebuild(entries);
    for (const [key, entry] of before) if (!entries.has(key)) this.#tell(key, entry, undefined);
    for (const [key, entry] of entries) this.#tell(key, before.get(key), entry);
  }

  /** Takes one object of the watch, or with undefined its end, and moves to its position. */
  set(key: string, entry: Entry<T> | undefined, resourceVersion: string): void {
    const before = this.#entries.get(key);
    this.#resourceVersion = resourceVersion;
    if (entry) this.#entries.set(key, entry);
    else this.#entries.delete(key);
    for (const index of this.#indexes.values()) index.move(key, before, entry);
    this.#tell(key, before, entry);
  }

  /** Moves to a later position without a change (a bookmark). */
  advance(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
  }

  #tell(key: string, before: Entry<T> | undefined, after: Entry<T> | undefined): void {
    if (after !== undefined && before?.uid === after.uid) {
      if (before.resourceVersion !== after.resourceVersion) {
        this.#emit({ type: "changed", key, before: before.value, after: after.value });
      }
      return;
    }
    if (before) this.#emit({ type: "removed", key, before: before.value, after: undefined });
    if (after) this.#emit({ type: "added", key, before: undefined, after: after.value });
  }

  #emit(change: Change<T>): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** Keys by one value of their objects. */
class Index<T> {
  readonly #valueOf: (value: T) => string | undefined;
  #keys = new Map<string, Set<string>>();

  constructor(valueOf: (value: T) => string | undefined) {
    this.#valueOf = valueOf;
  }

  keys(value: string): readonly string[] {
    return [...(this.#keys.get(value) ?? [])];
  }

  rebuild(entries: ReadonlyMap<string, Entry<T>>): void {
    this.#keys = new Map();
    for (const [key, entry] of entries) this.move(key, undefined, entry);
  }

  move(key: string, before: Entry<T> | undefined, after: Entry<T> | undefined): void {
    const from = before && this.#valueOf(before.value);
    const to = after && this.#valueOf(after.value);
    if (from === to) return;
    if (from !== undefined) {
      const keys = this.#keys.get(from);
      keys?.delete(key);
      if (keys?.size === 0) this.#keys.delete(from);
    }
    if (to !== undefined) {
      const keys = this.#keys.get(to) ?? new Set<string>();
      keys.add(key);
      this.#keys.set(to, keys);
    }
  }
}

/** The key and the identity of an object's metadata, for an entry. */
export function identityOf(metadata: ObjectMeta): { key: string; uid: string; resourceVersion: string } {
  return { key: objectKey(metadata), uid: metadata.uid ?? "", resourceVersion: metadata.resourceVersion ?? "" };
}
