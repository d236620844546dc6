import { afterEach, describe, expect, jest, test } from "@jest/globals";
import type { ServerResponse } from "node:http";
import { until } from "../../test/eventually.ts";
import { FakeClock } from "../../test/kube/fake-clock.ts";
import { ScriptedApiServer, hang, json, refuse, reset, statusOf } from "../../test/kube/scripted-api-server.ts";
import type { Step } from "../../test/kube/scripted-api-server.ts";
import { createKubeClient } from "./client.ts";
import type { KubeClient } from "./client.ts";
import { reflect } from "./reflector.ts";
import type { Reflector } from "./reflector.ts";
import { PODS } from "./resource.ts";
import type { KubeObject } from "./resource.ts";

const PATH = "/api/v1/namespaces/ns/pods";
/** With `random` at one half, the n-th wait in a row is 275 ms × 2^(n-1). */
const FIRST_WAIT = 275;

interface PodOptions {
  readonly uid?: string;
  readonly value?: string;
}

/** A pod with just what the projection below keeps: `value` is a label. */
function pod(name: string, resourceVersion: number, { uid = `uid-${name}`, value = "1" }: PodOptions = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "ns", uid, resourceVersion: String(resourceVersion), labels: { value } },
  };
}

const added = (object: KubeObject) => ({ type: "ADDED", object });
const modified = (object: KubeObject) => ({ type: "MODIFIED", object });
const deleted = (object: KubeObject) => ({ type: "DELETED", object });
const bookmark = (resourceVersion: number) => ({
  type: "BOOKMARK",
  object: { kind: "Pod", apiVersion: "v1", metadata: { resourceVersion: String(resourceVersion) } },
});
const errorLine = (code: number, reason: string, details?: unknown) => ({
  type: "ERROR",
  object: statusOf(code, reason, { details }),
});
const lineOf = (event: unknown) => `${JSON.stringify(event)}\n`;

/** A list call; items come without their kind, as the API server leaves it out. */
function list(
  items: readonly KubeObject[],
  resourceVersion: number,
  { token = null, next, limit = "100" }: { token?: string | null; next?: string; limit?: string | null } = {},
): Step {
  const bare = items.map(({ metadata }) => ({ metadata }));
  return {
    name: `list${token === null ? "" : ` behind ${token}`}`,
    path: PATH,
    query: { watch: null, limit, continue: token, resourceVersion: null, labelSelector: "app=x" },
    answer: json({
      kind: "PodList",
      metadata: { resourceVersion: String(resourceVersion), continue: next },
      items: bare,
    }),
  };
}

function listFails(name: string, answer: Step["answer"], token: string | null = null): Step {
  return { name, path: PATH, query: { watch: null, continue: token }, answer };
}

/** A watch call from `from` on; `act` writes the stream. */
function watch(from: number, act: (response: ServerResponse) => void): Step {
  return {
    name: `watch from ${from}`,
    path: PATH,
    query: {
      watch: "true",
      resourceVersion: String(from),
      allowWatchBookmarks: "true",
      timeoutSeconds: "450",
      labelSelector: "app=x",
    },
    answer: (response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.flushHeaders();
      act(response);
    },
  };
}

function watchFails(from: number, answer: Step["answer"]): Step {
  return { name: `watch from ${from}`, path: PATH, query: { watch: "true", resourceVersion: String(from) }, answer };
}

const sends =
  (...events: readonly unknown[]) =>
  (response: ServerResponse) =>
    void response.write(events.map(lineOf).join(""));

const sendsAndEnds =
  (...events: readonly unknown[]) =>
  (response: ServerResponse) =>
    void response.end(events.map(lineOf).join(""));

/** The last step of a scenario: the watch that stays. Its bookmark shows that everything before it has been taken. */
const SETTLED = 99_999;
const settles = (from: number) => watch(from, sends(bookmark(SETTLED)));

interface Silence {
  readonly watch: number;
  readonly at: number;
}

class Stage {
  readonly clock = new FakeClock();
  readonly stop = new AbortController();
  readonly changes: string[] = [];
  readonly keys = new Set<string>();
  readonly failures: string[] = [];
  readonly waits: number[] = [];
  readonly unreadable: string[] = [];
  watches = 0;
  /** How much time passes at the opening of each watch, in order, before its lines are read. */
  livesFor: readonly number[] = [];
  /** Silences to come, in order: after watch number `watch` has been read up to `at`. */
  silences: Silence[] = [];
  readonly client: KubeClient;
  readonly reflector: Reflector<string>;
  readonly server: ScriptedApiServer;

  private constructor(server: ScriptedApiServer, silenceMs: number) {
    this.server = server;
    this.client = createKubeClient({ kubeconfig: server.kubeconfig, version: "test", clock: this.clock });
    this.reflector = reflect<string>(
      {
        client: this.client,
        type: PODS,
        namespace: "ns",
        labelSelector: "app=x",
        project: (object) => {
          const value = object.metadata.labels?.["value"];
          if (value === "throws") throw new Error("can't read that");
          return value === "ignored" ? undefined : `${object.kind} ${value}`;
        },
        indexes: { value: (text) => text },
        clock: this.clock,
        random: () => 0.5,
        silenceMs,
        hooks: {
          watching: () => this.clock.advance(this.livesFor[this.watches++] ?? 0),
          failed: (error, waitMs) => {
            this.failures.push(error.code);
            this.waits.push(waitMs);
          },
          unreadable: (key) => void this.unreadable.push(key),
        },
      },
      this.stop.signal,
    );
    this.reflector.store.subscribe(({ type, key, after }) => {
      this.keys.add(key);
      this.changes.push(`${type} ${key}${after ? `: ${after}` : ""}`);
    });
  }

  static async open(steps: readonly Step[], silenceMs = 90_000): Promise<Stage> {
    return new Stage(await ScriptedApiServer.start(steps), silenceMs);
  }

  /** Plays until `condition`: each wait that the reflector begins is let pass at once. */
  async play(condition: () => boolean): Promise<void> {
    let waited = 0;
    await until(() => {
      if (waited < this.waits.length) this.clock.advance(this.waits[waited++] ?? 0);
      const [silence] = this.silences;
      if (this.watches === silence?.watch && this.reflector.store.resourceVersion === String(silence.at)) {
        this.silences.shift();
        this.clock.advance(90_000);
      }
      return condition() || this.server.calls.length > 200;
    });
  }

  async settle(): Promise<void> {
    await this.play(() => this.reflector.store.resourceVersion === String(SETTLED) || this.#strayed());
    this.server.verify();
  }

  #strayed(): boolean {
    try {
      if (this.server.finished) this.server.verify();
      return false;
    } catch {
      return true;
    }
  }

  get state(): Record<string, string> {
    const { store } = this.reflector;
    const held = [...this.keys].flatMap((key) => {
      const value = store.get(key);
      return value === undefined ? [] : [[key, value] as const];
    });
    // Nothing is in the store that no listener was told of.
    expect(held).toHaveLength(store.size);
    return Object.fromEntries(held);
  }

  async close(): Promise<void> {
    this.stop.abort();
    await this.reflector.done;
    await this.client.close();
    await this.server.stop();
  }
}

// Nothing here waits for the clock on the wall; the limit is for machines that are busy otherwise.
jest.setTimeout(60_000);

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.close();
  stage = undefined;
});

interface Scenario {
  readonly name: string;
  readonly steps: readonly Step[];
  readonly state: Readonly<Record<string, string>>;
  readonly changes?: readonly string[];
  readonly failures?: readonly string[];
  readonly waits?: readonly number[];
  readonly livesFor?: readonly number[];
  readonly silences?: readonly Silence[];
}

const TWO = { "ns/a": "Pod 1", "ns/b": "Pod 1" };

const scenarios: readonly Scenario[] = [
  {
    name: "a list fills the store and the watch keeps it current",
    steps: [
      list([pod("a", 3), pod("b", 5)], 10),
      watch(
        10,
        sends(added(pod("c", 11)), modified(pod("a", 12, { value: "2" })), deleted(pod("b", 13)), bookmark(SETTLED)),
      ),
    ],
    state: { "ns/a": "Pod 2", "ns/c": "Pod 1" },
    changes: ["added ns/a: Pod 1", "added ns/b: Pod 1", "added ns/c: Pod 1", "changed ns/a: Pod 2", "removed ns/b"],
  },
  {
    name: "an empty collection that comes as null is no fault",
    steps: [
      { ...list([], 10), answer: json({ kind: "PodList", metadata: { resourceVersion: "10" }, items: null }) },
      settles(10),
    ],
    state: {},
  },
  {
    name: "pages are joined and shown only when all of them are there",
    steps: [
      list([pod("a", 3)], 10, { next: "t1" }),
      list([pod("b", 4)], 10, { token: "t1", next: "t2" }),
      list([pod("c", 5)], 10, { token: "t2" }),
      settles(10),
    ],
    state: { ...TWO, "ns/c": "Pod 1" },
  },
  {
    name: "a continue token that ran out leads to one full list at once",
    steps: [
      list([pod("gone", 3)], 10, { next: "t1" }),
      listFails("page behind t1", refuse(410, "Expired"), "t1"),
      list([pod("a", 4), pod("b", 5)], 20, { limit: null }),
      settles(20),
    ],
    state: TWO,
    failures: ["Gone"],
    waits: [0],
  },
  {
    name: "a list whose pages never end is a failure, not a loop",
    steps: [
      list([pod("a", 3)], 10, { next: "t1" }),
      list([pod("b", 3)], 10, { token: "t1", next: "t1" }),
      list([pod("a", 4), pod("b", 5)], 20),
      settles(20),
    ],
    state: TWO,
    failures: ["BadResponse"],
    waits: [FIRST_WAIT],
  },
  {
    name: "410 on a list without a token waits before the next",
    steps: [listFails("list", refuse(410, "Expired")), list([pod("a", 1), pod("b", 2)], 10), settles(10)],
    state: TWO,
    failures: ["Gone"],
    waits: [FIRST_WAIT],
  },
  {
    name: "failing lists wait longer each time",
    steps: [
      listFails("list", refuse(500, "InternalError")),
      listFails("list", refuse(503, "ServiceUnavailable")),
      listFails("list", reset()),
      listFails("list", refuse(403, "Forbidden")),
      list([pod("a", 1), pod("b", 2)], 10),
      settles(10),
    ],
    state: TWO,
    failures: ["Unavailable", "Unavailable", "Unavailable", "Forbidden"],
    waits: [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT, 8 * FIRST_WAIT],
  },
  {
    name: "429 on a list waits as long as the server asks",
    steps: [
      listFails("list", refuse(429, "TooManyRequests", { headers: { "retry-after": "7" } })),
      list([pod("a", 1), pod("b", 2)], 10),
      settles(10),
    ],
    state: TWO,
    failures: ["Throttled"],
    waits: [7_000],
  },
  {
    name: "429 on a watch waits as long as the server asks, and keeps its position",
    steps: [
      list([pod("a", 1), pod("b", 2)], 10),
      watchFails(10, refuse(429, "TooManyRequests", { headers: { "retry-after": "3" } })),
      settles(10),
    ],
    state: TWO,
    failures: ["Throttled"],
    waits: [3_000],
  },
  {
    name: "410 on opening a watch leads to a list at once",
    steps: [
      list([pod("a", 1)], 10),
      watchFails(10, refuse(410, "Expired")),
      list([pod("a", 1), pod("b", 12)], 20),
      settles(20),
    ],
    state: TWO,
    changes: ["added ns/a: Pod 1", "added ns/b: Pod 1"],
    failures: ["Gone"],
    waits: [0],
  },
  {
    name: "410 as a line of the watch leads to a list at once",
    steps: [
      list([pod("a", 1)], 10),
      watch(10, sendsAndEnds(added(pod("z", 11)), errorLine(410, "Expired"))),
      list([pod("a", 1), pod("b", 12)], 20),
      settles(20),
    ],
    state: TWO,
    changes: ["added ns/a: Pod 1", "added ns/z: Pod 1", "removed ns/z", "added ns/b: Pod 1"],
    failures: ["Gone"],
    waits: [0],
  },
  {
    name: "410 again and again doesn't become a storm of lists",
    steps: [
      list([], 10),
      watchFails(10, refuse(410, "Expired")),
      list([], 20),
      watchFails(20, refuse(410, "Expired")),
      list([], 30),
      watchFails(30, refuse(410, "Expired")),
      list([pod("a", 1), pod("b", 2)], 40),
      settles(40),
    ],
    state: TWO,
    failures: ["Gone", "Gone", "Gone"],
    waits: [0, 2 * FIRST_WAIT, 4 * FIRST_WAIT],
  },
  {
    name: "500 as a line of the watch goes on from the last position after a wait",
    steps: [
      list([pod("a", 1)], 10),
      watch(10, sends(added(pod("b", 11)), errorLine(500, "InternalError"))),
      settles(11),
    ],
    state: TWO,
    failures: ["Unavailable"],
    waits: [FIRST_WAIT],
  },
  {
    name: "429 as a line of the watch waits as long as its details ask",
    steps: [
      list([pod("a", 1), pod("b", 2)], 10),
      watch(10, sends(errorLine(429, "TooManyRequests", { retryAfterSeconds: 4 }))),
      settles(10),
    ],
    state: TWO,
    failures: ["Throttled"],
    waits: [4_000],
  },
  {
    name: "a list's connection that breaks within the body is tried again",
    steps: [
      listFails("list", (response) => {
        response.writeHead(200, { "content-type": "application/json", "content-length": "1000" });
        response.write('{"kind":"PodList","items":[', () => void response.socket?.destroy());
      }),
      list([pod("a", 1), pod("b", 2)], 10),
      settles(10),
    ],
    state: TWO,
    failures: ["Unavailable"],
    waits: [FIRST_WAIT],
  },
  {
    name: "a watch that is reset between lines goes on from the last line",
    steps: [
      list([pod("a", 1)], 10),
      watch(10, (response) => void response.write(lineOf(added(pod("b", 11))), () => void response.socket?.destroy())),
      settles(11),
    ],
    state: TWO,
    failures: ["Unavailable"],
    waits: [FIRST_WAIT],
  },
  {
    name: "a watch that is reset within a line loses nothing",
    steps: [
      list([pod("a", 1)], 10),
      watch(10, (response) => void response.write('{"type":"ADDED","obj', () => void response.socket?.destroy())),
      watch(10, sends(added(pod("b", 11)), bookmark(SETTLED))),
    ],
    state: TWO,
    failures: ["Unavailable"],
    waits: [FIRST_WAIT],
  },
  {
    name: "a stream that ends within a line loses nothing",
    steps: [
      list([pod("a", 1)], 10),
      watch(10, (response) => void response.end('{"type":"ADDED","obj')),
      watch(10, sends(added(pod("b", 11)), bookmark(SETTLED))),
    ],
    state: TWO,
    failures: ["BadResponse"],
    waits: [FIRST_WAIT],
  },
  {
    name: "a connection that fell silent is given up and the watch goes on from its last bookmark",
    steps: [
      list([pod("a", 1)], 10),
      watch(10, sends(bookmark(15))),
      watch(15, sends(added(pod("b", 16)), bookmark(SETTLED))),
    ],
    silences: [{ watch: 1, at: 15 }],
    state: TWO,
    failures: ["Timeout"],
    waits: [FIRST_WAIT],
  },
  {
    name: "a server that takes watches and never says a word is asked for a list in the end",
    steps: [
      list([], 10),
      watch(10, () => undefined),
      watch(10, () => undefined),
      list([pod("a", 1), pod("b", 2)], 20),
      settles(20),
    ],
    silences: [
      { watch: 1, at: 10 },
      { watch: 2, at: 10 },
    ],
    state: TWO,
    failures: ["Timeout", "Timeout"],
    waits: [FIRST_WAIT, 2 * FIRST_WAIT],
  },
  {
    name: "lines that come in pieces of one byte are put together, characters of several bytes too",
    steps: [
      list([pod("a", 1)], 10),
      watch(10, (response) => {
        const bytes = Buffer.from(lineOf(added(pod("b", 11, { value: "grün 🌱" }))) + lineOf(bookmark(SETTLED)));
        let at = 0;
        const next = () => {
          if (at < bytes.length) response.write(bytes.subarray(at, ++at), () => setImmediate(next));
        };
        next();
      }),
    ],
    state: { "ns/a": "Pod 1", "ns/b": "Pod grün 🌱" },
  },
  {
    name: "many lines in one piece are taken one after the other, empty ones left out",
    steps: [
      list([], 10),
      watch(10, (response) => {
        const lines = [added(pod("a", 11)), added(pod("b", 12)), bookmark(SETTLED)].map(lineOf);
        response.write(`\n${lines.join("\n\n")}`);
      }),
    ],
    state: TWO,
  },
  {
    name: "a line that isn't JSON is asked for again, and the second time a list takes its place",
    steps: [
      list([pod("a", 1)], 10),
      watch(10, (response) => void response.write("{not json\n")),
      watch(10, (response) => void response.write("{not json\n")),
      list([pod("a", 1), pod("b", 12)], 20),
      settles(20),
    ],
    state: TWO,
    failures: ["BadResponse", "BadResponse"],
    waits: [FIRST_WAIT, 2 * FIRST_WAIT],
  },
  {
    name: "a line longer than the bound isn't held, and a list takes its place",
    steps: [
      list([pod("a", 1)], 10),
      watch(10, (response) => void response.write("x".repeat(17 * 1024 * 1024))),
      watch(10, (response) => void response.write("x".repeat(17 * 1024 * 1024))),
      list([pod("a", 1), pod("b", 12)], 20),
      settles(20),
    ],
    state: TWO,
    failures: ["TooLarge", "TooLarge"],
    waits: [FIRST_WAIT, 2 * FIRST_WAIT],
  },
  {
    name: "an event of a type that nobody knows is no reason to go on blindly",
    steps: [
      list([pod("a", 1), pod("b", 2)], 10),
      watch(10, sends({ type: "RENAMED", object: pod("a", 11) })),
      settles(10),
    ],
    state: TWO,
    failures: ["BadResponse"],
    waits: [FIRST_WAIT],
  },
  {
    name: "bookmarks alone move the position",
    steps: [list([pod("a", 1), pod("b", 2)], 10), watch(10, sendsAndEnds(bookmark(20), bookmark(30))), settles(30)],
    livesFor: [10_000],
    state: TWO,
    waits: [],
  },
  {
    name: "a server that ends each watch as soon as it said something is asked less and less often",
    steps: [
      list([pod("a", 1)], 10),
      watch(10, sendsAndEnds(bookmark(11))),
      watch(11, sendsAndEnds(added(pod("b", 12)))),
      watch(12, sendsAndEnds()),
      settles(12),
    ],
    state: TWO,
    failures: ["Unavailable", "Unavailable", "Unavailable"],
    waits: [FIRST_WAIT, 2 * FIRST_WAIT, 4 * FIRST_WAIT],
  },
  {
    name: "a stream that goes back in time is dropped for a list at once",
    steps: [
      list([pod("a", 1)], 10),
      watch(10, sends(modified(pod("a", 15, { value: "3" })), modified(pod("a", 12, { value: "2" })))),
      list([pod("a", 15, { value: "3" }), pod("b", 14)], 20),
      settles(20),
    ],
    state: { "ns/a": "Pod 3", "ns/b": "Pod 1" },
    changes: ["added ns/a: Pod 1", "changed ns/a: Pod 3", "added ns/b: Pod 1"],
    failures: ["Gone"],
    waits: [0],
  },
  {
    name: "versions are compared as numbers, not as text",
    steps: [
      list([pod("a", 9)], 9),
      watch(9, sends(modified(pod("a", 10, { value: "2" })), added(pod("b", 100)), bookmark(SETTLED))),
    ],
    state: { "ns/a": "Pod 2", "ns/b": "Pod 1" },
  },
  {
    name: "an object made again under its name in one stream is removed, then added",
    steps: [
      list([pod("a", 1)], 10),
      watch(10, sends(deleted(pod("a", 11)), added(pod("a", 12, { uid: "second" })), bookmark(SETTLED))),
    ],
    state: { "ns/a": "Pod 1" },
    changes: ["added ns/a: Pod 1", "removed ns/a", "added ns/a: Pod 1"],
  },
  {
    name: "an object made again while nobody watched is removed, then added",
    steps: [
      list([pod("a", 1)], 10),
      watchFails(10, refuse(410, "Expired")),
      list([pod("a", 15, { uid: "second" })], 20),
      settles(20),
    ],
    state: { "ns/a": "Pod 1" },
    changes: ["added ns/a: Pod 1", "removed ns/a", "added ns/a: Pod 1"],
    failures: ["Gone"],
  },
  {
    name: "a relist finds what was deleted meanwhile and tells only of true differences",
    steps: [
      list([pod("a", 1), pod("b", 2), pod("c", 3)], 10),
      watchFails(10, refuse(410, "Expired")),
      list([pod("a", 1), pod("b", 15, { value: "2" })], 20),
      settles(20),
    ],
    state: { "ns/a": "Pod 1", "ns/b": "Pod 2" },
    changes: ["added ns/a: Pod 1", "added ns/b: Pod 1", "added ns/c: Pod 1", "removed ns/c", "changed ns/b: Pod 2"],
    failures: ["Gone"],
  },
  {
    name: "a watch that the server ends in order after minutes is opened again without a wait",
    steps: [list([pod("a", 1), pod("b", 2)], 10), watch(10, sendsAndEnds(bookmark(20))), settles(20)],
    livesFor: [60_000],
    state: TWO,
    failures: [],
    waits: [],
  },
  {
    name: "an object that the projection leaves out isn't there, also when it was before",
    steps: [
      list([pod("a", 1), pod("x", 2, { value: "ignored" })], 10),
      watch(10, sends(modified(pod("a", 11, { value: "ignored" })), added(pod("b", 12)), bookmark(SETTLED))),
    ],
    state: { "ns/b": "Pod 1" },
    changes: ["added ns/a: Pod 1", "removed ns/a", "added ns/b: Pod 1"],
  },
  {
    name: "a list that is no list is a failure",
    steps: [
      listFails("list", json({ hello: "world" })),
      listFails("list", json({ items: [], metadata: {} })),
      listFails("list", json({ items: [{}], metadata: { resourceVersion: "1" } })),
      listFails("list", (response) => void response.writeHead(200, { "content-type": "text/html" }).end("<html>")),
      list([pod("a", 1), pod("b", 2)], 10),
      settles(10),
    ],
    state: TWO,
    failures: ["BadResponse", "BadResponse", "BadResponse", "BadResponse"],
  },
  {
    name: "a redirect is a failure and is not followed",
    steps: [
      listFails("list", (response) => void response.writeHead(302, { location: "http://127.0.0.1:1/" }).end()),
      list([pod("a", 1), pod("b", 2)], 10),
      settles(10),
    ],
    state: TWO,
    failures: ["BadResponse"],
  },
];

describe("the reflector", () => {
  test.each(scenarios)("$name", async (scenario) => {
    stage = await Stage.open(scenario.steps);
    stage.livesFor = scenario.livesFor ?? [];
    stage.silences = [...(scenario.silences ?? [])];
    await stage.settle();
    expect(stage.state).toEqual(scenario.state);
    if (scenario.changes) expect(stage.changes).toEqual(scenario.changes);
    if (scenario.failures) expect(stage.failures).toEqual(scenario.failures);
    if (scenario.waits) expect(stage.waits).toEqual(scenario.waits);
  });

  test("an object that the projection can't read is left out and told of, and the rest goes on", async () => {
    stage = await Stage.open([list([pod("a", 1), pod("bad", 2, { value: "throws" })], 10), settles(10)]);
    await stage.settle();
    expect(stage.state).toEqual({ "ns/a": "Pod 1" });
    expect(stage.unreadable).toEqual(["ns/bad"]);
  });

  test("the store isn't synced, and shows nothing, before the last page is there", async () => {
    stage = await Stage.open([list([pod("a", 1)], 10, { next: "t" }), listFails("second page", hang(), "t")]);
    const { server, reflector } = stage;
    await stage.play(() => server.finished);
    expect(reflector.store.synced).toBe(false);
    expect(reflector.store.size).toBe(0);
  });

  test("a relist that fails leaves the store as it was", async () => {
    stage = await Stage.open([
      list([pod("a", 1)], 10),
      watchFails(10, refuse(410, "Expired")),
      list([pod("b", 12)], 20, { next: "t" }),
      listFails("second page", hang(), "t"),
    ]);
    const { server, reflector } = stage;
    await stage.play(() => server.finished);
    expect(stage.state).toEqual({ "ns/a": "Pod 1" });
    expect(reflector.store.synced).toBe(true);
  });

  test("indexes follow the objects through events and relists", async () => {
    stage = await Stage.open([
      list([pod("a", 1), pod("b", 2)], 10),
      watch(10, sendsAndEnds(modified(pod("a", 11, { value: "2" })), errorLine(410, "Expired"))),
      list([pod("a", 11, { value: "2" }), pod("c", 12, { value: "2" })], 20),
      watch(20, sends(deleted(pod("c", 21, { value: "2" })), bookmark(SETTLED))),
    ]);
    await stage.settle();
    const { store } = stage.reflector;
    expect([store.by("value", "Pod 1"), store.by("value", "Pod 2")]).toEqual([[], ["Pod 2"]]);
  });

  test("a list that gets no answer is given up at its deadline", async () => {
    stage = await Stage.open([listFails("list", hang()), list([pod("a", 1), pod("b", 2)], 10), settles(10)]);
    const { server, clock } = stage;
    await until(() => server.calls.length === 1);
    clock.advance(60_000);
    await stage.settle();
    expect(stage.failures).toEqual(["Timeout"]);
  });

  test("a watch whose headers never come is given up at its deadline", async () => {
    stage = await Stage.open([list([pod("a", 1), pod("b", 2)], 10), watchFails(10, hang()), settles(10)]);
    const { server, clock } = stage;
    await until(() => server.calls.length === 2);
    clock.advance(30_000);
    await stage.settle();
    expect(stage.failures).toEqual(["Timeout"]);
  });

  const stops: readonly { name: string; steps: readonly Step[]; ready: (stage: Stage) => boolean; synced: boolean }[] =
    [
      {
        name: "while a list is under way",
        steps: [listFails("list", hang())],
        ready: (s) => s.server.calls.length === 1,
        synced: false,
      },
      {
        name: "while it waits after a failure",
        steps: [listFails("list", refuse(500, "InternalError"))],
        ready: (s) => s.waits.length === 1,
        synced: false,
      },
      {
        name: "while a watch is being opened",
        steps: [list([], 10), watchFails(10, hang())],
        ready: (s) => s.server.calls.length === 2,
        synced: true,
      },
      {
        name: "while a watch is open",
        steps: [list([], 10), watch(10, () => undefined)],
        ready: (s) => s.watches === 1,
        synced: true,
      },
    ];
  test.each(stops)("stops $name, with no timer and no failure left behind", async ({ steps, ready, synced }) => {
    stage = await Stage.open(steps);
    const current = stage;
    await until(() => ready(current));
    const failures = current.failures.length;
    current.stop.abort();
    await current.reflector.done;
    expect(await current.reflector.synced).toBe(synced);
    expect(current.failures).toHaveLength(failures);
    expect(current.clock.timers).toBe(0);
    current.server.verify();
  });

  test("a signal that was raised before the start sends nothing", async () => {
    const server = await ScriptedApiServer.start([]);
    const clock = new FakeClock();
    const client = createKubeClient({ kubeconfig: server.kubeconfig, version: "test", clock });
    const reflector = reflect({ client, type: PODS, project: () => 1, clock, random: () => 0.5 }, AbortSignal.abort());
    expect(await reflector.synced).toBe(false);
    await reflector.done;
    server.verify();
    await client.close();
    await server.stop();
  });
});
