import { setImmediate as nextTurn, setTimeout as delay } from "node:timers/promises";

/** How a condition is waited for. */
export interface Patience {
  /** Milliseconds after which it is given up. */
  readonly withinMs: number;
  /** Milliseconds between two looks; 0 looks at every turn of the event loop, for what this process itself brings about. */
  readonly everyMs?: number;
  /** Ends the waiting at once, with its reason. */
  readonly signal?: AbortSignal;
}

/**
 * Waits until `look` gives something other than undefined, and gives that. An error that `look` throws counts as "not yet"
 * and is named where time runs out, with the condition in words.
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined> | T | undefined,
  { withinMs, everyMs = 200, signal }: Patience,
): Promise<T> {
  const began = performance.now();
  let complaint = "";
  for (;;) {
    signal?.throwIfAborted();
    try {
      const seen = await look();
      if (seen !== undefined) return seen;
      complaint = "";
    } catch (error) {
      complaint = ` (${error instanceof Error ? error.message : String(error)})`;
    }
    if (performance.now() - began >= withinMs) throw new Error(`not within ${withinMs / 1_000} s: ${what}${complaint}`);
    await (everyMs === 0 ? nextTurn(undefined, { signal }) : delay(everyMs, undefined, { signal }));
  }
}

/** Long for what a process does by itself, and shorter than a unit test may take. */
const OWN_MS = 30_000;

/** Waits until something holds that this process itself brings about; the error names it by its source text. */
export async function until(holds: () => boolean): Promise<void> {
  await eventually(String(holds), () => holds() || undefined, { withinMs: OWN_MS, everyMs: 0 });
}
