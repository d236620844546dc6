import { NODE_REASONS } from "../api/reasons.ts";
import type { NodeReason } from "../api/reasons.ts";
import { sentence } from "../api/sentence.ts";
import type { ExportHealth, ExportState } from "./export-health.ts";
import { isCollectorEnd } from "./fault.ts";
import { cleanForeignText, cutToBytes, FOREIGN_TEXT_BYTES, layOut } from "./foreign-text.ts";
import { judge } from "./judgements.ts";
import type { Verdict } from "./judgements.ts";
import type { NodeKind, SettledKind } from "./node-kind.ts";
import type { NodeObservation, PodObservation } from "./observation.ts";
import type { HealthSource, RememberedHealth } from "./remembered.ts";
import { subjectOf } from "./subject.ts";
import type { HealthContext, Subject } from "./subject.ts";

/** The truth about one node. Plain data, fit for `/nodes`, metrics, the platform and the status. Times are milliseconds since the epoch. */
export interface NodeHealth {
  readonly node: string;
  readonly kind: NodeKind;
  /** Whether the agent's container runs and isn't about to end. */
  readonly agent: "Running" | "Stopped";
  /** Whether the collector in it answers. */
  readonly collector: "Running" | "Stopped";
  readonly reason: NodeReason;
  /** What is wrong, where, and what to do: one line of 1 KiB at most. */
  readonly message: string;
  /** The collector's or kubelet's own words while the collector is stopped, 1 KiB at most, lines kept; else empty. */
  readonly lastError: string;
  /** Since when kind and reason are what they are. */
  readonly since: number;
  readonly source: HealthSource;
  /** Whether the collector delivers what it receives, by its own counters. It makes no node unhealthy. */
  readonly export: ExportState;
  /** Exporters with their signal that fail, such as `otlphttp (metrics)`. */
  readonly failingExporters: readonly string[];
  /** Since when `export` is what it is; `null` while it is `Unknown`. */
  readonly exportSince: number | null;
  /** How long the last answer took, where there is one. */
  readonly latencyMs: number | null;
  /** Since when the collector is up: by its own word, else by kubelet's. */
  readonly upSince: number | null;
  /** How often kubelet has restarted the container of this pod. */
  readonly restarts: number;
  /** When its previous run ended, where there was one. */
  readonly lastExitAt: number | null;
  readonly revision: string;
  readonly podUid: string;
  readonly podName: string;
  readonly image: string;
  readonly os: string;
  readonly architecture: string;
  /** The last kind that wasn't a passing one; events tell of its changes. */
  readonly settled: SettledKind | null;
  /** When time alone would change this, where it would. */
  readonly reviewAt: number | null;
}

/** Foreign words inside a message leave room for ours. */
const DETAIL_BYTES = 600;

/** Decides what a node is. Pure and total: any observation gets an answer. */
export function nodeHealth(
  node: NodeObservation,
  previous: RememberedHealth | undefined,
  context: HealthContext,
): NodeHealth {
  const subject = subjectOf(node, previous, context);
  const verdict = judge(subject);
  const { pod, running, probe, answers } = subject;
  const collectorRuns = verdict.kind === "healthy" || (verdict.kind !== "unhealthy" && answers);
  const restarts = pod?.container?.restarts ?? 0;
  const lastExitAt = pod?.container?.last?.finishedAt ?? null;
  const exports = collectorRuns ? exportsOf(subject) : null;
  const words = sameEnd(previous, verdict, pod, restarts, lastExitAt)
    ? previous
    : sameStory(previous, wordsOf(verdict, context), verdict);
  return {
    node: node.name,
    kind: verdict.kind,
    agent: running !== null && (verdict.kind !== "notReady" || answers) ? "Running" : "Stopped",
    collector: collectorRuns ? "Running" : "Stopped",
    reason: verdict.reason,
    message: words.message,
    lastError: collectorRuns || verdict.kind === "excluded" ? "" : words.lastError,
    since: sinceOf(verdict, subject),
    source: verdict.source,
    export: exports?.state ?? "Unknown",
    failingExporters: exports?.failing ?? NONE,
    exportSince: exports?.since ?? null,
    latencyMs: answers ? (probe?.latencyMs ?? null) : null,
    upSince: collectorRuns ? (upSinceOf(subject) ?? null) : null,
    restarts,
    lastExitAt,
    revision: pod?.revision ?? "",
    podUid: pod?.uid ?? "",
    podName: pod?.name ?? "",
    image: pod?.image ?? "",
    os: node.os,
    architecture: node.architecture,
    settled: settledKind(verdict) ?? previous?.settled ?? null,
    reviewAt: verdict.reviewAt ?? null,
  };
}

/** The kind itself where it is one that lasts and the node's own, else `null`. */
function settledKind({ kind, reason }: Verdict): SettledKind | null {
  if (reason === "NotDeployed") return null;
  return kind === "healthy" || kind === "unhealthy" || kind === "notReady" || kind === "uncovered" ? kind : null;
}

/** Kept while kind and reason stay; else from the observation where it tells, but never in the future. */
function sinceOf(verdict: Verdict, { previous, context }: Subject): number {
  if (previous?.kind === verdict.kind && previous.reason === verdict.reason) return previous.since;
  return Math.min(verdict.knownSince ?? context.now, context.now);
}

function upSinceOf({ probe, running }: Subject): number | undefined {
  return (probe?.outcome.kind === "ok" ? probe.outcome.upSince : null) ?? running?.startedAt;
}

const NONE: readonly string[] = [];

/** The verdict on this very run of the container, where there is one. */
function exportsOf({ node, running }: Subject): ExportHealth | null {
  const { exports } = node;
  if (exports === null || running === null) return null;
  const isOfThisRun = running.restarts === 0 || exports.at >= running.startedAt;
  return isOfThisRun && exports.health.state !== "Unknown" ? exports.health : null;
}

/** Reasons that need nobody's hand; naming the action "Nothing" or "Wait" would only add noise. */
const QUIET: ReadonlySet<NodeKind> = new Set<NodeKind>(["healthy", "excluded", "leaving", "starting", "updating"]);

/** What is said of a verdict, for people and for the platform. */
interface Words {
  readonly message: string;
  readonly lastError: string;
}

function wordsOf(verdict: Verdict, { mask }: HealthContext): Words {
  // Said and cleaned before, action and all.
  if (verdict.source === "status") return { message: verdict.summary, lastError: verdict.summary };
  const keep = detailEnd(verdict);
  const detail = verdict.detail === "" ? "" : cleanForeignText(verdict.detail, mask, keep);
  const room = Math.max(FOREIGN_TEXT_BYTES - verdict.summary.length * 3, DETAIL_BYTES);
  return {
    message: messageOf(verdict, layOut(detail, { bytes: DETAIL_BYTES, keep, lines: "one" })),
    lastError: cutToBytes(
      joined(verdict.summary, layOut(detail, { bytes: room, keep, lines: "many" })),
      FOREIGN_TEXT_BYTES,
      "head",
    ),
  };
}

function messageOf({ kind, reason, summary }: Verdict, detail: string): string {
  const words = sentence(capitalised(joined(summary, detail)));
  const silent = QUIET.has(kind) && reason !== "KubeletReportsReady";
  return cutToBytes(silent ? words : `${words} ${NODE_REASONS[reason].action}`, FOREIGN_TEXT_BYTES, "head");
}

function joined(summary: string, detail: string): string {
  return detail === "" ? summary : `${summary}: ${detail}`;
}

/** A collector's last words don't change once they are known, and cleaning them anew for a whole fleet at each pass would cost seconds. */
function sameEnd(
  previous: NodeHealth | RememberedHealth | undefined,
  verdict: Verdict,
  pod: PodObservation | null,
  restarts: number,
  lastExitAt: number | null,
): previous is NodeHealth {
  return (
    previous !== undefined &&
    "lastError" in previous &&
    lastExitAt !== null &&
    // Words that were missing may have come: the edge reads a container's log after its end.
    previous.lastError !== verdict.summary &&
    detailEnd(verdict) === "tail" &&
    previous.kind === verdict.kind &&
    previous.reason === verdict.reason &&
    previous.podUid === pod?.uid &&
    previous.restarts === restarts &&
    previous.lastExitAt === lastExitAt
  );
}

/** Reasons for which the scheduler's words are quoted. */
const OF_THE_SCHEDULER: ReadonlySet<NodeReason> = new Set<NodeReason>([
  "PortConflict",
  "InsufficientResources",
  "Unschedulable",
]);

/**
 * Kubelet's words of a node and the scheduler's of a pod count seconds and nodes, anew each time; where nothing else differs it is
 * the same story, and telling it again would be a write for nothing. Of other verdicts each number may be the point.
 */
function sameStory(
  previous: NodeHealth | RememberedHealth | undefined,
  words: Words,
  { kind, reason }: Verdict,
): Words {
  const counts = kind === "notReady" || (kind === "uncovered" && OF_THE_SCHEDULER.has(reason));
  if (!counts || previous?.kind !== kind || previous.reason !== reason || !("lastError" in previous)) return words;
  return isSameStory(previous.message, words.message) && isSameStory(previous.lastError, words.lastError)
    ? previous
    : words;
}

function isSameStory(one: string, other: string): boolean {
  return one === other || withoutNumbers(one) === withoutNumbers(other);
}

function withoutNumbers(text: string): string {
  return text.replace(/(\d+(\.\d+)?(ms|h|m|s)?)+/g, "#");
}

/** A collector says what it died of last; everybody else says the main thing first. */
function detailEnd({ reason }: Verdict): "head" | "tail" {
  return isCollectorEnd(reason) ? "tail" : "head";
}

function capitalised(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
