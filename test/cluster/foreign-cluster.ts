import { z } from "zod";
import { ensureTools, toolPath } from "./build.ts";
import type { Cluster, ClusterNode, Provider, Registry } from "./cluster.ts";
import { run } from "./command.ts";
import type { Surroundings } from "./surroundings.ts";
import { noFaults } from "./unavailable.ts";

const nodeList = z.object({
  items: z.array(
    z.object({
      metadata: z.object({ name: z.string() }),
      spec: z.object({ podCIDR: z.string().optional() }),
      status: z.object({ addresses: z.array(z.object({ type: z.string(), address: z.string() })).default([]) }),
    }),
  ),
});

/** A cluster that is known by its kubeconfig, and by what the surroundings add: it answers, but nothing can be done to its machines. */
export async function foreignCluster(
  provider: Provider,
  kubeconfigPath: string,
  { registry, privateRegistry, hostAddress }: Surroundings,
  signal: AbortSignal,
): Promise<Cluster> {
  await ensureTools(["kubectl"], signal);
  const kubectl = [toolPath("kubectl"), "--kubeconfig", kubeconfigPath, "--request-timeout=10s"];
  await run([...kubectl, "get", "--raw", "/readyz"], signal);
  return {
    provider,
    kubeconfigPath,
    registry,
    hostAddress,
    async nodes(nodesSignal: AbortSignal): Promise<readonly ClusterNode[]> {
      const { stdout } = await run([...kubectl, "get", "nodes", "-o", "json"], nodesSignal, {
        maxBytes: 64 * 1024 * 1024,
      });
      return nodeList.parse(JSON.parse(stdout)).items.map(({ metadata, spec, status }) => ({
        name: metadata.name,
        address: status.addresses.find(({ type }) => type === "InternalIP")?.address ?? "",
        ...(spec.podCIDR !== undefined && { podRange: spec.podCIDR }),
      }));
    },
    ...noFaults(provider),
    async privateRegistry(): Promise<Registry> {
      if (privateRegistry?.credentials) return await Promise.resolve(privateRegistry);
      throw new Error("a registry with a password: name one in KM_PRIVATE_REGISTRY (user:password@host:port)");
    },
  };
}
