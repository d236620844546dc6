// make status: what of the cluster runs, and how to look further. Changes nothing.
import { runUntilInterrupted } from "./interrupt.ts";
import { nodeIndices, readState } from "./local/cluster-state.ts";
import { leftovers } from "./local/leftovers.ts";
import { nodeHost } from "./local/lifecycle.ts";
import { machineName } from "./local/machine.ts";
import { nodePlan } from "./local/network-plan.ts";
import { ProcessTable } from "./local/process.ts";
import { adminKubeconfig } from "./local/control-plane.ts";
import { chosenProvider, clusterIsUp, ownIdentity } from "./provider.ts";

await runUntilInterrupted(async (signal) => {
  const up = await clusterIsUp(signal);
  if (chosenProvider() !== "local") {
    console.log(up ? "There is a cluster." : "There is no cluster.");
    return;
  }
  const identity = ownIdentity();
  const state = readState(identity.stateDirectory);
  if (state === undefined) {
    const left = await leftovers(identity, new ProcessTable(identity.stateDirectory, identity.id), signal);
    console.log([`The cluster ${identity.id} isn't there.`, ...left.map((line) => `  left over: ${line}`)].join("\n"));
    return;
  }
  const { processes, plan } = nodeHost(identity, state.slot);
  console.log(`The cluster ${identity.id} is ${up ? "up" : "not sound: make up makes it anew"}.`);
  console.log(`  export KUBECONFIG=${adminKubeconfig(identity.stateDirectory)}`);
  console.log(`  logs in ${identity.stateDirectory}/logs`);
  for (const name of processes.names()) {
    console.log(
      `  ${processes.isRunning(name) ? "runs  " : "is off"}  ${name} (${String(processes.record(name)?.pid ?? "?")})`,
    );
  }
  for (const node of nodeIndices(identity.stateDirectory).map((index) => nodePlan(plan, index))) {
    const pid = processes.record(machineName(node.name))?.pid;
    console.log(
      `  ${node.name} ${node.address}, its pods ${node.podRange}: nsenter --all --target ${String(pid ?? "?")}`,
    );
  }
});
