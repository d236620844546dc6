import type { Clock } from "../api/clock.ts";
import { KmError } from "../api/errors.ts";

/** The machine's own clock. Its timers keep nothing alive by themselves but what waits for them. */
export const systemClock: Clock = {
  now: () => performance.now(),
  wallNow: () => Date.now(),
  after(ms, act) {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
};

/** Waits `ms`; false as soon as `signal` says that we stop. */
export async function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  return new Promise((resolve) => {
    const onAbort = () => {
      cancel();
      resolve(false);
    };
    const cancel = clock.after(ms, () => {
      signal.removeEventListener("abort", onAbort);
      resolve(true);
    });
    signal.addEventListener("abort", onAbort, { once: true });
  });
}

/** Throws `Aborted` where `signal` has been raised. */
export function throwIfAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new KmError("Aborted", "stopped");
}

/** A signal that rises with its parent or by `abort`, and lets go of its parent when `release` is called. */
export interface LinkedSignal {
  readonly signal: AbortSignal;
  abort(reason: KmError): void;
  release(): void;
}

/**
 * Links a new signal to `parent`. `AbortSignal.any` and `AbortSignal.timeout` would do the same on the machine's clock
 * alone, and keep listeners on a parent that lives as long as the process.
 */
export function linkSignal(parent: AbortSignal): LinkedSignal {
  const controller = new AbortController();
  // A parent that says why (silence, a deadline) is quoted; whatever else a signal's reason may be, it means that we stop.
  const onAbort = () => {
    const reason: unknown = parent.reason;
    controller.abort(reason instanceof KmError ? reason : new KmError("Aborted", "stopped"));
  };
  if (parent.aborted) onAbort();
  else parent.addEventListener("abort", onAbort, { once: true });
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    release: () => parent.removeEventListener("abort", onAbort),
  };
}
