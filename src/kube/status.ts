import { KmError } from "../api/errors.ts";
import type { ErrorCode, FieldCause } from "../api/errors.ts";
import { isJsonObject } from "../api/json.ts";

const MAX_MESSAGE = 4096;
const MAX_CAUSES = 32;
/** Nobody may keep us waiting longer than this with a `Retry-After`. */
const MAX_RETRY_AFTER_MS = 120_000;

/**
 * What an answer that isn't a success means, as one of our codes.
 *
 * `body` is the parsed JSON where there was one: the API server's own `Status` (kind, reason, message, details) gives the
 * message and the field causes. Anything else (a proxy's page, say) is a stranger's text, of which nothing is passed on.
 *
 * @param what the call in words, such as `PATCH /api/v1/…`, without any query
 * @param retryAfter the header `Retry-After` in seconds, where there was one (the API server sends no dates)
 */
export function errorOfAnswer(status: number, body: unknown, what: string, retryAfter?: string): KmError {
  const details = isJsonObject(body) && isJsonObject(body["details"]) ? body["details"] : {};
  const isStatus = isJsonObject(body) && body["kind"] === "Status";
  const said = isStatus && typeof body["message"] === "string" ? body["message"] : `HTTP ${status}`;
  const mistyped = status === 500 && isStatus ? mistypedField(said) : null;
  const retryAfterMs = waitOf(retryAfter) ?? waitOf(details["retryAfterSeconds"]);
  const code = mistyped ? "Invalid" : codeOfStatus(status, isStatus ? body["reason"] : undefined);
  return new KmError(code, `${what}: ${clean(said)}`, {
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    causes: mistyped ?? (isStatus ? causesOf(details["causes"]) : []),
  });
}

/**
 * A server-side apply with a field of the wrong type is answered with 500, though no try will ever pass: `failed to create typed
 * patch object (ns/x; apps/v1, Kind=DaemonSet): .spec.template.spec.affinity.nodeAffinity: expected map, got &{foo}`. The first field and
 * why, where the text names one; `null` for every other text.
 */
function mistypedField(said: string): readonly FieldCause[] | null {
  if (!said.startsWith("failed to create typed patch object")) return null;
  const [, field, message] = /[\s:]\.([^\s:]+): (.+)/.exec(said) ?? [];
  return field === undefined || message === undefined ? [] : [{ field, message: clean(message) }];
}

/** The failure that an `ERROR` line in a watch stands for: its object is a `Status` with its own code. */
export function errorOfWatchLine(object: unknown, what: string): KmError {
  const status = isJsonObject(object) && typeof object["code"] === "number" ? object["code"] : 500;
  return errorOfAnswer(status, object, what);
}

function codeOfStatus(status: number, reason: unknown): ErrorCode {
  // "Expired" comes with 410 everywhere but in some watches of old servers, where the code is missing.
  if (reason === "Expired" || reason === "Gone") return "Gone";
  switch (status) {
    case 400:
    case 405:
    case 406:
    case 415:
    case 422:
      return "Invalid";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "NotFound";
    case 408:
    case 504:
      return "Timeout";
    case 409:
    case 412:
      return "Conflict";
    case 410:
      return "Gone";
    case 413:
      return "TooLarge";
    case 429:
      return "Throttled";
    default:
      return status >= 500 ? "Unavailable" : "BadResponse";
  }
}

function waitOf(seconds: unknown): number | undefined {
  const value = typeof seconds === "string" && /^\d{1,9}$/.test(seconds) ? Number(seconds) : seconds;
  if (typeof value !== "number" || !Number.isFinite(value) || value <= 0) return undefined;
  return Math.min(value * 1000, MAX_RETRY_AFTER_MS);
}

function causesOf(causes: unknown): readonly FieldCause[] {
  if (!Array.isArray(causes)) return [];
  return causes.slice(0, MAX_CAUSES).flatMap((cause: unknown) => {
    if (!isJsonObject(cause)) return [];
    const { field, message } = cause;
    return typeof field === "string" && typeof message === "string" ? [{ field, message: clean(message) }] : [];
  });
}

/** One line without control characters, cut to a bound: these texts end in conditions and logs. */
function clean(text: string): string {
  const flat = text.replaceAll(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return flat.length <= MAX_MESSAGE ? flat : `${flat.slice(0, MAX_MESSAGE - 1)}…`;
}

/**
 * The texts of `Warning` headers (RFC 9111 of old: `299 - "text"`, several in one header or in several), which is how
 * admission tells of Pod Security violations and deprecated fields without refusing.
 */
export function parseWarnings(header: string | readonly string[] | undefined): readonly string[] {
  if (header === undefined) return [];
  const joined = typeof header === "string" ? header : header.join(", ");
  const texts: string[] = [];
  for (const match of joined.matchAll(/\d{3} \S+ "((?:[^"\\]|\\.)*)"/g)) {
    texts.push(clean((match[1] ?? "").replaceAll(/\\(.)/g, "$1")));
  }
  return texts;
}
