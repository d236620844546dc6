import type { KmError } from "../api/errors.ts";

/**
 * Where a reflector stands. Each variant says what comes next:
 *
 * ```text
 *            page                       listed                     ended
 *          ┌──────┐                 ┌───────────┐                ┌───────┐
 *          ▼      │                 │           ▼                ▼       │
 *   ─► listing ───┴─────────────────┘         watching ──────────────────┘
 *          ▲  │ failed                  410     │  │ failed
 *          │  └───────► waiting ◄───────────────┼──┘
 *          │  list        │  │ watch            │
 *          └──────────────┘  └──────────────────┘
 * ```
 *
 * `failures` counts what went wrong in a row. It falls to zero only when a watch has lived for a while (`SETTLED_MS`), not
 * with the first event: a server that sends one and closes would otherwise be asked without end. `relists` counts the lists
 * that a 410 has asked for since then: the first is due at once, however long the server was away before it said so.
 */
export type ReflectorState =
  /** Asks for a page: the first one, the one behind `continueToken`, or with `unpaged` everything at once. */
  | {
      readonly at: "listing";
      readonly failures: number;
      readonly relists: number;
      readonly continueToken: string | undefined;
      readonly unpaged: boolean;
    }
  /** Follows the collection from `resourceVersion` on. */
  | {
      readonly at: "watching";
      readonly failures: number;
      readonly relists: number;
      readonly resourceVersion: string;
    }
  /** Sleeps for `waitMs`, then is `next`. */
  | { readonly at: "waiting"; readonly waitMs: number; readonly next: Active };

/** The states in which a request is under way. */
export type Active = Extract<ReflectorState, { at: "listing" | "watching" }>;

/** How a state came to its end. */
export type Outcome =
  /** A page came, and the server says that there are more. */
  | { readonly kind: "page"; readonly continueToken: string }
  /** The last page came: the collection as it was at `resourceVersion`. */
  | { readonly kind: "listed"; readonly resourceVersion: string }
  /** The server ended the watch in order, `livedMs` after it was opened, at `resourceVersion`. */
  | { readonly kind: "ended"; readonly resourceVersion: string; readonly livedMs: number }
  /** A watch broke at `resourceVersion`; `livedMs` is from its opening to its last line, 0 where there was none. */
  | {
      readonly kind: "broke";
      readonly error: KmError;
      readonly resourceVersion: string;
      readonly livedMs: number;
    }
  /** A list failed. */
  | { readonly kind: "failed"; readonly error: KmError }
  /** The wait is over. */
  | { readonly kind: "waited" };

/** How long a watch must have lived for what went wrong before it to be forgotten. */
export const SETTLED_MS = 10_000;

/** After so many streams in a row that fell silent or made no sense, the position itself is suspected: a relist. */
const SUSPECT_AFTER = 2;

/** Where a reflector begins: with the collection. */
export const INITIAL: ReflectorState = {
  at: "listing",
  failures: 0,
  relists: 0,
  continueToken: undefined,
  unpaged: false,
};

/** How long to wait after the n-th failure in a row (1, 2, …). */
export type Backoff = (failures: number) => number;

/**
 * The one place where a reflector's state changes. Pure: the same arguments give the same state (but for `backoff`'s dice).
 *
 * Every way to an endless loop without a wait is closed: a wait is left out only after a page, a list, an orderly end of a
 * watch that had settled, and once for a 410 (`relists`).
 */
export function transition(state: ReflectorState, outcome: Outcome, backoff: Backoff): ReflectorState {
  switch (state.at) {
    case "waiting":
      return state.next;
    case "listing":
      return afterList(state, outcome, backoff);
    case "watching":
      return afterWatch(state, outcome, backoff);
    default:
      return state satisfies never;
  }
}

function afterList(
  state: Extract<ReflectorState, { at: "listing" }>,
  outcome: Outcome,
  backoff: Backoff,
): ReflectorState {
  switch (outcome.kind) {
    case "page":
      return { ...state, continueToken: outcome.continueToken };
    case "listed":
      return {
        at: "watching",
        failures: state.failures,
        relists: state.relists,
        resourceVersion: outcome.resourceVersion,
      };
    case "failed": {
      // The token ran out between two pages (the server keeps five minutes): the pages so far are of no use.
      const expired = outcome.error.code === "Gone" && state.continueToken !== undefined;
      const failures = state.failures + 1;
      const next: Active = { ...state, failures, continueToken: undefined, unpaged: state.unpaged || expired };
      return expired ? next : { at: "waiting", waitMs: waitAfter(outcome.error, failures, backoff), next };
    }
    case "ended":
    case "broke":
    case "waited":
      return state;
    default:
      return outcome satisfies never;
  }
}

function afterWatch(
  state: Extract<ReflectorState, { at: "watching" }>,
  outcome: Outcome,
  backoff: Backoff,
): ReflectorState {
  switch (outcome.kind) {
    case "ended": {
      const { resourceVersion } = outcome;
      if (outcome.livedMs >= SETTLED_MS) return { at: "watching", failures: 0, relists: 0, resourceVersion };
      const failures = state.failures + 1;
      return { at: "waiting", waitMs: backoff(failures), next: { ...state, failures, resourceVersion } };
    }
    case "broke": {
      const { error, resourceVersion } = outcome;
      const before = outcome.livedMs >= SETTLED_MS ? { failures: 0, relists: 0 } : state;
      if (error.code === "Gone") {
        const relists = before.relists + 1;
        const relist = listAnew(relists, relists);
        return relists === 1 ? relist : { at: "waiting", waitMs: waitAfter(error, relists, backoff), next: relist };
      }
      const failures = before.failures + 1;
      const { relists } = before;
      const suspect = isSuspicious(error) && failures >= SUSPECT_AFTER;
      const again: Active = { at: "watching", failures, relists, resourceVersion };
      const next = suspect ? listAnew(failures, relists) : again;
      return { at: "waiting", waitMs: waitAfter(error, failures, backoff), next };
    }
    case "page":
    case "listed":
    case "failed":
    case "waited":
      return state;
    default:
      return outcome satisfies never;
  }
}

function listAnew(failures: number, relists: number): Active {
  return { at: "listing", failures, relists, continueToken: undefined, unpaged: false };
}

/** Failures of the stream itself, which the same position may bring again for ever: a line too long, no JSON, silence. */
function isSuspicious(error: KmError): boolean {
  return error.code === "BadResponse" || error.code === "TooLarge" || error.code === "Timeout";
}

function waitAfter(error: KmError, failures: number, backoff: Backoff): number {
  return Math.max(backoff(failures), error.retryAfterMs ?? 0);
}

/**
 * Exponential from half a second to 15 s, with full jitter but for a floor of a tenth: many reflectors whose server went
 * away together must not come back together.
 */
export function fullJitter(random: () => number): Backoff {
  return (failures) => {
    const step = Math.min(15_000, 500 * 2 ** Math.min(failures - 1, 16));
    return step * (0.1 + 0.9 * random());
  };
}
