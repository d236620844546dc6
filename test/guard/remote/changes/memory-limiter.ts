import type { Refusals } from "../change.ts";

/** A memory limiter that comes too late. */
export const MEMORY_LIMITER: Refusals = {
  rule: "memory_limiter",
  gateway: [
    [
      "a limiter that isn't first",
      "[memory_limiter, filter/quiet,",
      "[filter/quiet, memory_limiter,",
      "service.pipelines.traces.processors",
    ],
  ],
};
