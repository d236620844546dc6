import { execFile } from "node:child_process";

/** Bounds and input of a command; all optional. */
export interface CommandOptions {
  /** Text for its standard input, which is empty otherwise. */
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Milliseconds after which it is killed (60,000). */
  readonly timeout?: number;
  /** Bytes that it may print on each of its outputs before it is killed (16 MiB). */
  readonly maxBytes?: number;
}

/** What a command printed. */
export interface CommandResult {
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a command to its end.
 *
 * @throws Error with the command, its exit code and the end of what it printed on stderr, where it doesn't exit with 0, takes too long or prints too much.
 */
export async function run(
  argv: readonly string[],
  signal: AbortSignal,
  options: CommandOptions = {},
): Promise<CommandResult> {
  const [file, ...rest] = argv;
  if (file === undefined) throw new Error("no command given");
  return await new Promise((resolve, reject) => {
    const child = execFile(
      file,
      rest,
      {
        signal,
        encoding: "utf8",
        timeout: options.timeout ?? 60_000,
        killSignal: "SIGKILL",
        maxBuffer: options.maxBytes ?? 16 * 1024 * 1024,
        env: { ...process.env, ...options.env },
        ...(options.cwd !== undefined && { cwd: options.cwd }),
      },
      (error, stdout, stderr) => {
        if (error === null) {
          resolve({ stdout, stderr });
          return;
        }
        if (signal.aborted) reject(abortReason(signal));
        else reject(new Error(`${argv.join(" ")}: ${describe(error)}\n${stderr.slice(-2000)}`, { cause: error }));
      },
    );
    // A command that ends without reading its input closes the pipe: its exit code says what matters.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(options.input ?? "");
  });
}

/** The reason of an abort, as an Error in any case. */
export function abortReason(signal: AbortSignal): Error {
  // Not `instanceof Error` alone: below jest, an AbortSignal's own reasons are of another realm.
  const reason: unknown = signal.reason;
  return reason instanceof Error || reason instanceof DOMException
    ? reason
    : new Error(`aborted: ${String(reason)}`, { cause: reason });
}

function describe(error: Error & { code?: unknown; signal?: unknown; killed?: boolean }): string {
  if (error.killed === true) return "killed: took too long or printed too much";
  if (typeof error.code === "number") return `exit code ${String(error.code)}`;
  if (typeof error.signal === "string") return `ended by ${error.signal}`;
  return error.message;
}
