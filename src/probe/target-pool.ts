import type { Clock } from "../api/clock.ts";
import { spread } from "../api/spread.ts";
import type { Endpoint } from "./attempt.ts";
import { DueQueue } from "./schedule.ts";
import type { Due } from "./schedule.ts";

/** Where to ask a node's pod. */
export interface PodEndpoint extends Endpoint {
  readonly node: string;
  readonly podUid: string;
}

/** A pod that is asked again and again. Times are milliseconds of the pool's clock. */
export interface Target<W extends PodEndpoint> extends Due {
  /** The key that it was given under. */
  readonly key: string;
  /** Position within its interval, from 0 up to 1. */
  readonly phase: number;
  where: W;
  /** When it was asked last. */
  startedAt: number;
  /** Set while it is asked. */
  flight: AbortController | null;
}

/** A target that hasn't been asked yet. */
export function newTarget<W extends PodEndpoint>(key: string, where: W): Target<W> {
  const phase = spread(`${key}/${where.node}`);
  return { key, where, phase, startedAt: -Infinity, flight: null, dueAt: Infinity, place: -1 };
}

/** What one lane allows. */
interface LaneLimits {
  /** Targets of the lane that are asked at once. */
  readonly concurrency: number;
  /** Pause between two of its starts, milliseconds. */
  readonly gapMs?: number;
}

/** One line of targets by the time at which they are due, with limits of its own: who stands in it can't hold up another lane. */
export class Lane<T extends Due> {
  readonly due = new DueQueue<T>();
  readonly #limits: LaneLimits;
  #underWay = 0;
  #freeAt = -Infinity;

  constructor(limits: LaneLimits) {
    this.#limits = limits;
  }

  /** When its first target may be asked; `Infinity` while the lane is empty or full. */
  get readyAt(): number {
    const first = this.due.peek();
    if (first === undefined || this.#underWay >= this.#limits.concurrency) return Infinity;
    return Math.max(first.dueAt, this.#freeAt);
  }

  /** Takes the first target out of the line, to be asked. */
  begin(now: number): T | undefined {
    const first = this.due.peek();
    if (first === undefined) return undefined;
    this.due.remove(first);
    this.#underWay++;
    this.#freeAt = now + (this.#limits.gapMs ?? 0);
    return first;
  }

  /** One that was asked has answered, or was called off. */
  end(): void {
    this.#underWay--;
  }
}

/** What a pool is made of. */
export interface TargetPoolOptions<T, L, A> {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Where two are ready since the same time, the first one goes first. */
  readonly lanes: readonly L[];
  /** Targets that are asked at once, of all lanes together. */
  readonly concurrency: number;
  /** The lane in which a target stands, or would stand. */
  readonly laneOf: (target: T) => L;
  /** Asks a target; never rejects. */
  readonly ask: (target: T, signal: AbortSignal) => Promise<A>;
  /** Takes the answer, unless the target was dropped or called off meanwhile, and says by `put` when it is asked again. */
  readonly onAnswer: (target: T, answer: A) => void;
}

/**
 * The pods of many KmAgents, each under a key of its own, and the loop that asks each of them when it is due.
 *
 * Guarantees: a new pod is asked as soon as its lane has room; none twice at the same time; what is dropped is heard no more.
 */
export class TargetPool<W extends PodEndpoint, T extends Target<W>, A> {
  readonly #options: TargetPoolOptions<T, Lane<T>, A>;
  readonly #targets = new Map<string, Map<string, T>>();
  #underWay = 0;
  #cancelTimer: (() => void) | null = null;
  #wakesAt = Infinity;
  #stopped: boolean;

  constructor(options: TargetPoolOptions<T, Lane<T>, A>) {
    this.#options = options;
    this.#stopped = options.signal.aborted;
    options.signal.addEventListener("abort", () => this.stop(), { once: true });
  }

  /** The targets of `key` by their pods' UIDs: a live view. */
  of(key: string): ReadonlyMap<string, T> {
    return this.#targets.get(key) ?? new Map();
  }

  /** Makes `pods` the ones of `key`: new ones are made and due at once, those that stay are told of, others are dropped. */
  sync(key: string, pods: readonly W[], make: (pod: W) => T, change: (known: T, pod: W) => void): void {
    if (this.#stopped) return;
    const targets = this.#targets.get(key) ?? new Map<string, T>();
    this.#targets.set(key, targets);
    const wanted = new Map(pods.map((pod) => [pod.podUid, pod]));
    for (const target of targets.values()) if (!wanted.has(target.where.podUid)) this.#drop(target);
    for (const [podUid, pod] of wanted) {
      const known = targets.get(podUid);
      if (known !== undefined) {
        change(known, pod);
        continue;
      }
      const target = make(pod);
      targets.set(podUid, target);
      this.put(target, this.#options.clock.now());
    }
    this.pump();
  }

  /** Sets when a target is due, in the lane that is its own now. */
  put(target: T, dueAt: number): void {
    this.#options.laneOf(target).due.put(target, dueAt);
  }

  /** Takes a target out of its lane, to be put into another one. */
  take(target: T): void {
    this.#options.laneOf(target).due.remove(target);
  }

  /** Ends the asking of a target that is under way: its answer isn't heard. */
  callOff(target: T): void {
    target.flight?.abort();
    target.flight = null;
  }

  /** Forgets `key` and ends its asking. */
  clear(key: string): void {
    for (const target of this.of(key).values()) this.#drop(target);
    this.#targets.delete(key);
  }

  /** Ends everything. The same as aborting the signal. */
  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#cancelTimer = null;
    for (const key of [...this.#targets.keys()]) this.clear(key);
  }

  /** Starts what is due, and sleeps until something else will be. What is full goes on when an answer comes. */
  pump(): void {
    const { clock, lanes, concurrency } = this.#options;
    while (!this.#stopped && this.#underWay < concurrency) {
      const next = lanes.reduce((first, lane) => (lane.readyAt < first.readyAt ? lane : first));
      const at = next.readyAt;
      if (at > clock.now()) {
        this.#wake(at);
        return;
      }
      this.#start(next);
    }
  }

  #wake(at: number): void {
    if (at === Infinity || (this.#cancelTimer !== null && this.#wakesAt <= at)) return;
    const { clock } = this.#options;
    this.#cancelTimer?.();
    this.#wakesAt = at;
    this.#cancelTimer = clock.after(Math.max(0, at - clock.now()), () => {
      this.#cancelTimer = null;
      this.pump();
    });
  }

  #start(lane: Lane<T>): void {
    const { clock, ask, onAnswer } = this.#options;
    const target = lane.begin(clock.now());
    if (target === undefined) return;
    const flight = new AbortController();
    target.flight = flight;
    target.startedAt = clock.now();
    this.#underWay++;
    void ask(target, flight.signal).then((answer) => {
      lane.end();
      this.#underWay--;
      if (!flight.signal.aborted) {
        target.flight = null;
        onAnswer(target, answer);
      }
      this.pump();
    });
  }

  #drop(target: T): void {
    this.take(target);
    this.callOff(target);
    this.#targets.get(target.key)?.delete(target.where.podUid);
  }
}
