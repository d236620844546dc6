import { PODS, resourcePath } from "../../src/kube/resource.ts";
import { eventually } from "../eventually.ts";
import type { KubernetesObject } from "../installation/kubectl.ts";
import type { Installation, KmAgentObject, World } from "../installation/world.ts";
import { watchObjects } from "./watch.ts";
import type { Watch } from "./watch.ts";

/** As much of a pod as faults look at. */
export interface AgentPod extends KubernetesObject {
  readonly spec: {
    readonly nodeName?: string;
    readonly containers: readonly { resources?: { requests?: Readonly<Record<string, string>> } }[];
  };
  readonly status: {
    readonly phase?: string;
    readonly reason?: string;
    readonly podIP?: string;
    readonly conditions?: readonly { type: string; status: string; reason?: string }[];
    readonly containerStatuses?: readonly {
      restartCount: number;
      ready: boolean;
      state: { waiting?: { reason: string }; running?: object; terminated?: { reason: string; exitCode: number } };
    }[];
  };
}

/** As much of a node. */
export interface NodeObject extends KubernetesObject {
  readonly status: {
    readonly allocatable: Readonly<Record<string, string>>;
    readonly conditions: readonly { type: string; status: string }[];
  };
}

/** An event about the KmAgent. */
export interface EventObject extends KubernetesObject {
  readonly reason: string;
  readonly message: string;
  readonly type: string;
}

/** Everything that is being watched while faults come and go. */
export interface Watches {
  readonly kmagent: Watch<KmAgentObject>;
  readonly events: Watch<EventObject>;
  readonly pods: Watch<AgentPod>;
  readonly nodes: Watch<NodeObject>;
  stop(): Promise<void>;
}

/** Begins all watches of one installation. */
export function watchAll({ kubectl, cluster }: World, namespace: string): Watches {
  const watch = <T>(...args: string[]) => watchObjects<T>(kubectl, cluster.kubeconfigPath, args);
  const watches = {
    kmagent: watch<KmAgentObject>("kmagent", "km-agent", "-n", namespace),
    events: watch<EventObject>("events", "-n", namespace, "--field-selector", "involvedObject.kind=KmAgent"),
    pods: watch<AgentPod>("pods", "-n", namespace, "-l", "app.kubernetes.io/component=node-agent"),
    nodes: watch<NodeObject>("nodes"),
  };
  return {
    ...watches,
    async stop() {
      await Promise.all(Object.values(watches).map((each) => each.stop()));
    },
  };
}

/** One node as a fault finds it, and what can be done to the agent there. */
export interface Ground {
  readonly world: World;
  readonly operator: Installation;
  readonly node: string;
  /** The node's agent pod that isn't being deleted. */
  pod(): Promise<AgentPod>;
  /** Waits until kubelet calls that pod ready: until then a miss means something else. */
  ready(): Promise<AgentPod>;
  deletePod(): Promise<void>;
  /** Gives the faulty collector of this node an order; it keeps it over restarts of the container, until its pod is deleted. */
  order(fault: string): Promise<void>;
  /** Signals the collector's processes. */
  signal(name: NodeJS.Signals): Promise<void>;
  /** Runs a program of this machine in the node's namespaces. */
  exec(...argv: string[]): Promise<string>;
}

/** The ground of one node. */
export function groundOf(world: World, operator: Installation, node: string): Ground {
  const { kubectl, api, cluster, signal } = world;
  const { namespace } = operator;
  const exec = async (...argv: string[]) => (await cluster.exec(node, argv, signal)).stdout;
  const pod = async () =>
    await eventually(
      `an agent pod on ${node}`,
      async () => {
        const labelSelector = "app.kubernetes.io/component=node-agent";
        const fieldSelector = `spec.nodeName=${node}`;
        const list = await api.list<AgentPod>(resourcePath(PODS, namespace), { labelSelector, fieldSelector });
        return list.find(({ metadata }) => metadata.deletionTimestamp === undefined);
      },
      { withinMs: 30_000 },
    );
  return {
    world,
    operator,
    node,
    pod,
    exec,
    ready: async () =>
      await eventually(
        `a ready agent pod on ${node}`,
        async () => {
          const seen = await pod();
          return seen.status.containerStatuses?.[0]?.ready === true ? seen : undefined;
        },
        { withinMs: 60_000, everyMs: 1_000 },
      ),
    async deletePod() {
      const { metadata } = await pod();
      await kubectl(["delete", "pod", metadata.name, "-n", namespace, "--wait=false"]);
    },
    async order(fault) {
      const address = (await pod()).status.podIP ?? "";
      await exec("curl", "-sS", "--fail-with-body", "-X", "POST", `http://${address}:13199/fault?is=${fault}`);
    },
    async signal(name) {
      const { metadata } = await pod();
      await cluster.signalContainer({ podUid: metadata.uid, container: "km-agent" }, name, signal);
    },
  };
}
