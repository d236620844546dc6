import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { CHECKOUT } from "../installation/operator.ts";
import { median, table } from "./figures.ts";
import type { Figure } from "./figures.ts";
import { imageEnvironment, imageFlags, nodeOptions } from "./image.ts";

/** Processes for each kind of document: each gives one first time. */
const PROCESSES = 5;
const BUDGET_MS = 50;

/** What judging a configuration of the longest size costs: as the platform sends it, and as it is read again from a ConfigMap. */
export function measureGuard(): Figure[] {
  const directory = mkdtempSync(join(tmpdir(), "kmagent-guard-"));
  try {
    const bundle = bundled(directory);
    return [
      ...figures(bundle, "json", (size) => `guard: ${size} of JSON judged`),
      ...figures(bundle, "hostile", (size) => `guard: ${size} of JSON in which everything is wrong`),
      ...figures(bundle, "yaml", (size) => `guard: ${size} of YAML read and judged`),
    ];
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A bundle as the operator's own: the script that makes that one makes this one. */
function bundled(directory: string): string {
  const { scripts } = JSON.parse(readFileSync(join(CHECKOUT, "package.json"), "utf8")) as {
    scripts: { build: string };
  };
  const bundle = join(directory, "guard-rounds.mjs");
  const script = scripts.build
    .replace("src/cli.ts", "test/bench/guard-rounds.ts")
    .replace("dist/kmagent-operator.mjs", bundle);
  const path = `${join(CHECKOUT, "node_modules/.bin")}${delimiter}${process.env["PATH"] ?? ""}`;
  execFileSync("sh", ["-c", script], { cwd: CHECKOUT, env: { ...process.env, PATH: path }, stdio: "inherit" });
  return bundle;
}

function figures(bundle: string, kind: string, named: (size: string) => string): Figure[] {
  const env = { ...process.env, ...imageEnvironment(), NODE_OPTIONS: nodeOptions() };
  const runs = Array.from({ length: PROCESSES }, () => {
    const answer = execFileSync(process.execPath, [...imageFlags(), bundle, kind], { env, encoding: "utf8" });
    return JSON.parse(answer) as { bytes: number; times: number[] };
  });
  const what = named(`${Math.round((runs[0]?.bytes ?? 0) / 1_024)} KiB`);
  const unit = "ms CPU";
  return [
    { what, measured: median(runs.map(({ times }) => median(times))), budget: BUDGET_MS, unit },
    {
      what: `${what}, the first time in a process`,
      measured: median(runs.map(({ times }) => times[0] ?? Number.NaN)),
      budget: BUDGET_MS,
      unit,
    },
  ];
}

if (import.meta.main) console.log(table(measureGuard()));
