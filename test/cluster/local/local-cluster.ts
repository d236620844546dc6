import { request } from "undici";
import { z } from "zod";
import { eventually } from "../../eventually.ts";
import type { AuditEvent, Cluster, ClusterNode, ContainerTarget, ExecResult, Registry } from "../cluster.ts";
import { run } from "../command.ts";
import { imageArchive } from "../images.ts";
import { ADDON_IMAGES } from "./addons.ts";
import { readAuditLog } from "./audit-log.ts";
import { cgroupProcesses } from "./cgroups.ts";
import { nodeIndices, readState, writeState } from "./cluster-state.ts";
import { CONTAINERD_SOCKET } from "./containerd.ts";
import { adminKubeconfig, API_SERVER, apiServerUrl, auditLog, etcdUrl, startApiServer } from "./control-plane.ts";
import type { ClusterIdentity } from "./identity.ts";
import { KubeApi } from "./kube-api.ts";
import { apiServerReady, nodeHost } from "./lifecycle.ts";
import { inMachine } from "./machine.ts";
import { nodeIndex, nodePlan } from "./network-plan.ts";
import type { NodePlan } from "./network-plan.ts";
import { joinNode, machinePid, prepareNode, removeNodeFiles, startKubelet, stopNode } from "./node.ts";
import type { NodeHost } from "./node.ts";
import { kill } from "./process.ts";
import { openRegistry, PRIVATE_REGISTRY, privateRegistry, startRegistry } from "./registry-process.ts";

/** A local cluster that is up, and what can be done to its machines. It keeps no state of its own: several programs may hold one at a time. */
export class LocalCluster implements Cluster {
  readonly provider = "local";
  readonly kubeconfigPath: string;
  readonly registry: Registry;
  readonly hostAddress: string;
  readonly #host: NodeHost;

  /** @throws Error where the cluster was never made. */
  constructor(identity: ClusterIdentity) {
    const state = readState(identity.stateDirectory);
    if (state === undefined) throw new Error(`the cluster ${identity.id} isn't up: make up`);
    this.#host = nodeHost(identity, state.slot);
    this.kubeconfigPath = adminKubeconfig(identity.stateDirectory);
    this.registry = openRegistry(this.#host.plan);
    this.hostAddress = this.#host.plan.hostAddress;
  }

  nodes(signal: AbortSignal): Promise<readonly ClusterNode[]> {
    signal.throwIfAborted();
    return Promise.resolve(
      nodeIndices(this.#host.stateDirectory).map((index) => clusterNode(nodePlan(this.#host.plan, index))),
    );
  }

  async stopKubelet(node: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    machinePid(this.#host, node);
    await this.#host.processes.stop(`${node}.kubelet`, 3_000);
  }

  async startKubelet(node: string, signal: AbortSignal): Promise<void> {
    if (!this.#host.processes.isRunning(`${node}.kubelet`)) await startKubelet(this.#host, node, signal);
    // Within 20 s of its stop the node is still called Ready: ask kubelet itself first.
    const health = [
      "curl",
      "--silent",
      "--max-time",
      "1",
      "--output",
      "/dev/null",
      "--write-out",
      "%{http_code}",
      "http://127.0.0.1:10248/healthz",
    ];
    const command = ["sh", "-c", '"$@" || true', "sh", ...health];
    await eventually(
      `kubelet of ${node} is healthy`,
      async () => (await this.exec(node, command, signal)).stdout === "200" || undefined,
      { withinMs: 30_000, everyMs: 100, signal },
    );
    await this.#nodeReady(node, signal);
  }

  async stopApiServer(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    // Its graceful stop waits for all watches: what tests want is that it's gone.
    await this.#host.processes.stop(API_SERVER, 1_000);
  }

  async startApiServer(signal: AbortSignal, extraFlags: readonly string[] = []): Promise<void> {
    if (this.#host.processes.isRunning(API_SERVER)) throw new Error("the API server runs already");
    this.#rememberFlags(extraFlags);
    await startApiServer(this.#host, extraFlags, signal);
    await this.#withApi(async (api) => await apiServerReady(this.#host, api, signal));
  }

  signalControlPlane(program: Parameters<Cluster["signalControlPlane"]>[0], signal: NodeJS.Signals): void {
    const record = this.#host.processes.record(program);
    if (record === undefined || !this.#host.processes.isRunning(program)) throw new Error(`${program} doesn't run`);
    kill(record.pid, signal);
  }

  async compactEtcd(signal: AbortSignal): Promise<void> {
    const status = z
      .object({ header: z.object({ revision: z.string() }) })
      .parse(await this.#etcd("maintenance/status", {}, signal));
    await this.#etcd("kv/compaction", { revision: status.header.revision, physical: true }, signal);
  }

  async addNode(signal: AbortSignal): Promise<ClusterNode> {
    const index = Math.max(0, ...nodeIndices(this.#host.stateDirectory)) + 1;
    const node = await prepareNode(this.#host, index, ADDON_IMAGES.map(imageArchive), signal);
    await joinNode(this.#host, node, signal);
    await this.#nodeReady(node.name, signal);
    return clusterNode(node);
  }

  async removeNode(node: string, signal: AbortSignal): Promise<void> {
    this.#known(node);
    await stopNode(this.#host, node, signal);
    await this.#withApi(async (api) => await api.deleteNode(node, signal));
    removeNodeFiles(this.#host.stateDirectory, node);
  }

  async killNode(node: string, signal: AbortSignal): Promise<void> {
    this.#known(node);
    await stopNode(this.#host, node, signal);
  }

  async exec(node: string, argv: readonly string[], signal: AbortSignal, input = ""): Promise<ExecResult> {
    return await run(inMachine(machinePid(this.#host, node), argv), signal, { input });
  }

  async signalContainer(target: ContainerTarget, processSignal: NodeJS.Signals, signal: AbortSignal): Promise<number> {
    const filter = `labels."io.kubernetes.pod.uid"==${target.podUid},labels."io.kubernetes.container.name"==${target.container}`;
    let count = 0;
    for (const { name } of await this.nodes(signal)) {
      if (!this.#host.processes.isRunning(`${name}.containerd`)) continue;
      const { stdout } = await this.exec(
        name,
        ["ctr", "-a", CONTAINERD_SOCKET, "-n", "k8s.io", "containers", "list", "--quiet", filter],
        signal,
      );
      // Restarts leave containers behind, whose cgroups are gone or empty.
      for (const id of stdout.split("\n").filter((line) => line !== "")) {
        for (const pid of cgroupProcesses(`${this.#host.identity.cgroup}/${name}/k8s.io/${id}`)) {
          kill(pid, processSignal);
          count += 1;
        }
      }
    }
    if (count === 0)
      throw new Error(`no process of container ${target.container} of pod ${target.podUid} runs on any node`);
    return count;
  }

  auditEvents(since: Date, signal: AbortSignal): AsyncIterable<AuditEvent> {
    return readAuditLog(auditLog(this.#host.stateDirectory), since, signal);
  }

  async privateRegistry(signal: AbortSignal): Promise<Registry> {
    const registry = privateRegistry(this.#host.plan);
    if (!this.#host.processes.isRunning(PRIVATE_REGISTRY))
      await startRegistry(this.#host.stateDirectory, this.#host.processes, registry, signal);
    await eventually(
      "the private registry asks for a password",
      async () => {
        const response = await request(`http://${registry.host}/v2/`, { signal });
        await response.body.dump();
        return response.statusCode === 401 || undefined;
      },
      { withinMs: 10_000, everyMs: 100, signal },
    );
    return registry;
  }

  async #nodeReady(node: string, signal: AbortSignal): Promise<void> {
    await this.#withApi(async (api) => {
      await eventually(
        `${node} is Ready`,
        async () => {
          if ((await api.nodes(signal)).some(({ name, ready }) => name === node && ready)) return true;
          throw new Error(this.#host.processes.lastWords(`${node}.kubelet`));
        },
        { withinMs: 60_000, everyMs: 100, signal },
      );
    });
  }

  async #withApi<T>(work: (api: KubeApi) => Promise<T>): Promise<T> {
    const api = new KubeApi(this.#host.stateDirectory, apiServerUrl(this.#host.plan, "127.0.0.1"));
    try {
      return await work(api);
    } finally {
      await api.close();
    }
  }

  async #etcd(path: string, body: unknown, signal: AbortSignal): Promise<unknown> {
    const response = await request(`${etcdUrl(this.#host.plan)}/v3/${path}`, {
      method: "POST",
      body: JSON.stringify(body),
      signal,
    });
    const text = await response.body.text();
    if (response.statusCode !== 200)
      throw new Error(`etcd ${path}: HTTP ${String(response.statusCode)}: ${text.slice(0, 300)}`);
    return JSON.parse(text);
  }

  #rememberFlags(apiServerFlags: readonly string[]): void {
    const state = readState(this.#host.stateDirectory);
    if (state !== undefined) writeState(this.#host.stateDirectory, { ...state, apiServerFlags: [...apiServerFlags] });
  }

  #known(node: string): void {
    const index = nodeIndex(node);
    if (index === undefined || !nodeIndices(this.#host.stateDirectory).includes(index))
      throw new Error(`there is no node ${node}`);
  }
}

function clusterNode({ name, address, podRange }: NodePlan): ClusterNode {
  return { name, address, podRange };
}
