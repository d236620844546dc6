import { toolPath } from "../cluster/build.ts";
import { run } from "../cluster/command.ts";
import type { CommandResult } from "../cluster/command.ts";

/** kubectl as a person would use it, against one cluster. */
export interface Kubectl {
  readonly path: string;
  /** Runs a command; rejects with kubectl's own words where it fails. */
  (args: readonly string[], input?: string): Promise<CommandResult>;
  /** Output of `get … -o json`, or undefined where there is no such object. */
  get<T = KubernetesObject>(args: readonly string[]): Promise<T | undefined>;
  /** Applies objects as `kubectl apply -f -` does. */
  apply(...objects: readonly object[]): Promise<void>;
}

/** As much of any object as tests look at. */
export interface KubernetesObject {
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly generation?: number;
    readonly labels?: Record<string, string>;
    readonly annotations?: Record<string, string>;
    readonly deletionTimestamp?: string;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string; readonly uid: string }[];
  };
  // Objects of every kind come through here; each test narrows what it asked for.
  readonly [field: string]: unknown;
}

const TIMEOUT_MS = 120_000;

/** A kubectl for the cluster of a kubeconfig. */
export function kubectlFor(kubeconfigPath: string, signal: AbortSignal): Kubectl {
  const path = toolPath("kubectl");
  const call = (args: readonly string[], input?: string) =>
    run([path, "--kubeconfig", kubeconfigPath, ...args], signal, {
      timeout: TIMEOUT_MS,
      maxBytes: 64 * 1024 * 1024,
      ...(input !== undefined && { input }),
    });
  return Object.assign(call, {
    path,
    async get<T>(args: readonly string[]): Promise<T | undefined> {
      const { stdout } = await call(["get", ...args, "-o", "json", "--ignore-not-found"]);
      return stdout.trim() === "" ? undefined : (JSON.parse(stdout) as T);
    },
    async apply(...objects: readonly object[]): Promise<void> {
      await call(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items: objects }));
    },
  });
}
