/** A part of a larger task. The signal is aborted as soon as another part fails. */
export type Part<T> = (signal: AbortSignal) => Promise<T>;

/**
 * Runs parts at the same time. Where one fails, the others are told to stop, and waited for: nothing goes on behind the caller's back.
 *
 * @throws what the first failing part threw.
 */
export async function together<const P extends readonly Part<unknown>[]>(
  signal: AbortSignal,
  parts: P,
): Promise<{ -readonly [K in keyof P]: Awaited<ReturnType<P[K]>> }> {
  const failed = new AbortController();
  const inner = AbortSignal.any([signal, failed.signal]);
  const running = parts.map(async (part) => {
    try {
      return await part(inner);
    } catch (error) {
      failed.abort(error);
      throw error;
    }
  });
  const outcomes = await Promise.allSettled(running);
  if (failed.signal.aborted) throw failed.signal.reason;
  // Every part is fulfilled here, in the parts' order: the one thing that the type system can't see.
  return outcomes.map((outcome) => (outcome.status === "fulfilled" ? outcome.value : undefined)) as never;
}
