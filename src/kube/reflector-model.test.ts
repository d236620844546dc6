import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { until } from "../../test/eventually.ts";
import { FakeClock } from "../../test/kube/fake-clock.ts";
import { runs } from "../../test/properties.ts";
import { KmError } from "../api/errors.ts";
import type { KubeClient, KubeRequest, KubeResponse, WatchRequest } from "./client.ts";
import { reflect } from "./reflector.ts";
import { PODS } from "./resource.ts";
import type { KubeObject } from "./resource.ts";

/** One change of the model's collection; `value` undefined is a deletion. */
interface Edit {
  readonly name: string;
  readonly value: number | undefined;
}

/** What the model does wrong at one call. */
type Fault = "none" | "unavailable" | "throttled" | "gone" | "cut" | "garbage" | "early end" | "repeat";

interface Version {
  readonly uid: string;
  readonly value: number;
  readonly at: number;
}

/** An API server of one collection, with a history, pages of two, and faults on request. */
class ModelServer implements Pick<KubeClient, "request" | "watch"> {
  readonly #history: { readonly at: number; readonly edit: Edit; readonly object: KubeObject }[] = [];
  readonly #objects = new Map<string, Version>();
  readonly #faults: Fault[];
  readonly #edits: Edit[];
  readonly #snapshots = new Map<string, readonly KubeObject[]>();
  #at = 1;
  #tokens = 0;
  calls = 0;

  constructor(edits: readonly Edit[], faults: readonly Fault[]) {
    this.#edits = [...edits];
    this.#faults = [...faults];
  }

  get quiet(): boolean {
    return this.#edits.length === 0 && this.#faults.length === 0;
  }

  get position(): string {
    return String(this.#at);
  }

  /** What a perfect observer would hold. */
  get truth(): Record<string, string> {
    return Object.fromEntries([...this.#objects].map(([name, { uid, value }]) => [`ns/${name}`, `${uid} ${value}`]));
  }

  async request({ query = {} }: KubeRequest): Promise<KubeResponse> {
    await Promise.resolve();
    const fault = this.#call();
    if (fault === "unavailable" || fault === "cut") throw new KmError("Unavailable", "down");
    if (fault === "throttled") throw new KmError("Throttled", "slow down", { retryAfterMs: 1000 });
    if (fault === "garbage") return { status: 200, body: { surprise: true }, warnings: [] };
    if (fault === "gone" && query["continue"] !== undefined) throw new KmError("Gone", "expired");
    const [token, start] = String(query["continue"] ?? `${this.#snapshot()}:0`).split(":");
    const items = this.#snapshots.get(token ?? "") ?? [];
    const end = query["limit"] === undefined ? items.length : Number(start) + 2;
    return {
      status: 200,
      body: {
        metadata: { resourceVersion: token?.split("@")[1], ...(end < items.length && { continue: `${token}:${end}` }) },
        items: items.slice(Number(start), end),
      },
      warnings: [],
    };
  }

  async *watch({ query = {}, onOpen }: WatchRequest, signal: AbortSignal): AsyncGenerator<unknown, void, void> {
    await Promise.resolve();
    const fault = this.#call();
    if (fault === "unavailable") throw new KmError("Unavailable", "down");
    if (fault === "gone") throw new KmError("Gone", "expired");
    if (fault === "throttled") throw new KmError("Throttled", "slow down");
    onOpen?.();
    let sent = Number(query["resourceVersion"]);
    let lines = 0;
    for (;;) {
      for (const { at, edit, object } of this.#history.filter((entry) => entry.at > sent)) {
        const known = this.#history.some((entry) => entry.at < at && entry.edit.name === edit.name);
        const event = { type: edit.value === undefined ? "DELETED" : known ? "MODIFIED" : "ADDED", object };
        yield event;
        if (fault === "repeat") yield event;
        sent = at;
        if (++lines >= 2 && fault === "cut") throw new KmError("Unavailable", "reset");
        if (lines >= 1 && fault === "garbage") throw new KmError("BadResponse", "no JSON");
        if (lines >= 1 && fault === "early end") return;
      }
      if (!this.#mutate()) break;
    }
    yield { type: "BOOKMARK", object: { metadata: { resourceVersion: this.position } } };
    if (this.#faults.length > 0) return;
    await new Promise((_, reject) => signal.addEventListener("abort", () => reject(new KmError("Aborted", "stopped"))));
  }

  #call(): Fault {
    this.calls++;
    this.#mutate();
    return this.#faults.shift() ?? "none";
  }

  #mutate(): boolean {
    const edit = this.#edits.shift();
    if (!edit) return false;
    const before = this.#objects.get(edit.name);
    if (!before && edit.value === undefined) return true;
    const at = ++this.#at;
    const uid = before?.uid ?? `uid${at}`;
    const object = objectOf(edit.name, { uid, value: edit.value ?? before?.value ?? 0, at });
    if (edit.value === undefined) this.#objects.delete(edit.name);
    else this.#objects.set(edit.name, { uid, value: edit.value, at });
    this.#history.push({ at, edit, object });
    return true;
  }

  #snapshot(): string {
    const token = `${++this.#tokens}@${this.#at}`;
    this.#snapshots.set(
      token,
      [...this.#objects].map(([name, version]) => objectOf(name, version)),
    );
    return token;
  }
}

function objectOf(name: string, { uid, value, at }: Version): KubeObject {
  const metadata = { name, namespace: "ns", uid, resourceVersion: String(at), labels: { value: String(value) } };
  return { apiVersion: "v1", kind: "Pod", metadata };
}

describe("the reflector against a model of the API server", () => {
  test("holds the truth in the end, and tells listeners of all that leads there, whatever fails in between", async () => {
    const edit = fc.record({
      name: fc.constantFrom("a", "b", "c", "d", "e"),
      value: fc.option(fc.nat(9), { nil: undefined }),
    });
    const fault = fc.constantFrom<Fault>(
      "none",
      "unavailable",
      "throttled",
      "gone",
      "cut",
      "garbage",
      "early end",
      "repeat",
    );
    await fc.assert(
      fc.asyncProperty(fc.array(edit, { maxLength: 40 }), fc.array(fault, { maxLength: 15 }), async (edits, faults) => {
        const clock = new FakeClock();
        const stop = new AbortController();
        const server = new ModelServer(edits, faults);
        const { store, done } = reflect<string>(
          {
            client: server,
            type: PODS,
            project: ({ metadata }) => `${metadata.uid} ${metadata.labels?.["value"]}`,
            clock,
            random: () => 0.5,
            hooks: { failed: (_, waitMs) => void setImmediate(() => clock.advance(waitMs)) },
          },
          stop.signal,
        );
        const told = new Map<string, string>();
        store.subscribe(({ type, key, before, after }) => {
          // Each change fits onto the one before it: added where nothing was, removed and changed from what was told last.
          expect(told.get(key)).toBe(before);
          expect(type).toBe(before === undefined ? "added" : after === undefined ? "removed" : "changed");
          if (after === undefined) told.delete(key);
          else told.set(key, after);
        });
        let position = 0;
        await until(() => {
          expect(Number(store.resourceVersion)).toBeGreaterThanOrEqual(position);
          position = Number(store.resourceVersion);
          return server.quiet && store.resourceVersion === server.position;
        });
        expect(store.size).toBe(Object.keys(server.truth).length);
        for (const [key, value] of Object.entries(server.truth)) expect(store.get(key)).toBe(value);
        expect(Object.fromEntries(told)).toEqual(server.truth);
        expect(server.calls).toBeLessThan(10 * (faults.length + 5));
        stop.abort();
        await done;
      }),
      { numRuns: runs(150) },
    );
  });
});
