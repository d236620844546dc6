/**
 * Runs a program's work with a signal that Ctrl-C and SIGTERM abort, and ends the program with its outcome: 0, 1 with the error on stderr, or 130
 * after an interruption. A second Ctrl-C ends it at once.
 */
export async function runUntilInterrupted(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const controller = new AbortController();
  const interrupt = (): void => controller.abort(new Error("interrupted"));
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  try {
    await work(controller.signal);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = controller.signal.aborted ? 130 : 1;
  } finally {
    process.off("SIGINT", interrupt).off("SIGTERM", interrupt);
  }
}
