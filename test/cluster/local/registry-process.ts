import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { toolPath } from "../build.ts";
import type { Registry } from "../cluster.ts";
import { htpasswd, registryConfig } from "../registry.ts";
import type { NetworkPlan } from "./network-plan.ts";
import type { ProcessTable } from "./process.ts";

/** Name of the registry in the process table; its data outlive the process, not the cluster. */
export const REGISTRY = "registry";
/** Name of the registry that asks for a password. */
export const PRIVATE_REGISTRY = "registry-private";

const CREDENTIALS = { username: "puller", password: "correct-horse" };

/** The open registry's address. */
export function openRegistry(plan: NetworkPlan): Registry {
  return { host: `${plan.hostAddress}:${String(plan.registryPort)}` };
}

/** The address of the registry that asks for a password, and a user. */
export function privateRegistry(plan: NetworkPlan): Registry {
  return { host: `${plan.hostAddress}:${String(plan.privateRegistryPort)}`, credentials: CREDENTIALS };
}

/** Starts a registry on the bridge's address, where only the host and the nodes reach it. */
export async function startRegistry(
  stateDirectory: string,
  processes: ProcessTable,
  registry: Registry,
  signal: AbortSignal,
): Promise<void> {
  const name = registry.credentials === undefined ? REGISTRY : PRIVATE_REGISTRY;
  const directory = join(stateDirectory, name);
  const dataDir = join(directory, "data");
  mkdirSync(dataDir, { recursive: true });
  let htpasswdFile: string | undefined;
  if (registry.credentials !== undefined) {
    htpasswdFile = join(directory, "htpasswd");
    writeFileSync(htpasswdFile, htpasswd(registry.credentials.username, registry.credentials.password), {
      mode: 0o600,
    });
  }
  const path = join(directory, "config.yaml");
  writeFileSync(
    path,
    registryConfig({ address: registry.host, dataDir, ...(htpasswdFile !== undefined && { htpasswdFile }) }),
  );
  await processes.launch({ name, argv: [toolPath("registry"), "serve", path] }, signal);
}
