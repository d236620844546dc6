import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { nodeDirectory } from "./cluster-state.ts";
import type { ProcessTable } from "./process.ts";

/*
 * A node's "machine" is one process that holds network, mount, process, host name and IPC namespaces, in which containerd, kubelet, kube-proxy and all
 * containers run. As it is the first process of its process namespace, the kernel kills all of them with it: a node can't be left half stopped. What
 * it mounts is in its mount namespace only, and goes with it too. machine.sh is what it runs.
 */

/** The paths that are each node's own. What the cluster needs inside a node must not lie below one of them. */
const HIDDEN = ["/run", "/var/run", "/var/log", "/var/lib"];

/** The name of the machine's process in the process table. */
export function machineName(node: string): string {
  return `${node}.machine`;
}

/**
 * Starts the machine of a node and waits until its namespaces are ready.
 *
 * @param cgroup the cluster's, below which the node's is.
 * @returns its process id, with which {@link inMachine} enters it.
 */
export async function startMachine(
  stateDirectory: string,
  processes: ProcessTable,
  node: string,
  cgroup: string,
  signal: AbortSignal,
): Promise<number> {
  const directory = nodeDirectory(stateDirectory, node);
  mkdirSync(join(directory, "lib"), { recursive: true });
  const { pid } = await processes.launch(
    {
      name: machineName(node),
      argv: [
        ...["unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--propagation", "private", "--"],
        ...["sh", join(import.meta.dirname, "machine.sh")],
      ],
      forks: true,
      env: { NODE_DIRECTORY: directory, NODE_NAME: node, NODE_CGROUP: `${cgroup}/${node}` },
    },
    signal,
  );
  const isReady = () => existsSync(join(directory, "ready"));
  const patience = { withinMs: 10_000, everyMs: 10, signal };
  await processes.waitFor(machineName(node), `the namespaces of ${node} are made`, isReady, patience);
  return pid;
}

/** The command that runs `argv` inside a node's machine. It forks: the process of the node is the child of the process that is started. */
export function inMachine(pid: number, argv: readonly string[]): string[] {
  return ["nsenter", "--target", String(pid), "--net", "--mount", "--uts", "--ipc", "--pid", "--", ...argv];
}

/** @throws Error where a path that nodes need is hidden inside them, with what to do about it. */
export function checkVisibleInNodes(path: string, variable: string): void {
  const hiding = HIDDEN.find((root) => path === root || path.startsWith(`${root}/`));
  if (hiding !== undefined)
    throw new Error(
      `${path} can't be used: each node has a ${hiding} of its own. Set ${variable} to a directory elsewhere.`,
    );
}
