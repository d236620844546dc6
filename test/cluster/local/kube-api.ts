import { readFileSync } from "node:fs";
import { Agent, request } from "undici";
import { z } from "zod";
import { certificateFiles } from "./certificates.ts";
import { certificateDirectory } from "./control-plane.ts";

/** A Node object's fields that we read. */
const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      status: z.object({
        conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
        addresses: z.array(z.object({ type: z.string(), address: z.string() })).default([]),
      }),
    }),
  ),
});

/** A node as the API server knows it. */
export interface KnownNode {
  readonly name: string;
  readonly ready: boolean;
  readonly address: string | undefined;
}

/** The API server's answers to the few questions that making a cluster asks; with the administrator's certificate. */
export class KubeApi {
  readonly #origin: string;
  readonly #agent: Agent;

  constructor(stateDirectory: string, origin: string) {
    const directory = certificateDirectory(stateDirectory);
    const files = certificateFiles(directory, "admin");
    this.#origin = origin;
    this.#agent = new Agent({
      connect: {
        ca: readFileSync(certificateFiles(directory, "ca").certificate),
        cert: readFileSync(files.certificate),
        key: readFileSync(files.key),
      },
      connections: 4,
    });
  }

  /** Whether the API server says that it is ready; false where it can't be asked. */
  async isReady(signal: AbortSignal): Promise<boolean> {
    try {
      return (await this.#call("GET", "/readyz", signal)).status === 200;
    } catch {
      // Not listening yet, or no longer: exactly what was asked.
      signal.throwIfAborted();
      return false;
    }
  }

  /** How many nodes are Ready; 0 where the API server can't be asked. */
  async readyNodes(signal: AbortSignal): Promise<number> {
    return (await this.isReady(signal)) ? (await this.nodes(signal)).filter(({ ready }) => ready).length : 0;
  }

  /** The nodes that the API server knows. */
  async nodes(signal: AbortSignal): Promise<KnownNode[]> {
    const { status, body } = await this.#call("GET", "/api/v1/nodes", signal);
    if (status !== 200) throw new Error(`the list of nodes: HTTP ${String(status)}: ${body.slice(0, 300)}`);
    return nodeList.parse(JSON.parse(body)).items.map((item) => ({
      name: item.metadata.name,
      ready: item.status.conditions.some(({ type, status: value }) => type === "Ready" && value === "True"),
      address: item.status.addresses.find(({ type }) => type === "InternalIP")?.address,
    }));
  }

  /** The number of ready pods behind a Deployment. */
  async availableReplicas(namespace: string, name: string, signal: AbortSignal): Promise<number> {
    const { status, body } = await this.#call(
      "GET",
      `/apis/apps/v1/namespaces/${namespace}/deployments/${name}`,
      signal,
    );
    if (status !== 200) return 0;
    return z.object({ status: z.object({ availableReplicas: z.int().default(0) }) }).parse(JSON.parse(body)).status
      .availableReplicas;
  }

  /** Deletes a Node object, which may be gone. */
  async deleteNode(name: string, signal: AbortSignal): Promise<void> {
    const { status, body } = await this.#call("DELETE", `/api/v1/nodes/${name}`, signal);
    if (status !== 200 && status !== 404)
      throw new Error(`delete ${name}: HTTP ${String(status)}: ${body.slice(0, 300)}`);
  }

  /** Closes its connections. */
  async close(): Promise<void> {
    await this.#agent.destroy();
  }

  async #call(method: "GET" | "DELETE", path: string, signal: AbortSignal): Promise<{ status: number; body: string }> {
    const response = await request(`${this.#origin}${path}`, {
      method,
      dispatcher: this.#agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(5_000)]),
    });
    return { status: response.statusCode, body: await response.body.text() };
  }
}
