import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { toolPath } from "../cluster/build.ts";
import { run } from "../cluster/command.ts";
import { CHART, CHECKOUT } from "../installation/operator.ts";
import { eventually } from "../eventually.ts";
import { kubectlFor } from "../installation/kubectl.ts";
import { imageEnvironment, imageFlags } from "./shipped.ts";
import type { ScaleCluster } from "./scale-cluster.ts";

/** For so long after a definition is established the API server lets each creation wait, for the sake of its other replicas. */
const CREATIONS_WAIT_MS = 2_000;

/** The bundle that ships. */
export const BUNDLE = join(CHECKOUT, "dist/kmagent-operator.mjs");

/** Namespace of all that the bench installs. */
export const NAMESPACE = "km-agent";

/** Key of the KmAgents of the bench. */
export const API_KEY = "bench-key-0123456789";

/** How the chart starts the operator, for a process of this machine. */
export interface OperatorInstallation {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Options of Node.js and the bundle, as the image's entry point has them. */
  readonly entryPoint: readonly string[];
  /** Where its logs go, one file for each start. */
  readonly directory: string;
}

interface Rendered {
  readonly kind: string;
  readonly spec?: {
    readonly template?: {
      readonly spec: {
        readonly serviceAccountName: string;
        readonly containers: readonly {
          readonly args: readonly string[];
          readonly env: readonly { readonly name: string; readonly value?: string }[];
        }[];
      };
    };
  };
}

/**
 * Installs all of the chart but its Deployment, and says how that would have started the operator: its arguments, its
 * environment (`NODE_OPTIONS`) and its service account's token.
 */
export async function installForProcess(cluster: ScaleCluster, signal: AbortSignal): Promise<OperatorInstallation> {
  const kubectl = kubectlFor(cluster.kubeconfigPath, signal);
  const chart = await run([toolPath("helm"), "template", "kmagent-operator", CHART, "--namespace", NAMESPACE], signal);
  const objects = parseAllDocuments(chart.stdout)
    .map((document) => ("toJS" in document ? (document.toJS() as Rendered | null) : null))
    .filter((object) => object !== null);
  const deployment = objects.find(({ kind }) => kind === "Deployment")?.spec?.template?.spec;
  const container = deployment?.containers[0];
  if (!deployment || !container) throw new Error("the chart renders no Deployment");
  await kubectl.apply(
    { apiVersion: "v1", kind: "Namespace", metadata: { name: NAMESPACE } },
    {
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: "km-agent-credentials", namespace: NAMESPACE },
      stringData: { apiKey: API_KEY },
    },
  );
  for (const object of objects) {
    if (object.kind === "Deployment") continue;
    // The definition is too large for the annotation of a client-side apply.
    await kubectl(["apply", "--server-side", "-f", "-"], JSON.stringify(object));
  }
  await waitUntilServed(kubectl);
  const create = ["create", "token", deployment.serviceAccountName, "-n", NAMESPACE, "--duration=24h"];
  const token = await kubectl(create);
  const tokenFile = join(cluster.directory, "operator.token");
  writeFileSync(tokenFile, token.stdout.trim(), { mode: 0o600 });
  const kubeconfig = join(cluster.directory, "operator.kubeconfig");
  writeFileSync(kubeconfig, kubeconfigText(cluster, tokenFile), { mode: 0o600 });
  const fixed = Object.fromEntries(
    container.env.flatMap(({ name, value }) => (value === undefined ? [] : [[name, value]])),
  );
  return {
    entryPoint: [...imageFlags(), BUNDLE],
    args: [
      ...container.args.map((arg) => arg.replace("$(WATCH_NAMESPACE)", NAMESPACE)),
      `--kubeconfig=${kubeconfig}`,
      "--metrics-address=127.0.0.1:18080",
    ],
    env: { ...imageEnvironment(), ...fixed, WATCH_NAMESPACE: NAMESPACE },
    directory: cluster.directory,
  };
}

/** Waits until a KmAgent can be made without a wait of the API server's own. */
async function waitUntilServed(kubectl: ReturnType<typeof kubectlFor>): Promise<void> {
  const established = '{.status.conditions[?(@.type=="Established")].lastTransitionTime}';
  await eventually(
    "KmAgents are served at once",
    async () => {
      const { stdout } = await kubectl(["get", "crd", "kmagents.kloudmate.com", `--output=jsonpath=${established}`]);
      return Date.now() - Date.parse(stdout) >= CREATIONS_WAIT_MS ? true : undefined;
    },
    { withinMs: 30_000 },
  );
}

/** A running operator. */
export interface OperatorProcess {
  readonly pid: number;
  /** Milliseconds of `performance.now()` at its start. */
  readonly startedAt: number;
  /** Resident memory now and at its highest, MiB. */
  memory(): MemoryFigures;
  /** CPU seconds so far. */
  cpuSeconds(): number;
  /** Its metrics as Prometheus gets them. */
  metrics(): Promise<string>;
  /** SIGTERM, as kubelet does. Rejects where it took longer than its ten seconds. */
  stop(): Promise<void>;
}

/** Resident memory in MiB: now, at its highest, and how much of it is mapped files (Node.js' own program, most of all). */
export interface MemoryFigures {
  readonly resident: number;
  readonly peak: number;
  readonly files: number;
}

/** Starts the bundle as the chart would. */
export function startOperator(
  { entryPoint, args, env, directory }: OperatorInstallation,
  name: string,
): OperatorProcess {
  const log = openSync(join(directory, `operator-${name}.log`), "a");
  const startedAt = performance.now();
  const child: ChildProcess = spawn(process.execPath, [...entryPoint, ...args], {
    stdio: ["ignore", log, log],
    env: { PATH: process.env["PATH"] ?? "", POD_NAME: `operator-${name}`, ...env },
  });
  closeSync(log);
  const { pid } = child;
  if (pid === undefined) throw new Error("the operator didn't start");
  return {
    pid,
    startedAt,
    memory: () => memoryOf(pid),
    cpuSeconds() {
      const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
      // utime and stime, in hundredths of a second (USER_HZ is 100 on every Linux that Node.js runs on).
      return (Number(fields[11]) + Number(fields[12])) / 100;
    },
    async metrics() {
      const answer = await fetch("http://127.0.0.1:18080/metrics", { signal: AbortSignal.timeout(10_000) });
      return await answer.text();
    },
    async stop() {
      if (child.exitCode !== null) throw new Error(`the operator ended by itself: exit code ${child.exitCode}`);
      const exit = once(child, "exit", { signal: AbortSignal.timeout(15_000) });
      child.kill("SIGTERM");
      await exit;
    },
  };
}

function memoryOf(pid: number): MemoryFigures {
  const text = readFileSync(`/proc/${pid}/status`, "utf8");
  const mebibytes = (field: string) => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(text)?.[1] ?? 0) / 1024;
  return { resident: mebibytes("VmRSS"), peak: mebibytes("VmHWM"), files: mebibytes("RssFile") };
}

function kubeconfigText({ server, authorityFile }: ScaleCluster, tokenFile: string): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "bench", cluster: { server, "certificate-authority": authorityFile } }],
    users: [{ name: "operator", user: { tokenFile } }],
    contexts: [{ name: "bench", context: { cluster: "bench", user: "operator", namespace: NAMESPACE } }],
    "current-context": "bench",
  });
}
