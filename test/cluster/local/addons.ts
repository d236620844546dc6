import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { toolPath } from "../build.ts";
import { run } from "../command.ts";
import { imageReference } from "../images.ts";
import type { NetworkPlan } from "./network-plan.ts";

/** Images that the cluster's own Deployments need on every node, in the order in which they are waited for. */
export const ADDON_IMAGES = ["coredns", "metrics-server"] as const;

/** Applies cluster DNS and metrics-server. They start as soon as a node is Ready. */
export async function applyAddons(kubeconfig: string, plan: NetworkPlan, signal: AbortSignal): Promise<void> {
  const template = await readFile(join(import.meta.dirname, "addons.yaml"), { encoding: "utf8", signal });
  const values = new Map<string, string>([
    ...ADDON_IMAGES.map((name) => [name, imageReference(name)] as const),
    ["dnsServiceAddress", plan.dnsServiceAddress],
  ]);
  const manifest = template.replaceAll(/\{\{([a-zA-Z-]+)\}\}/g, (_, name: string) => {
    const value = values.get(name);
    if (value === undefined) throw new Error(`addons.yaml asks for ${name}, which nobody gives`);
    return value;
  });
  await run(
    [toolPath("kubectl"), "--kubeconfig", kubeconfig, "apply", "--server-side", "--force-conflicts", "-f", "-"],
    signal,
    { input: manifest },
  );
}
