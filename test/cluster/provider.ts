import { existsSync } from "node:fs";
import { resolve } from "node:path";
import type { Cluster, Provider } from "./cluster.ts";
import { foreignCluster } from "./foreign-cluster.ts";
import { createKindCluster, deleteKindCluster, kubeconfigPath } from "./kind.ts";
import { clusterIdentity } from "./local/identity.ts";
import type { ClusterIdentity } from "./local/identity.ts";
import { down, isUp, up } from "./local/lifecycle.ts";
import { LocalCluster } from "./local/local-cluster.ts";
import type { Say } from "./say.ts";
import { surroundingsOf } from "./surroundings.ts";

/** The provider that the environment asks for: `PROVIDER`, or `local`. @throws Error where it is none of ours. */
export function chosenProvider(environment: NodeJS.ProcessEnv = process.env): Provider {
  const provider = environment["PROVIDER"] ?? "local";
  if (provider !== "local" && provider !== "kind" && provider !== "kubeconfig")
    throw new Error(`PROVIDER=${provider}: use local, kind or kubeconfig`);
  return provider;
}

/** The identity of this checkout's own cluster. */
export function ownIdentity(): ClusterIdentity {
  return clusterIdentity(resolve(import.meta.dirname, "../.."), {
    KM_CLUSTER: process.env["KM_CLUSTER"],
    XDG_STATE_HOME: process.env["XDG_STATE_HOME"],
  });
}

/**
 * The cluster, brought up where it isn't. At once where it is; programs that ask at the same time wait for the one that makes it.
 *
 * @param say takes a line for people about each step.
 */
export async function ensureCluster(signal: AbortSignal, say: Say = () => undefined): Promise<Cluster> {
  const provider = chosenProvider();
  switch (provider) {
    case "local":
      await up(ownIdentity(), signal, say);
      return new LocalCluster(ownIdentity());
    case "kind":
      return await foreign(provider, await createKindCluster(ownIdentity(), signal), signal);
    case "kubeconfig":
      return await foreign(provider, givenKubeconfig(), signal);
    default:
      return provider satisfies never;
  }
}

/** The cluster as it is. @throws Error where it isn't up. */
export async function attachCluster(signal: AbortSignal): Promise<Cluster> {
  const provider = chosenProvider();
  switch (provider) {
    case "local":
      // No check of its health: a test that stopped the API server may attach too.
      return new LocalCluster(ownIdentity());
    case "kind":
      return await foreign(provider, kubeconfigPath(ownIdentity()), signal);
    case "kubeconfig":
      return await foreign(provider, givenKubeconfig(), signal);
    default:
      return provider satisfies never;
  }
}

/** Whether {@link ensureCluster} would find the cluster up and sound. */
export async function clusterIsUp(signal: AbortSignal): Promise<boolean> {
  const provider = chosenProvider();
  if (provider === "local") return await isUp(ownIdentity(), signal);
  return provider === "kubeconfig" || existsSync(kubeconfigPath(ownIdentity()));
}

/** Takes away what {@link ensureCluster} made; a cluster that was there already is left alone. */
export async function removeCluster(signal: AbortSignal): Promise<void> {
  const provider = chosenProvider();
  switch (provider) {
    case "local":
      await down(ownIdentity(), signal);
      return;
    case "kind":
      await deleteKindCluster(ownIdentity(), signal);
      return;
    case "kubeconfig":
      return;
    default:
      provider satisfies never;
  }
}

async function foreign(provider: Provider, kubeconfig: string, signal: AbortSignal): Promise<Cluster> {
  return await foreignCluster(provider, kubeconfig, surroundingsOf(process.env), signal);
}

function givenKubeconfig(): string {
  const path = process.env["KUBECONFIG"];
  if (path === undefined || path === "")
    throw new Error("PROVIDER=kubeconfig uses the cluster of $KUBECONFIG, which isn't set");
  return resolve(path);
}
