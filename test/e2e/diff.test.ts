import { execFile } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { stringify } from "yaml";
import { CHECKOUT } from "../installation/operator.ts";
import { enterWorld, install } from "../installation/world.ts";
import type { Installation, KmAgentObject, World } from "../installation/world.ts";

/* `kmagent-operator diff` against a cluster: what it says beforehand, and what an apply then does. */

const NAMESPACE = "diff";

const folder = mkdtempSync(join(tmpdir(), "km-diff-"));
let world: World;
let operator: Installation;
let kmagent: KmAgentObject;

beforeAll(async () => {
  world = await enterWorld();
  operator = await install(world, { namespace: NAMESPACE, release: "kmagent-operator" });
  await operator.applyKmAgent();
  kmagent = await operator.waitHealthy();
}, 240_000);

afterAll(async () => {
  rmSync(folder, { recursive: true });
  expect(await operator.leave()).toEqual([]);
}, 240_000);

/** Exit code and output of `diff` for the KmAgent with some parts of its spec changed. */
async function diff(
  change: Readonly<Record<string, unknown>>,
): Promise<{ code: number; stdout: string; stderr: string }> {
  const file = join(folder, "kmagent.yaml");
  const { apiVersion, kind, spec } = kmagent;
  const metadata = { name: "km-agent", namespace: NAMESPACE };
  writeFileSync(file, stringify({ apiVersion, kind, metadata, spec: { ...spec, ...change } }));
  const argv = ["src/cli.ts", "diff", "-f", file, "--kubeconfig", world.cluster.kubeconfigPath];
  return await new Promise((resolve) => {
    execFile(process.execPath, argv, { cwd: CHECKOUT, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

describe("diff", () => {
  test("says that nothing would change, with exit code 0, where the file is what the cluster has", async () => {
    expect(await diff({})).toEqual({
      code: 0,
      stdout: "KmAgent km-agent: no change\nDaemonSet km-agent: no change\nDeployment km-agent-cluster: no change\n",
      stderr: "",
    });
  });

  test("names fields and the nodes whose pods would restart, with exit code 1, and changes nothing", async () => {
    const { generation } = kmagent.metadata;
    const features = { logs: true, metrics: true, traces: false };
    const { code, stdout } = await diff({ config: { features } });
    expect(code).toBe(1);
    expect(stdout).toContain("KmAgent km-agent: would change\n  ~ spec.config.features.traces\n");
    expect(stdout).toContain("DaemonSet km-agent: would change; pods on 3 nodes would restart\n");
    expect(stdout).toContain("  - collector configuration: receivers.otlp\n");
    expect(stdout).toContain("Deployment km-agent-cluster: no change\n");
    expect((await operator.kmagent())?.metadata.generation).toBe(generation);
  });

  test("says what the API server refuses, with exit code 2", async () => {
    const { code, stdout, stderr } = await diff({ rollout: { maxUnavailable: "many" } });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain("spec.rollout.maxUnavailable");
  });
});
