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

/** What a list is cut down to, in the words of the API: `app=x`, `spec.nodeName=y`. */
export interface Selection {
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/**
 * The API server without kubectl's start for each call, which costs more than the call: for tests that make hundreds of small
 * changes, or look until something holds.
 */
export interface Api {
  /** The object at a path (`resourcePath` of src/kube); undefined where there is none. */
  get<T = KubernetesObject>(path: string): Promise<T | undefined>;
  /** The objects of a collection; none where nobody serves it. They come without `kind`. */
  list<T = KubernetesObject>(path: string, selection?: Selection): Promise<readonly T[]>;
  /** A JSON Patch by the field manager "somebody"; rejects with the API server's words. */
  patch(path: string, operations: readonly PatchOperation[]): Promise<KubernetesObject>;
}

/** Speaks as the administrator of a kubeconfig. */
export async function apiOf(kubeconfigPath: string, signal: AbortSignal): Promise<Api> {
  const kubeconfig = await loadKubeconfig({ env: { KUBECONFIG: kubeconfigPath } });
  const client = createKubeClient({ kubeconfig, version: "test", clock: systemClock });
  const read = async <T>(path: string, selection: Selection = {}): Promise<T | undefined> => {
    try {
      return (await client.request({ method: "GET", path, query: { ...selection } }, signal)).body as T;
    } catch (error) {
      if ((error as { code?: unknown }).code === "NotFound") return undefined;
      throw error;
    }
  };
  return {
    get: read,
    async list<T>(path: string, selection?: Selection) {
      return (await read<{ readonly items: readonly T[] }>(path, selection))?.items ?? [];
    },
    async patch(path, body) {
      const query = { fieldManager: "somebody" };
      const contentType = "application/json-patch+json";
      return (await client.request({ method: "PATCH", path, query, body, contentType }, signal))
        .body as KubernetesObject;
    },
  };
}
