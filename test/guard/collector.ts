import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toolPath } from "../cluster/build.ts";
import { run } from "../cluster/command.ts";

/** What the operator gives each agent, with values of the tests. */
export const AGENT_ENVIRONMENT: Readonly<Record<string, string>> = {
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
export const OWN_FILES =
  'mount -t tmpfs own /var/lib && mkdir /var/lib/kmagent && mount -t tmpfs own /var/log && mkdir -p /var/log/pods && exec "$@"';

/** What the real collector's `validate` says of a configuration; null where it is content. */
export async function validate(text: string, signal: AbortSignal): Promise<string | null> {
  const folder = mkdtempSync(join(tmpdir(), "km-validate-"));
  try {
    const file = join(folder, "config.yaml");
    writeFileSync(file, text);
    const isolated = ["unshare", "--mount", "--propagation", "private", "sh", "-c", OWN_FILES, "sh"];
    await run([...isolated, toolPath("otelcol"), "validate", "--config", file], signal, { env: AGENT_ENVIRONMENT });
    return null;
  } catch (error) {
    signal.throwIfAborted();
    return error instanceof Error ? error.message : String(error);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
