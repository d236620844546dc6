import { join } from "node:path";

/**
 * A Go module that pins programs: a folder with go.mod and go.sum of its own. What the demo needs is one module, for most of these
 * programs is the same Kubernetes libraries, which are compiled once where all take the same version of them.
 */
export interface GoModule {
  readonly name: string;
  readonly folder: string;
  /** Package of each program. */
  readonly programs: Readonly<Record<string, string>>;
  readonly ldflags: readonly string[];
  /** Typical seconds of a first build of all its programs on two cores. */
  readonly seconds: number;
}

/** Every program of ours or of others that is built from Go modules. */
export type GoProgram =
  | "etcd"
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kubelet"
  | "kube-proxy"
  | "kubectl"
  | "coredns"
  | "metrics-server"
  | "registry"
  | "otelcol"
  | "km-kube-agent"
  | "kwok"
  | "pause"
  | "faulty";

const KUBERNETES_VERSION = "1.34.4";

/** Without these the API server calls itself v0.0.0, which Helm and client libraries act upon. */
function kubernetesVersionFlags(): string[] {
  const [major = "", minor = ""] = KUBERNETES_VERSION.split(".");
  return ["k8s.io/component-base/version", "k8s.io/client-go/pkg/version"].flatMap((path) => [
    `-X ${path}.gitVersion=v${KUBERNETES_VERSION}`,
    `-X ${path}.gitMajor=${major}`,
    `-X ${path}.gitMinor=${minor}`,
    `-X ${path}.gitTreeState=clean`,
  ]);
}

function tool(
  name: string,
  seconds: number,
  programs: Readonly<Record<string, string>>,
  ldflags: readonly string[] = [],
): GoModule {
  return { name, folder: join(import.meta.dirname, name), programs, ldflags, seconds };
}

/** All modules, in the order in which they are built: the longest first would be no faster, for each uses all cores. */
export const MODULES: readonly GoModule[] = [
  tool(
    "cluster",
    720,
    {
      etcd: "./etcd",
      "kube-apiserver": "k8s.io/kubernetes/cmd/kube-apiserver",
      "kube-controller-manager": "k8s.io/kubernetes/cmd/kube-controller-manager",
      "kube-scheduler": "k8s.io/kubernetes/cmd/kube-scheduler",
      kubelet: "k8s.io/kubernetes/cmd/kubelet",
      "kube-proxy": "k8s.io/kubernetes/cmd/kube-proxy",
      kubectl: "k8s.io/kubernetes/cmd/kubectl",
      coredns: "./coredns",
      "metrics-server": "sigs.k8s.io/metrics-server/cmd/metrics-server",
      registry: "./registry",
      "km-kube-agent": "./km-kube-agent",
    },
    kubernetesVersionFlags(),
  ),
  tool("collector", 340, { otelcol: "./otelcol" }),
  tool("kwok", 160, { kwok: "sigs.k8s.io/kwok/cmd/kwok" }),
  {
    name: "images",
    folder: join(import.meta.dirname, "..", "images"),
    programs: { pause: "./pause", faulty: "./faulty" },
    ldflags: [],
    seconds: 15,
  },
];

/** The module that a program is built from. */
export function moduleOf(program: GoProgram): GoModule {
  const found = MODULES.find((module) => program in module.programs);
  if (found === undefined) throw new Error(`no module builds ${program}`);
  return found;
}
