import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";

/*
 * Runs suites of tests one after the other and closes with one line that counts them all: "N passed, N failed".
 * Exit code 1 where a test failed, a suite couldn't run, or no test ran.
 */

const SUITES: Readonly<Record<string, string>> = { unit: "jest.config.js", cluster: "test/jest.cluster.config.js" };
// Tests have a cluster of their own beside the demo's, and runs on several clusters don't share their results.
const CLUSTER = process.env["KM_CLUSTER"] ?? "test";
const RESULTS = join(".cache/results", CLUSTER);

interface Counts {
  readonly passed: number;
  readonly failed: number;
}

async function runSuite(name: string, extra: readonly string[]): Promise<Counts> {
  const config = SUITES[name];
  if (config === undefined) throw new Error(`no such suite: ${name}; there are ${Object.keys(SUITES).join(", ")}`);
  const output = join(RESULTS, `${name}.json`);
  rmSync(output, { force: true });
  const jest = ["node_modules/jest/bin/jest.js", "--config", config, "--json", `--outputFile=${output}`, ...extra];
  await new Promise<void>((resolve, reject) => {
    spawn(process.execPath, ["--experimental-vm-modules", "--no-warnings=ExperimentalWarning", ...jest], {
      stdio: ["ignore", "ignore", "inherit"],
      env: { ...process.env, KM_CLUSTER: CLUSTER },
    })
      .once("error", reject)
      .once("exit", () => resolve());
  });
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
