import { NODES, PODS, resourcePath } from "../../src/kube/resource.ts";
import type { AgentPod, Ground, NodeObject } from "./ground.ts";

/** CPU that the agents of these tests ask for, in millicores: more than other pods that could make room in their place. */
export const AGENT_MILLICORES = 200;

/** A pod that needs what is left on a node and most of the agent's share, and by its priority gets it. */
export async function takeRoom(ground: Ground): Promise<void> {
  const { world, node } = ground;
  const known = await world.api.get<NodeObject>(resourcePath(NODES, undefined, node));
  const pods = await world.api.list<AgentPod>(resourcePath(PODS), { fieldSelector: `spec.nodeName=${node}` });
  const asked = pods.flatMap(({ spec }) => spec.containers.map(({ resources }) => resources?.requests?.["cpu"]));
  const free = millicores(known?.status.allocatable["cpu"]) - asked.reduce((sum, each) => sum + millicores(each), 0);
  await world.kubectl.apply(
    taker(ground, "room-taker", { resources: { requests: { cpu: `${free + AGENT_MILLICORES - 50}m` } } }),
  );
}

/** A pod that listens where the agent's health port is on the node, and by its priority gets the port. */
export async function takePort(ground: Ground): Promise<void> {
  const ports = [{ containerPort: 13_133, hostPort: 13_133, hostIP: "127.0.0.1" }];
  await ground.world.kubectl.apply(taker(ground, "port-taker", { ports }));
}

function taker({ world, node }: Ground, name: string, container: object): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "default" },
    spec: {
      priorityClassName: "system-node-critical",
      nodeSelector: { "kubernetes.io/hostname": node },
      terminationGracePeriodSeconds: 1,
      containers: [{ name: "taker", image: world.images.faulty, ...container }],
    },
  };
}

function millicores(quantity = "0"): number {
  return quantity.endsWith("m") ? Number(quantity.slice(0, -1)) : Number(quantity) * 1_000;
}
