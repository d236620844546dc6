import { isJsonObject } from "../api/json.ts";
import { LEASES, apiVersionOf, compareResourceVersions } from "./resource.ts";
import type { KubeObject } from "./resource.ts";

/** What a Lease says. Its times are others' wall clocks: written for people, never compared. */
export interface LeaseRecord {
  readonly uid: string;
  readonly resourceVersion: string;
  /** Empty after a release. */
  readonly holder: string;
  readonly durationMs: number;
  readonly acquireTime: string;
  readonly renewTime: string;
  readonly transitions: number;
}

/** Times of the election. A holder stops acting `renewDeadlineMs` after its last renewal began, long before others may begin. */
export interface LeaseTimes {
  readonly durationMs: number;
  readonly renewDeadlineMs: number;
  readonly retryMs: number;
}

/** client-go's defaults, which every cluster's operators have in common. */
export const LEASE_TIMES: LeaseTimes = { durationMs: 15_000, renewDeadlineMs: 10_000, retryMs: 2_000 };

/** What a candidate knows: the record, undefined where there is none, and when by its own clock it may be taken. */
export interface Sighting {
  readonly record: LeaseRecord | undefined;
  readonly freeAt: number;
}

/** What a candidate does next. */
export type LeaseDecision =
  /** Nobody has ever held it. */
  | { readonly kind: "create" }
  /** It's free: released, run out, or our own from before. */
  | { readonly kind: "take"; readonly record: LeaseRecord }
  /** Somebody holds it; look again at `until` (monotonic) or when the record changes. */
  | { readonly kind: "wait"; readonly until: number };

/** Whether a candidate may take the lease: when it is free, or at any time where it carries our own name. */
export function decideLease({ record, freeAt }: Sighting, identity: string, now: number): LeaseDecision {
  if (now < freeAt && record?.holder !== identity) return { kind: "wait", until: freeAt };
  return record ? { kind: "take", record } : { kind: "create" };
}

/** When a holder must stop to act, by the monotonic time at which its last successful renewal was begun. */
export function actsUntil(renewalBegan: number, times: LeaseTimes): number {
  return renewalBegan + times.renewDeadlineMs;
}

/**
 * What is known after a look at the lease. A record runs out when this candidate has seen it unchanged for its whole
 * duration, by its own clock: whatever the holder's clock says, it began its last renewal before we saw it. A lease that
 * was deleted while held stays taken until then, for its holder doesn't know yet.
 */
export function sight(before: Sighting | undefined, record: LeaseRecord | undefined, now: number): Sighting {
  if (record === undefined) return { record, freeAt: before?.freeAt ?? now };
  const known = before?.record;
  if (before && known?.uid === record.uid && known.resourceVersion === record.resourceVersion) return before;
  return { record, freeAt: record.holder === "" ? now : now + record.durationMs };
}

/** Whether `record` is older than what is known already: a watch may lag behind the answers to our own writes. */
export function isOlder(record: LeaseRecord, known: LeaseRecord | undefined): boolean {
  const step = known && compareResourceVersions(record.resourceVersion, known.resourceVersion);
  return step !== undefined && step < 0;
}

/** Reads a Lease. Without a holder it counts as released, without a duration as held for the usual one. */
export function leaseRecordOf(object: KubeObject): LeaseRecord {
  const spec = isJsonObject(object["spec"]) ? object["spec"] : {};
  const text = (key: string) => (typeof spec[key] === "string" ? spec[key] : "");
  const count = (key: string) => (typeof spec[key] === "number" && spec[key] > 0 ? spec[key] : 0);
  return {
    uid: object.metadata.uid ?? "",
    resourceVersion: object.metadata.resourceVersion ?? "",
    holder: text("holderIdentity"),
    durationMs: count("leaseDurationSeconds") * 1000 || LEASE_TIMES.durationMs,
    acquireTime: text("acquireTime"),
    renewTime: text("renewTime"),
    transitions: count("leaseTransitions"),
  };
}

/** Where a Lease lives and who writes it. */
export interface LeaseTarget {
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly durationMs: number;
}

/** The Lease with us as its holder. `before` keeps the count of changes of hands, and its version makes the write conditional. */
export function heldLease(target: LeaseTarget, before: LeaseRecord | undefined, wallNow: number): KubeObject {
  const time = microTime(wallNow);
  const renewal = before?.holder === target.identity;
  const changes = before === undefined ? 0 : before.transitions + (renewal ? 0 : 1);
  return lease(target, before, {
    holderIdentity: target.identity,
    leaseDurationSeconds: Math.ceil(target.durationMs / 1000),
    acquireTime: renewal ? before.acquireTime : time,
    renewTime: time,
    leaseTransitions: changes,
  });
}

/** The Lease without a holder, as client-go leaves it: the next candidate needn't wait. */
export function releasedLease(target: LeaseTarget, before: LeaseRecord, wallNow: number): KubeObject {
  const time = microTime(wallNow);
  return lease(target, before, {
    holderIdentity: "",
    leaseDurationSeconds: 1,
    acquireTime: time,
    renewTime: time,
    leaseTransitions: before.transitions,
  });
}

function lease(target: LeaseTarget, before: LeaseRecord | undefined, spec: Record<string, unknown>): KubeObject {
  const { namespace, name } = target;
  const precondition = before && { uid: before.uid, resourceVersion: before.resourceVersion };
  return { apiVersion: apiVersionOf(LEASES), kind: LEASES.kind, metadata: { namespace, name, ...precondition }, spec };
}

/** Kubernetes' MicroTime: RFC 3339 with six digits. */
function microTime(wallNow: number): string {
  return new Date(wallNow).toISOString().replace(/(\.\d{3})Z$/, "$1000Z");
}
