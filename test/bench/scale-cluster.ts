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

/** Nodes with this label are kwok's. */
export const FAKE_NODE = { "kmagent.test/fake": "yes" } as const;

const TOOLS: readonly ToolName[] = [
  ...(["etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler"] as const),
  ...(["kubectl", "helm", "kwok"] as const),
];

/** All of a pod's addresses are this machine's own, in the network namespace in which the bench runs. */
const POD_RANGE = "10.50.0.0/16";

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
 * Starts the control plane, alone in a network namespace, so its addresses collide with nothing. etcd syncs to the disk as in
 * earnest, for the figures hold its latency too.
 */
export async function startScaleCluster(identity: ClusterIdentity, signal: AbortSignal): Promise<ScaleCluster> {
  const { id, stateDirectory, preferredSlot } = identity;
  rmSync(stateDirectory, { recursive: true, force: true });
  mkdirSync(stateDirectory, { recursive: true, mode: 0o700 });
  const plan = networkPlan(identity, preferredSlot);
  const processes = new ProcessTable(stateDirectory, id);
  const host: ControlPlane = { stateDirectory, processes, plan };
  await run(["ip", "link", "set", "lo", "up"], signal);
  await run(["ip", "address", "add", `${plan.hostAddress}/32`, "dev", "lo"], signal);
  await run(["ip", "route", "add", "local", POD_RANGE, "dev", "lo"], signal);
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
  const stages = join(stateDirectory, "stages.yaml");
  writeFileSync(stages, STAGES);
  await processes.launch(
    {
      name: "kwok",
      argv: [
        ...[toolPath("kwok"), `--kubeconfig=${kubeconfigPath}`, `--config=${stages}`, "--v=ERROR"],
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

/** What kwok does to nodes and pods: Ready as soon as they are there, gone as soon as they are deleted, and no heartbeats. */
const STAGES = `apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: node-ready }
spec:
  resourceRef: { apiGroup: v1, kind: Node }
  selector:
    matchExpressions:
      - { key: '.status.conditions.[] | select( .type == "Ready" ) | .status', operator: NotIn, values: ["True"] }
  next:
    statusTemplate: |
      conditions:
      - { type: Ready, status: "True", reason: KubeletReady, message: kubelet is posting ready status, lastHeartbeatTime: {{ Now | Quote }}, lastTransitionTime: {{ Now | Quote }} }
      addresses:
      - { type: InternalIP, address: {{ NodeIP | Quote }} }
      allocatable: { cpu: "4", memory: 16Gi, pods: "110" }
      capacity: { cpu: "4", memory: 16Gi, pods: "110" }
      nodeInfo:
        architecture: amd64
        operatingSystem: linux
        kubeletVersion: v1.34.4
        bootID: ""
        containerRuntimeVersion: fake
        kernelVersion: fake
        kubeProxyVersion: ""
        machineID: ""
        osImage: fake
        systemUUID: ""
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: pod-ready }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
      - { key: .metadata.deletionTimestamp, operator: DoesNotExist }
      - { key: .status.podIP, operator: DoesNotExist }
  next:
    statusTemplate: |
      {{ $now := Now }}
      conditions:
      - { type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }} }
      - { type: Ready, status: "True", lastTransitionTime: {{ $now | Quote }} }
      - { type: ContainersReady, status: "True", lastTransitionTime: {{ $now | Quote }} }
      containerStatuses:
      {{ range .spec.containers }}
      - image: {{ .image | Quote }}
        imageID: ""
        name: {{ .name | Quote }}
        ready: true
        restartCount: 0
        state: { running: { startedAt: {{ $now | Quote }} } }
      {{ end }}
      hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
      podIP: {{ PodIPWith .spec.nodeName false ( or .metadata.uid "" ) ( or .metadata.name "" ) ( or .metadata.namespace "" ) | Quote }}
      phase: Running
      startTime: {{ $now | Quote }}
---
apiVersion: kwok.x-k8s.io/v1alpha1
kind: Stage
metadata: { name: pod-delete }
spec:
  resourceRef: { apiGroup: v1, kind: Pod }
  selector:
    matchExpressions:
      - { key: .metadata.deletionTimestamp, operator: Exists }
  next:
    finalizers: { empty: true }
    delete: true
`;
