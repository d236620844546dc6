import type { ClusterIdentity } from "./identity.ts";

/** Every address of a cluster, derived from its slot. Pure: what the kernel is told from it is in `network.ts`. */
export interface NetworkPlan {
  /** Second octet of the cluster's own 10.x.0.0/16. */
  readonly slot: number;
  readonly bridge: string;
  /** The host's address on the bridge: nodes' default route, API server, registry, and how pods reach programs of the host. */
  readonly hostAddress: string;
  readonly bridgeRange: string;
  readonly podRange: string;
  /** Exists only inside the nodes, as kube-proxy's rules: the same in every cluster. */
  readonly serviceRange: string;
  readonly apiServerServiceAddress: string;
  readonly dnsServiceAddress: string;
  /** On all of the host's addresses, so it must differ between clusters. */
  readonly apiServerPort: number;
  /** A loopback address that is this cluster's alone: etcd speaks plain http there, and no pod can reach it. */
  readonly etcdAddress: string;
  readonly registryPort: number;
  /** A second registry, which asks for a password: started only by tests of pull secrets. */
  readonly privateRegistryPort: number;
}

/** Name and addresses of one node. */
export interface NodePlan {
  /** 1 to 200. */
  readonly index: number;
  readonly name: string;
  readonly address: string;
  /** Where the node's pods live; `podGateway` is the node's own address in it. */
  readonly podRange: string;
  readonly podGateway: string;
  /** The host's end of the cable to the node. */
  readonly hostInterface: string;
}

/** The largest index of a node: pod ranges are 10.x.<index>.0/24, and 10.x.255.0/24 is the bridge's. */
const MAX_NODE_INDEX = 200;

/** The addresses of the cluster in a slot. */
export function networkPlan(identity: ClusterIdentity, slot: number): NetworkPlan {
  return {
    slot,
    bridge: identity.bridge,
    hostAddress: `10.${String(slot)}.255.1`,
    bridgeRange: `10.${String(slot)}.255.0/24`,
    podRange: `10.${String(slot)}.0.0/16`,
    serviceRange: "10.96.0.0/16",
    apiServerServiceAddress: "10.96.0.1",
    dnsServiceAddress: "10.96.0.10",
    apiServerPort: 26_000 + slot,
    etcdAddress: `127.1.${String(slot)}.1`,
    registryPort: 5000,
    privateRegistryPort: 5001,
  };
}

/** Name and addresses of the node with this index. */
export function nodePlan(plan: NetworkPlan, index: number): NodePlan {
  if (!Number.isInteger(index) || index < 1 || index > MAX_NODE_INDEX)
    throw new RangeError(`no node can have the index ${String(index)}`);
  return {
    index,
    name: `node-${String(index)}`,
    address: `10.${String(plan.slot)}.255.${String(10 + index)}`,
    podRange: `10.${String(plan.slot)}.${String(index)}.0/24`,
    podGateway: `10.${String(plan.slot)}.${String(index)}.1`,
    hostInterface: `${plan.bridge}n${String(index)}`,
  };
}

/** The index in a node's name; undefined where the name isn't one of ours. */
export function nodeIndex(name: string): number | undefined {
  const index = Number(/^node-([1-9][0-9]{0,2})$/.exec(name)?.[1] ?? Number.NaN);
  return Number.isNaN(index) || index > MAX_NODE_INDEX ? undefined : index;
}

/**
 * Whether no route of the machine leads into a slot's 10.x.0.0/16. A wider one (a company's VPN to all of 10/8) is no obstacle: the kernel prefers the
 * cluster's own, narrower routes.
 *
 * @param destinations the `dst` fields of `ip -json route`: an address, a range, or `default`.
 */
export function slotIsFree(slot: number, destinations: readonly string[]): boolean {
  return destinations.every((destination) => {
    const [, octet, length] = /^10\.(\d+)\.\d+\.\d+(?:\/(\d+))?$/.exec(destination) ?? [];
    return octet === undefined || Number(octet) !== slot || Number(length ?? 32) < 16;
  });
}
