/** How a condition is waited for. */
export interface Patience {
  /** Milliseconds after which it is given up. */
  readonly withinMs: number;
  readonly everyMs?: number;
}

/**
 * Waits until `look` gives something other than undefined, and gives that. An error that `look` throws counts as "not yet"
 * and is named where time runs out, with the condition in words.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  { withinMs, everyMs = 200 }: Patience,
): Promise<T> {
  const began = performance.now();
  let complaint = "";
  for (;;) {
    try {
      const seen = await look();
      if (seen !== undefined) return seen;
      complaint = "";
    } catch (error) {
      complaint = ` (${error instanceof Error ? error.message : String(error)})`;
    }
    if (performance.now() - began >= withinMs) throw new Error(`not within ${withinMs / 1_000} s: ${what}${complaint}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
