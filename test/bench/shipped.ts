import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { parse } from "yaml";
import { CHECKOUT } from "../installation/operator.ts";

/*
 * How the operator is bundled, and how the image and the chart start Node.js, read from where it is written: so what is measured
 * is what ships.
 */

const execute = promisify(execFile);

/** Runs a bundle with arguments and gives what it printed. */
type Run = (...args: readonly string[]) => Promise<string>;

/** Bundles a file of this folder as the operator is bundled, for `work` to run as the image would. */
export async function withBundle<T>(file: string, work: (run: Run) => Promise<T>): Promise<T> {
  const directory = mkdtempSync(join(tmpdir(), "kmagent-bench-"));
  try {
    const bundle = join(directory, "bundle.mjs");
    const { scripts } = JSON.parse(readFileSync(join(CHECKOUT, "package.json"), "utf8")) as {
      scripts: { build: string };
    };
    const script = scripts.build
      .replace("src/cli.ts", `test/bench/${file}`)
      .replaceAll("dist/kmagent-operator.mjs", bundle);
    const path = `${join(CHECKOUT, "node_modules/.bin")}${delimiter}${process.env["PATH"] ?? ""}`;
    await execute("sh", ["-c", script], { cwd: CHECKOUT, env: { ...process.env, PATH: path } });
    const env = { ...process.env, ...imageEnvironment(), NODE_OPTIONS: nodeOptions() };
    return await work(async (...args) => {
      const { stdout } = await execute(process.execPath, [...imageFlags(), bundle, ...args], { env });
      return stdout;
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The options with which the image's entry point starts Node.js. */
export function imageFlags(): string[] {
  const entryPoint = /^ENTRYPOINT (\[.*\])$/m.exec(dockerfile())?.[1] ?? "[]";
  return (JSON.parse(entryPoint) as string[]).filter((word) => word.startsWith("--"));
}

/** The environment that the image sets. */
export function imageEnvironment(): Record<string, string> {
  return Object.fromEntries(
    [...dockerfile().matchAll(/^ENV (\w+)=(\S+)$/gm)].map(([, name = "", value = ""]) => [name, value]),
  );
}

/** What the chart puts into NODE_OPTIONS where nobody says otherwise. */
function nodeOptions(): string {
  const values = parse(readFileSync(join(CHECKOUT, "helm/kmagent-operator/values.yaml"), "utf8")) as {
    readonly nodeOptions: string;
  };
  return values.nodeOptions;
}

function dockerfile(): string {
  return readFileSync(join(CHECKOUT, "Dockerfile"), "utf8");
}
