import type { Refusals } from "../change.ts";
import { exporterWith } from "../change.ts";

/** Storage outside of the agent's directory, and storage that isn't there. */
export const STORAGE: Refusals = {
  rule: "storage",
  node: [
    exporterWith(
      "a queue kept in a foreign storage",
      "sending_queue: { storage: redis_storage }",
      "sending_queue.storage",
    ),
    exporterWith(
      "a queue kept in a storage that isn't there",
      "sending_queue: { storage: file_storage }",
      "sending_queue.storage",
    ),
    [
      "storage outside of the agent's directory",
      "extensions:\n",
      "extensions:\n  file_storage: { directory: /hostfs/tmp }\n",
      "extensions.file_storage.directory",
    ],
    [
      "storage that compacts elsewhere",
      "extensions:\n",
      "extensions:\n  file_storage: { directory: /var/lib/kmagent, compaction: { directory: /tmp } }\n",
      "extensions.file_storage.compaction.directory",
    ],
  ],
  gateway: [
    [
      "a storage that isn't switched on",
      "extensions: [health_check, file_storage]",
      "extensions: [health_check]",
      "receivers.filelog.storage",
    ],
  ],
};
