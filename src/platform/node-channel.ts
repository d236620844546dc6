import type { Outcome } from "./outcome.ts";
import { afterOutcome, notContacted } from "./platform-state.ts";
import type { ChannelState, PlatformState } from "./platform-state.ts";

/**
 * What the platform makes of the nodes' reports, as one channel. A report that it doesn't take speaks of that node alone while
 * others are taken; only where it took no node's last report is it the connection's fault.
 */
export class NodeChannel {
  #channel: ChannelState = notContacted();
  /** Nodes whose last report wasn't taken; never more than are reported. */
  readonly #refused = new Set<string>();

  get state(): PlatformState {
    return this.#channel.state;
  }

  /** Before the first call, once more. */
  reset(message?: string): void {
    this.#channel = notContacted(message);
    this.#refused.clear();
  }

  /** Forgets nodes that aren't reported any more. */
  forget(hostnames: Iterable<string>): void {
    for (const hostname of hostnames) this.#refused.delete(hostname);
  }

  /** What was refused is tried at another address or with another key. */
  forgetAll(): void {
    this.#refused.clear();
  }

  /**
   * Takes how the report of one of `reported` nodes went. Says whether it is the first refusal of this node's, or the first
   * since one of its reports was taken.
   */
  hear(outcome: Outcome, hostname: string, reported: number): boolean {
    if (outcome.kind !== "rejected") {
      if (outcome.kind === "ok") this.#refused.delete(hostname);
      this.#channel = afterOutcome(this.#channel, outcome);
      return false;
    }
    const isNews = !this.#refused.has(hostname);
    this.#refused.add(hostname);
    if (this.#refused.size >= reported) this.#channel = afterOutcome(this.#channel, outcome);
    return isNews;
  }
}
