/** What the DaemonSet controller adds to every pod that it makes (`pkg/controller/daemon/util` of Kubernetes). */
const AUTOMATIC = [
  { key: "node.kubernetes.io/not-ready", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" },
  { key: "node.kubernetes.io/disk-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/memory-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/pid-pressure", operator: "Exists", effect: "NoSchedule" },
  { key: "node.kubernetes.io/unschedulable", operator: "Exists", effect: "NoSchedule" },
] as const;

const NETWORK = { key: "node.kubernetes.io/network-unavailable", operator: "Exists", effect: "NoSchedule" } as const;

/** A toleration that every pod of a DaemonSet has, whatever its template says. */
export type DaemonToleration = (typeof AUTOMATIC)[number] | typeof NETWORK;

/** The tolerations of every DaemonSet pod; those in the host's network may start before the pods' network is there. */
export function daemonTolerations(hostNetwork: boolean): readonly DaemonToleration[] {
  return hostNetwork ? [...AUTOMATIC, NETWORK] : AUTOMATIC;
}
