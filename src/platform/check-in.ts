import type { Clock } from "../api/clock.ts";
import type { Log } from "../telemetry/log.ts";
import { OPEN, afterCall, reopened } from "./gate.ts";
import type { Gate } from "./gate.ts";
import { faultOf } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";
import { readCheckInAnswer, withoutExtension } from "./wire.ts";
import type { CheckInAnswer, CheckInRequest, HeardAnswer } from "./wire.ts";

/** What the cluster's check-in needs. */
export interface CheckInOptions {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  /** Sends one payload; never rejects. */
  readonly post: (payload: object, signal: AbortSignal) => Promise<Outcome>;
  /** What is true now; `null` while nothing is known, and then nothing is sent. */
  readonly request: () => CheckInRequest | null;
  readonly onOutcome: (outcome: Outcome) => void;
  /** Takes every answer in its order, also one that asks for nothing: what follows a wish tells whether it is a new one. */
  readonly onAnswer: (answer: HeardAnswer) => void;
}

/** Where and how often. */
export interface CheckInPlan {
  readonly updateURL: string;
  readonly intervalMs: number;
}

/**
 * The cluster's check-in: one call every interval, the first at once; after a failure sooner, with backoff, or later where the
 * platform wants so. Its log messages are those that the vendor's monitoring page promises, word for word.
 */
export class CheckIn {
  readonly #options: CheckInOptions;
  readonly #stopping = new AbortController();
  #plan: CheckInPlan | null = null;
  #gate: Gate = OPEN;
  #running: Promise<void> | null = null;
  /** A new check was asked for while one ran. */
  #again = false;
  #extensionRefused = false;
  #cancelNext: () => void = () => undefined;

  constructor(options: CheckInOptions) {
    this.#options = options;
  }

  /** Starts, or goes on by another plan: a check is made at once. Nothing happens where the plan is the present one. */
  start(plan: CheckInPlan): void {
    if (this.runs(plan)) return;
    if (this.#plan?.updateURL !== plan.updateURL) this.#extensionRefused = false;
    this.#plan = plan;
    this.#options.log.info(
      { updateURL: plan.updateURL, intervalSeconds: plan.intervalMs / 1000 },
      "config update checker started",
    );
    this.checkNow();
  }

  /** Whether this is the present plan. */
  runs(plan: CheckInPlan): boolean {
    return this.#plan?.updateURL === plan.updateURL && this.#plan.intervalMs === plan.intervalMs;
  }

  /** Checks at once, whatever was answered before. */
  checkNow(): void {
    if (this.#plan === null || this.#stopping.signal.aborted) return;
    this.#gate = reopened(this.#gate);
    this.#cancelNext();
    if (this.#running === null) this.#begin(this.#plan);
    else this.#again = true;
  }

  /** Sends nothing until the next `start`. */
  pause(): void {
    this.#plan = null;
    this.#cancelNext();
  }

  /** Ends the loop and the call under way. */
  async stop(): Promise<void> {
    this.pause();
    this.#stopping.abort();
    await this.#running;
  }

  /** One last check-in after the loop has ended, as the platform has come to want them; its answer asks for nothing any more. */
  async sendLast(payload: CheckInRequest, signal: AbortSignal): Promise<void> {
    await this.stop();
    await this.#call(payload, signal);
  }

  #begin(plan: CheckInPlan): void {
    const startedAt = this.#options.clock.now();
    this.#again = false;
    this.#running = this.#check(plan).finally(() => {
      this.#running = null;
      this.#schedule(startedAt);
    });
  }

  #schedule(startedAt: number): void {
    const { clock } = this.#options;
    const plan = this.#plan;
    if (plan === null || this.#stopping.signal.aborted) return;
    const at = this.#again
      ? clock.now()
      : this.#gate.kind === "closed"
        ? this.#gate.until
        : startedAt + plan.intervalMs;
    this.#cancelNext = clock.after(Math.max(0, at - clock.now()), () => this.#begin(plan));
  }

  async #check(plan: CheckInPlan): Promise<void> {
    const { clock, random, log, request, onOutcome } = this.#options;
    const payload = request();
    if (payload === null) return;
    log.debug({ updateURL: plan.updateURL }, "checking for configuration updates");
    const { epoch } = this.#gate;
    const { outcome, answer } = judged(await this.#call(payload, this.#stopping.signal));
    if (outcome.kind === "aborted") return;
    const current = epoch === this.#gate.epoch;
    this.#gate = afterCall(this.#gate, epoch, outcome, clock.now(), random());
    if (!current) return;
    if (answer === null) {
      const fields = { updateURL: plan.updateURL, fault: faultOf(outcome) };
      log.error(fields, `Periodic config check failed: ${outcome.message}`);
    }
    onOutcome(outcome);
    if (answer !== null) this.#heed(answer);
    else if (outcome.kind === "badAnswer" && outcome.tooLong) this.#options.onAnswer("tooLong");
  }

  /** The check-in with our two fields; without them where the platform refuses them, which is remembered. */
  async #call(payload: CheckInRequest, signal: AbortSignal): Promise<Outcome> {
    const { post, log } = this.#options;
    if (this.#extensionRefused) return post(withoutExtension(payload), signal);
    const outcome = await post(payload, signal);
    if (outcome.kind !== "rejected") return outcome;
    const second = await post(withoutExtension(payload), signal);
    if (second.kind !== "ok") return second;
    this.#extensionRefused = true;
    log.info({}, "the platform doesn't take agent_status and last_error_message in a check-in; they are left out");
    return second;
  }

  #heed(answer: CheckInAnswer): void {
    const { log, onAnswer } = this.#options;
    const asksForNothing = answer.nodeAgent === null && answer.clusterAgent === null && !answer.restartRequired;
    if (asksForNothing) log.debug({}, "no configuration change detected");
    onAnswer(answer);
  }
}

function judged(outcome: Outcome): { readonly outcome: Outcome; readonly answer: CheckInAnswer | null } {
  if (outcome.kind !== "ok") return { outcome, answer: null };
  const answer = readCheckInAnswer(outcome.answer);
  if (answer !== null) return { outcome, answer };
  return {
    outcome: { kind: "badAnswer", message: "The platform's answer holds fields of wrong types." },
    answer: null,
  };
}
