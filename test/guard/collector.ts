import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toolPath } from "../cluster/build.ts";
import { run } from "../cluster/command.ts";
import type { Witnessed } from "./witness.ts";

/** What the operator gives each agent, with values of the tests. */
const AGENT_ENVIRONMENT: Readonly<Record<string, string>> = {
  KM_API_KEY: "the-key-of-the-tests",
  KM_COLLECTOR_ENDPOINT: "https://otel.example.com:4318",
  KM_CLUSTER_NAME: "tests",
  KM_NODE_NAME: "worker-1",
  KM_NODE_HOST_IP: "192.0.2.1",
  KM_POD_NAME: "km-agent-x",
  KM_POD_IP: "0.0.0.0",
  KM_AGENT_VERSION: "1.2.0",
  POD_NAMESPACE: "km-agent",
  DEPLOYMENT_MODE: "DAEMONSET",
};

/** A mount namespace with the agent's own directory and empty logs, so that nothing of this machine is read or written. */
const OWN_FILES =
  'mount -t tmpfs own /var/lib && mkdir /var/lib/kmagent && mount -t tmpfs own /var/log && mkdir -p /var/log/pods && exec "$@"';

/** Does something with a file that holds a configuration. */
async function withFile<T>(text: string, act: (file: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "km-collector-"));
  try {
    const file = join(folder, "config.yaml");
    writeFileSync(file, text);
    return await act(file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the real collector's `validate` says of a configuration; null where it is content. */
export async function validate(text: string, signal: AbortSignal): Promise<string | null> {
  const isolated = ["unshare", "--mount", "--propagation", "private", "sh", "-c", OWN_FILES, "sh"];
  return await withFile(text, async (file) => {
    try {
      await run([...isolated, toolPath("otelcol"), "validate", "--config", file], signal, { env: AGENT_ENVIRONMENT });
      return null;
    } catch (error) {
      signal.throwIfAborted();
      return error instanceof Error ? error.message : String(error);
    }
  });
}

/** Runs the real collector for some seconds where every address is this machine's own, and tells whom it tried to reach. */
export async function witness(text: string, milliseconds: number, signal: AbortSignal): Promise<Witnessed> {
  const program = join(import.meta.dirname, "witness.ts");
  const isolated = ["unshare", "--net", "--mount", "--propagation", "private", process.execPath, program];
  return await withFile(text, async (file) => {
    const argv = [...isolated, toolPath("otelcol"), file, String(milliseconds)];
    const { stdout } = await run(argv, signal, { env: AGENT_ENVIRONMENT, timeout: milliseconds + 60_000 });
    return JSON.parse(stdout) as Witnessed;
  });
}
