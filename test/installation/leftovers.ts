import type { KubernetesObject } from "./kubectl.ts";
import type { World } from "./world.ts";

/** Kinds that nobody makes by hand and that come and go by themselves. */
const SHORT_LIVED = new Set(["events", "events.events.k8s.io", "leases.coordination.k8s.io"]);

/**
 * Every object of every kind, in all namespaces, that carries a label of ours or of a release of ours, or is in one of these
 * namespaces, or is named after one. `kind/namespace/name`, sorted.
 */
export async function leftovers(world: World, namespaces: readonly string[]): Promise<string[]> {
  const { kubectl } = world;
  const { stdout } = await kubectl(["api-resources", "--verbs=list", "-o", "name"]);
  const kinds = stdout.split("\n").filter((kind) => kind !== "" && !SHORT_LIVED.has(kind) && !kind.includes("metrics"));
  const all = await kubectl.get<{ items: (KubernetesObject & { kind: string })[] }>([kinds.join(","), "-A"]);
  return (all?.items ?? [])
    .filter(({ metadata }) => {
      const labels = metadata.labels ?? {};
      const ours = ["km-agent", "kmagent-operator"].includes(labels["app.kubernetes.io/name"] ?? "");
      const within = namespaces.includes(metadata.namespace ?? "") || namespaces.includes(metadata.name);
      return ours || within || namespaces.some((namespace) => metadata.name.startsWith(`${namespace}:`));
    })
    .map(({ kind, metadata }) => [kind, metadata.namespace, metadata.name].filter(Boolean).join("/"))
    .toSorted();
}
