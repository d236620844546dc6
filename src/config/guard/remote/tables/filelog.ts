import { logPath, pathPattern } from "./log-paths.ts";
import { addedFields, operators } from "./log-operators.ts";
import { storage } from "../places.ts";
import {
  all,
  bytes,
  duration,
  flag,
  found,
  interval,
  list,
  matching,
  never,
  oneOf,
  off,
  record,
  text,
  timeout,
  whole,
} from "../shape.ts";
import type { Shape } from "../shape.ts";

const pattern = text(4_096);
const DELETES = "it would delete the node's logs";

/** The cluster agent has no node's files. */
const onNodes: Shape = (_value, path, { component }) =>
  component === "node-agent" ? [] : found("paths", path, "must be absent: the cluster agent sees no node's files");

/** `filelog`: container logs and nothing else. */
export const FILELOG: Shape = all(
  onNodes,
  record(
    {
      include: list(logPath, 64, 1),
      // What is left out leads nowhere, wherever it is; but it is matched with every file.
      exclude: list(pathPattern, 64),
      exclude_older_than: duration(0, 31_536_000),
      ordering_criteria: record({
        regex: pattern,
        top_n: whole(1, 10_000),
        group_by: pattern,
        sort_by: list(
          record(
            {
              sort_type: oneOf("numeric", "lexicographic", "alphabetical", "timestamp", "mtime"),
              regex_key: text(256),
              ascending: flag,
              layout: text(128),
              location: text(64),
            },
            { required: ["sort_type"] },
          ),
          4,
        ),
      }),
      start_at: oneOf("beginning", "end"),
      poll_interval: interval,
      max_concurrent_files: whole(2, 4_096),
      max_batches: whole(0, 1_000),
      max_log_size: bytes(16_777_216, 1),
      fingerprint_size: bytes(65_536, 16),
      initial_buffer_size: bytes(1_048_576),
      encoding: matching(/^[A-Za-z0-9-]{1,32}$/, "the name of an encoding, such as utf-8"),
      multiline: record({ line_start_pattern: pattern, line_end_pattern: pattern, omit_pattern: flag }),
      force_flush_period: duration(0, 300),
      preserve_leading_whitespaces: flag,
      preserve_trailing_whitespaces: flag,
      include_file_name: flag,
      include_file_path: flag,
      include_file_name_resolved: flag,
      include_file_path_resolved: flag,
      include_file_owner_name: flag,
      include_file_owner_group_name: flag,
      include_file_record_number: flag,
      include_file_record_offset: flag,
      delete_after_read: off(DELETES),
      compression: oneOf("", "gzip", "auto"),
      header: never("it needs a feature gate of the collector"),
      acquire_fs_lock: never("it locks the node's files"),
      polls_to_archive: never("it keeps positions without bound"),
      attributes: addedFields,
      resource: addedFields,
      operators,
      storage,
      retry_on_failure: record({
        enabled: flag,
        initial_interval: interval,
        max_interval: interval,
        max_elapsed_time: timeout,
      }),
    },
    { required: ["include"] },
  ),
);
