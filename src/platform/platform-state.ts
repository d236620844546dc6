import { isTransient } from "./outcome.ts";
import type { Outcome } from "./outcome.ts";

/** How the platform and we stand; the condition `PlatformConnected` says it. */
export interface PlatformState {
  readonly kind: "notContacted" | "connected" | "unauthorized" | "unreachable" | "throttled" | "error" | "badAnswer";
  /** What is wrong and where to look; it changes only when that changes, so that status isn't written for nothing. */
  readonly message: string;
}

/** What one of the two calls has last heard. `failures` counts those in a row. */
export interface ChannelState {
  readonly state: PlatformState;
  readonly failures: number;
}

/** Before the first call. */
export function notContacted(message = "No report has been sent yet."): ChannelState {
  return { state: { kind: "notContacted", message }, failures: 0 };
}

/**
 * A channel after a call. A first failure of a kind that may mend itself isn't told while the connection stood before: it is
 * tried again soon, and only the second one is news.
 */
export function afterOutcome(channel: ChannelState, outcome: Outcome): ChannelState {
  if (outcome.kind === "aborted") return channel;
  const kind = kindOf(outcome);
  if (kind === "connected") return { state: moved(channel.state, kind, outcome.message), failures: 0 };
  const failures = channel.failures + 1;
  if (isTransient(outcome) && failures === 1 && channel.state.kind === "connected") return { ...channel, failures };
  return { state: moved(channel.state, kind, outcome.message), failures };
}

/** From the worst to the best. A channel that wasn't used yet says less than one that works. */
const ORDER = ["unauthorized", "badAnswer", "unreachable", "error", "throttled", "connected", "notContacted"] as const;

/** The state of the whole: the worst that any channel has heard. */
export function worstOf(states: readonly PlatformState[], previous: PlatformState): PlatformState {
  const worst = ORDER.map((kind) => states.find((state) => state.kind === kind)).find((state) => state !== undefined);
  return worst === undefined ? previous : moved(previous, worst.kind, worst.message);
}

function moved(previous: PlatformState, kind: PlatformState["kind"], message: string): PlatformState {
  return previous.kind === kind && previous.message === message ? previous : { kind, message };
}

function kindOf(outcome: Exclude<Outcome, { kind: "aborted" }>): PlatformState["kind"] {
  switch (outcome.kind) {
    case "ok":
      return "connected";
    case "unauthorized":
    case "forbidden":
      return "unauthorized";
    case "throttled":
      return "throttled";
    case "serverError":
    case "rejected":
      return "error";
    case "unreachable":
      return "unreachable";
    case "badAnswer":
      return "badAnswer";
    default:
      return outcome satisfies never;
  }
}
