import { KmError } from "./errors.ts";

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/**
 * Milliseconds of a Go duration (`1m30s`, `250ms`) or of a bare number of seconds.
 * Throws a `KmError` of code `InvalidSpec` for anything else, though the API server lets nothing else through.
 */
export function milliseconds(duration: string | number): number {
  if (typeof duration === "number") return duration * 1_000;
  const parts = [...duration.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g)];
  if (parts.length === 0 || parts.map(([whole]) => whole).join("") !== duration) {
    throw new KmError("InvalidSpec", `not a duration: ${JSON.stringify(duration)}; write it as 30s or 1m30s`);
  }
  return parts.reduce((sum, [, amount = "0", unit = "s"]) => sum + Number(amount) * (UNITS[unit] ?? 0), 0);
}

/** How many of `total` a count or a percentage means, rounded down (`10%` of 25 is 2). Never more than `total`. */
export function share(of: string | number, total: number): number {
  const count = typeof of === "number" ? of : Math.floor((Number.parseInt(of, 10) * total) / 100);
  return Math.min(count, total);
}
