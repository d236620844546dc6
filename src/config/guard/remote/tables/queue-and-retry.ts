import { isMap } from "../../../yaml-value.ts";
import { storage } from "../places.ts";
import { all, duration, flag, found, interval, number, oneOf, record, secondsOf, timeout, whole } from "../shape.ts";
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

/** Combinations that keep the collector from starting. */
const consistent: Shape = (value, path) => {
  if (!isMap(value)) return [];
  const batch = value["batch"] ?? null;
  const { queue_size: size = 1_000, sizer: queued } = value;
  // A batch counts as its queue is told to, and by items where neither says anything.
  const { min_size: least = 8_192, max_size: most = 0, sizer: counts = queued ?? "items" } = isMap(batch) ? batch : {};
  const alike = counts === (queued ?? "requests");
  return [
    ...(isMap(batch) && counts === "requests"
      ? found("settings", `${path}.batch.sizer`, "must be set where the queue counts requests: items or bytes")
      : []),
    ...(isMap(batch) && alike && typeof least === "number" && typeof size === "number" && least > size
      ? found(
          "limits",
          `${path}.batch.min_size`,
          "must not be more than queue_size; they are 8192 and 1000 where they aren't set",
        )
      : []),
    ...(value["wait_for_result"] === true && Object.hasOwn(value, "storage")
      ? found("settings", `${path}.wait_for_result`, "must be false where the queue has a storage")
      : []),
    ...(typeof least === "number" && typeof most === "number" && most > 0 && most < least
      ? found("limits", `${path}.batch.max_size`, "must not be less than min_size")
      : []),
  ];
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
      flush_timeout: duration(0.1, 300),
      sizer: oneOf("items", "bytes"),
      min_size: whole(0, 16_777_216),
      max_size: whole(0, 16_777_216),
    }),
  }),
  boundedSize,
  consistent,
);

/** A limit of the whole that one of its parts exceeds would keep the collector from starting. */
const longEnough: Shape = (value, path) => {
  const { initial_interval: first, max_interval: longest, max_elapsed_time: whole } = isMap(value) ? value : {};
  const limit = secondsOf(whole) ?? 300;
  return limit > 0 && limit < Math.max(secondsOf(first) ?? 5, secondsOf(longest) ?? 30)
    ? found("limits", `${path}.max_elapsed_time`, "must be 0, or not less than initial_interval and max_interval")
    : [];
};

/** `retry_on_failure` of an exporter. */
export const exporterRetry: Shape = all(
  record({
    enabled: flag,
    initial_interval: interval,
    randomization_factor: number(0, 1),
    multiplier: number(1, 10),
    max_interval: interval,
    max_elapsed_time: timeout,
  }),
  longEnough,
);
