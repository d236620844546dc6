import { mkdirSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { eventually } from "../../eventually.ts";
import { ensureTools, toolPath } from "../build.ts";
import type { ToolName } from "../build.ts";
import { ensureDebianPackages } from "../debian.ts";
import { ensureImages, imageArchive } from "../images.ts";
import type { Say } from "../say.ts";
import { together } from "../together.ts";
import { ADDON_IMAGES, applyAddons } from "./addons.ts";
import { createCertificates, writeKubeconfig } from "./certificates.ts";
import { cgroupProcesses } from "./cgroups.ts";
import { nodeIndices, readState, writeState } from "./cluster-state.ts";
import {
  adminKubeconfig,
  API_SERVER,
  apiServerUrl,
  certificateDirectory,
  startApiServer,
  startControllers,
  startEtcd,
} from "./control-plane.ts";
import type { ClusterIdentity } from "./identity.ts";
import { raiseInotifyLimit } from "./inotify.ts";
import { KubeApi } from "./kube-api.ts";
import { expectNothingLeft } from "./leftovers.ts";
import { withLock } from "./lock.ts";
import { checkVisibleInNodes } from "./machine.ts";
import { createBridge, deleteNetwork, freeSlot } from "./network.ts";
import { networkPlan, nodePlan } from "./network-plan.ts";
import { cgroupGone, joinNode, nodeProcesses, prepareNode } from "./node.ts";
import type { NodeHost } from "./node.ts";
import { kill, ProcessTable } from "./process.ts";
import { openRegistry, REGISTRY, startRegistry } from "./registry-process.ts";

/** The nodes of a cluster as it is made; tests add and remove others. */
const NODES = [1, 2, 3];

const TOOLS: readonly ToolName[] = [
  ...(["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const),
  ...(["kubelet", "kube-proxy", "kubectl", "registry"] as const),
];

/** What acts on a cluster that has a slot. */
export function nodeHost(identity: ClusterIdentity, slot: number): NodeHost {
  return {
    identity,
    stateDirectory: identity.stateDirectory,
    processes: new ProcessTable(identity.stateDirectory, identity.id),
    plan: networkPlan(identity, slot),
  };
}

/**
 * Whether the cluster is up and as it was made: every process runs, no fault is left in it, and it answers. A fraction of a second where it is, or
 * isn't there; one whose processes all run is given half a minute to answer, for it may only be slow, and others may be using it.
 */
export async function isUp(identity: ClusterIdentity, signal: AbortSignal): Promise<boolean> {
  const state = readState(identity.stateDirectory);
  if (state?.phase !== "up" || state.apiServerFlags.length > 0) return false;
  const { processes, plan } = nodeHost(identity, state.slot);
  const wanted = [
    ...["etcd", API_SERVER, "kube-controller-manager", "kube-scheduler", REGISTRY],
    ...NODES.flatMap((index) => nodeProcesses(nodePlan(plan, index).name)),
  ];
  if (nodeIndices(identity.stateDirectory).join() !== NODES.join()) return false;
  const api = new KubeApi(identity.stateDirectory, apiServerUrl(plan, "127.0.0.1"));
  const deadline = performance.now() + 30_000;
  try {
    while (wanted.every((name) => processes.isRunning(name)) && performance.now() < deadline) {
      if ((await api.readyNodes(signal)) === NODES.length) return true;
      await delay(200, undefined, { signal });
    }
    return false;
  } finally {
    await api.close();
  }
}

/**
 * Brings the cluster up: three Ready nodes, DNS that answers, an empty registry. Where it is up, that is all; what is half there is taken down first.
 *
 * @throws Error with what didn't come up and the end of its log. What was started by then stays to be looked at, until the next `up` or `down`; after an
 *   interruption it is taken down at once.
 */
export async function up(identity: ClusterIdentity, signal: AbortSignal, say: Say): Promise<"made" | "found"> {
  return await withLock(lockPath(identity), signal, async () => {
    if (await isUp(identity, signal)) return "found";
    await ensureDebianPackages(signal);
    await ensureTools(TOOLS, signal);
    await ensureImages(["pause", ...ADDON_IMAGES], signal);
    await takeDown(identity, signal);
    try {
      await make(identity, signal, say);
    } catch (error) {
      // Whoever interrupts wants an idle machine; after a failure logs and processes stay, to be looked at.
      if (signal.aborted) await takeDown(identity, AbortSignal.timeout(30_000));
      throw error;
    }
    return "made";
  });
}

/** Takes all of the cluster away, whatever state it is in, and proves that nothing is left of it. */
export async function down(identity: ClusterIdentity, signal: AbortSignal): Promise<void> {
  await withLock(lockPath(identity), signal, async () => await takeDown(identity, signal));
}

async function make(identity: ClusterIdentity, signal: AbortSignal, say: Say): Promise<void> {
  checkVisibleInNodes(identity.stateDirectory, "XDG_STATE_HOME");
  checkVisibleInNodes(toolPath("kubelet"), "XDG_CACHE_HOME");
  raiseInotifyLimit(say);
  const slot = await freeSlot(identity.preferredSlot, signal);
  const host = nodeHost(identity, slot);
  const { stateDirectory, processes, plan } = host;
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  writeState(stateDirectory, { version: 1, slot, phase: "starting", apiServerFlags: [] });
  const certificates = certificateDirectory(stateDirectory);
  await together(signal, [
    async (part) => await createBridge(plan, part),
    async (part) => await createCertificates(certificates, plan, part),
    async (part) => await startEtcd(host, part),
  ]);
  const kubeconfig = adminKubeconfig(stateDirectory);
  // The host's address on the bridge, so that the same file serves in the nodes' namespaces.
  writeKubeconfig(kubeconfig, certificates, "admin", apiServerUrl(plan, plan.hostAddress));
  const api = new KubeApi(stateDirectory, apiServerUrl(plan, "127.0.0.1"));
  try {
    say("starting the control plane and three nodes");
    const archives = ADDON_IMAGES.map(imageArchive);
    const [nodes] = await together(signal, [
      async (part) =>
        await together(
          part,
          NODES.map((index) => async (one: AbortSignal) => await prepareNode(host, index, archives, one)),
        ),
      async (part) => await startRegistry(stateDirectory, processes, openRegistry(plan), part),
      async (part) => {
        await startApiServer(host, [], part);
        await apiServerReady(host, api, part);
      },
    ]);
    say("API server ready; nodes join");
    await together(signal, [
      async (part) => await startControllers(host, part),
      async (part) => await applyAddons(kubeconfig, plan, part),
      ...nodes.map((node) => async (part: AbortSignal) => await joinNode(host, node, part)),
    ]);
    await nodesReady(host, api, nodes.length, signal);
    say(`${String(nodes.length)} nodes Ready; waiting for cluster DNS`);
    await eventually(
      "cluster DNS is up",
      async () => (await api.availableReplicas("kube-system", "coredns", signal)) > 0 || undefined,
      { withinMs: 60_000, everyMs: 100, signal },
    );
    writeState(stateDirectory, { version: 1, slot, phase: "up", apiServerFlags: [] });
  } finally {
    await api.close();
  }
}

/** Waits until the API server is ready. @throws Error with its last words where it ended, or isn't after 60 s. */
export async function apiServerReady(
  { processes }: Pick<NodeHost, "processes">,
  api: KubeApi,
  signal: AbortSignal,
): Promise<void> {
  const patience = { withinMs: 60_000, everyMs: 100, signal };
  await processes.waitFor(API_SERVER, "the API server is ready", async () => await api.isReady(signal), patience);
}

/** Waits until this many nodes are Ready. @throws Error with kubelets' last words where they aren't after 60 s. */
async function nodesReady(
  { stateDirectory, plan, processes }: NodeHost,
  api: KubeApi,
  count: number,
  signal: AbortSignal,
): Promise<void> {
  await eventually(
    `${String(count)} nodes are Ready`,
    async () => {
      if ((await api.readyNodes(signal)) >= count) return true;
      const kubelets = nodeIndices(stateDirectory).map((index) => `${nodePlan(plan, index).name}.kubelet`);
      throw new Error(kubelets.map((name) => processes.lastWords(name)).join("\n"));
    },
    { withinMs: 60_000, everyMs: 100, signal },
  );
}

/** In this order: machines first (with them all containers and mounts), then the rest, then what the kernel keeps for them. */
async function takeDown(identity: ClusterIdentity, signal: AbortSignal): Promise<void> {
  const { id, stateDirectory, bridge, cgroup } = identity;
  const processes = new ProcessTable(stateDirectory, id);
  const names = processes.names();
  await Promise.all(
    names.filter((name) => name.endsWith(".machine")).map(async (name) => await processes.stop(name, 0)),
  );
  await Promise.all(
    names.filter((name) => !name.endsWith(".machine")).map(async (name) => await processes.stop(name, 0)),
  );
  await processes.killMarked();
  for (const pid of cgroupProcesses(cgroup)) kill(pid, "SIGKILL");
  await cgroupGone(cgroup, signal);
  await deleteNetwork(bridge, signal);
  rmSync(stateDirectory, { recursive: true, force: true });
  await expectNothingLeft(identity, processes, signal);
}

/** Beside the state directory, which `down` takes away. */
function lockPath({ stateDirectory, id }: ClusterIdentity): string {
  return join(dirname(stateDirectory), `${id}.lock`);
}
