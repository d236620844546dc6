import * as z from "zod";
import { countOrPercent, duration, meta, notLonger } from "./fields.ts";

/** `spec.health`. */
export const health = z
  .object({
    interval: duration("How often each agent's health endpoint is asked.", "1s", "1h").default("30s"),
    timeout: duration("How long one answer may take; not longer than interval.", "100ms", "30s").default("2s"),
    failureThreshold: z
      .int()
      .min(1)
      .max(100)
      .default(3)
      .meta(
        meta({ description: "Misses in a row that turn a running collector into a stopped one.", format: "int32" }),
      ),
    startupGrace: duration("How long a node that has just become Ready counts as starting.", "0s", "1h").default("2m"),
    maxUnhealthy: countOrPercent(
      "More unhealthy or uncovered nodes than this make Ready False; a percentage is rounded down.",
      0,
    ).default("10%"),
  })
  .prefault({})
  .meta(meta({ description: "How the health of the agents is judged." }));

/** Rules of `spec.health`; they stand at `spec` for the reason that those of `spec.nodeAgent` do. */
export const HEALTH_RULES = [notLonger("health.timeout", "health.interval", "must not be longer than health.interval")];
