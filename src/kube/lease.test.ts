import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { setImmediate as nextTurn } from "node:timers/promises";
import { FakeClock } from "../../test/kube/fake-clock.ts";
import { runs } from "../../test/properties.ts";
import { KmError } from "../api/errors.ts";
import { isJsonObject } from "../api/json.ts";
import type { KubeClient, KubeRequest, KubeResponse, WatchRequest } from "./client.ts";
import { elect } from "./lease.ts";
import type { Election } from "./lease.ts";
import type { KubeObject } from "./resource.ts";

interface WatchEvent {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
}

/** The API server, as far as one Lease goes: optimistic locking, and watchers that are told. */
class LeaseServer {
  lease: KubeObject | undefined;
  version = 1;
  writes = 0;
  readonly watchers = new Set<(event: WatchEvent) => void>();
  #uids = 0;

  answer({ method, body }: KubeRequest, collection: boolean): KubeResponse {
    if (method === "GET" && collection) {
      const items = this.lease ? [this.lease] : [];
      return { status: 200, body: { metadata: { resourceVersion: String(this.version) }, items }, warnings: [] };
    }
    if (method === "GET") {
      if (!this.lease) throw new KmError("NotFound", "no lease");
      return { status: 200, body: this.lease, warnings: [] };
    }
    const sent = body as KubeObject;
    if (method === "POST") {
      if (this.lease) throw new KmError("Conflict", "already exists");
      return this.#store({ ...sent, metadata: { ...sent.metadata, uid: `u${++this.#uids}` } }, "ADDED");
    }
    if (!this.lease) throw new KmError("NotFound", "no lease");
    const { uid, resourceVersion } = this.lease.metadata;
    if (sent.metadata.uid !== uid || sent.metadata.resourceVersion !== resourceVersion)
      throw new KmError("Conflict", "changed");
    return this.#store(sent, "MODIFIED");
  }

  delete(): void {
    if (!this.lease) return;
    const object = { ...this.lease, metadata: { ...this.lease.metadata, resourceVersion: String(++this.version) } };
    this.lease = undefined;
    for (const tell of this.watchers) tell({ type: "DELETED", object });
  }

  get holder(): unknown {
    const spec = this.lease?.["spec"];
    return isJsonObject(spec) ? spec["holderIdentity"] : undefined;
  }

  #store(object: KubeObject, type: "ADDED" | "MODIFIED"): KubeResponse {
    this.writes++;
    this.lease = { ...object, metadata: { ...object.metadata, resourceVersion: String(++this.version) } };
    for (const tell of this.watchers) tell({ type, object: this.lease });
    return { status: type === "ADDED" ? 201 : 200, body: this.lease, warnings: [] };
  }
}

/** `lossy` takes what is sent and loses the answer; `cut` loses both; `slow` answers after three seconds. */
type Network = "up" | "slow" | "lossy" | "cut";

/** One replica: its own clock, which can be frozen, and its own network. */
class Replica implements Pick<KubeClient, "request" | "watch"> {
  readonly clock = new FakeClock();
  readonly stop = new AbortController();
  readonly told: string[] = [];
  readonly election: Election;
  network: Network = "up";
  /** How far the watch lags behind. */
  watchDelayMs = 20;
  frozen = false;
  readonly #server: LeaseServer;
  #dropWatch: () => void = () => undefined;

  constructor(server: LeaseServer, identity: string) {
    this.#server = server;
    this.election = elect(
      {
        client: this,
        namespace: "ns",
        name: "l",
        identity,
        clock: this.clock,
        random: () => 0.5,
        onAcquired: () => void this.told.push("acquired"),
        onLost: () => void this.told.push("lost"),
      },
      this.stop.signal,
    );
  }

  cut(network: Network): void {
    this.network = network;
    if (network === "cut") this.#dropWatch();
  }

  async request(request: KubeRequest, signal: AbortSignal): Promise<KubeResponse> {
    let outcome: { ok: KubeResponse } | { error: KmError } | undefined;
    if (this.network !== "cut") {
      try {
        outcome = { ok: this.#server.answer(request, request.path.endsWith("/leases")) };
      } catch (error) {
        outcome = { error: error as KmError };
      }
    }
    const lost = this.network === "cut" || this.network === "lossy";
    const delay = lost ? (request.timeoutMs ?? 30_000) : this.network === "slow" ? 3_000 : 20;
    return new Promise((resolve, reject) => {
      signal.addEventListener("abort", () => reject(new KmError("Aborted", "stopped")));
      this.clock.after(delay, () => {
        if (lost || outcome === undefined) reject(new KmError("Timeout", "no answer"));
        else if ("error" in outcome) reject(outcome.error);
        else resolve(outcome.ok);
      });
    });
  }

  async *watch({ query, onOpen }: WatchRequest, signal: AbortSignal): AsyncGenerator<unknown, void, void> {
    await Promise.resolve();
    if (this.network === "cut") throw new KmError("Unavailable", "no network");
    if (Number(query?.["resourceVersion"]) < this.#server.version) throw new KmError("Gone", "too old");
    onOpen?.();
    const events: WatchEvent[] = [];
    let wake: () => void = () => undefined;
    const drop = new AbortController();
    const tell = (event: WatchEvent) =>
      void this.clock.after(this.watchDelayMs, () => {
        events.push(event);
        wake();
      });
    this.#dropWatch = () => {
      drop.abort();
      wake();
    };
    const onAbort = () => wake();
    signal.addEventListener("abort", onAbort);
    this.#server.watchers.add(tell);
    try {
      for (;;) {
        for (const event of events.splice(0)) yield event;
        if (signal.aborted) throw new KmError("Aborted", "stopped");
        if (drop.signal.aborted) throw new KmError("Unavailable", "reset");
        await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      this.#server.watchers.delete(tell);
    }
  }
}

class World {
  readonly server = new LeaseServer();
  readonly replicas: Replica[] = [];

  add(identity: string): Replica {
    const replica = new Replica(this.server, identity);
    this.replicas.push(replica);
    return replica;
  }

  /** Lets time pass everywhere, in steps small enough for answers to follow on requests. */
  async pass(ms: number, stepMs = 10): Promise<void> {
    for (let left = ms; left > 0; left -= stepMs) {
      const step = Math.min(left, stepMs);
      for (const { clock, frozen } of this.replicas) {
        if (frozen) clock.freeze(step);
        else clock.advance(step);
      }
      await this.turn();
      expect(this.leaders.length).toBeLessThanOrEqual(1);
    }
  }

  async turn(): Promise<void> {
    for (let i = 0; i < 3; i++) await nextTurn();
  }

  get leaders(): Replica[] {
    return this.replicas.filter(({ election }) => election.isLeading());
  }

  async close(): Promise<void> {
    for (const { stop } of this.replicas) stop.abort();
    await Promise.all(this.replicas.map(({ election }) => election.done));
  }
}

async function inWorld(act: (world: World) => Promise<void>): Promise<void> {
  const world = new World();
  try {
    await act(world);
  } finally {
    await world.close();
  }
}

describe("the election", () => {
  test("a lone replica leads as soon as it has seen that nobody does", () =>
    inWorld(async (world) => {
      const a = world.add("a");
      await world.pass(100);
      expect(a.election.isLeading()).toBe(true);
      expect(world.server.holder).toBe("a");
      expect(a.told).toEqual(["acquired"]);
    }));

  test("a leader renews every two seconds and writes nothing else", () =>
    inWorld(async (world) => {
      world.add("a");
      await world.pass(100);
      const before = world.server.writes;
      await world.pass(60_000, 100);
      expect(world.server.writes - before).toBeGreaterThanOrEqual(28);
      expect(world.server.writes - before).toBeLessThanOrEqual(31);
    }));

  test("of many only one leads, and the others write nothing", () =>
    inWorld(async (world) => {
      for (const identity of ["a", "b", "c", "d"]) world.add(identity);
      await world.pass(30_000, 100);
      expect(world.leaders).toHaveLength(1);
      expect(world.server.writes).toBeLessThanOrEqual(17);
    }));

  test("the other takes over within 17 s of the leader's end", () =>
    inWorld(async (world) => {
      const a = world.add("a");
      await world.pass(100);
      const b = world.add("b");
      await world.pass(5_900);
      a.frozen = true;
      // Its last renewal was seen two seconds ago.
      await world.pass(12_900, 100);
      expect(b.election.isLeading()).toBe(false);
      await world.pass(4_100, 100);
      expect(b.election.isLeading()).toBe(true);
    }));

  test("a leader that was stopped for 30 s may write nothing when it goes on, before any timer fired", () =>
    inWorld(async (world) => {
      const a = world.add("a");
      await world.pass(100);
      const b = world.add("b");
      await world.pass(1_000);
      a.frozen = true;
      await world.pass(30_000, 100);
      expect(() => a.election.mustLead()).toThrow(KmError);
      expect(a.election.remainingMs()).toBe(0);
      expect(b.election.isLeading()).toBe(true);
      a.frozen = false;
      await world.pass(1_000);
      expect(a.told).toEqual(["acquired", "lost"]);
      expect(world.leaders).toEqual([b]);
    }));

  test("a leader that can't renew stops 10 s after its last renewal began", () =>
    inWorld(async (world) => {
      const a = world.add("a");
      await world.pass(100);
      a.cut("cut");
      await world.pass(9_800);
      expect(a.election.isLeading()).toBe(true);
      await world.pass(200);
      expect(a.election.isLeading()).toBe(false);
      await world.pass(1_000);
      expect(a.told).toEqual(["acquired", "lost"]);
    }));

  test("what is left of the right to write counts from the beginning of a slow renewal, not from its answer", () =>
    inWorld(async (world) => {
      const a = world.add("a");
      await world.pass(100);
      a.cut("slow");
      await world.pass(5_500);
      expect(a.election.isLeading()).toBe(true);
      expect(a.election.remainingMs()).toBeLessThanOrEqual(7_000);
    }));

  test("a renewal whose answer was lost is no loss of the lease", () =>
    inWorld(async (world) => {
      const a = world.add("a");
      await world.pass(100);
      a.cut("lossy");
      await world.pass(5_000);
      a.cut("up");
      await world.pass(20_000, 50);
      expect(a.told).toEqual(["acquired"]);
      expect(a.election.isLeading()).toBe(true);
    }));

  test("a lease that was deleted by hand is made again by its holder, not by the other", () =>
    inWorld(async (world) => {
      const a = world.add("a");
      await world.pass(100);
      const b = world.add("b");
      await world.pass(1_000);
      world.server.delete();
      await world.pass(30_000, 50);
      expect([a.told, b.told]).toEqual([["acquired"], []]);
      expect(world.server.holder).toBe("a");
    }));

  test("who sees another's name in its lease has lost it at once", () =>
    inWorld(async (world) => {
      const a = world.add("a");
      await world.pass(100);
      const { lease } = world.server;
      world.server.answer(
        { method: "PUT", path: "", body: { ...lease, spec: { holderIdentity: "thief", leaseDurationSeconds: 15 } } },
        false,
      );
      await world.pass(100);
      expect(a.election.isLeading()).toBe(false);
      expect(a.told).toEqual(["acquired", "lost"]);
    }));

  test("news that are older than what it knows don't unseat a leader whose watch lags", () =>
    inWorld(async (world) => {
      const a = world.add("a");
      await world.pass(100);
      const b = world.add("b");
      b.watchDelayMs = 40_000;
      await world.pass(16_000, 100);
      a.frozen = true;
      await world.pass(32_000, 100);
      expect(b.election.isLeading()).toBe(true);
      await world.pass(20_000, 100);
      expect(b.told).toEqual(["acquired"]);
    }));

  test("a released lease passes on without a wait", () =>
    inWorld(async (world) => {
      const a = world.add("a");
      await world.pass(100);
      const b = world.add("b");
      await world.pass(1_000);
      const released = a.election.release();
      await world.pass(200);
      await released;
      expect(a.election.isLeading()).toBe(false);
      expect(b.election.isLeading()).toBe(true);
      expect(a.told).toEqual(["acquired"]);
    }));

  test("who doesn't lead releases nothing", () =>
    inWorld(async (world) => {
      const a = world.add("a");
      await world.pass(100);
      const b = world.add("b");
      await world.pass(100);
      const before = world.server.writes;
      await b.election.release();
      expect(world.server.writes).toBe(before);
      expect(a.election.isLeading()).toBe(true);
    }));

  test("whatever happens to networks and processes, there are never two leaders, and in the end there is one", async () => {
    const event = fc.record({
      replica: fc.nat(2),
      what: fc.constantFrom("freeze", "thaw", "cut", "up", "slow", "lossy", "delete", "nothing"),
      afterMs: fc.integer({ min: 50, max: 12_000 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 14 }), async (events) => {
        await inWorld(async (world) => {
          for (const identity of ["a", "b", "c"]) world.add(identity);
          await world.pass(500, 50);
          for (const { replica, what, afterMs } of events) {
            const target = world.replicas[replica];
            if (what === "freeze") target!.frozen = true;
            else if (what === "thaw") target!.frozen = false;
            else if (what === "delete") world.server.delete();
            else if (what !== "nothing") target!.cut(what);
            await world.pass(afterMs, 250);
          }
          for (const replica of world.replicas) {
            replica.frozen = false;
            replica.cut("up");
          }
          // A candidate that starts right after the lease was deleted by hand can't know of its holder: see `elect`.
          await world.pass(10_000, 250);
          world.add("fresh");
          await world.pass(34_000, 250);
          expect(world.leaders).toHaveLength(1);
          expect(world.server.holder).toBeDefined();
        });
      }),
      { numRuns: runs(40) },
    );
  });
});
