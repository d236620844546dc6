// make down: takes the cluster away, whatever state it is in, and proves that nothing is left of it.
import { runUntilInterrupted } from "./interrupt.ts";
import { chosenProvider, removeCluster } from "./provider.ts";

await runUntilInterrupted(async (signal) => {
  const started = performance.now();
  await removeCluster(signal);
  const took = `${((performance.now() - started) / 1000).toFixed(1)} s`;
  console.log(
    chosenProvider() === "kubeconfig"
      ? "A cluster that you brought is left alone."
      : `The cluster is gone (${took}): nothing is left of it.`,
  );
});
