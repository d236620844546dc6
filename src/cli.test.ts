import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "@jest/globals";

/* The command line as a process of its own, for exit codes are what scripts go by. */

const folder = mkdtempSync(join(tmpdir(), "km-cli-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Exit code and output of a call, at whose home nothing is. */
async function call(...argv: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const env = { PATH: process.env["PATH"], HOME: folder };
  return await new Promise((resolve) => {
    execFile(process.execPath, ["src/cli.ts", ...argv], { env, timeout: 50_000 }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : error ? -1 : 0, stdout, stderr }),
    );
  });
}

describe("diff", () => {
  test("--help names every place where a kubeconfig is looked for", async () => {
    const { code, stdout } = await call("diff", "--help");
    expect(code).toBe(0);
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(
      "default: $KUBECONFIG, then the pod's own service account, then ~/.kube/config",
    );
  });
});
