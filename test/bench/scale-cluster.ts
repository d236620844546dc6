import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ensureTools, toolPath } from "../cluster/build.ts";
import type { ToolName } from "../cluster/build.ts";
import { run } from "../cluster/command.ts";
import { createCertificates, writeKubeconfig } from "../cluster/local/certificates.ts";
import {
  adminKubeconfig,
  apiServerUrl,
  auditLog,
  certificateDirectory,
  startApiServer,
  startControllers,
  startEtcd,
} from "../cluster/local/control-plane.ts";
import type { ControlPlane } from "../cluster/local/control-plane.ts";
import type { ClusterIdentity } from "../cluster/local/identity.ts";
import { KubeApi } from "../cluster/local/kube-api.ts";
import { apiServerReady } from "../cluster/local/lifecycle.ts";
import { networkPlan } from "../cluster/local/network-plan.ts";
import { ProcessTable } from "../cluster/local/process.ts";
import { POD_RANGES } from "./pod-ranges.ts";
import { stages } from "./stages.ts";
import type { WeakNodes } from "./stages.ts";

/** A control plane with no machines: its nodes are objects that kwok keeps Ready, and so are its pods. */
export interface ScaleCluster {
  readonly kubeconfigPath: string;
  /** URL of the API server, and its authority's certificate. */
  readonly server: string;
  readonly authorityFile: string;
  readonly auditLog: string;
  /** Where the bench may leave files until the end. */
  readonly directory: string;
  /** Ends all of it and takes its files away. */
  stop(): Promise<void>;
}

const TOOLS: readonly ToolName[] = [
  ...(["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const),
  ...(["kubectl", "helm", "kwok"] as const),
];

/** The controllers that a DaemonSet needs. The node lifecycle's would ask for 5,000 heartbeats. */
const CONTROLLERS = [
  "daemonset-controller",
  "deployment-controller",
  "replicaset-controller",
  "garbage-collector-controller",
  "namespace-controller",
  "serviceaccount-controller",
];

/** Builds what isn't built; to be called where there is a network. */
export async function ensureScaleTools(signal: AbortSignal): Promise<void> {
  await ensureTools(TOOLS, signal);
}

/**
 * Starts the control plane, alone in a network namespace whose loopback is up, so its addresses collide with nothing. etcd syncs to the disk as in
 * earnest, for the figures hold its latency too.
 */
export async function startScaleCluster(
  identity: ClusterIdentity,
  signal: AbortSignal,
  weak: WeakNodes = { frail: [], unwell: [] },
): Promise<ScaleCluster> {
  const { id, stateDirectory, preferredSlot } = identity;
  rmSync(stateDirectory, { recursive: true, force: true });
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const plan = networkPlan(identity, preferredSlot);
  const processes = new ProcessTable(stateDirectory, id);
  const host: ControlPlane = { stateDirectory, processes, plan };
  await run(["ip", "address", "replace", `${plan.hostAddress}/32`, "dev", "lo"], signal);
  await run(["ip", "route", "replace", "local", POD_RANGES, "dev", "lo"], signal);
  const certificates = certificateDirectory(stateDirectory);
  await createCertificates(certificates, plan, signal);
  const kubeconfigPath = adminKubeconfig(stateDirectory);
  const server = apiServerUrl(plan, plan.hostAddress);
  writeKubeconfig(kubeconfigPath, certificates, "admin", server);
  await startEtcd(host, signal, ["--unsafe-no-fsync=false"]);
  // Nodes would keep their not-ready taint, for nobody here takes it away.
  await startApiServer(host, ["--disable-admission-plugins=TaintNodesByCondition"], signal);
  const api = new KubeApi(stateDirectory, apiServerUrl(plan, "127.0.0.1"));
  try {
    await apiServerReady(host, api, signal);
  } finally {
    await api.close();
  }
  const rate = ["--kube-api-qps=1000", "--kube-api-burst=2000"];
  await startControllers(host, signal, {
    "kube-controller-manager": [...rate, `--controllers=${CONTROLLERS.join()}`, "--concurrent-gc-syncs=5"],
    "kube-scheduler": rate,
  });
  const stagesFile = join(stateDirectory, "stages.yaml");
  writeFileSync(stagesFile, stages(weak));
  await processes.launch(
    {
      name: "kwok",
      argv: [
        ...[toolPath("kwok"), `--kubeconfig=${kubeconfigPath}`, `--config=${stagesFile}`, "--v=ERROR"],
        ...["--manage-nodes-with-label-selector=kmagent.test/fake=yes", "--node-lease-duration-seconds=0"],
        ...["--cidr=10.50.0.1/16", "--node-ip=10.50.0.1"],
      ],
    },
    signal,
  );
  return {
    kubeconfigPath,
    server,
    authorityFile: join(certificates, "ca.crt"),
    auditLog: auditLog(stateDirectory),
    directory: stateDirectory,
    async stop() {
      await Promise.all(processes.names().map((name) => processes.stop(name, 0)));
      rmSync(stateDirectory, { recursive: true, force: true });
    },
  };
}
