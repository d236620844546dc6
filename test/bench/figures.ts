/** One row of the table. */
export interface Figure {
  readonly what: string;
  readonly measured: number;
  /** At most this; null where the figure is only for information. */
  readonly budget: number | null;
  readonly unit: string;
  readonly note?: string;
}

/** The middle one of some measurements. */
export function median(values: readonly number[]): number {
  return percentile(values, 50);
}

/** The value that `percent` of the measurements don't exceed (nearest rank); the highest one where there are few. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}

/** The figures as a Markdown table, which is read well as it is, and a sentence on what isn't met. */
export function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, measured, budget, unit, note }) => [
    what,
    `${rounded(measured)} ${unit}${note === undefined ? "" : ` (${note})`}`,
    budget === null ? "–" : `${rounded(budget)} ${unit}`,
    budget === null ? "–" : measured <= budget ? "yes" : "**no**",
  ]);
  const all = [["what", "measured", "budget", "met?"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const line = (row: readonly string[]) => `| ${row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join(" | ")} |`;
  const [head = [], ...body] = all;
  const missed = figures.filter(({ budget, measured }) => budget !== null && !(measured <= budget));
  const verdict =
    figures.length === 0
      ? "Nothing was measured."
      : missed.length === 0
        ? "Every budget is met."
        : `Not met: ${missed.map(({ what }) => what).join("; ")}.`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...body.map(line), "", verdict].join("\n");
}

function rounded(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}
