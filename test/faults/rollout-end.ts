import type { KubernetesObject } from "../installation/kubectl.ts";
import type { Installation, World } from "../installation/world.ts";
import { endStateOf } from "./end-state.ts";

type Listed = KubernetesObject & {
  readonly spec: { readonly nodeName?: string };
  readonly status?: { readonly containerStatuses?: readonly { readonly restartCount: number }[] };
};

/** What a change of the node agents has come to, in words that are the same for every such change. */
export interface RolloutEnd {
  /** The end state, with the newest rejection alone. */
  readonly state: unknown;
  /** Pods that aren't being deleted, by component and node. */
  readonly pods: readonly string[];
  /** Each agent that isn't being deleted: node, revision, restarts. */
  readonly agents: readonly string[];
  /** Templates that Kubernetes' own controller takes the agents' pods for: one, once all is said. */
  readonly templates: number;
  readonly orphans: readonly string[];
}

/**
 * Looks at everything that a rollout or rollback left. `names` are what differs from one to the next (revisions, nodes), each with
 * the word that stands for it.
 */
export async function rolloutEndOf(
  world: World,
  operator: Installation,
  names: ReadonlyMap<string, string>,
): Promise<RolloutEnd> {
  const selector = "app.kubernetes.io/component=node-agent";
  const [list, { inUse, pods, status, orphans }] = await Promise.all([
    world.kubectl.get<{ items: Listed[] }>(["pods", "-n", operator.namespace, "-l", selector]),
    endStateOf(world, operator),
  ]);
  const living = (list?.items ?? []).filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const agents = living.map(({ metadata, spec, status: is }) => {
    const restarts = is?.containerStatuses?.[0]?.restartCount ?? -1;
    return `${spec.nodeName} runs ${metadata.labels?.["kloudmate.com/revision"]}, restarted ${restarts} times`;
  });
  const hashes = new Set(living.map(({ metadata }) => metadata.labels?.["controller-revision-hash"] ?? ""));
  const end = renamed({ state: { inUse, status: newest(status) }, pods, agents, orphans }, names);
  return { ...end, pods: end.pods.toSorted(), agents: end.agents.toSorted(), templates: hashes.size };
}

/** Earlier rejections are another change's. */
function newest(status: unknown): unknown {
  const { rollout, ...others } = status as { rollout?: { rejected?: readonly unknown[] } };
  const { rejected, ...rest } = rollout ?? {};
  return { ...others, rollout: { ...rest, ...(rejected && { rejected: rejected.slice(0, 1) }) } };
}

function renamed<T>(value: T, names: ReadonlyMap<string, string>): T {
  let text = JSON.stringify(value);
  for (const [name, word] of names) text = text.replaceAll(name, word);
  // A revision's full hash, and the times in a collector's last words.
  text = text.replace(/\b[0-9a-f]{64}\b/g, "<hash>").replace(/\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d/g, "<time>");
  return JSON.parse(text) as T;
}
