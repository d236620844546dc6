import { existsSync, readFileSync } from "node:fs";
import { eventually } from "../../eventually.ts";
import { cgroupDirectories, cgroupProcesses } from "./cgroups.ts";
import type { ClusterIdentity } from "./identity.ts";
import { clusterLinks, clusterRules } from "./network.ts";
import type { ProcessTable } from "./process.ts";

/** Everything of a cluster that is still on this machine, a line each; empty once it is all gone. It trusts no record: it asks the kernel. */
export async function leftovers(
  identity: ClusterIdentity,
  processes: ProcessTable,
  signal: AbortSignal,
): Promise<string[]> {
  const mounts = readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((target) => target === identity.stateDirectory || target.startsWith(`${identity.stateDirectory}/`));
  return [
    ...processes.marked().map((pid) => `process ${String(pid)}: ${commandOf(pid)}`),
    ...cgroupProcesses(identity.cgroup).map((pid) => `process ${String(pid)} of a container: ${commandOf(pid)}`),
    ...cgroupDirectories(identity.cgroup).map((directory) => `cgroup ${directory}`),
    ...(await clusterLinks(identity.bridge, signal)).map((name) => `network interface ${name}`),
    ...(await clusterRules(identity.bridge, signal)).map((rule) => `iptables rule ${rule}`),
    ...mounts.map((target) => `mount ${target}`),
    ...(existsSync(identity.stateDirectory) ? [`directory ${identity.stateDirectory}`] : []),
  ];
}

/** Waits until the kernel has taken away what it takes away in its own time. @throws Error with what is still there after 10 s. */
export async function expectNothingLeft(
  identity: ClusterIdentity,
  processes: ProcessTable,
  signal: AbortSignal,
): Promise<void> {
  await eventually(
    `the cluster ${identity.id} is all gone`,
    async () => {
      const left = await leftovers(identity, processes, signal);
      if (left.length > 0) throw new Error(`\n${left.join("\n")}`);
      return true;
    },
    { withinMs: 10_000, everyMs: 100, signal },
  );
}

function commandOf(pid: number): string {
  const path = `/proc/${String(pid)}/cmdline`;
  return existsSync(path) ? readFileSync(path, "utf8").replaceAll("\0", " ").slice(0, 100) : "(gone)";
}
