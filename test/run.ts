import { spawn } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/*
 * Runs suites of tests one after the other and closes with one line that counts them all: "N passed, N failed".
 * Exit code 1 where a test failed, a suite couldn't run, or no test ran.
 */

/** A suite's program and its arguments; it writes its counts to the file that it is given, as Jest does. */
const SUITES: Readonly<Record<string, (output: string, extra: readonly string[]) => readonly string[]>> = {
  unit: (output, extra) => jest("jest.config.js", output, extra),
  cluster: (output, extra) => jest("test/jest.cluster.config.js", output, extra),
  mutants: (output) => ["test/rollout/mutants.ts", output],
};
// Tests have a cluster of their own beside the demo's, and runs on several clusters don't share their results.
const CLUSTER = process.env["KM_CLUSTER"] ?? "test";
const RESULTS = join(".cache/results", CLUSTER);

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

function jest(config: string, output: string, extra: readonly string[]): readonly string[] {
  const program = ["--experimental-vm-modules", "--no-warnings=ExperimentalWarning", "node_modules/jest/bin/jest.js"];
  return [...program, "--config", config, "--json", `--outputFile=${output}`, ...extra];
}

async function runSuite(name: string, extra: readonly string[]): Promise<Counts> {
  const suite = SUITES[name];
  if (suite === undefined) throw new Error(`no such suite: ${name}; there are ${Object.keys(SUITES).join(", ")}`);
  const output = join(RESULTS, `${name}.json`);
  rmSync(output, { force: true });
  await new Promise<void>((resolve, reject) => {
    spawn(process.execPath, suite(output, extra), {
      // What Jest prints there is the JSON that goes to the file too.
      stdio: ["ignore", name === "mutants" ? "inherit" : "ignore", "inherit"],
      env: { ...process.env, KM_CLUSTER: CLUSTER },
    })
      .once("error", reject)
      .once("exit", () => resolve());
  });
  if (!existsSync(output)) return { passed: 0, failed: 1 };
  const results = JSON.parse(readFileSync(output, "utf8")) as {
    numPassedTests: number;
    numFailedTests: number;
    numRuntimeErrorTestSuites: number;
  };
  return { passed: results.numPassedTests, failed: results.numFailedTests + results.numRuntimeErrorTestSuites };
}

const words = process.argv.slice(2);
const cut = words.indexOf("--");
const names = cut < 0 ? words : words.slice(0, cut);
mkdirSync(RESULTS, { recursive: true });
let passed = 0;
let failed = 0;
for (const name of names) {
  const counts = await runSuite(name, cut < 0 ? [] : words.slice(cut + 1));
  passed += counts.passed;
  failed += counts.failed;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 || passed === 0 ? 1 : 0;
