import { at, isMap } from "../../../yaml-value.ts";
import { all, duration, found, record, secondsOf, timeout, whole } from "../shape.ts";
import type { Shape } from "../shape.ts";

/** The collector refuses a limiter that has no limit, or a spike beyond its limit. */
const limits: Shape = (value, path) => {
  const {
    limit_mib: mib,
    limit_percentage: share,
    spike_limit_mib: spike,
    spike_limit_percentage: spikeShare,
  } = isMap(value) ? value : {};
  const positive = (limit: unknown) => typeof limit === "number" && limit > 0;
  if (!positive(mib) && !positive(share))
    return found("settings", `${path}.limit_percentage`, "must be set, such as 80");
  const beyond = (part: unknown, of: unknown) =>
    typeof part === "number" && typeof of === "number" && part >= of && of > 0;
  const { min_gc_interval_when_soft_limited: soft, min_gc_interval_when_hard_limited: hard } = isMap(value)
    ? value
    : {};
  const eager = (secondsOf(soft) ?? 10) < (secondsOf(hard) ?? 0);
  return [
    ...(eager
      ? found(
          "limits",
          `${path}.min_gc_interval_when_soft_limited`,
          "must not be less than that of the hard limit; 10s where it isn't set",
        )
      : []),
    ...(beyond(spike, mib) ? found("limits", `${path}.spike_limit_mib`, "must be less than limit_mib") : []),
    ...(beyond(spikeShare, share)
      ? found("limits", `${path}.spike_limit_percentage`, "must be less than limit_percentage")
      : []),
  ];
};

/** Most of the container's memory that a limiter may leave to the collector, in whatever words it says so. */
const MOST_PERCENT = 95;

/** A limit beyond the container's own is none: the kernel kills before the limiter refuses anything. */
const withinContainer: Shape = (value, path, { component, limits: { memory } }) => {
  const bytes = memory[component];
  const mib = at(value, "limit_mib");
  if (bytes === null || typeof mib !== "number") return [];
  const most = Math.floor((bytes * MOST_PERCENT) / 100 / 2 ** 20);
  return mib > most
    ? found("limits", `${path}.limit_mib`, `must be at most ${most}, ${MOST_PERCENT} % of the container's memory`)
    : [];
};

/** `memory_limiter`, the processor and the extension alike. */
export const memoryLimiter: Shape = all(
  record(
    {
      // Memory that fills between two looks isn't limited by anything.
      check_interval: duration(1, 10),
      limit_mib: whole(0, 65_536),
      spike_limit_mib: whole(0, 65_536),
      limit_percentage: whole(0, MOST_PERCENT),
      spike_limit_percentage: whole(0, 90),
      min_gc_interval_when_soft_limited: timeout,
      min_gc_interval_when_hard_limited: timeout,
    },
    { required: ["check_interval"] },
  ),
  limits,
  withinContainer,
);
