import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { ensureDebianPackages } from "./debian.ts";
import { runUntilInterrupted } from "./interrupt.ts";
import { sayOnStderr } from "./say.ts";
import type { Say } from "./say.ts";
import { ensureEntry, entryPath, isCached, publish, temporaryDirectory, withBuildLock } from "./tools/cache.ts";
import type { CacheEntry } from "./tools/cache.ts";
import { estimateRest, inWords } from "./tools/estimate.ts";
import type { DoneStep, RunningStep } from "./tools/estimate.ts";
import { checkGo, goBuild, goEntry } from "./tools/go.ts";
import { fetchHelm, helmEntry } from "./tools/helm.ts";
import { MODULES } from "./tools/modules.ts";
import type { GoModule, GoProgram } from "./tools/modules.ts";

/** Every program that the test cluster is made of, but Debian's. */
export type ToolName = GoProgram | "helm";

/** What `make up` needs; kwok is for the scale tests, which ask for it themselves. */
export const CLUSTER_TOOLS: readonly ToolName[] = [
  ...MODULES.flatMap((module) => Object.keys(module.programs) as GoProgram[]).filter((name) => name !== "kwok"),
  "helm",
];

/** Milliseconds between two lines about a build that is under way. */
const PROGRESS_MS = 10_000;

/**
 * The path of a program. `KUBEBUILDER_ASSETS`, where it is set, comes first, for what it holds: that is how people of
 * this field supply etcd, kube-apiserver and kubectl.
 *
 * @throws Error where it isn't built: call {@link ensureTools} first.
 */
export function toolPath(name: ToolName): string {
  const given = suppliedPath(name);
  if (given !== undefined) return given;
  const path = join(entryPath(entryOf(name)), name);
  if (!existsSync(path)) throw new Error(`${name} isn't built: "node test/cluster/build.ts" builds it`);
  return path;
}

/**
 * Makes sure that the programs are there: at once where they are cached, else it builds them, saying how far it is.
 *
 * @param say takes one line of progress.
 * @throws Error that says what is missing (Go, a newer Go) or which build failed.
 */
export async function ensureTools(
  names: readonly ToolName[],
  signal: AbortSignal,
  say: Say = sayOnStderr,
): Promise<void> {
  const missing = names.filter((name) => suppliedPath(name) === undefined && !isCached(entryOf(name)));
  if (missing.includes("helm")) {
    say("helm: fetching it");
    await ensureEntry(helmEntry(), signal, async (directory) => await fetchHelm(directory, signal));
  }
  const work = MODULES.map((module) => ({
    module,
    programs: missing.filter((name): name is GoProgram => name in module.programs),
  }))
    .filter(({ programs }) => programs.length > 0)
    .map((item) => ({ ...item, seconds: shareOf(item.module, item.programs.length) }));
  if (work.length === 0) return;
  await checkGo(
    work.map(({ module }) => module),
    signal,
  );
  const done: DoneStep[] = [];
  for (const [index, { module, programs, seconds }] of work.entries()) {
    const asked = performance.now();
    let start: number | undefined;
    let current: RunningStep = { seconds, fraction: 0, running: 0 };
    let packages = "";
    const at = `building ${module.name} (${String(index + 1)} of ${String(work.length)})`;
    const report = (): void => {
      if (start === undefined) {
        say(`${at}: waiting for another program that builds it, ${inWords((performance.now() - asked) / 1000)} so far`);
        return;
      }
      const running = (performance.now() - start) / 1000;
      const rest = estimateRest(done, { ...current, running }, work.slice(index + 1));
      say(`${at}: ${packages}${inWords(running)} so far, about ${inWords(rest)} until all is built`);
    };
    const ticker = setInterval(report, PROGRESS_MS);
    const begin = () => {
      start = performance.now();
      report();
    };
    try {
      await buildPrograms(module, programs, signal, begin, (progress) => {
        // What Go has in its cache takes no time; a tenth is for the linker.
        const compiling = (0.9 * progress.packages) / Math.max(1, progress.all);
        const compiled = (0.9 * progress.compiled) / Math.max(1, progress.all);
        current = { seconds: seconds * (compiling + 0.1), fraction: compiled / (compiling + 0.1), running: 0 };
        packages = `${String(progress.compiled)} of ${String(progress.packages)} packages, `;
      });
    } finally {
      clearInterval(ticker);
    }
    if (start === undefined) {
      say(`${programs.join(", ")}: built by another program meanwhile`);
      continue;
    }
    const took = (performance.now() - start) / 1000;
    done.push({ seconds: current.seconds, took });
    say(`built ${programs.join(", ")} in ${inWords(took)}`);
  }
}

/** Builds what is still missing once it is our turn, and makes each program an entry of its own. */
async function buildPrograms(
  module: GoModule,
  programs: readonly GoProgram[],
  signal: AbortSignal,
  begins: () => void,
  progressed: Parameters<typeof goBuild>[4],
): Promise<void> {
  await withBuildLock(`module-${module.name}`, signal, async () => {
    const missing = programs.filter((program) => !isCached(goEntry(program)));
    if (missing.length === 0) return;
    begins();
    const directory = temporaryDirectory(`module-${module.name}`);
    await goBuild(module, missing, directory, signal, progressed);
    for (const program of missing) {
      const own = join(directory, `.${program}`);
      mkdirSync(own);
      renameSync(join(directory, program), join(own, program));
      publish(own, goEntry(program));
    }
    rmSync(directory, { recursive: true });
  });
}

/** A module's typical seconds for some of its programs: the first costs most, for the others share its packages. */
function shareOf(module: GoModule, programs: number): number {
  return module.seconds * (0.5 + (0.5 * programs) / Object.keys(module.programs).length);
}

function entryOf(name: ToolName): CacheEntry {
  return name === "helm" ? helmEntry() : goEntry(name);
}

function suppliedPath(name: ToolName): string | undefined {
  const assets = process.env["KUBEBUILDER_ASSETS"];
  if (assets === undefined || assets === "") return undefined;
  const path = join(assets, name);
  return existsSync(path) ? path : undefined;
}

/** `node test/cluster/build.ts [PROGRAM…]`: builds these, or all that `make up` needs. */
async function main(signal: AbortSignal): Promise<void> {
  const asked = process.argv.slice(2);
  const known: readonly ToolName[] = [...CLUSTER_TOOLS, "kwok"];
  const names = asked.map((name) => known.find((tool) => tool === name) ?? refuse(name, known));
  await ensureDebianPackages(signal);
  await ensureTools(names.length > 0 ? names : CLUSTER_TOOLS, signal);
}

function refuse(name: string, known: readonly ToolName[]): never {
  throw new Error(`no such program: ${name} (there are ${known.join(", ")})`);
}

if (import.meta.main) await runUntilInterrupted(main);
