import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { NetworkPlan, NodePlan } from "./network-plan.ts";

/** containerd's socket inside a node: its default path, as each node has a /run of its own. */
export const CONTAINERD_SOCKET = "/run/containerd/containerd.sock";

/** Debian's directory of CNI plugins. */
const CNI_PLUGINS = "/usr/lib/cni";

/** Writes containerd's configuration, that of its registries and that of the pod network; says which file containerd is started with. */
export function writeContainerdConfig(
  directory: string,
  plan: NetworkPlan,
  node: NodePlan,
  pauseImage: string,
): string {
  const networks = join(directory, "cni");
  const registries = join(directory, "registries");
  mkdirSync(networks, { recursive: true });
  writeFileSync(join(networks, "10-pods.conflist"), JSON.stringify(podNetwork(node), null, 2));
  for (const port of [plan.registryPort, plan.privateRegistryPort]) {
    const host = `${plan.hostAddress}:${String(port)}`;
    mkdirSync(join(registries, host), { recursive: true });
    writeFileSync(
      join(registries, host, "hosts.toml"),
      `server = "http://${host}"\n[host."http://${host}"]\n  capabilities = ["pull", "resolve"]\n`,
    );
  }
  const path = join(directory, "containerd.toml");
  writeFileSync(
    path,
    `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.snapshotter.v1.btrfs", "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.aufs", "io.containerd.snapshotter.v1.devmapper", "io.containerd.internal.v1.opt", "io.containerd.tracing.processor.v1.otlp"]
[grpc]
  address = "${CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${pauseImage}"
  # Where the machine's root may not lower a process's OOM score (no CAP_SYS_RESOURCE), every sandbox would fail.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".containerd]
    default_runtime_name = "runc"
    discard_unpacked_layers = true
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        BinaryName = "runc"
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "${CNI_PLUGINS}"
    conf_dir = "${networks}"
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "${registries}"
`,
  );
  return path;
}

/** The node's pods on a bridge; host ports by rules of iptables, with `snat` so that one bound to 127.0.0.1 answers on the node. */
function podNetwork(node: NodePlan): unknown {
  return {
    cniVersion: "0.4.0",
    name: "pods",
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        hairpinMode: true,
        ipam: {
          type: "host-local",
          dataDir: "/var/lib/cni",
          ranges: [[{ subnet: node.podRange, gateway: node.podGateway }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  };
}
