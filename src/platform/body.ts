import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import type { Readable } from "node:stream";

const inflate = promisify(gunzip);

/** What was read of an answer's body; it is never logged or shown. */
export type Body =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly why: string; readonly tooLong: boolean };

/**
 * Reads a body of at most `limit` bytes, before decompression and after: of a longer one nothing more is read, so neither
 * 50 MB nor a gzip bomb costs more than twice the limit. Rejects as the stream does, on a lost connection or an abort.
 */
export async function readBody(stream: Readable, encoding: string, limit: number): Promise<Body> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Leaving the loop destroys the stream, and the connection with it.
    if (size > limit) return { ok: false, why: `it is longer than ${limit} bytes`, tooLong: true };
    chunks.push(chunk);
  }
  const bytes = Buffer.concat(chunks);
  switch (encoding.trim().toLowerCase()) {
    case "":
    case "identity":
      return { ok: true, text: bytes.toString("utf8") };
    case "gzip":
    case "x-gzip":
      return unpack(bytes, limit);
    default:
      return { ok: false, why: "it is encoded in a way that wasn't asked for", tooLong: false };
  }
}

async function unpack(bytes: Buffer, limit: number): Promise<Body> {
  try {
    return { ok: true, text: (await inflate(bytes, { maxOutputLength: limit })).toString("utf8") };
  } catch (error) {
    const tooLong = (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
    return { ok: false, why: tooLong ? `unpacked it is longer than ${limit} bytes` : "it is no valid gzip", tooLong };
  }
}
