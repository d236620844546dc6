import { BOUND } from "../api/bounds.ts";
import type { Finding } from "../config/finding.ts";
import type { Ask, SentConfig } from "./ask.ts";
import type { SentVerdict } from "./judge.ts";
import type { Heeded, Wait } from "./note.ts";
import type { AcceptedConfig, RemoteRecord } from "./record.ts";
import { forgive, isRetried } from "./tried.ts";

/** What the KmAgent says to remote configurations. */
export interface HeedSettings {
  /** `remoteConfig.minInterval`, milliseconds. */
  readonly minIntervalMs: number;
  /** Value of the annotation `kloudmate.com/retry`; empty where it isn't there. */
  readonly retry: string;
  /** Generation of the spec: after a change of it, a retry that is still asked for is done once more. */
  readonly generation: number;
  /** Whether what is wanted now was rolled back, whatever in it failed, so that no restart may try it once more. */
  readonly rolledBack: boolean;
  /**
   * No revision has ever been proved, so that there would be none to go back to: until when that is waited for, milliseconds since
   * the epoch, or `Infinity`; `null` where one is.
   */
  readonly unprovedUntil: number | null;
}

/** What decides when something that waits will be done. */
type WaitSettings = Pick<HeedSettings, "minIntervalMs" | "unprovedUntil">;

/** As many refused configurations as are remembered. */
const KEPT_REFUSED = 20;
/** An answer that nobody has read has no hash. */
const UNREAD = "unread";
const TOO_LONG: Finding = {
  rule: "size",
  path: "",
  message: `the platform's answer is too long to be read; a configuration may have ${BOUND.configuration} bytes`,
};

/**
 * Takes one answer. `judge` is the guard; it is asked only about what is new. `now` is in milliseconds since the epoch.
 *
 * An answer that repeats the one before is the same wish: the platform may give it once or until it sees it done. The same
 * configuration after an answer that asked for nothing is a new wish, and one that is in force is restarted for it.
 */
export function heed(
  record: RemoteRecord,
  ask: Ask,
  judge: (sent: unknown) => SentVerdict,
  settings: HeedSettings,
  now: number,
): Heeded {
  const asked = keyOf(ask);
  const repeated = asked !== "" && asked === record.asked;
  const before = record.asked === asked ? record : { ...record, asked };
  switch (ask.kind) {
    case "nothing":
      return { record: before, notes: [] };
    case "unasked":
      return { record: before, notes: [{ kind: "unasked", hash: ask.hash }] };
    case "restart":
      return repeated ? { record: before, notes: [] } : restarted(before, settings, now);
    case "oversized":
      // What nobody has read may be something else each time, so only the next one in a row is taken for the same.
      return repeated
        ? { record: before, notes: [] }
        : refuse(before, UNREAD, { ok: false, findings: [TOO_LONG], sentText: null }, now);
    case "config":
      return heedConfig(before, ask.sent, { ...settings, restart: ask.alone && !repeated }, judge, now);
  }
}

function heedConfig(
  given: RemoteRecord,
  { hash, document }: SentConfig,
  settings: HeedSettings & { readonly restart: boolean },
  judge: (sent: unknown) => SentVerdict,
  now: number,
): Heeded {
  const record = given.heard === hash ? given : { ...given, heard: hash };
  const { accepted, waiting } = record;
  const same: Heeded = { record, notes: [{ kind: "same", hash }] };
  if (waiting?.hash === hash) return same;
  if (accepted?.hash === hash) {
    // The newest wins: what waited to replace it isn't wanted any more.
    if (waiting !== null) return { record: { ...record, waiting: null }, notes: [{ kind: "kept", hash }] };
    return settings.restart && !settings.rolledBack ? restarted(record, settings, now) : same;
  }
  const failed = record.rolledBack.find((each) => each.hash === hash);
  if (failed) {
    if (!isRetried(failed, settings.retry)) return same;
    return judged(forgive(record, hash), hash, judge(document), settings, now);
  }
  const known = record.refused.find((refused) => refused.hash === hash);
  if (known && !wantsRetry(record, hash, settings)) return same;
  return judged(known ? retriedNow(record, hash, settings) : record, hash, judge(document), settings, now);
}

/** Does what was waited for: a configuration or restart whose time has come, and a retry that a person asked for. */
export function settle(
  record: RemoteRecord,
  judgeKept: (text: string) => SentVerdict,
  settings: HeedSettings,
  now: number,
): Heeded {
  const [newest] = record.refused;
  if (newest && record.refusedText !== null && wantsRetry(record, newest.hash, settings)) {
    const verdict = judgeKept(record.refusedText);
    return judged(retriedNow(record, newest.hash, settings), newest.hash, verdict, settings, now);
  }
  const [failed] = record.rolledBack;
  if (failed && record.rolledBackText !== null && isRetried(failed, settings.retry)) {
    const verdict = judgeKept(record.rolledBackText);
    return judged(forgive(record, failed.hash), failed.hash, verdict, settings, now);
  }
  const wait = waitOf(record, settings);
  if (wait === null || now < wait.until) return { record, notes: [] };
  if (record.waiting !== null) {
    // The spec may allow less than when it came.
    const { hash, text } = record.waiting;
    return judged({ ...record, waiting: null }, hash, judgeKept(text), settings, now);
  }
  return restarted({ ...record, restartWaits: false }, settings, now);
}

/** What something that waits waits for, and until when; `null` where nothing waits. */
export function waitOf(record: RemoteRecord, settings: WaitSettings): Wait | null {
  return record.waiting === null && !record.restartWaits ? null : nextTurn(record, settings);
}

/** From when on a rollout may follow the last one, which may have been taken back, or the installation. */
function nextTurn(
  { accepted, restartedAt, rolledBack }: RemoteRecord,
  { minIntervalMs, unprovedUntil }: WaitSettings,
): Wait {
  const begun = [accepted?.since, restartedAt, rolledBack[0]?.since].filter((time) => typeof time === "number");
  const free = Math.max(Number.NEGATIVE_INFINITY, ...begun) + minIntervalMs;
  return unprovedUntil !== null && unprovedUntil > free
    ? { for: "proof", until: unprovedUntil }
    : { for: "interval", until: free };
}

function judged(record: RemoteRecord, hash: string, verdict: SentVerdict, settings: HeedSettings, now: number): Heeded {
  if (!verdict.ok) return refuse(record, hash, verdict, now);
  const forgiven = record.refused.filter((refused) => refused.hash !== hash);
  const wasNewest = record.refused[0]?.hash === hash;
  const cleared = { ...record, refused: forgiven, refusedText: wasNewest ? null : record.refusedText };
  return accept(cleared, { hash, text: verdict.text }, settings, now);
}

function accept(record: RemoteRecord, config: AcceptedConfig, settings: HeedSettings, now: number): Heeded {
  const { hash, text } = config;
  const wait = nextTurn(record, settings);
  // One that makes the same of its pods moves none, so it needn't wait.
  const same = record.accepted?.text === text ? record.accepted : null;
  if (!same && now < wait.until) {
    return {
      record: { ...record, heard: hash, waiting: { ...config, since: wholeSeconds(now) }, rolledBackText: null },
      notes: [{ kind: "waits", hash, wait }],
    };
  }
  const accepted = { hash, text, since: same?.since ?? wholeSeconds(now) };
  // Otherwise its pods are made anew anyway.
  const restartWaits = same !== null && record.restartWaits;
  return {
    record: { ...record, heard: hash, accepted, waiting: null, restartWaits, rolledBackText: null },
    notes: [{ kind: same ? "kept" : "accepted", hash }],
  };
}

function refuse(
  record: RemoteRecord,
  hash: string,
  { findings, sentText }: Extract<SentVerdict, { ok: false }>,
  now: number,
): Heeded {
  const { rule = "", path = "", message = "" } = findings[0] ?? {};
  const known = record.refused.find((refused) => refused.hash === hash);
  const isSame = known?.rule === rule && known.path === path && known.message === message;
  const refused = isSame ? known : { hash, rule, path, message, since: wholeSeconds(now) };
  const others = record.refused.filter((other) => other.hash !== hash);
  return {
    record: {
      ...record,
      heard: hash,
      refused: [refused, ...others].slice(0, KEPT_REFUSED),
      refusedText: sentText,
    },
    notes: [{ kind: "refused", refused, findings: findings.length }],
  };
}

function restarted(record: RemoteRecord, settings: HeedSettings, now: number): Heeded {
  if (settings.rolledBack) return { record: { ...record, restartWaits: false }, notes: [] };
  // A configuration that waits restarts the pods itself.
  if (record.waiting !== null) return { record, notes: [] };
  const wait = nextTurn(record, settings);
  if (now < wait.until) return { record: { ...record, restartWaits: true }, notes: [{ kind: "restartWaits", wait }] };
  return { record: { ...record, restartedAt: wholeSeconds(now), restartWaits: false }, notes: [{ kind: "restart" }] };
}

function wantsRetry({ retried }: RemoteRecord, hash: string, { retry, generation }: HeedSettings): boolean {
  return retry === hash && retried !== retryKey(hash, generation);
}

function retriedNow(record: RemoteRecord, hash: string, { generation }: HeedSettings): RemoteRecord {
  return { ...record, retried: retryKey(hash, generation) };
}

function retryKey(hash: string, generation: number): string {
  return `${hash}@${generation}`;
}

function keyOf(ask: Ask): string {
  switch (ask.kind) {
    case "nothing":
    case "unasked":
      return "";
    case "restart":
    case "oversized":
      return ask.kind;
    case "config":
      return ask.sent.hash;
  }
}

/** As annotations hold it. */
function wholeSeconds(ms: number): number {
  return Math.floor(ms / 1_000) * 1_000;
}
