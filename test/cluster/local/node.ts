import { existsSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { eventually } from "../../eventually.ts";
import { toolPath } from "../build.ts";
import { run } from "../command.ts";
import { imageArchive, imageReference } from "../images.ts";
import { removeCgroup } from "./cgroups.ts";
import { createNodeCertificate, writeKubeconfig } from "./certificates.ts";
import { nodeDirectory } from "./cluster-state.ts";
import { CONTAINERD_SOCKET, writeContainerdConfig } from "./containerd.ts";
import { apiServerUrl, certificateDirectory } from "./control-plane.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { ClusterIdentity } from "./identity.ts";
import { kubeletFlags, kubeProxyFlags } from "./kubelet.ts";
import type { NodeConfigInput } from "./kubelet.ts";
import { inMachine, machineName, startMachine } from "./machine.ts";
import { connectNode, disconnectNode } from "./network.ts";
import { nodeIndex, nodePlan } from "./network-plan.ts";
import type { NodePlan } from "./network-plan.ts";

/** What nodes are started from. */
export interface NodeHost extends ControlPlane {
  readonly identity: ClusterIdentity;
}

/** The parts of a node besides its machine, in the order in which they start. */
const NODE_PARTS = ["containerd", "kubelet", "kube-proxy"] as const;

/** Names of all processes of a node in the process table. */
export function nodeProcesses(node: string): string[] {
  return [machineName(node), ...NODE_PARTS.map((part) => `${node}.${part}`)];
}

/** Makes a node with containerd and the images that every node needs, but no kubelet yet: that part needs no API server. */
export async function prepareNode(
  host: NodeHost,
  index: number,
  archives: readonly string[],
  signal: AbortSignal,
): Promise<NodePlan> {
  const node = nodePlan(host.plan, index);
  const input = configInput(host, node);
  mkdirSync(input.directory, { recursive: true });
  const machine = await startMachine(host.stateDirectory, host.processes, node.name, host.identity.cgroup, signal);
  await Promise.all([
    connectNode(host.plan, node, machine, signal),
    createNodeCertificate(input.certificates, node, signal),
  ]);
  const server = apiServerUrl(host.plan, host.plan.hostAddress);
  writeKubeconfig(join(input.directory, "kubelet.kubeconfig"), input.certificates, node.name, server);
  writeKubeconfig(join(input.directory, "kube-proxy.kubeconfig"), input.certificates, "kube-proxy", server);
  const containerd = writeContainerdConfig(input.directory, host.plan, node, imageReference("pause"));
  await launchInNode(
    host,
    node.name,
    "containerd",
    ["containerd", "--config", containerd, "--log-level", "warn"],
    signal,
  );
  await importImages(host, node.name, [imageArchive("pause"), ...archives], signal);
  return node;
}

/** Starts what makes a prepared node one of the cluster. It becomes Ready by itself a few seconds after the API server answers. */
export async function joinNode(host: NodeHost, node: NodePlan, signal: AbortSignal): Promise<void> {
  await Promise.all([
    startKubelet(host, node.name, signal),
    launchInNode(
      host,
      node.name,
      "kube-proxy",
      [toolPath("kube-proxy"), ...kubeProxyFlags(configInput(host, node))],
      signal,
    ),
  ]);
}

/** Starts kubelet on a node that has none running. */
export async function startKubelet(host: NodeHost, node: string, signal: AbortSignal): Promise<void> {
  const plan = planOf(host, node);
  await launchInNode(host, node, "kubelet", [toolPath("kubelet"), ...kubeletFlags(configInput(host, plan))], signal);
}

/** Ends a node's machine, and with it every process, every mount and every cgroup of the node. */
export async function stopNode(host: NodeHost, node: string, signal: AbortSignal): Promise<void> {
  for (const name of nodeProcesses(node)) await host.processes.stop(name, 0);
  await cgroupGone(`${host.identity.cgroup}/${node}`, signal);
  await disconnectNode(planOf(host, node), signal);
}

/** Waits until the processes of a cgroup, which were killed, are gone, and removes it. */
export async function cgroupGone(cgroup: string, signal: AbortSignal): Promise<void> {
  const patience = { withinMs: 10_000, everyMs: 100, signal };
  await eventually(`the cgroup ${cgroup} is empty and removed`, () => removeCgroup(cgroup) || undefined, patience);
}

/** Forgets a stopped node's files. */
export function removeNodeFiles(stateDirectory: string, node: string): void {
  rmSync(nodeDirectory(stateDirectory, node), { recursive: true, force: true });
}

/** The id of a node's machine, with which its namespaces are entered. @throws Error where the node doesn't run. */
export function machinePid(host: Pick<NodeHost, "processes">, node: string): number {
  const record = host.processes.record(machineName(node));
  if (record === undefined || !host.processes.isRunning(machineName(node))) throw new Error(`${node} doesn't run`);
  return record.pid;
}

/** Loads images' archives into a node, one after the other: with three nodes there is work enough for the processors. */
async function importImages(
  host: NodeHost,
  node: string,
  archives: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const pid = machinePid(host, node);
  const listens = () => existsSync(`/proc/${String(pid)}/root${CONTAINERD_SOCKET}`);
  const patience = { withinMs: 20_000, everyMs: 20, signal };
  await host.processes.waitFor(`${node}.containerd`, `containerd of ${node} listens`, listens, patience);
  for (const archive of archives) {
    await run(inMachine(pid, ["ctr", "-a", CONTAINERD_SOCKET, "-n", "k8s.io", "images", "import", archive]), signal);
  }
}

function planOf(host: NodeHost, node: string): NodePlan {
  const index = nodeIndex(node);
  if (index === undefined) throw new Error(`no node is called ${node}`);
  return nodePlan(host.plan, index);
}

function configInput(host: NodeHost, node: NodePlan): NodeConfigInput {
  return {
    directory: nodeDirectory(host.stateDirectory, node.name),
    certificates: certificateDirectory(host.stateDirectory),
    plan: host.plan,
    node,
  };
}

async function launchInNode(
  host: NodeHost,
  node: string,
  part: (typeof NODE_PARTS)[number],
  argv: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  await host.processes.launch(
    { name: `${node}.${part}`, argv: inMachine(machinePid(host, node), argv), forks: true },
    signal,
  );
}
