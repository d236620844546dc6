import type { Signal } from "./counter-reading.ts";

/** One exporter and signal of a collector, as far as it says whose fault it is where another collector's fails. */
export interface ExporterLine {
  /** Its id in the configuration, such as `otlphttp/second`. */
  readonly exporter: string;
  readonly signal: Signal;
  /** Since when it fails, milliseconds since the epoch; `null` while it doesn't. */
  readonly failingSince: number | null;
  /**
   * Moments after which it delivered something, milliseconds since the epoch, the newest first: of each delivery the reading
   * before the one that showed it. A few of them, some time apart.
   */
  readonly deliveredAfter: readonly number[];
}

/**
 * How long a collector may take to send what an endpoint takes again, milliseconds: between two tries it waits 45 s at most by
 * default. So long after an outage the ones that have tried again prove nothing against the others.
 */
const RETRY_MS = 45_000;
/** Deliveries that are kept in mind are so far apart, milliseconds. */
const APART_MS = 15_000;
/** With so many of them one is always older than a retry may take, and not by much. */
const KEPT = RETRY_MS / APART_MS + 1;

/** An exporter and its signal as people are told of them, such as `otlphttp (metrics)`. */
export function lineName({ exporter, signal }: Pick<ExporterLine, "exporter" | "signal">): string {
  return `${exporter} (${signal})`;
}

/** The deliveries that are kept in mind, with one more after the moment `after`. */
export function withDelivery(before: readonly number[], after: number): readonly number[] {
  const [newest = -Infinity] = before;
  return after - newest >= APART_MS ? [after, ...before].slice(0, KEPT) : before;
}

/**
 * Whether a collector with these lines has delivered what others fail to deliver, after they began to fail: `failing` is since
 * when, by the line's name. One that delivered before proves nothing, for the endpoint may have gone since. A line that never
 * delivered there says nothing; without any other, whatever was delivered counts.
 */
export function hasDelivered(
  lines: readonly ExporterLine[],
  failing: ReadonlyMap<string, number>,
  until = Infinity,
): boolean {
  const first = Math.min(...failing.values());
  const same = lines.filter((line) => failing.has(lineName(line)) && line.deliveredAfter.length > 0);
  return (same.length > 0 ? same : lines).some((line) => {
    const since = failing.get(lineName(line)) ?? first;
    return line.deliveredAfter.some((after) => after >= since && after <= until);
  });
}

/** The same, with so much time since that those that fail would have delivered as well if it had been the endpoint's fault. */
export function isWitness(lines: readonly ExporterLine[], failing: ReadonlyMap<string, number>, now: number): boolean {
  return hasDelivered(lines, failing, now - RETRY_MS);
}

/** The lines of a collector that fail, and since when. */
export function failingLines(lines: readonly ExporterLine[]): ReadonlyMap<string, number> {
  return new Map(
    lines.flatMap((line): [string, number][] =>
      line.failingSince === null ? [] : [[lineName(line), line.failingSince]],
    ),
  );
}
