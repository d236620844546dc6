import { createReadStream, readdirSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { z } from "zod";
import type { AuditEvent } from "../cluster.ts";

const auditEvent = z.looseObject({
  auditID: z.string(),
  stage: z.enum(["ResponseStarted", "ResponseComplete", "Panic"]),
  verb: z.string(),
  requestURI: z.string(),
  // A request that nobody vouches for (401) has none.
  user: z.looseObject({
    username: z.string().default(""),
    groups: z.array(z.string()).optional(),
    extra: z.record(z.string(), z.array(z.string())).optional(),
  }),
  userAgent: z.string().optional(),
  objectRef: z
    .looseObject({
      resource: z.string(),
      apiGroup: z.string().optional(),
      namespace: z.string().optional(),
      name: z.string().optional(),
      subresource: z.string().optional(),
    })
    .optional(),
  responseStatus: z.looseObject({ code: z.int().optional(), reason: z.string().optional() }).optional(),
  requestReceivedTimestamp: z.string(),
  stageTimestamp: z.string(),
});

/** Parses one line of the log; undefined for one that is still being written. */
function parseAuditLine(line: string): AuditEvent | undefined {
  if (!line.endsWith("}")) return undefined;
  return auditEvent.parse(JSON.parse(line));
}

/**
 * The entries of an audit log that were written at `since` or later, oldest first, rotated files included.
 *
 * @param path of the file that is being written (`audit.log`); rotated ones are `audit-<time>.log` beside it.
 */
export async function* readAuditLog(path: string, since: Date, signal: AbortSignal): AsyncGenerator<AuditEvent> {
  for (const file of filesSince(path, since)) {
    signal.throwIfAborted();
    const lines = createInterface({
      input: createReadStream(file, { encoding: "utf8", signal }),
      crlfDelay: Number.POSITIVE_INFINITY,
    });
    for await (const line of lines) {
      const event = parseAuditLine(line);
      if (event !== undefined && Date.parse(event.stageTimestamp) >= since.getTime()) yield event;
    }
  }
}

/** Rotated files' names hold their times, so they sort by age, and before the one that is being written. One whose last write was earlier holds nothing. */
function filesSince(path: string, since: Date): string[] {
  const directory = dirname(path);
  const rotated = readdirSync(directory)
    .filter((name) => /^audit-.*\.log$/.test(name))
    .sort()
    .map((name) => join(directory, name));
  return [...rotated, path].filter(
    (file) => (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) >= since.getTime(),
  );
}
