import { FIELD_MANAGER } from "../api/labels.ts";
import type { KubeObject } from "../kube/resource.ts";
import { drift, overrides } from "./drift.ts";
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
  return { wish, answer: null, overridden: 0, repairs: {}, foreign: null, refused: null };
}

/** Why an object is written. */
export type ApplyReason = "created" | "updated" | "adopted" | "drift" | "override" | "startup";

/** What to do about one object, and what to tell of it. */
export type ObjectDecision =
  | { readonly kind: "keep"; readonly overridden: readonly Difference[]; readonly recheckAt: number | null }
  /** For the cache to catch up, for an end, or for an object that this one needs. */
  | { readonly kind: "wait"; readonly why: "stale" | "deleting" | "dependency" }
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
  readonly owner: { readonly uid: string; readonly name: string };
  readonly now: number;
}

/** Decides about an object that is applied and kept in shape: a DaemonSet or a Deployment. */
export function decideObject(facts: ObjectFacts): ObjectDecision {
  const { live, memory, now } = facts;
  if (memory.foreign && !live && now < memory.foreign.at + FOREIGN_RECHECK_MS) {
    return { kind: "foreign", owner: memory.foreign.owner, recheckAt: memory.foreign.at + FOREIGN_RECHECK_MS };
  }
  if (memory.refused && now < memory.refused.at + REFUSED_RECHECK_MS) {
    const { message, path, forbidden, at } = memory.refused;
    return { kind: "refused", message, path, forbidden, recheckAt: at + REFUSED_RECHECK_MS };
  }
  if (!live)
    return memory.answer && isBehind(undefined, facts.cacheVersion, memory.answer) ? STALE : { kind: "create" };
  return decideLive(facts, live);
}

const STALE: ObjectDecision = { kind: "wait", why: "stale" };

function decideLive({ desired, cacheVersion, memory, owner, now }: ObjectFacts, live: KubeObject): ObjectDecision {
  if (live.metadata.deletionTimestamp !== undefined) return { kind: "wait", why: "deleting" };
  const whose = ownership(live, owner);
  if (whose.kind === "foreign") return { kind: "foreign", owner: whose.owner, recheckAt: now + FOREIGN_RECHECK_MS };
  const uid = live.metadata.uid ?? "";
  if (whose.kind === "orphan") return { kind: "apply", uid, because: "adopted", drifted: [] };
  const { answer } = memory;
  if (!answer) return { kind: "apply", uid, because: "startup", drifted: [] };
  if (isBehind(live, cacheVersion, answer)) return STALE;
  if (answer.metadata.uid !== uid) return { kind: "apply", uid, because: "updated", drifted: [] };
  const overridden = rewritten(desired, answer);
  if (overridden.length > 0 && memory.overridden < ADMISSION_ATTEMPTS) {
    return { kind: "apply", uid, because: "override", drifted: overridden };
  }
  const drifted = drift(answer, live, FIELD_MANAGER);
  const [fought, repairable] = partition(drifted, (difference) => isFought(memory.repairs[difference.path] ?? []));
  if (repairable.length > 0) return { kind: "apply", uid, because: "drift", drifted: repairable };
  const added = overrides(desired, live).filter(isAddition);
  return { kind: "keep", overridden: [...overridden, ...fought, ...added], recheckAt: null };
}

/** Fields of ours that admission rewrote: the only ones for which another apply may help. */
function rewritten(desired: KubeObject, answer: KubeObject): Difference[] {
  return overrides(desired, answer).filter((difference) => !isAddition(difference));
}

/** A container, volume or variable that somebody added: theirs, so no apply takes it away, and it is only told of. */
function isAddition({ wanted }: Difference): boolean {
  return wanted === "absent";
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
    refused: null,
  };
}

function partition<T>(items: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  const yes: T[] = [];
  const no: T[] = [];
  for (const item of items) (test(item) ? yes : no).push(item);
  return [yes, no];
}
