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

const KMAGENT = `apiVersion: kloudmate.com/v1alpha1
kind: KmAgent
metadata: { name: km-agent, namespace: km-agent }
spec:
  clusterName: shop
  apiKeySecretRef: { name: km-agent-credentials, key: apiKey }
`;

function file(text = KMAGENT): string {
  const path = join(folder, "kmagent.yaml");
  writeFileSync(path, text);
  return path;
}

describe("render", () => {
  const FLAGS = [
    ["--node-agent-image", "ghcr.io/kloudmate/km-kube-agent:1.2.0", "example.com/node:3"],
    ["--cluster-agent-image", "ghcr.io/kloudmate/km-kube-agent:1.2.0", "example.com/cluster:4"],
    ["--node-agent-service-account", "kmagent-operator-node-agent", "theirs-node"],
    ["--cluster-agent-service-account", "kmagent-operator-cluster-agent", "theirs-cluster"],
  ] as const;

  /** Images and ServiceAccounts of what `render` prints. */
  const given = async (...flags: readonly string[]) => {
    const { stdout } = await call("render", "-f", file(), ...flags);
    return Array.from(stdout.matchAll(/^ +(?:image|serviceAccountName): "?([^"\n]+)/gm), ([, value]) => value).sort();
  };

  test("takes images and ServiceAccounts of this release", async () => {
    expect(await given()).toEqual(FLAGS.map(([, released]) => released).sort());
  });

  test("takes those of an installation by the flags that its operator has", async () => {
    expect(await given(...FLAGS.flatMap(([flag, , other]) => [flag, other]))).toEqual(
      FLAGS.map(([, , other]) => other).sort(),
    );
  });
});

describe("diff", () => {
  test("--help names every place where a kubeconfig is looked for", async () => {
    const { code, stdout } = await call("diff", "--help");
    expect(code).toBe(0);
    expect(stdout.replaceAll(/\s+/g, " ")).toContain(
      "default: $KUBECONFIG, then the pod's own service account, then ~/.kube/config",
    );
  });
});
