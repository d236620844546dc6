import { createReadStream } from "node:fs";
import { KmError } from "../api/errors.ts";

/** Largest file that a command reads: a KmAgent, two configurations and room for comments. */
const MAX_FILE_BYTES = 4_194_304;

/** The text of a file, or of the standard input for `-`. Throws a `KmError` where it can't be read, is too large or isn't UTF-8. */
export async function readInput(file: string, signal: AbortSignal): Promise<string> {
  const stream = file === "-" ? process.stdin : createReadStream(file, { signal });
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      size += chunk.length;
      if (size > MAX_FILE_BYTES) throw new KmError("TooLarge", `${file} is larger than ${MAX_FILE_BYTES} bytes`);
      chunks.push(chunk);
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    if (error instanceof KmError) throw error;
    const why = error instanceof TypeError ? "it isn't UTF-8" : error instanceof Error ? error.message : String(error);
    throw new KmError("NotFound", `can't read ${file}: ${why}`, { cause: error });
  }
}
