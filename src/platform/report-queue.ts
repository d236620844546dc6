import { spread } from "../api/spread.ts";
import type { NodeReport } from "./wire.ts";

/** What to do next: send one report, or nothing before `at` (`null`: before something changes). */
export type Next =
  { readonly kind: "send"; readonly report: NodeReport } | { readonly kind: "wait"; readonly at: number | null };

interface Entry {
  report: NodeReport;
  /** The platform hasn't heard of the present state yet. */
  changed: boolean;
  /** For a removed agent: when its last report is given up. */
  expiresAt: number | null;
  place: "resting" | "ready" | "inFlight";
  dueAt: number;
  sentAt: number;
}

/** A node that changes all the time is reported once a second at most. */
const LEAST_GAP_MS = 1_000;
/** Unchanged nodes are looked through at most ten times a second, however many there are. */
const LEAST_LOOK_MS = 100;
/** After so many changed ones in a row an unchanged one has its turn, so that a storm of changes starves nobody. */
const CHANGED_IN_A_ROW = 3;

/**
 * What of which node is sent when. Pure but for its own memory: times are monotonic milliseconds, given as arguments.
 *
 * - Only the newest state of a node waits, so there are never more reports than nodes.
 * - A changed state is ready at once, an unchanged one every interval at a moment that is the node's own, so that thousands
 *   spread evenly.
 * - Ready ones go in the order in which they became ready; what failed goes to the end, so that one bad payload holds up no other.
 */
export class ReportQueue {
  readonly #entries = new Map<string, Entry>();
  readonly #changed = new Set<string>();
  readonly #unchanged = new Set<string>();
  #interval: number;
  #row = 0;
  /** No resting entry is due before this; saves looking through all of them. */
  #nextLook = Number.NEGATIVE_INFINITY;

  constructor(intervalMs: number) {
    this.#interval = intervalMs;
  }

  /** Agents that are known, removed ones whose last report waits included. */
  get size(): number {
    return this.#entries.size;
  }

  /** Reports that could be sent now. */
  get ready(): number {
    return this.#changed.size + this.#unchanged.size;
  }

  /** Whether the platform knows the newest state of every agent. */
  get settled(): boolean {
    for (const { changed } of this.#entries.values()) if (changed) return false;
    return true;
  }

  /** The newest known report of an agent. */
  report(hostname: string): NodeReport | undefined {
    return this.#entries.get(hostname)?.report;
  }

  /** Names of the agents that are there, without the removed ones. */
  *hostnames(): Iterable<string> {
    for (const [hostname, { expiresAt }] of this.#entries) if (expiresAt === null) yield hostname;
  }

  /** Whether this agent is there and wasn't removed. */
  has(hostname: string): boolean {
    return this.#entries.get(hostname)?.expiresAt === null;
  }

  /** Changes how often unchanged nodes are sent. */
  setInterval(intervalMs: number, now: number): void {
    if (intervalMs === this.#interval) return;
    this.#interval = intervalMs;
    for (const [hostname, entry] of this.#entries) {
      if (entry.place === "resting" && !entry.changed) entry.dueAt = this.#slot(hostname, now);
    }
    this.#nextLook = now;
  }

  /** The present state of an agent; nothing happens where it is known already. */
  put(report: NodeReport, now: number): void {
    const entry = this.#entries.get(report.hostname);
    if (entry?.expiresAt === null && sameReport(entry.report, report)) return;
    this.#change(report, null, now);
  }

  /** The last report of an agent that was taken away: sent once, given up at `expiresAt`, then the agent is forgotten. */
  withdraw(report: NodeReport, expiresAt: number, now: number): void {
    this.#change(report, expiresAt, now);
  }

  /** Forgets an agent without a word. */
  forget(hostname: string): void {
    this.#entries.delete(hostname);
    this.#changed.delete(hostname);
    this.#unchanged.delete(hostname);
  }

  /** Decides what comes next. A report that it gives counts as in flight until `settle` says how it went. */
  next(now: number): Next {
    this.#look(now);
    const hostname = this.#pick();
    if (hostname === undefined) return { kind: "wait", at: Number.isFinite(this.#nextLook) ? this.#nextLook : null };
    const entry = this.#entries.get(hostname);
    if (entry === undefined) throw new Error("a ready report is always known");
    this.#changed.delete(hostname);
    this.#unchanged.delete(hostname);
    entry.place = "inFlight";
    entry.sentAt = now;
    return { kind: "send", report: entry.report };
  }

  /** How the sending of `report` went: `done` means that sending the same again at once is pointless. */
  settle(report: NodeReport, result: "done" | "failed", now: number): void {
    const entry = this.#entries.get(report.hostname);
    // Forgotten meanwhile, or forgotten and made anew.
    if (entry?.place !== "inFlight") return;
    entry.place = "resting";
    const newest = entry.report === report;
    if (result === "done" && newest) {
      if (entry.expiresAt !== null) {
        this.forget(report.hostname);
        return;
      }
      entry.changed = false;
      entry.dueAt = this.#slot(report.hostname, now);
    } else entry.dueAt = result === "done" ? entry.sentAt + LEAST_GAP_MS : now;
    this.#nextLook = Math.min(this.#nextLook, entry.dueAt);
  }

  #change(report: NodeReport, expiresAt: number | null, now: number): void {
    const { hostname } = report;
    const entry = this.#entries.get(hostname);
    if (entry === undefined) {
      const sentAt = Number.NEGATIVE_INFINITY;
      this.#entries.set(hostname, { report, changed: true, expiresAt, place: "resting", dueAt: now, sentAt });
    } else {
      Object.assign(entry, { report, changed: true, expiresAt });
      if (entry.place === "resting") entry.dueAt = Math.max(now, entry.sentAt + LEAST_GAP_MS);
      if (this.#unchanged.delete(hostname)) this.#changed.add(hostname);
    }
    this.#nextLook = Math.min(this.#nextLook, this.#entries.get(hostname)?.dueAt ?? now);
  }

  /** Moves what is due to the ready ones, drops what has expired, and learns when to look next. */
  #look(now: number): void {
    if (now < this.#nextLook) return;
    let next = Number.POSITIVE_INFINITY;
    for (const [hostname, entry] of this.#entries) {
      if (entry.expiresAt !== null && entry.place !== "inFlight") {
        if (entry.expiresAt <= now) {
          this.forget(hostname);
          continue;
        }
        next = Math.min(next, entry.expiresAt);
      }
      if (entry.place !== "resting") continue;
      if (entry.dueAt <= now) {
        entry.place = "ready";
        (entry.changed ? this.#changed : this.#unchanged).add(hostname);
      } else next = Math.min(next, entry.dueAt);
    }
    this.#nextLook = Math.max(next, now + LEAST_LOOK_MS);
  }

  #pick(): string | undefined {
    const changed = this.#changed.values().next();
    const unchanged = this.#unchanged.values().next();
    if (changed.done === true || (unchanged.done !== true && this.#row >= CHANGED_IN_A_ROW)) {
      this.#row = 0;
      return unchanged.value;
    }
    this.#row += 1;
    return changed.value;
  }

  /** The next moment after `now` that is this agent's own in every interval. */
  #slot(hostname: string, now: number): number {
    const phase = spread(hostname) * this.#interval;
    const slot = phase + Math.ceil((now - phase) / this.#interval) * this.#interval;
    return slot > now ? slot : slot + this.#interval;
  }
}

function sameReport(a: NodeReport, b: NodeReport): boolean {
  return (
    a.agent_status === b.agent_status &&
    a.collector_status === b.collector_status &&
    a.last_error_message === b.last_error_message &&
    a.agent_version === b.agent_version &&
    a.collector_version === b.collector_version &&
    a.platform === b.platform &&
    a.architecture === b.architecture
  );
}
