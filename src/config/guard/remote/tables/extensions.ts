import { STORAGE_DIRECTORY } from "../../../defaults/building-blocks.ts";
import { data, duration, flag, found, interval, never, number, record, text, timeout, whole } from "../shape.ts";
import type { Shape } from "../shape.ts";
import { memoryLimiter } from "./memory-limiter.ts";

/** The one directory of the pod that an agent may write to. */
const ownDirectory: Shape = (value, path) =>
  value === STORAGE_DIRECTORY ? [] : found("storage", path, `must be ${STORAGE_DIRECTORY}, the agent's own directory`);

/** Extensions that a remote configuration may use. */
export const EXTENSIONS: Readonly<Record<string, Shape>> = {
  healthcheck: record({
    // The rule health_check of every configuration judges these.
    endpoint: text(64),
    path: text(16),
    tls: data,
    auth: never("nobody but the operator and kubelet asks"),
    response_body: record({ healthy: text(), unhealthy: text() }),
    check_collector_pipeline: record({
      enabled: flag,
      interval,
      exporter_failure_threshold: whole(1, 1_000),
    }),
  }),
  filestorage: record(
    {
      directory: ownDirectory,
      timeout,
      fsync: flag,
      create_directory: flag,
      recreate: flag,
      compaction: record({
        on_start: flag,
        on_rebound: flag,
        directory: ownDirectory,
        rebound_needed_threshold_mib: whole(1, 1_024),
        rebound_trigger_threshold_mib: whole(1, 1_024),
        max_transaction_size: whole(0, 1_048_576),
        check_interval: interval,
        cleanup_on_start: flag,
      }),
    },
    { required: ["directory"] },
  ),
  memorylimiter: memoryLimiter,
  cgroupruntime: record({
    gomaxprocs: record({ enabled: flag }),
    gomemlimit: record({ enabled: flag, ratio: number(0.1, 1), refresh_interval: duration(1, 86_400) }),
  }),
};
