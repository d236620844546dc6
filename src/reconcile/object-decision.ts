import { FIELD_MANAGER } from "../api/labels.ts";
import type { KubeObject } from "../kube/resource.ts";
import { drift, isAddition, overrides } from "./drift.ts";
import type { Difference } from "./drift.ts";
import { isBehind } from "./expectations.ts";
import { ownership } from "./ownership.ts";

/** How often admission may rewrite a field before it is left to it: the first apply and one more. */
const ADMISSION_ATTEMPTS = 2;
/** How often within `FIGHT_WINDOW_MS` a field is set back before it is left to whoever changes it. */
const FIGHT_REPAIRS = 5;
const FIGHT_WINDOW_MS = 600_000;
/** How often an object that isn't ours is looked at again, milliseconds: nothing tells us when it goes. */
const FOREIGN_RECHECK_MS = 15_000;
/** How soon it is looked again at an object outside the caches that is on its way out, milliseconds. */
const LEAVING_RECHECK_MS = 2_000;
/** How long after its creation a KmAgent waits for its predecessor's objects to go before it calls them a conflict, milliseconds. */
const PREDECESSOR_MS = 60_000;
/** How long after it was told to go an object may take before it is reported, milliseconds. */
const DELETION_MS = 300_000;
/** How long an apply that the API server refused is not repeated while the wish stays the same, milliseconds. */
const REFUSED_RECHECK_MS = 60_000;

/** What is remembered of one object between passes; all of it may be lost at the price of one apply. */
export interface ObjectMemory {
  /** Hash of what we want; with another one, everything below is forgotten. */
  readonly wish: string;
  /** The API server's answer to our last apply. */
  readonly answer: KubeObject | null;
  /** Applies in a row whose answer wasn't what we asked for. */
  readonly overridden: number;
  /** Times of repairs by path, the newest `FIGHT_REPAIRS`. Milliseconds since the epoch. */
  readonly repairs: Readonly<Record<string, readonly number[]>>;
  /** Set where the name is taken by somebody else's object. */
  readonly foreign: { readonly owner: string; readonly at: number } | null;
  /** Set where a look past the caches found nothing to write: what it found, and when it is looked again. */
  readonly left: { readonly decision: LeftDecision; readonly until: number } | null;
  /** Set where the API server refused our last apply for what it says. */
  readonly refused: {
    readonly message: string;
    readonly path: string;
    readonly forbidden: boolean;
    readonly at: number;
  } | null;
}

/** Memory of an object about which nothing is known. */
export function freshMemory(wish: string): ObjectMemory {
  return { wish, answer: null, overridden: 0, repairs: {}, foreign: null, left: null, refused: null };
}

/** Why an object is written. */
export type ApplyReason = "created" | "updated" | "adopted" | "drift" | "override" | "startup";

/** What to do about one object, and what to tell of it. */
export type ObjectDecision =
  | { readonly kind: "keep"; readonly overridden: readonly Difference[]; readonly recheckAt: number | null }
  /** For the cache to catch up, for an end, or for an object that this one needs. */
  | {
      readonly kind: "wait";
      readonly why: "stale" | "deleting" | "predecessor" | "dependency";
      readonly recheckAt: number | null;
    }
  /** It has been told to go, and something keeps it; `since` is when, in milliseconds since the epoch. */
  | { readonly kind: "stuck"; readonly since: number; readonly finalizers: readonly string[] }
  | { readonly kind: "foreign"; readonly owner: string; readonly recheckAt: number }
  | {
      readonly kind: "refused";
      readonly message: string;
      readonly path: string;
      readonly forbidden: boolean;
      readonly recheckAt: number;
    }
  | { readonly kind: "create" }
  | {
      readonly kind: "apply";
      readonly uid: string;
      readonly because: ApplyReason;
      readonly drifted: readonly Difference[];
    };

/** What `decideObject` looks at. `live` is what the cache holds; `cacheVersion` the resource version up to which it is current. */
export interface ObjectFacts {
  readonly desired: KubeObject;
  readonly live: KubeObject | undefined;
  readonly cacheVersion: string;
  readonly memory: ObjectMemory;
  readonly owner: { readonly uid: string; readonly name: string; readonly creationTimestamp: string };
  readonly now: number;
}

/** Decides about an object that is applied and kept in shape: a DaemonSet or a Deployment. */
export function decideObject(facts: ObjectFacts): ObjectDecision {
  const { live, memory, now } = facts;
  if (memory.foreign && !live && now < memory.foreign.at + FOREIGN_RECHECK_MS) {
    return { kind: "foreign", owner: memory.foreign.owner, recheckAt: memory.foreign.at + FOREIGN_RECHECK_MS };
  }
  if (memory.left && !live && now < memory.left.until) {
    const { decision, until } = memory.left;
    return decision.kind === "stuck" ? decision : { ...decision, recheckAt: until };
  }
  if (memory.refused && now < memory.refused.at + REFUSED_RECHECK_MS) {
    const { message, path, forbidden, at } = memory.refused;
    return { kind: "refused", message, path, forbidden, recheckAt: at + REFUSED_RECHECK_MS };
  }
  if (!live)
    return memory.answer && isBehind(undefined, facts.cacheVersion, memory.answer) ? STALE : { kind: "create" };
  return decideLive(facts, live);
}

const STALE: LeftDecision = { kind: "wait", why: "stale", recheckAt: null };

function decideLive(
  facts: ObjectFacts,
  live: KubeObject,
): Extract<ObjectDecision, { kind: "apply" | "foreign" | "keep" | "wait" | "stuck" }> {
  const { desired, cacheVersion, memory, owner, now } = facts;
  if (live.metadata.deletionTimestamp !== undefined) return decideLeaving(live, live.metadata.deletionTimestamp, now);
  const whose = ownership(live, owner);
  if (whose.kind === "foreign" || whose.kind === "predecessor") {
    const waitUntil = Date.parse(owner.creationTimestamp) + PREDECESSOR_MS;
    return whose.kind === "predecessor" && now < waitUntil
      ? { kind: "wait", why: "predecessor", recheckAt: waitUntil }
      : { kind: "foreign", owner: whose.owner, recheckAt: now + FOREIGN_RECHECK_MS };
  }
  const uid = live.metadata.uid ?? "";
  const adopted: Extract<ObjectDecision, { kind: "apply" }> = { kind: "apply", uid, because: "adopted", drifted: [] };
  const { answer } = memory;
  if (!answer) return whose.kind === "orphan" ? adopted : { ...adopted, because: "startup" };
  if (isBehind(live, cacheVersion, answer)) return STALE;
  if (answer.metadata.uid !== uid) return whose.kind === "orphan" ? adopted : { ...adopted, because: "updated" };
  const overridden = rewritten(desired, answer);
  if (overridden.length > 0 && memory.overridden < ADMISSION_ATTEMPTS) {
    return { kind: "apply", uid, because: "override", drifted: overridden };
  }
  const drifted = drift(answer, live, FIELD_MANAGER);
  const [fought, repairable] = partition(drifted, (difference) => isFought(memory.repairs[difference.path] ?? []));
  if (repairable.length > 0) return { kind: "apply", uid, because: "drift", drifted: repairable };
  // Nobody owns it, and that isn't a field that somebody took from us: it was never ours.
  if (whose.kind === "orphan" && drifted.length === 0) return adopted;
  const added = overrides(desired, live).filter(isAddition);
  return { kind: "keep", overridden: [...overridden, ...fought, ...added], recheckAt: null };
}

function decideLeaving(live: KubeObject, deletionTimestamp: string, now: number): LeftDecision {
  const since = Date.parse(deletionTimestamp);
  return now < since + DELETION_MS
    ? { kind: "wait", why: "deleting", recheckAt: since + DELETION_MS }
    : { kind: "stuck", since, finalizers: live.metadata.finalizers ?? [] };
}

/**
 * Decides about an object that a look past the caches found where they have none: it lost the label by which they select, or
 * they are behind. The same rules hold, so that a fight over that label ends like any other.
 */
export function decideFound(facts: Omit<ObjectFacts, "live" | "cacheVersion">, found: KubeObject): FoundDecision {
  const decision = decideLive({ ...facts, live: found, cacheVersion: "" }, found);
  switch (decision.kind) {
    case "apply":
      return decision.because === "startup" ? { ...decision, because: "adopted" } : decision;
    case "foreign":
      return decision;
    case "keep":
    case "stuck":
      return { kind: "left", decision, until: facts.now + FOREIGN_RECHECK_MS };
    case "wait":
      return { kind: "left", decision, until: facts.now + LEAVING_RECHECK_MS };
  }
}

/** What to do about an object that was found past the caches. `left`: nothing now, until it is looked again. */
export type FoundDecision =
  | Extract<ObjectDecision, { kind: "apply" | "foreign" }>
  | { readonly kind: "left"; readonly decision: LeftDecision; readonly until: number };

/** Why an object that was found past the caches is not written. */
export type LeftDecision = Extract<ObjectDecision, { kind: "keep" | "wait" | "stuck" }>;

/** Fields of ours that admission rewrote: the only ones for which another apply may help. */
function rewritten(desired: KubeObject, answer: KubeObject): Difference[] {
  return overrides(desired, answer).filter((difference) => !isAddition(difference));
}

/** Stays true once it is, for a field that is left alone gets no further repair. */
function isFought(repairs: readonly number[]): boolean {
  const [first, last] = [repairs[0], repairs.at(-1)];
  return repairs.length >= FIGHT_REPAIRS && first !== undefined && last !== undefined && last - first < FIGHT_WINDOW_MS;
}

/** Memory after an apply was answered. `drifted` are the fields that it set back. */
export function rememberAnswer(
  memory: ObjectMemory,
  desired: KubeObject,
  answer: KubeObject,
  drifted: readonly Difference[],
  now: number,
): ObjectMemory {
  const repairs: Record<string, readonly number[]> = { ...memory.repairs };
  for (const { path } of drifted) repairs[path] = [...(repairs[path] ?? []), now].slice(-FIGHT_REPAIRS);
  return {
    ...memory,
    answer,
    overridden: rewritten(desired, answer).length > 0 ? memory.overridden + 1 : 0,
    repairs,
    foreign: null,
    left: null,
    refused: null,
  };
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  const yes: T[] = [];
  const no: T[] = [];
  for (const item of items) (test(item) ? yes : no).push(item);
  return [yes, no];
}
