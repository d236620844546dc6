import { mkdirSync, writeFileSync } from "node:fs";
import { ensureCluster } from "../cluster/provider.ts";
import { kubectlFor } from "../installation/kubectl.ts";
import { applyCrd, publishImages } from "../installation/operator.ts";
import { WORLD_FILE, WORLD_FOLDER } from "../installation/world.ts";

/**
 * Makes this process's cluster fit for a file of tests: brings it up where it isn't (or isn't sound), and publishes the CRD and
 * the images that tests use. Some seconds where all of it is there.
 */
export async function prepareWorld(): Promise<void> {
  const signal = AbortSignal.timeout(45 * 60_000);
  const cluster = await ensureCluster(signal, (line) => console.error(`  ${line}`));
  process.env["KUBECONFIG"] = cluster.kubeconfigPath;
  await applyCrd(kubectlFor(cluster.kubeconfigPath, signal));
  const images = await publishImages(cluster, ["collector", "vendor", "faulty"], signal);
  mkdirSync(WORLD_FOLDER, { recursive: true });
  writeFileSync(WORLD_FILE, JSON.stringify({ images }));
}
