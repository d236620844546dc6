import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { certificateFiles } from "./certificates.ts";
import { CONTAINERD_SOCKET } from "./containerd.ts";
import type { NetworkPlan, NodePlan } from "./network-plan.ts";

/** What kubelet's and kube-proxy's configuration is made from. */
export interface NodeConfigInput {
  /** The node's own directory. */
  readonly directory: string;
  readonly certificates: string;
  readonly plan: NetworkPlan;
  readonly node: NodePlan;
}

/** Writes kubelet's configuration and gives its flags. The files are JSON, which is YAML too. */
export function kubeletFlags({ directory, certificates, plan, node }: NodeConfigInput): string[] {
  const serving = certificateFiles(certificates, node.name);
  const path = join(directory, "kubelet.json");
  const configuration = {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(certificates, "ca.crt") },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: serving.certificate,
    tlsPrivateKeyFile: serving.key,
    readOnlyPort: 0,
    clusterDomain: "cluster.local",
    clusterDNS: [plan.dnsServiceAddress],
    // No name outside the cluster resolves: the tests' traffic stays on this machine.
    resolvConf: "/dev/null",
    // The machine's root may lack what managing the hierarchy takes; containers' own limits work without it.
    failCgroupV1: false,
    cgroupDriver: "cgroupfs",
    cgroupsPerQOS: false,
    enforceNodeAllocatable: [],
    failSwapOn: false,
    // All nodes are on the same disk and in the same memory: what the others use must not evict this one's pods.
    evictionHard: {
      "memory.available": "50Mi",
      "nodefs.available": "1%",
      "nodefs.inodesFree": "1%",
      "imagefs.available": "1%",
    },
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    serializeImagePulls: false,
    maxParallelImagePulls: 2,
    containerLogMaxSize: "10Mi",
    containerLogMaxFiles: 2,
    // A lease is renewed after a quarter of this, so every 3 s; see the grace period of the controller manager.
    nodeLeaseDurationSeconds: 12,
    nodeStatusUpdateFrequency: "5s",
    nodeStatusReportFrequency: "5m",
    syncFrequency: "30s",
    // A volume over its limit is found within seconds, not within a minute.
    volumeStatsAggPeriod: "5s",
    logging: { verbosity: 1 },
  };
  writeFileSync(path, JSON.stringify(configuration, null, 2));
  // The default of 10 s costs three kubelets more than all else that they do at rest; metrics-server asks every 15 s.
  return [
    `--config=${path}`,
    `--kubeconfig=${join(directory, "kubelet.kubeconfig")}`,
    `--hostname-override=${node.name}`,
    `--node-ip=${node.address}`,
    "--housekeeping-interval=15s",
  ];
}

/** Writes kube-proxy's configuration and gives its flags. */
export function kubeProxyFlags({ directory, plan, node }: NodeConfigInput): string[] {
  const path = join(directory, "kube-proxy.json");
  const configuration = {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    clientConnection: { kubeconfig: join(directory, "kube-proxy.kubeconfig") },
    hostnameOverride: node.name,
    clusterCIDR: plan.podRange,
    mode: "iptables",
    // The limits of connection tracking belong to the machine, not to a network namespace: leave them alone.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
    healthzBindAddress: "127.0.0.1:10256",
    metricsBindAddress: "127.0.0.1:10249",
  };
  writeFileSync(path, JSON.stringify(configuration, null, 2));
  return [`--config=${path}`];
}
