import { spawn } from "node:child_process";
import { closeSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { eventually } from "../../eventually.ts";
import type { Patience } from "../../eventually.ts";

/** A process that outlives the program that started it. Its start time tells it from a later process with the same id. */
const processRecord = z.object({
  /** Process id, as the machine (not the node) counts. */
  pid: z.int().positive(),
  /** Field 22 of `/proc/<pid>/stat`: clock ticks since the machine's start. */
  startTime: z.string(),
  /** The kernel's own id of its run, or a reboot would make old records look true. */
  boot: z.string(),
});
/** See {@link processRecord}. */
export type ProcessRecord = z.infer<typeof processRecord>;

/** A process to start. */
export interface ProcessSpec {
  /** Name of its record and its log, for example `kube-apiserver` or `node-1.kubelet`. */
  readonly name: string;
  readonly argv: readonly string[];
  /** True where `argv` is a program that forks the real one and waits for it (`nsenter`, `unshare`): the child is what is recorded and stopped. */
  readonly forks?: boolean;
  readonly env?: Readonly<Record<string, string>>;
}

/** Where the records and logs of a cluster's processes are, and the mark in their environment by which lost ones are found again. */
export class ProcessTable {
  readonly #directory: string;
  readonly #mark: string;

  /** @param stateDirectory the cluster's; @param id the cluster's id, which every process carries as `KMAGENT_CLUSTER_ID`. */
  constructor(stateDirectory: string, id: string) {
    this.#directory = stateDirectory;
    this.#mark = id;
  }

  /** Path of the log of a process. */
  logPath(name: string): string {
    return join(this.#directory, "logs", `${name}.log`);
  }

  /** Starts a process, detached, with its output appended to its log, and records it. */
  async launch(spec: ProcessSpec, signal: AbortSignal): Promise<ProcessRecord> {
    signal.throwIfAborted();
    const [file, ...rest] = spec.argv;
    if (file === undefined) throw new Error(`no command given for ${spec.name}`);
    mkdirSync(join(this.#directory, "logs"), { recursive: true });
    mkdirSync(join(this.#directory, "processes"), { recursive: true });
    const log = openSync(this.logPath(spec.name), "a");
    try {
      const child = spawn(file, rest, {
        detached: true,
        stdio: ["ignore", log, log],
        cwd: "/",
        // Only what programs need: the environment of whoever runs the tests (tokens, proxies) is not the cluster's.
        env: {
          PATH: process.env["PATH"] ?? "/usr/sbin:/usr/bin:/sbin:/bin",
          HOME: "/root",
          GOMAXPROCS: "2",
          // Here memory is plenty and CPU is not: Go then collects garbage a quarter as often.
          GOGC: "400",
          ...spec.env,
          KMAGENT_CLUSTER_ID: this.#mark,
        },
      });
      await new Promise<void>((resolve, reject) => {
        child.once("spawn", resolve);
        child.once("error", (cause) => reject(new Error(`${spec.name} didn't start`, { cause })));
      });
      child.unref();
      const started = child.pid;
      if (started === undefined) throw new Error(`${spec.name} didn't start`);
      const pid = spec.forks === true ? await this.#childOf(started, spec.name, signal) : started;
      const startTime = startTimeOf(pid);
      if (startTime === undefined) throw new Error(`${spec.name} ended at once: ${this.lastWords(spec.name)}`);
      const record = { pid, startTime, boot: bootId() };
      const path = this.#recordPath(spec.name);
      writeFileSync(`${path}.new`, JSON.stringify(record));
      renameSync(`${path}.new`, path);
      return record;
    } finally {
      closeSync(log);
    }
  }

  /** The record of a process; undefined where it was never started, or stopped by us. */
  record(name: string): ProcessRecord | undefined {
    try {
      return processRecord.parse(JSON.parse(readFileSync(this.#recordPath(name), "utf8")));
    } catch (error) {
      // Unreadable is as good as absent: the mark in the environment finds the process.
      if (isAbsent(error) || error instanceof SyntaxError || error instanceof z.ZodError) return undefined;
      throw error;
    }
  }

  /** Names of all records. */
  names(): string[] {
    try {
      return readdirSync(join(this.#directory, "processes"))
        .filter((file) => file.endsWith(".json"))
        .map((file) => file.slice(0, -".json".length))
        .sort();
    } catch (error) {
      if (isAbsent(error)) return [];
      throw error;
    }
  }

  /** Whether the recorded process of this name still runs. */
  isRunning(name: string): boolean {
    const record = this.record(name);
    return record !== undefined && runs(record);
  }

  /**
   * Waits for what a process brings about.
   *
   * @param what completes the sentence "… ended before …" of the error.
   * @throws Error with the process's last words where it ends first, or the time is over.
   */
  async waitFor(name: string, what: string, isSo: () => Promise<boolean> | boolean, patience: Patience): Promise<void> {
    const was = await eventually(
      what,
      async () => {
        if (await isSo()) return "so";
        if (!this.isRunning(name)) return "ended";
        throw new Error(this.lastWords(name));
      },
      patience,
    );
    if (was === "ended") throw new Error(`${name} ended before ${what}: ${this.lastWords(name)}`);
  }

  /** Asks a process to end, kills it after `grace` milliseconds (at once with 0), waits until it is gone and forgets it. */
  async stop(name: string, grace: number): Promise<void> {
    const record = this.record(name);
    if (record !== undefined) {
      if (grace > 0) {
        send(record, "SIGTERM");
        await gone([record], grace);
      }
      send(record, "SIGKILL");
      if (!(await gone([record], 10_000))) throw new Error(`${name} (process ${String(record.pid)}) doesn't end`);
    }
    rmSync(this.#recordPath(name), { force: true });
  }

  /** Ids of all processes of this machine that carry the cluster's mark, recorded or not. */
  marked(): number[] {
    const mark = Buffer.from(`\0KMAGENT_CLUSTER_ID=${this.#mark}\0`);
    return readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number)
      .filter((pid) => pid !== process.pid && environmentOf(pid).includes(mark));
  }

  /** Kills all processes that carry the mark, and waits until they are gone. */
  async killMarked(): Promise<void> {
    const deadline = performance.now() + 10_000;
    for (let pids = this.marked(); pids.length > 0; pids = this.marked()) {
      for (const pid of pids) kill(pid, "SIGKILL");
      if (performance.now() > deadline) throw new Error(`these processes don't end: ${pids.join(", ")}`);
      await delay(20);
    }
  }

  /** The end of a process's log, for error messages. */
  lastWords(name: string): string {
    try {
      return readFileSync(this.logPath(name), "utf8").trimEnd().split("\n").slice(-5).join("\n");
    } catch (error) {
      if (isAbsent(error)) return "(no log)";
      throw error;
    }
  }

  #recordPath(name: string): string {
    return join(this.#directory, "processes", `${name}.json`);
  }

  async #childOf(parent: number, name: string, signal: AbortSignal): Promise<number> {
    const deadline = performance.now() + 5_000;
    while (performance.now() < deadline) {
      const child = Number(readProc(`/proc/${String(parent)}/task/${String(parent)}/children`)?.split(" ")[0] ?? "");
      if (child > 0) return child;
      if (startTimeOf(parent) === undefined) break;
      await delay(5, undefined, { signal });
    }
    throw new Error(`${name} ended at once: ${this.lastWords(name)}`);
  }
}

/** Whether a recorded process still runs; a zombie doesn't. */
export function runs(record: ProcessRecord): boolean {
  return record.boot === bootId() && startTimeOf(record.pid) === record.startTime;
}

/** Sends a signal to a process, which may be gone. */
export function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** Field 22 of the process's `stat`; undefined where there is none, or only a zombie. */
export function startTimeOf(pid: number): string | undefined {
  const stat = readProc(`/proc/${String(pid)}/stat`);
  // The second field, the program's name, may hold spaces and parentheses: count from its end.
  const fields = stat?.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields?.[0] === "Z" || fields?.[0] === "X" ? undefined : fields?.[19];
}

function send(record: ProcessRecord, signal: NodeJS.Signals): void {
  if (runs(record)) kill(record.pid, signal);
}

async function gone(records: readonly ProcessRecord[], within: number): Promise<boolean> {
  const deadline = performance.now() + within;
  while (records.some(runs)) {
    if (performance.now() > deadline) return false;
    await delay(20);
  }
  return true;
}

function environmentOf(pid: number): Buffer {
  try {
    return Buffer.concat([Buffer.from("\0"), readFileSync(`/proc/${String(pid)}/environ`)]);
  } catch (error) {
    if (isAbsent(error)) return Buffer.alloc(0);
    throw error;
  }
}

function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
}

/** Whether a file or a process isn't there (any more), or may not be looked at. */
export function isAbsent(error: unknown): boolean {
  // Not `instanceof Error`: below jest, node's own errors are of another realm.
  return (
    typeof error === "object" &&
    error !== null &&
    "code" in error &&
    ["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(String(error.code))
  );
}
