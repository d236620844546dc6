/** A kind of node without a machine that an agent could watch, and what tells it. */
interface VirtualNode {
  readonly words: string;
  readonly label: { readonly key: string; readonly value: string };
  /** A taint without a value counts with any. */
  readonly taint: { readonly key: string; readonly value?: string };
}

/** Nodes that get no agent: a DaemonSet that tolerates everything would leave Pending pods on them. */
export const VIRTUAL_NODES: readonly VirtualNode[] = [
  {
    words: "a virtual-kubelet node",
    label: { key: "type", value: "virtual-kubelet" },
    taint: { key: "virtual-kubelet.io/provider" },
  },
  {
    words: "a Fargate node",
    label: { key: "eks.amazonaws.com/compute-type", value: "fargate" },
    taint: { key: "eks.amazonaws.com/compute-type", value: "fargate" },
  },
];
