import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { abortReason, run } from "../command.ts";
import { checksum, checksumOfFolder } from "./cache.ts";
import type { CacheEntry } from "./cache.ts";
import { moduleOf } from "./modules.ts";
import type { GoModule, GoProgram } from "./modules.ts";

/** How far a build is. */
export interface BuildProgress {
  /** Packages compiled so far. */
  readonly compiled: number;
  /** Packages that had to be compiled: the others were in Go's own cache. */
  readonly packages: number;
  /** All packages. */
  readonly all: number;
}

/**
 * Programs alone in an image need no C library, and the same sources must give the same bytes wherever the checkout is. What
 * debuggers read isn't linked in, so it isn't compiled either.
 */
const FLAGS = ["-trimpath", "-buildvcs=false", "-mod=readonly", "-gcflags=all=-dwarf=false"];

/** What a user's own Go settings must not change. */
const ENVIRONMENT = { CGO_ENABLED: "0", GOFLAGS: "", GOWORK: "off" };

/** Milliseconds that listing packages may take: the first time modules are downloaded. */
const LIST_TIMEOUT_MS = 15 * 60_000;

/** Bytes of a failed build's output that the error shows. */
const LAST_WORDS = 4000;

/** The cache entry of a program: the same sources, flags and architecture give the same one. */
export function goEntry(program: GoProgram): CacheEntry {
  const module = moduleOf(program);
  const sources = checksumOfFolder(module.folder, (path) => isSourceOf(program, path));
  return {
    name: program,
    key: checksum([
      sources,
      module.programs[program] ?? "",
      ...FLAGS,
      ...linkerFlags(module),
      process.arch,
      process.platform,
    ]),
  };
}

/** Whether a file of its module, by its path there, goes into a program: not what is another program's alone. */
export function isSourceOf(program: GoProgram, path: string): boolean {
  if (path === "go.mod" || path === "go.sum") return true;
  const others = Object.entries(moduleOf(program).programs).filter(([name]) => name !== program);
  return path.endsWith(".go") && !others.some(([, at]) => `./${path}`.startsWith(`${at}/`));
}

/**
 * Builds some programs of one module into a directory, one file each.
 *
 * @throws Error with the compiler's last words where it fails; the abort's reason where it is aborted.
 */
export async function goBuild(
  module: GoModule,
  programs: readonly GoProgram[],
  directory: string,
  signal: AbortSignal,
  progressed: (progress: BuildProgress) => void,
): Promise<void> {
  const packages = programs.map((program) => module.programs[program] ?? "");
  // -trimpath is part of what makes a package stale, so it must be here too.
  const list = await run(["go", "list", "-deps", ...FLAGS, "-f", "{{.Stale}}", ...packages], signal, {
    cwd: module.folder,
    env: ENVIRONMENT,
    timeout: LIST_TIMEOUT_MS,
  });
  const states = list.stdout.trim().split("\n");
  const work = { packages: states.filter((state) => state === "true").length, all: states.length };
  progressed({ ...work, compiled: 0 });
  // Several at once keep all cores busy, and are named by the last part of their package's path.
  const [only] = programs;
  const output = programs.length === 1 && only !== undefined ? join(directory, only) : `${directory}/`;
  const argv = ["build", "-v", ...FLAGS, "-ldflags", linkerFlags(module).join(" "), "-o", output, ...packages];
  let compiled = 0;
  await compile(argv, module.folder, signal, () => {
    // The programs themselves are linked anew each time, stale or not.
    compiled = Math.min(compiled + 1, work.packages);
    progressed({ ...work, compiled });
  });
}

async function compile(
  argv: readonly string[],
  folder: string,
  signal: AbortSignal,
  packageBegun: () => void,
): Promise<void> {
  signal.throwIfAborted();
  const child = spawn("go", argv, {
    cwd: folder,
    env: { ...process.env, ...ENVIRONMENT },
    stdio: ["ignore", "ignore", "pipe"],
  });
  // On SIGINT Go ends its compilers and removes its work directory.
  const stop = (): void => void child.kill("SIGINT");
  signal.addEventListener("abort", stop, { once: true });
  let lastWords = "";
  const lines = createInterface({ input: child.stderr });
  lines.on("line", (line) => {
    // With -v a line of one word is a package whose compilation begins; all else is a complaint.
    if (/^\S+$/.test(line)) packageBegun();
    else lastWords = `${lastWords}${line}\n`.slice(-LAST_WORDS);
  });
  try {
    await new Promise<void>((resolve, reject) => {
      child.once("error", (cause) => reject(new Error("Go can't be started", { cause })));
      child.once("close", (code) => {
        if (code === 0) resolve();
        else
          reject(
            signal.aborted
              ? abortReason(signal)
              : new Error(`go ${argv.join(" ")} (in ${folder}) failed:\n${lastWords}`),
          );
      });
    });
  } finally {
    signal.removeEventListener("abort", stop);
    lines.close();
  }
}

function linkerFlags(module: GoModule): string[] {
  return ["-s", "-w", ...module.ldflags];
}

/**
 * Checks that Go is there and new enough for these modules.
 *
 * @throws Error that says what to install.
 */
export async function checkGo(modules: readonly GoModule[], signal: AbortSignal): Promise<void> {
  const needed = modules
    .map((module) => goDirective(readFileSync(join(module.folder, "go.mod"), "utf8")))
    .sort(compareVersions)
    .at(-1);
  if (needed === undefined) return;
  const install = `Go ${needed} or newer is needed to build the test cluster's programs: see https://go.dev/doc/install`;
  const { stdout } = await run(["go", "env", "GOVERSION", "GOTOOLCHAIN"], signal).catch((cause: unknown) => {
    throw new Error(`${install} (go can't be run)`, { cause });
  });
  const [version = "", toolchain = ""] = stdout.trim().split("\n");
  // From 1.21 on, Go fetches a newer toolchain by itself where a module asks for one, unless it is told not to.
  const mayUpgrade = toolchain !== "local" && compareVersions(version.replace(/^go/, ""), "1.21") >= 0;
  if (!mayUpgrade && compareVersions(version.replace(/^go/, ""), needed) < 0)
    throw new Error(`${install} (this is ${version})`);
}

/** The Go version that a go.mod asks for. */
export function goDirective(goMod: string): string {
  const version = /^go (\S+)$/m.exec(goMod)?.[1];
  if (version === undefined) throw new Error("go.mod has no go directive");
  return version;
}

/** Orders Go versions such as 1.9, 1.26.4 and 1.27rc1. */
export function compareVersions(a: string, b: string): number {
  const [left, right] = [a, b].map((version) => (version.match(/\d+/g) ?? []).slice(0, 3).map(Number));
  for (let index = 0; index < 3; index++) {
    const difference = (left?.[index] ?? 0) - (right?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
