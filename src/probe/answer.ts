import type { ProbeOutcome } from "../health/observation.ts";

/** Bytes of an answer that are taken at most, head and body together. */
export const ANSWER_LIMIT = 64 * 1024;
/** Bytes that are kept to be read: a head and the few hundred bytes of a `health_check` answer. */
const KEPT = 16 * 1024;

/** Reads one HTTP answer as its bytes arrive. Each call gives the outcome once it is certain, else `null`. */
export interface AnswerReader {
  /** Takes the next bytes; `chunk` may be reused by the caller afterwards. */
  push(chunk: Uint8Array): ProbeOutcome | null;
  /** Tells that the other side closed. */
  end(): ProbeOutcome;
}

/**
 * A reader of what a collector's `health_check` extension (or whatever else listens on its port) answers to an HTTP/1.0
 * request: such an answer is never chunked, so its end is its `Content-Length` or the end of the connection. It keeps a bounded
 * part and never throws.
 */
export function createAnswerReader(): AnswerReader {
  let text = "";
  let bytes = 0;
  let head: Head | null = null;
  return {
    push: (chunk) => {
      bytes += chunk.length;
      if (text.length < KEPT) text += Buffer.from(chunk.subarray(0, KEPT - text.length)).toString("latin1");
      if (!couldBeHttp(text)) return { kind: "garbage", detail: "the answer isn't HTTP" };
      head ??= parseHead(text);
      if (head === null) return bytes >= KEPT ? { kind: "tooLarge" } : null;
      if (head.length + (head.contentLength ?? 0) > ANSWER_LIMIT || bytes > ANSWER_LIMIT) return { kind: "tooLarge" };
      if (head.code !== 200) return verdict(head, "");
      const complete = head.contentLength !== null && bytes >= head.length + head.contentLength;
      return complete ? verdict(head, text.slice(head.length)) : null;
    },
    end: () => {
      if (bytes === 0) return { kind: "unreachable", detail: "the connection was closed without an answer" };
      if (head === null) return { kind: "garbage", detail: "the answer ended within its head" };
      if (head.contentLength !== null && bytes < head.length + head.contentLength) {
        return { kind: "garbage", detail: "the answer ended before its announced length" };
      }
      return verdict(head, text.slice(head.length));
    },
  };
}

interface Head {
  readonly code: number;
  readonly contentLength: number | null;
  /** Bytes up to and with the empty line. */
  readonly length: number;
}

/** Whether `text` is the beginning of an answer, however short, so that a wrong protocol shows at its first bytes. */
const couldBeHttp = (text: string) => "HTTP/1.".startsWith(text.slice(0, 7));

function parseHead(text: string): Head | null {
  const end = /\r?\n\r?\n/.exec(text);
  if (end === null) return null;
  const lines = text.slice(0, end.index).split(/\r?\n/);
  const code = Number(/^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(lines[0] ?? "")?.[1] ?? 0);
  const announced = lines
    .map((line) => /^content-length:[ \t]*(\d{1,15})[ \t]*$/i.exec(line)?.[1])
    .find((value) => value !== undefined);
  return { code, contentLength: announced === undefined ? null : Number(announced), length: end.index + end[0].length };
}

function verdict({ code }: Head, body: string): ProbeOutcome {
  if (code === 200) return { kind: "ok", upSince: upSince(body) };
  if (code < 100 || code > 599) return { kind: "garbage", detail: "the answer has no valid status" };
  return code >= 300 && code < 400 ? { kind: "redirect", code } : { kind: "status", code };
}

/** Milliseconds since the epoch of `"upSince":"<RFC 3339>"`; `null` where the body has none: it isn't needed for health. */
function upSince(body: string): number | null {
  const time = Date.parse(/"upSince"\s*:\s*"(\d{4}-[0-9T:.+Zz-]{10,40})"/.exec(body)?.[1] ?? "");
  return Number.isNaN(time) || time <= 0 ? null : time;
}
