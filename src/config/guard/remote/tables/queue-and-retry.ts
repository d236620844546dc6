import { isMap } from "../../../yaml-value.ts";
import { storage } from "../places.ts";
import { all, duration, flag, found, interval, number, oneOf, record, timeout, whole } from "../shape.ts";
import type { Shape } from "../shape.ts";

/** Most that a queue may hold, by what it counts in. */
const MOST: Readonly<Record<string, number>> = { requests: 10_000, items: 1_000_000, bytes: 268_435_456 };
const sizer = oneOf("requests", "items", "bytes");

/** The queue's size is bounded by what it counts. */
const boundedSize: Shape = (value, path) => {
  if (!isMap(value)) return [];
  const counts = typeof value["sizer"] === "string" ? value["sizer"] : "requests";
  const most = MOST[counts] ?? 0;
  const size = value["queue_size"];
  return typeof size === "number" && size > most
    ? found("limits", `${path}.queue_size`, `must be at most ${most}`)
    : [];
};

/** `sending_queue` of an exporter: bounded, for what waits there is the agent's memory. */
export const sendingQueue: Shape = all(
  record({
    enabled: flag,
    num_consumers: whole(1, 100),
    queue_size: whole(1, 268_435_456),
    sizer,
    wait_for_result: flag,
    block_on_overflow: flag,
    storage,
    batch: record({
      flush_timeout: duration(0.001, 300),
      sizer: oneOf("items", "bytes"),
      min_size: whole(0, 16_777_216),
      max_size: whole(0, 16_777_216),
    }),
  }),
  boundedSize,
);

/** `retry_on_failure` of an exporter. */
export const exporterRetry: Shape = record({
  enabled: flag,
  initial_interval: interval,
  randomization_factor: number(0, 1),
  multiplier: number(1, 10),
  max_interval: interval,
  max_elapsed_time: timeout,
});
