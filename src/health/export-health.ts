import type { CounterReading, ExporterReading } from "./counter-reading.ts";
import { lineName, withDelivery } from "./witness.ts";
import type { ExporterLine } from "./witness.ts";

/**
 * Whether a collector delivers what it receives.
 * - `Flowing`: something was sent.
 * - `Failing`: nothing was sent, though there was something to send.
 * - `Idle`: there was nothing to send.
 * - `Unknown`: nobody can say yet.
 */
export type ExportState = "Flowing" | "Failing" | "Idle" | "Unknown";

/** The verdict on one collector. */
export interface ExportHealth {
  readonly state: ExportState;
  /** Exporters with their signal that fail, such as `otlphttp (metrics)`, sorted. */
  readonly failing: readonly string[];
  /**
   * There where the state is `Unknown` because what is received never reaches an exporter: it is refused, dropped on its way, or meant
   * for others.
   */
  readonly heldBack?: true;
  /** Since when it is so, as far as readings tell. Milliseconds since the epoch. */
  readonly since: number;
}

/** What is kept of one collector from reading to reading. */
export interface ExportTrack {
  /** Time of the last reading, milliseconds since the epoch, and when the process that it speaks of began. */
  readonly at: number;
  readonly startedAt: number | null;
  readonly exporters: readonly ExporterTrack[];
  readonly health: ExportHealth;
  /** Nothing is known, something fails, or something waits or was lost since it last sent: another reading soon will tell more. */
  readonly open: boolean;
}

/** One exporter's line: the last reading, and since when what of it stands still. */
interface ExporterTrack extends ExporterReading, ExporterLine {
  readonly state: ExportState;
  /** Since when `sent` stands still. */
  readonly stillSince: number;
  /** Since when neither `sent` nor `failed` moved. */
  readonly quietSince: number;
  /** Since when something waits without anything being sent; `null` while nothing does. */
  readonly waitingSince: number | null;
  /** When something was first seen to be lost without anything being sent since; `null` where nothing was. */
  readonly lostSince: number | null;
  /** What receivers of its signal had got when `sent` began to stand still. */
  readonly receivedThen: number;
}

/**
 * How long `sent` must stand still before that means something, milliseconds: more than a batch's timeout. The collector's own
 * `send_failed` comes only after its retries end, five minutes by default.
 */
const STANDSTILL_MS = 20_000;

/** How long nothing must come for a collector to count as idle, milliseconds: more than a scrape and a batch take by default. */
const SILENCE_MS = 90_000;

/** How long a verdict lasts while nothing moves, milliseconds: longer than any usual interval between two scrapes. */
const LASTING_MS = 600_000;

/** A process younger than this is compared with its own beginning, when all counters were 0, milliseconds. */
const YOUNG_MS = 300_000;

/** Two readings speak of the same process when the starts that they tell lie no further apart, milliseconds. */
const START_TOLERANCE_MS = 5_000;

/** Exporters that deliver nothing to anybody: into the collector's own log, or nowhere. */
const LOCAL_EXPORTER = /^(debug|logging|nop)(\/|$)/;

/**
 * Takes one more reading of a collector into what is known of it. Each exporter and signal is judged for itself, for one
 * endpoint can take what another refuses. What begins with a new process, or was never read before, is compared with the
 * start of a young process; of an old one the first reading alone proves nothing, for what it counts may be of last week.
 */
export function followExports(before: ExportTrack | null, reading: CounterReading): ExportTrack {
  const { at, startedAt } = reading;
  const known = before !== null && isSameRun(before, reading) ? before : null;
  const comparedAt =
    known === null && startedAt !== null && at - startedAt < YOUNG_MS ? startedAt : (known?.at ?? null);
  const exporters = reading.exporters
    .filter(({ exporter }) => !LOCAL_EXPORTER.test(exporter))
    .map((now) => {
      const received = reading.received[now.signal] ?? 0;
      const then = known?.exporters.find((line) => line.exporter === now.exporter && line.signal === now.signal);
      return comparedAt === null
        ? firstSeen(now, at, received)
        : nextLine(then ?? beginning(now, comparedAt), now, { from: comparedAt, at }, received);
    });
  const verdict = judge(exporters, reading, known);
  const last = known?.health;
  const health =
    last !== undefined && isSameVerdict(last, verdict) ? last : { ...verdict, since: sinceOf(exporters, verdict, at) };
  const settled = verdict.state === "Flowing" || verdict.state === "Idle";
  return {
    at,
    startedAt,
    exporters,
    health,
    open: !settled || exporters.some((line) => isInDoubt(line) && line.stillSince < at),
  };
}

/** A counter that fell, and an uptime that began anew, tell of another process. */
function isSameRun(before: ExportTrack, { startedAt, exporters }: CounterReading): boolean {
  if (before.startedAt !== null && startedAt !== null && Math.abs(startedAt - before.startedAt) > START_TOLERANCE_MS) {
    return false;
  }
  return before.exporters.every((line) => {
    const now = exporters.find(({ exporter, signal }) => exporter === line.exporter && signal === line.signal);
    return (now?.sent ?? 0) >= line.sent && (now?.failed ?? 0) >= line.failed;
  });
}

/** A line that wasn't there at `at`: a counter that isn't shown is 0. */
function beginning({ exporter, signal }: ExporterReading, at: number): ExporterTrack {
  return firstSeen({ exporter, signal, sent: 0, failed: 0, pending: 0 }, at, 0);
}

function firstSeen(now: ExporterReading, at: number, receivedThen: number): ExporterTrack {
  return {
    ...now,
    state: "Unknown",
    stillSince: at,
    quietSince: at,
    waitingSince: now.pending > 0 ? at : null,
    lostSince: null,
    receivedThen,
    failingSince: null,
    deliveredAfter: [],
  };
}

/** Judges a line by its reading at `at` and the one before, at `from`. */
function nextLine(
  before: ExporterTrack,
  now: ExporterReading,
  { from, at }: { readonly from: number; readonly at: number },
  received: number,
): ExporterTrack {
  if (now.sent > before.sent) {
    return {
      ...firstSeen(now, at, received),
      state: "Flowing",
      deliveredAfter: withDelivery(before.deliveredAfter, from),
    };
  }
  const waitingSince = now.pending > 0 ? (before.waitingSince ?? at) : null;
  const isLosing = now.failed > before.failed;
  const lostSince = isLosing ? (before.lostSince ?? at) : before.lostSince;
  const quietSince = isLosing ? at : before.quietSince;
  const line = { ...before, ...now, quietSince, waitingSince, lostSince };
  if (!isStuck(line, isLosing, at)) {
    const state = quietState(line, at);
    return { ...line, state, failingSince: state === "Failing" ? line.failingSince : null };
  }
  return {
    ...line,
    state: "Failing",
    failingSince: line.failingSince ?? Math.min(waitingSince ?? at, lostSince ?? at),
  };
}

/**
 * Whether an exporter that sends nothing has stood still for long enough, while something waits or more and more is lost. One
 * that sent before may lose a single batch; of one that never sent, what it lost is all that there was.
 */
function isStuck(
  { state, stillSince, waitingSince, lostSince }: ExporterTrack,
  isLosing: boolean,
  at: number,
): boolean {
  if (waitingSince !== null && at - waitingSince >= STANDSTILL_MS) return true;
  if (lostSince === null) return false;
  return state === "Unknown" ? at - stillSince >= STANDSTILL_MS : isLosing && at - lostSince >= STANDSTILL_MS;
}

/** The state of an exporter that stands still otherwise. */
function quietState({ state, quietSince, waitingSince }: ExporterTrack, at: number): ExportState {
  // What waits at one reading alone may be a batch that has just come.
  if (waitingSince !== null) return state;
  return at - quietSince >= (state === "Unknown" ? SILENCE_MS : LASTING_MS) ? "Idle" : state;
}

function isWaiting({ waitingSince }: ExporterTrack): boolean {
  return waitingSince !== null;
}

/** Something waits or was lost since it last sent: the next readings tell whether it fails. */
function isInDoubt(line: ExporterTrack): boolean {
  return isWaiting(line) || (line.lostSince !== null && line.state !== "Idle");
}

type Verdict = Omit<ExportHealth, "since">;

function judge(lines: readonly ExporterTrack[], reading: CounterReading, known: ExportTrack | null): Verdict {
  const failing = lines.filter(({ state }) => state === "Failing").map(lineName);
  if (failing.length > 0) return { state: "Failing", failing: failing.sort() };
  const exporters = Map.groupBy(lines, ({ exporter }) => exporter);
  if (exporters.size === 0) return { state: nobodySends(reading, known), failing };
  const states = new Set(exporters.values().map(exporterState));
  if (states.has("Unknown")) return { state: "Unknown", failing };
  if (states.has("Flowing")) return { state: "Flowing", failing };
  return lines.some((line) => isHeldBack(line, reading))
    ? { state: "Unknown", failing, heldBack: true }
    : { state: "Idle", failing };
}

/**
 * No exporter to anybody shows itself. In older releases one without a queue does so with its first batch alone, so nobody can
 * say what becomes of that which is received and doesn't end in the collector's own log.
 */
function nobodySends({ at, startedAt, received, exporters }: CounterReading, known: ExportTrack | null): ExportState {
  const isLocal = (signal: string) => exporters.some((line) => line.signal === signal && line.sent > 0);
  if (Object.entries(received).some(([signal, count]) => count > 0 && !isLocal(signal))) return "Unknown";
  const since = startedAt ?? known?.at ?? at;
  return at - since >= SILENCE_MS ? "Idle" : "Unknown";
}

/** An exporter flows when any signal of it does, unless another one's first batches wait. */
function exporterState(signals: readonly ExporterTrack[]): ExportState {
  const open = signals.filter(({ state }) => state === "Unknown");
  if (open.some(isWaiting)) return "Unknown";
  if (signals.some(({ state }) => state === "Flowing")) return "Flowing";
  return open.length > 0 ? "Unknown" : "Idle";
}

/** Something of its signal is received, and neither sent nor waiting: refused, dropped on its way, or meant for others. */
function isHeldBack({ signal, receivedThen }: ExporterTrack, { received }: CounterReading): boolean {
  return (received[signal] ?? 0) > receivedThen;
}

/** A failure began when the first of those that fail was last seen to send; everything else begins when it is seen. */
function sinceOf(lines: readonly ExporterTrack[], { state }: Verdict, at: number): number {
  if (state !== "Failing") return at;
  return Math.min(at, ...lines.map(({ failingSince }) => failingSince ?? at));
}

function isSameVerdict(before: ExportHealth, now: Verdict): boolean {
  return before.state === now.state && before.heldBack === now.heldBack && before.failing.join() === now.failing.join();
}
