import { isDeepStrictEqual } from "node:util";
import { PODS, resourcePath } from "../../src/kube/resource.ts";
import { eventually } from "../eventually.ts";
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

/** What differs from one change to the next (revisions, nodes), each with the word that stands for it. */
type Words = Readonly<Record<string, string>>;

/** Longer than lies between two writes of an unquiet status. */
const QUIET_MS = 6_000;

/** The end once it is as expected; without an expectation once nothing changes any more. */
export async function settledEnd(
  world: World,
  operator: Installation,
  words: Words,
  expected?: RolloutEnd,
): Promise<RolloutEnd> {
  let last: RolloutEnd | undefined;
  return await eventually(
    "nothing changes any more",
    async () => {
      const now = await rolloutEndOf(world, operator, words);
      const isSettled = isDeepStrictEqual(now, expected ?? last);
      last = now;
      return isSettled ? now : undefined;
    },
    { withinMs: 60_000, everyMs: expected ? 500 : QUIET_MS },
  ).catch((error: unknown) => {
    // Whoever expects it says best what differs.
    if (last === undefined || expected === undefined) throw error;
    return last;
  });
}

/** Looks at everything that a rollout or rollback left. */
async function rolloutEndOf(world: World, operator: Installation, words: Words): Promise<RolloutEnd> {
  const labelSelector = "app.kubernetes.io/component=node-agent";
  const [list, { inUse, pods, status, orphans }] = await Promise.all([
    world.api.list<Listed>(resourcePath(PODS, operator.namespace), { labelSelector }),
    endStateOf(world, operator),
  ]);
  const living = list.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
  const agents = living.map(({ metadata, spec, status: is }) => {
    const restarts = is?.containerStatuses?.[0]?.restartCount ?? -1;
    return `${spec.nodeName} runs ${metadata.labels?.["kloudmate.com/revision"]}, restarted ${restarts} times`;
  });
  const hashes = new Set(living.map(({ metadata }) => metadata.labels?.["controller-revision-hash"] ?? ""));
  const end = renamed({ state: { inUse, status: newest(status) }, pods, agents, orphans }, words);
  return { ...end, pods: end.pods.toSorted(), agents: end.agents.toSorted(), templates: hashes.size };
}

/** Earlier rejections are another change's. */
function newest(status: unknown): unknown {
  const { rollout, ...others } = status as { rollout?: { rejected?: readonly unknown[] } };
  const { rejected, ...rest } = rollout ?? {};
  return { ...others, rollout: { ...rest, ...(rejected && { rejected: rejected.slice(0, 1) }) } };
}

function renamed<T>(value: T, words: Words): T {
  let text = JSON.stringify(value);
  for (const [name, word] of Object.entries(words)) text = text.replaceAll(name, word);
  return JSON.parse(text.replace(FULL_HASH, "<hash>").replace(LAST_WORDS, ": <last words>")) as T;
}

/** A revision's hash before it was cut. */
const FULL_HASH = /\b[0-9a-f]{64}\b/g;
/** A flawed node's collector, in JSON: how often it had ended when it was noticed, and what it said of its flaw, with the time, cut somewhere. */
const LAST_WORDS = /(, restarted [^:]*)?: Error: failed to get config:(?:[^"\\]|\\.)*none-such(?:[^"\\]|\\.)*/g;
