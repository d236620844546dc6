import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { run } from "./command.ts";
import type { ClusterIdentity } from "./local/identity.ts";

/** What `kind create cluster` is asked for: as many nodes that take pods as our own cluster has. */
const CONFIGURATION = `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
- role: control-plane
- role: worker
- role: worker
- role: worker
`;

/** Makes the kind cluster of this checkout where there is none, and gives its kubeconfig's path. Needs `kind` and Docker; never tried by us. */
export async function createKindCluster(identity: ClusterIdentity, signal: AbortSignal): Promise<string> {
  const kubeconfig = kubeconfigPath(identity);
  if (existsSync(kubeconfig)) return kubeconfig;
  mkdirSync(kindDirectory(identity), { recursive: true, mode: 0o700 });
  await run(
    [
      "kind",
      "create",
      "cluster",
      "--name",
      identity.cgroup,
      "--kubeconfig",
      kubeconfig,
      "--config",
      "-",
      "--wait",
      "120s",
    ],
    signal,
    {
      input: CONFIGURATION,
      timeout: 600_000,
    },
  );
  return kubeconfig;
}

/** Deletes the kind cluster of this checkout, where there is one. */
export async function deleteKindCluster(identity: ClusterIdentity, signal: AbortSignal): Promise<void> {
  if (!existsSync(kindDirectory(identity))) return;
  await run(
    ["kind", "delete", "cluster", "--name", identity.cgroup, "--kubeconfig", kubeconfigPath(identity)],
    signal,
    { timeout: 120_000 },
  );
  rmSync(kindDirectory(identity), { recursive: true, force: true });
}

/** The kubeconfig of this checkout's kind cluster, made or not. */
export function kubeconfigPath(identity: ClusterIdentity): string {
  return join(kindDirectory(identity), "kubeconfig");
}

function kindDirectory(identity: ClusterIdentity): string {
  return `${identity.stateDirectory}-kind`;
}
