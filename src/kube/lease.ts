import type { Clock } from "../api/clock.ts";
import { KmError, asKmError } from "../api/errors.ts";
import type { KubeClient, Method } from "./client.ts";
import { linkSignal } from "./clock.ts";
import {
  LEASE_TIMES,
  actsUntil,
  decideLease,
  heldLease,
  isOlder,
  leaseRecordOf,
  releasedLease,
  sight,
} from "./lease-record.ts";
import type { LeaseRecord, LeaseTarget, LeaseTimes, Sighting } from "./lease-record.ts";
import { reflect } from "./reflector.ts";
import type { Reflector, ReflectorHooks } from "./reflector.ts";
import { LEASES, isKubeObject, resourcePath } from "./resource.ts";
import type { KubeObject } from "./resource.ts";

/** No single renewal is waited for longer, so that a second try fits before the deadline. */
const ATTEMPT_TIMEOUT_MS = 4_000;
const RELEASE_TIMEOUT_MS = 2_000;

/** Which Lease is wanted, by whom, and who hears how it goes. */
export interface ElectionOptions {
  readonly client: Pick<KubeClient, "request" | "watch">;
  readonly namespace: string;
  readonly name: string;
  /** Ours alone: another one for each process, for a process that died may still have a write under way. */
  readonly identity: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly times?: LeaseTimes;
  /** We lead from now on. */
  readonly onAcquired?: () => void;
  /** We don't lead any more and never will again in this election: step down; only another election may lead again. */
  readonly onLost?: (why: KmError) => void;
  /** A try to take or renew the lease failed; the next one comes by itself. */
  readonly onFailed?: (error: KmError) => void;
  readonly hooks?: ReflectorHooks;
}

/** One candidacy, from the first look at the Lease until it is given up or lost. */
export interface Election {
  /** Whether a write that is sent now is surely alone. */
  isLeading(): boolean;
  /** The fence of every write: throws `NotLeading` unless `isLeading`. */
  mustLead(): void;
  /** Milliseconds that are left of the right to write, 0 for who doesn't lead. */
  remainingMs(): number;
  /** Gives the lease up, where it's ours, so that the next one needn't wait. Call it last: nothing may be written after. */
  release(): Promise<void>;
  /** Settles when the election is over: stopped, lost or released. */
  readonly done: Promise<void>;
}

/**
 * Leader election by a Lease of coordination.k8s.io/v1, as client-go's does it, on a monotonic clock.
 *
 * Flow: everybody watches the Lease; who sees it free or unchanged for its duration tries to take it, with its version as
 * precondition, so that one of several wins; the holder renews it every `retryMs`.
 *
 * Guarantees:
 * - `mustLead` passes for `renewDeadlineMs` from the *beginning* of the last successful renewal, and asks the clock each time:
 *   a process that was stopped for a minute finds out at its next write, before any timer has fired.
 * - Others take over `durationMs` after they saw that renewal at the earliest, so between two leaders lies the difference of
 *   both (5 s), whatever their wall clocks say. Assumes that monotonic clocks run equally fast within a third.
 * - Leading is lost for good: there is no second term in one election.
 *
 * What it can't cover: somebody deletes the Lease by hand while it is held, and a new candidate starts before the holder's next
 * renewal has made it again. The UID and version that writes carry stand for that.
 */
export function elect(options: ElectionOptions, signal: AbortSignal): Election {
  return new LeaseElection(options, signal);
}

/** Where we stand. `lost` and `released` are ends. */
type Standing =
  | { readonly kind: "candidate" }
  /** `record` is what the next renewal goes by; undefined where somebody deleted the lease. */
  | { readonly kind: "leader"; readonly renewalBegan: number; readonly record: LeaseRecord | undefined }
  | { readonly kind: "over" };

class LeaseElection implements Election {
  readonly done: Promise<void>;
  readonly #options: ElectionOptions;
  readonly #times: LeaseTimes;
  readonly #target: LeaseTarget;
  readonly #clock: Clock;
  readonly #stop: ReturnType<typeof linkSignal>;
  readonly #reflector: Reflector<LeaseRecord>;
  #standing: Standing = { kind: "candidate" };
  #sighting: Sighting | undefined;
  #wake: () => void = () => undefined;

  constructor(options: ElectionOptions, signal: AbortSignal) {
    this.#options = options;
    this.#times = options.times ?? LEASE_TIMES;
    this.#clock = options.clock;
    const { namespace, name, identity, client, clock, random, hooks } = options;
    this.#target = { namespace, name, identity, durationMs: this.#times.durationMs };
    this.#stop = linkSignal(signal);
    this.#reflector = reflect<LeaseRecord>(
      {
        client,
        type: LEASES,
        namespace,
        fieldSelector: `metadata.name=${name}`,
        project: leaseRecordOf,
        clock,
        random,
        ...(hooks && { hooks }),
      },
      this.#stop.signal,
    );
    this.#reflector.store.subscribe(({ after }) => this.#see(after));
    this.done = this.#run();
  }

  isLeading(): boolean {
    return this.remainingMs() > 0;
  }

  mustLead(): void {
    if (!this.isLeading()) throw new KmError("NotLeading", "the lease isn't provably ours: nothing is written");
  }

  remainingMs(): number {
    if (this.#standing.kind !== "leader") return 0;
    return Math.max(0, actsUntil(this.#standing.renewalBegan, this.#times) - this.#clock.now());
  }

  async release(): Promise<void> {
    const { record } = this.#standing.kind === "leader" ? this.#standing : { record: undefined };
    const ours = this.isLeading();
    this.#standing = { kind: "over" };
    this.#stop.abort(new KmError("Aborted", "released"));
    this.#wake();
    await this.done;
    if (record && ours) await this.#giveUp(record);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    signal.addEventListener("abort", () => this.#wake(), { once: true });
    if (await this.#reflector.synced) this.#see([...this.#reflector.store.values()][0]);
    while (!signal.aborted && this.#standing.kind !== "over") {
      const pauseMs = this.#standing.kind === "leader" ? await this.#renew(this.#standing) : await this.#campaign();
      if (pauseMs > 0) await this.#pause(pauseMs);
    }
    this.#stop.abort(new KmError("Aborted", "the election is over"));
    this.#stop.release();
    await this.#reflector.done;
  }

  /** One look at the lease as a candidate; gives the milliseconds until the next. */
  async #campaign(): Promise<number> {
    const began = this.#clock.now();
    const decision = decideLease((this.#sighting ??= sight(undefined, undefined, began)), this.#target.identity, began);
    if (decision.kind === "wait") return Math.max(1, decision.until - began);
    try {
      const before = decision.kind === "take" ? decision.record : undefined;
      this.#became(began, await this.#write(before, ATTEMPT_TIMEOUT_MS));
      if (this.isLeading()) this.#options.onAcquired?.();
      return this.#times.retryMs;
    } catch (error) {
      await this.#lookAfter(this.#failed(error));
      return this.#calm();
    }
  }

  /** One renewal as the leader; gives the milliseconds until the next. */
  async #renew(leader: Extract<Standing, { kind: "leader" }>): Promise<number> {
    const began = this.#clock.now();
    if (!this.isLeading()) {
      this.#lose(`the lease couldn't be renewed for ${this.#times.renewDeadlineMs} ms`);
      return 0;
    }
    try {
      this.#became(began, await this.#write(leader.record, Math.min(ATTEMPT_TIMEOUT_MS, this.remainingMs())));
      return Math.max(1, this.#times.retryMs - (this.#clock.now() - began));
    } catch (error) {
      const looked = await this.#lookAfter(this.#failed(error));
      if (looked === undefined) return Math.max(1, Math.min(this.#calm(), this.remainingMs()));
      if (looked.record && looked.record.holder !== this.#target.identity) {
        this.#lose(`${looked.record.holder || "nobody"} holds the lease now`);
        return 0;
      }
      // Ours still (the answer to a renewal was lost), or deleted: renewed or made again at once.
      if (this.#isStanding("leader")) this.#standing = { ...leader, record: looked.record };
      return 1;
    }
  }

  /** After a write that met another lease than it expected: the lease as it is. Undefined where it can't be told. */
  async #lookAfter(failure: KmError): Promise<Sighting | undefined> {
    if (failure.code !== "Conflict" && failure.code !== "NotFound") return undefined;
    try {
      const record = await this.#read();
      this.#sighting = sight(this.#sighting, record, this.#clock.now());
      return this.#sighting;
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  #failed(error: unknown): KmError {
    const failure = asKmError(error, "lease");
    if (!this.#stop.signal.aborted) this.#options.onFailed?.(failure);
    return failure;
  }

  #calm(): number {
    return this.#times.retryMs * (0.75 + 0.5 * this.#options.random());
  }

  #became(began: number, record: LeaseRecord): void {
    // Released or lost while the answer was on its way: it stays so.
    if (this.#isStanding("over")) return;
    this.#sighting = sight(this.#sighting, record, this.#clock.now());
    this.#standing = { kind: "leader", renewalBegan: began, record };
  }

  #isStanding(kind: Standing["kind"]): boolean {
    return this.#standing.kind === kind;
  }

  #lose(why: string): void {
    if (this.#isStanding("over")) return;
    this.#standing = { kind: "over" };
    this.#options.onLost?.(new KmError("NotLeading", why));
    this.#wake();
  }

  /** Takes note of what the watch shows. */
  #see(record: LeaseRecord | undefined): void {
    if (record && isOlder(record, this.#sighting?.record)) return;
    this.#sighting = sight(this.#sighting, record, this.#clock.now());
    if (this.#isStanding("candidate")) this.#wake();
    if (this.#isStanding("leader") && record && record.holder !== this.#target.identity) {
      this.#lose(`${record.holder || "nobody"} holds the lease now`);
    }
  }

  async #pause(ms: number): Promise<void> {
    if (this.#stop.signal.aborted) return;
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.after(ms, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
    this.#wake = () => undefined;
  }

  /** A renewal that was cut short may have been stored all the same: then the second try knows its version. */
  async #giveUp(record: LeaseRecord): Promise<void> {
    const { signal } = new AbortController();
    const put = (known: LeaseRecord) =>
      this.#send("PUT", releasedLease(this.#target, known, this.#clock.wallNow()), RELEASE_TIMEOUT_MS, signal);
    try {
      await put(record);
    } catch (error) {
      if (!(error instanceof KmError) || error.code !== "Conflict") throw error;
      const now = await this.#send("GET", undefined, RELEASE_TIMEOUT_MS, signal);
      if (now.holder === this.#target.identity) await put(now);
    }
  }

  async #write(before: LeaseRecord | undefined, timeoutMs: number): Promise<LeaseRecord> {
    const object = heldLease(this.#target, before, this.#clock.wallNow());
    return this.#send(before ? "PUT" : "POST", object, timeoutMs, this.#stop.signal);
  }

  async #read(): Promise<LeaseRecord | undefined> {
    try {
      return await this.#send("GET", undefined, ATTEMPT_TIMEOUT_MS, this.#stop.signal);
    } catch (error) {
      if (error instanceof KmError && error.code === "NotFound") return undefined;
      throw error;
    }
  }

  async #send(
    method: Method,
    body: KubeObject | undefined,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<LeaseRecord> {
    const { namespace, name } = this.#target;
    const path = resourcePath(LEASES, namespace, method === "POST" ? undefined : name);
    const answer = await this.#options.client.request({ method, path, body, timeoutMs, retries: 0 }, signal);
    if (!isKubeObject(answer.body)) throw new KmError("BadResponse", `${method} ${path}: the answer is no object`);
    return leaseRecordOf(answer.body);
  }
}
