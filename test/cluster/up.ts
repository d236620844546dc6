// make up: brings the cluster up, or says that it is.
import { toolPath } from "./build.ts";
import { runUntilInterrupted } from "./interrupt.ts";
import { ensureCluster } from "./provider.ts";

await runUntilInterrupted(async (signal) => {
  const started = performance.now();
  const seconds = (): string => `${((performance.now() - started) / 1000).toFixed(1)} s`;
  let steps = 0;
  const cluster = await ensureCluster(signal, (line) => {
    steps += 1;
    console.log(`${seconds().padStart(7)}  ${line}`);
  });
  const nodes = await cluster.nodes(signal);
  console.log(
    `${steps === 0 ? "The cluster is up already" : `The cluster is up after ${seconds()}`}: ${nodes.map(({ name, address }) => `${name} (${address})`).join(", ")}.`,
  );
  console.log(`  export KUBECONFIG=${cluster.kubeconfigPath}`);
  console.log(`  kubectl: ${toolPath("kubectl")}`);
  if (cluster.registry !== undefined) console.log(`  images: push to ${cluster.registry.host} (plain http)`);
});
