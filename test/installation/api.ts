import { createKubeClient } from "../../src/kube/client.ts";
import { systemClock } from "../../src/kube/clock.ts";
import { loadKubeconfig } from "../../src/kube/kubeconfig.ts";
import type { KubernetesObject } from "./kubectl.ts";

/** One operation of a JSON Patch (RFC 6902). */
export interface PatchOperation {
  readonly op: "add" | "replace" | "remove";
  /** JSON Pointer. */
  readonly path: string;
  readonly value?: unknown;
}

/** The API server without kubectl's start for each call: for tests that make hundreds of small changes. */
export interface Api {
  /** The object at a path such as `/apis/apps/v1/namespaces/x/daemonsets/y`; undefined where there is none. */
  get(path: string): Promise<KubernetesObject | undefined>;
  /** A JSON Patch by the field manager "somebody"; rejects with the API server's words. */
  patch(path: string, operations: readonly PatchOperation[]): Promise<KubernetesObject>;
  close(): Promise<void>;
}

/** Speaks as the administrator of a kubeconfig. */
export async function apiOf(kubeconfigPath: string, signal: AbortSignal): Promise<Api> {
  const kubeconfig = await loadKubeconfig({ env: { KUBECONFIG: kubeconfigPath } });
  const client = createKubeClient({ kubeconfig, version: "test", clock: systemClock });
  return {
    async get(path) {
      try {
        return (await client.request({ method: "GET", path }, signal)).body as KubernetesObject;
      } catch (error) {
        if ((error as { code?: unknown }).code === "NotFound") return undefined;
        throw error;
      }
    },
    async patch(path, body) {
      const query = { fieldManager: "somebody" };
      const contentType = "application/json-patch+json";
      return (await client.request({ method: "PATCH", path, query, body, contentType }, signal))
        .body as KubernetesObject;
    },
    close: () => client.close(),
  };
}
