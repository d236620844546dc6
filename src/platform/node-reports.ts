import type { Clock } from "../api/clock.ts";
import { OPEN, afterCall, reopened } from "./gate.ts";
import type { Gate } from "./gate.ts";
import type { Outcome } from "./outcome.ts";
import { removedReport } from "./payload.ts";
import { ReportQueue } from "./report-queue.ts";
import { holdsToken, nextToken, refill } from "./token-bucket.ts";
import type { Rate, TokenBucket } from "./token-bucket.ts";
import type { NodeReport } from "./wire.ts";

/** What sends the reports of one KmAgent's nodes needs. */
export interface NodeReportsOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly intervalMs: number;
  /** Sends one report; never rejects. */
  readonly post: (report: NodeReport, signal: AbortSignal) => Promise<Outcome>;
  /** Hears of each call that says something new about the platform. */
  readonly onOutcome: (outcome: Outcome, report: NodeReport) => void;
}

const CONCURRENCY = 16;
const LEAST_PER_SECOND = 50;
/** While a KmAgent is being deleted: its nodes have 10 s to be told of. */
const HURRY = { perSecond: 500, burst: 100, concurrency: 32 } as const;

/** Sends the newest state of each node: bounded in rate and number at once, behind one gate. Decisions are in the queue and the gate. */
export class NodeReports {
  readonly #options: NodeReportsOptions;
  readonly #queue: ReportQueue;
  readonly #stopping = new AbortController();
  readonly #sending = new Set<Promise<void>>();
  readonly #idle = new Set<() => void>();
  #gate: Gate = OPEN;
  #bucket: TokenBucket;
  #interval: number;
  #paused = true;
  #hurry = false;
  #cancelWake: () => void = () => undefined;

  constructor(options: NodeReportsOptions) {
    this.#options = options;
    this.#interval = options.intervalMs;
    this.#queue = new ReportQueue(options.intervalMs);
    this.#bucket = { tokens: this.#rate.burst, at: options.clock.now() };
  }

  /** Nodes whose newest state waits to be sent. */
  get waiting(): number {
    return this.#queue.ready;
  }

  /** The agents that are reported now. */
  hostnames(): Iterable<string> {
    return this.#queue.hostnames();
  }

  /** Whether this agent is among them. */
  has(hostname: string): boolean {
    return this.#queue.has(hostname);
  }

  /** Sends nothing until `resume`; states are still taken, so that the newest goes out then. */
  pause(): void {
    this.#paused = true;
    this.#cancelWake();
    this.#announceIdle();
  }

  /** Goes on at once, whatever the platform answered before: its address or the key have changed. */
  resume(): void {
    this.#paused = false;
    this.#gate = reopened(this.#gate);
    this.#pump();
  }

  setInterval(intervalMs: number): void {
    this.#interval = intervalMs;
    this.#queue.setInterval(intervalMs, this.#options.clock.now());
    this.#pump();
  }

  /** Takes new states; the unchanged ones needn't be among them. */
  put(reports: Iterable<NodeReport>): void {
    const now = this.#options.clock.now();
    for (const report of reports) this.#queue.put(report, now);
    this.#pump();
  }

  /** Says that an agent was taken away on purpose: once, and only within `graceMs`. */
  withdraw(hostnames: Iterable<string>, why: string, graceMs: number): void {
    const now = this.#options.clock.now();
    for (const hostname of hostnames) {
      const last = this.#queue.report(hostname);
      // With no key nothing would ever be sent, and farewells would only pile up.
      if (this.#paused) this.#queue.forget(hostname);
      else if (last !== undefined) this.#queue.withdraw(removedReport(last, why), now + graceMs, now);
    }
    this.#pump();
  }

  /** Withdraws all agents, faster than usual, and resolves when the platform knows or `graceMs` have passed. */
  async withdrawAll(why: string, graceMs: number): Promise<void> {
    this.#hurry = true;
    this.withdraw([...this.#queue.hostnames()], why, graceMs);
    await this.#settled(graceMs);
  }

  /** Forgets agents without a word. */
  forget(hostnames: Iterable<string>): void {
    for (const hostname of hostnames) this.#queue.forget(hostname);
    this.#announceIdle();
  }

  /** Resolves when the platform knows the newest state of every node, or after `ms`; at once where nobody may call before. */
  async flush(ms: number): Promise<void> {
    const until = this.#options.clock.now() + ms;
    if (this.#gate.kind === "open" || this.#gate.until < until) await this.#settled(ms);
  }

  /** Ends what is under way and everything that waits. */
  async stop(): Promise<void> {
    this.#cancelWake();
    this.#stopping.abort();
    await Promise.all(this.#sending);
    this.#announceIdle();
  }

  get #rate(): Rate {
    if (this.#hurry) return HURRY;
    // Twice what the interval needs, so that a backlog after an outage shrinks.
    const needed = (2_000 * this.#queue.size) / this.#interval;
    return { perSecond: Math.max(LEAST_PER_SECOND, needed), burst: CONCURRENCY };
  }

  get #concurrency(): number {
    if (this.#gate.kind === "closed") return 1;
    return this.#hurry ? HURRY.concurrency : CONCURRENCY;
  }

  #pump(): void {
    const { clock } = this.#options;
    this.#cancelWake();
    while (!this.#paused && !this.#stopping.signal.aborted && this.#sending.size < this.#concurrency) {
      const now = clock.now();
      if (this.#gate.kind === "closed" && now < this.#gate.until) {
        this.#wakeAt(this.#gate.until);
        return;
      }
      this.#bucket = refill(this.#bucket, this.#rate, now);
      if (!holdsToken(this.#bucket)) {
        this.#wakeAt(nextToken(this.#bucket, this.#rate));
        return;
      }
      const next = this.#queue.next(now);
      if (next.kind === "wait") {
        if (next.at !== null) this.#wakeAt(next.at);
        this.#announceIdle();
        return;
      }
      this.#bucket = { ...this.#bucket, tokens: Math.max(0, this.#bucket.tokens - 1) };
      this.#start(next.report);
    }
  }

  #start(report: NodeReport): void {
    const sent = this.#send(report).finally(() => {
      this.#sending.delete(sent);
      this.#pump();
      this.#announceIdle();
    });
    this.#sending.add(sent);
  }

  async #send(report: NodeReport): Promise<void> {
    const { clock, random, post, onOutcome } = this.#options;
    const { epoch } = this.#gate;
    const outcome = await post(report, this.#stopping.signal);
    const now = clock.now();
    const current = epoch === this.#gate.epoch;
    this.#gate = afterCall(this.#gate, epoch, outcome, now, random());
    const done = outcome.kind === "ok" || outcome.kind === "rejected";
    this.#queue.settle(report, done ? "done" : "failed", now);
    if (current && outcome.kind !== "aborted") onOutcome(outcome, report);
  }

  #wakeAt(at: number): void {
    const { clock } = this.#options;
    this.#cancelWake = clock.after(Math.max(1, at - clock.now()), () => this.#pump());
  }

  async #settled(ms: number): Promise<void> {
    if (this.#isSettled()) return;
    await new Promise<void>((resolve) => {
      const end = () => {
        cancel();
        this.#idle.delete(end);
        resolve();
      };
      const cancel = this.#options.clock.after(ms, end);
      this.#idle.add(end);
      this.#pump();
    });
  }

  #isSettled(): boolean {
    const { aborted } = this.#stopping.signal;
    return aborted || this.#paused || (this.#sending.size === 0 && this.#queue.settled);
  }

  #announceIdle(): void {
    if (this.#idle.size > 0 && this.#isSettled()) for (const end of [...this.#idle]) end();
  }
}
