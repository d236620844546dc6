import pino from "pino";
import { KmError } from "../api/errors.ts";

/** Further keys of a log line, named as the API names its fields. `err` takes an Error. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where a room writes its log lines. Messages are constants, so that they can be searched for; what varies is a field. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** A log whose lines all carry `fields` besides. */
  child(fields: LogFields): Log;
}

/** The log that the composition root makes. */
export interface RootLog extends Log {
  /** Writes what is still held back, synchronously: to be called before the process exits. */
  flush(): void;
}

/** What `createLog` needs to know. */
export interface LogOptions {
  /** `debug`, `info`, `warn` or `warning`, `error`, in any case; anything else, or nothing, means `info`. */
  readonly level: string | undefined;
  /** Hides secrets in each finished line. */
  readonly mask: (text: string) => string;
  /** Takes each finished line with its newline; standard output where not given. */
  readonly write?: (line: string) => void;
}

/** Bytes of lines that may wait for a slow reader of standard output; more are dropped, for the operator must not wait. */
const BACKLOG_BYTES = 1024 * 1024;

/** JSON lines on standard output: `level`, `ts` (RFC 3339), `msg`, then the fields. */
export function createLog(options: LogOptions): RootLog {
  const { write, flush } =
    options.write === undefined ? standardOutput() : { write: options.write, flush: () => undefined };
  const logger = pino(
    {
      level: logLevel(options.level),
      base: null,
      messageKey: "msg",
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { err: (error: unknown) => errorFields(error, logLevel(options.level) === "debug") },
    },
    { write: (line: string) => write(options.mask(line)) },
  );
  return { ...logOver(logger), flush };
}

/** One of our four levels from whatever `KM_LOG_LEVEL` holds. */
export function logLevel(word: string | undefined): "debug" | "info" | "warn" | "error" {
  const level = word?.trim().toLowerCase();
  if (level === "warning") return "warn";
  return level === "debug" || level === "warn" || level === "error" ? level : "info";
}

function logOver(logger: pino.Logger): Log {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    child: (fields) => logOver(logger.child(fields)),
  };
}

/** Asynchronous, so that a stuck pipe stops no probe and no lease renewal; what was dropped is lost, not the process. */
function standardOutput(): { write: (line: string) => void; flush: () => void } {
  const out = pino.destination({ dest: 1, sync: false, minLength: 0, maxLength: BACKLOG_BYTES });
  return { write: (line) => void out.write(line), flush: () => out.flushSync() };
}

/** An error as fields: code, message and the chain of causes, at most eight deep; the stack only where `withStack`. */
function errorFields(error: unknown, withStack: boolean, depth = 0): unknown {
  if (!(error instanceof Error))
    return typeof error === "string" ? { message: error } : { message: "thrown value is no error" };
  const code = error instanceof KmError ? error.code : (error as { code?: unknown }).code;
  return {
    ...(typeof code === "string" && { code }),
    message: error.message,
    ...(withStack && { stack: error.stack }),
    ...(error.cause !== undefined && depth < 8 && { cause: errorFields(error.cause, withStack, depth + 1) }),
  };
}
