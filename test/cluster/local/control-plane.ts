import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { certificateFiles, writeKubeconfig } from "./certificates.ts";
import type { NetworkPlan } from "./network-plan.ts";
import type { ProcessTable } from "./process.ts";
import { toolPath } from "../build.ts";

/** Where the control plane keeps its files, and what it is made of. */
export interface ControlPlane {
  readonly stateDirectory: string;
  readonly processes: ProcessTable;
  readonly plan: NetworkPlan;
}

/** Directory of certificates and keys. */
export function certificateDirectory(stateDirectory: string): string {
  return join(stateDirectory, "certificates");
}

/** Path of the administrator's kubeconfig. */
export function adminKubeconfig(stateDirectory: string): string {
  return join(stateDirectory, "kubeconfig");
}

/** Path of the audit log that is being written; rotated ones stand beside it. */
export function auditLog(stateDirectory: string): string {
  return join(stateDirectory, "audit", "audit.log");
}

/** Name of the API server in the process table. */
export const API_SERVER = "kube-apiserver";

/**
 * Starts etcd. It is on a loopback address of its own, without TLS: what reaches that is root of this machine anyway.
 *
 * @param extraFlags come last, and so win over ours.
 */
export async function startEtcd(
  { stateDirectory, processes, plan }: ControlPlane,
  signal: AbortSignal,
  extraFlags: readonly string[] = [],
): Promise<void> {
  const client = etcdUrl(plan);
  const peer = `http://${plan.etcdAddress}:2380`;
  await processes.launch(
    {
      name: "etcd",
      argv: [
        ...[toolPath("etcd"), "--name=local", `--data-dir=${join(stateDirectory, "etcd")}`, "--log-level=warn"],
        ...[`--listen-client-urls=${client}`, `--advertise-client-urls=${client}`],
        ...[`--listen-peer-urls=${peer}`, `--initial-advertise-peer-urls=${peer}`, `--initial-cluster=local=${peer}`],
        // A machine that loses power loses this cluster, and may.
        "--unsafe-no-fsync",
        ...extraFlags,
      ],
    },
    signal,
  );
}

/** etcd's client URL. */
export function etcdUrl(plan: NetworkPlan): string {
  return `http://${plan.etcdAddress}:2379`;
}

/**
 * Starts the API server, on all of the host's addresses. It waits by itself until etcd answers.
 *
 * @param extraFlags come last, and so win over ours.
 */
export async function startApiServer(
  { stateDirectory, processes, plan }: ControlPlane,
  extraFlags: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const directory = certificateDirectory(stateDirectory);
  const serving = certificateFiles(directory, "kube-apiserver");
  const kubelet = certificateFiles(directory, "apiserver-kubelet-client");
  const frontProxy = certificateFiles(directory, "front-proxy-client");
  const serviceAccounts = join(directory, "service-accounts.key");
  mkdirSync(join(stateDirectory, "audit"), { recursive: true });
  await processes.launch(
    {
      name: API_SERVER,
      argv: [
        ...[
          toolPath("kube-apiserver"),
          `--etcd-servers=${etcdUrl(plan)}`,
          "--profiling=false",
          "--allow-privileged=true",
        ],
        ...[
          "--bind-address=0.0.0.0",
          `--secure-port=${String(plan.apiServerPort)}`,
          `--advertise-address=${plan.hostAddress}`,
        ],
        ...[
          `--tls-cert-file=${serving.certificate}`,
          `--tls-private-key-file=${serving.key}`,
          `--client-ca-file=${join(directory, "ca.crt")}`,
        ],
        ...[
          "--authorization-mode=Node,RBAC",
          "--enable-admission-plugins=NodeRestriction",
          `--service-cluster-ip-range=${plan.serviceRange}`,
        ],
        ...[
          "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
          `--service-account-key-file=${serviceAccounts}`,
        ],
        `--service-account-signing-key-file=${serviceAccounts}`,
        // kubelets are known by address: names of nodes are in no DNS.
        ...[
          "--kubelet-preferred-address-types=InternalIP",
          `--kubelet-certificate-authority=${join(directory, "ca.crt")}`,
        ],
        ...[`--kubelet-client-certificate=${kubelet.certificate}`, `--kubelet-client-key=${kubelet.key}`],
        ...[
          `--requestheader-client-ca-file=${join(directory, "front-proxy-ca.crt")}`,
          "--requestheader-allowed-names=front-proxy-client",
        ],
        ...[
          "--requestheader-extra-headers-prefix=X-Remote-Extra-",
          "--requestheader-group-headers=X-Remote-Group",
          "--requestheader-username-headers=X-Remote-User",
        ],
        ...[`--proxy-client-cert-file=${frontProxy.certificate}`, `--proxy-client-key-file=${frontProxy.key}`],
        // The host runs no kube-proxy: webhooks and the metrics API are reached by their pods' addresses.
        "--enable-aggregator-routing=true",
        ...[
          `--audit-policy-file=${join(import.meta.dirname, "audit-policy.yaml")}`,
          `--audit-log-path=${auditLog(stateDirectory)}`,
        ],
        // 64 MiB a file, four files: an hour of the busiest test fits, and a forgotten cluster stays small.
        ...["--audit-log-maxsize=64", "--audit-log-maxbackup=3"],
        ...extraFlags,
      ],
    },
    signal,
  );
}

/**
 * Starts controller manager and scheduler. Each is alone, so neither elects a leader, which would be a write every 2 s.
 *
 * @param extraFlags of each come last, and so win over ours.
 */
export async function startControllers(
  { stateDirectory, processes, plan }: ControlPlane,
  signal: AbortSignal,
  extraFlags: Readonly<Partial<Record<"kube-controller-manager" | "kube-scheduler", readonly string[]>>> = {},
): Promise<void> {
  const directory = certificateDirectory(stateDirectory);
  const kubeconfig = (name: string): string => join(directory, `${name}.kubeconfig`);
  for (const name of ["kube-controller-manager", "kube-scheduler"])
    writeKubeconfig(kubeconfig(name), directory, name, apiServerUrl(plan, "127.0.0.1"));
  // Port 0: nobody asks them anything, and two clusters must not want one port.
  const common = ["--leader-elect=false", "--secure-port=0", "--profiling=false"];
  await Promise.all([
    processes.launch(
      {
        name: "kube-controller-manager",
        argv: [
          ...[toolPath("kube-controller-manager"), `--kubeconfig=${kubeconfig("kube-controller-manager")}`, ...common],
          ...["--use-service-account-credentials=true", `--root-ca-file=${join(directory, "ca.crt")}`],
          `--service-account-private-key-file=${join(directory, "service-accounts.key")}`,
          // A stopped kubelet is noticed after 20 s instead of 50: tests wait for it. kubelets renew their leases every 3 s, so that six
          // renewals may be late on a busy machine before a node is called NotReady.
          ...["--node-monitor-grace-period=20s", "--node-monitor-period=2s"],
          ...(extraFlags["kube-controller-manager"] ?? []),
        ],
      },
      signal,
    ),
    processes.launch(
      {
        name: "kube-scheduler",
        argv: [
          ...[toolPath("kube-scheduler"), `--kubeconfig=${kubeconfig("kube-scheduler")}`, ...common],
          ...(extraFlags["kube-scheduler"] ?? []),
        ],
      },
      signal,
    ),
  ]);
}

/** The API server's URL under one of the host's addresses. */
export function apiServerUrl(plan: NetworkPlan, address: string): string {
  return `https://${address}:${String(plan.apiServerPort)}`;
}
