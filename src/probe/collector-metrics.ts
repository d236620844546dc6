import { KmError } from "../api/errors.ts";
import type { Endpoint } from "./attempt.ts";
import { createCountersParser } from "./collector-counters.ts";
import type { CollectorCounters } from "./collector-counters.ts";

// Not by import: an import reads every export, also those that load Node.js' own fetch and WebSocket (13 MB of resident memory).
const { request } = process.getBuiltinModule("node:http");

/** Bounds of one reading. */
export interface ReadLimits {
  /** For all of it, connecting included. */
  readonly timeoutMs: number;
  /** Bytes of the body. A page of a collector has some 10 KB; 1 MiB is generous. */
  readonly maxBytes: number;
}

/**
 * Reads the counters of the collector at `endpoint` from `/metrics`, as a stream.
 * Rejects with a `KmError`: `Timeout`, `TooLarge`, `Unavailable` (refused, reset, unreachable), `BadResponse` (not 200, not HTTP), `Aborted`.
 */
export async function readCollectorMetrics(
  endpoint: Endpoint,
  limits: ReadLimits,
  signal: AbortSignal,
): Promise<CollectorCounters> {
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  try {
    return await read(endpoint, limits.maxBytes, AbortSignal.any([signal, timeout]));
  } catch (cause) {
    if (cause instanceof KmError) throw cause;
    if (signal.aborted) throw new KmError("Aborted", "stopped while reading a collector's metrics", { cause });
    if (timeout.aborted) throw new KmError("Timeout", `no complete answer within ${limits.timeoutMs} ms`, { cause });
    const code = (cause as NodeJS.ErrnoException).code ?? "";
    if (code.startsWith("HPE_")) throw new KmError("BadResponse", "the answer isn't HTTP", { cause });
    throw new KmError("Unavailable", `the collector's metrics can't be read: ${code}`, { cause });
  }
}

function read({ ip, port }: Endpoint, maxBytes: number, signal: AbortSignal): Promise<CollectorCounters> {
  return new Promise((resolve, reject) => {
    const headers = { accept: "text/plain;version=0.0.4", "user-agent": "kmagent-operator" };
    const call = request({ host: ip, port, path: "/metrics", agent: false, headers, signal }, (response) => {
      const fail = (error: KmError) => {
        reject(error);
        call.destroy();
      };
      if (response.statusCode !== 200) {
        fail(new KmError("BadResponse", `the answer is ${response.statusCode ?? 0}, not 200`));
        return;
      }
      const parser = createCountersParser();
      let bytes = 0;
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
        if (bytes > maxBytes) fail(new KmError("TooLarge", `the answer has more than ${maxBytes} bytes`));
        else parser.push(chunk);
      });
      response.on("end", () => resolve(parser.end()));
      response.on("error", reject);
    });
    call.on("error", reject);
    call.end();
  });
}
