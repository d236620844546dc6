import type { Sighting } from "../faults/watch.ts";
import type { KubernetesObject } from "../installation/kubectl.ts";

/*
 * What a watch's sightings of pods tell of a rollout afterwards. They are put in the order in which the API server stored them,
 * which clocks and slow machines can't change.
 */

/** As much of a pod as its history is told from. */
export interface SeenPod {
  readonly metadata: Pick<
    KubernetesObject["metadata"],
    "name" | "uid" | "resourceVersion" | "labels" | "deletionTimestamp"
  >;
  readonly spec: {
    readonly nodeName?: string;
    readonly affinity?: {
      readonly nodeAffinity?: {
        readonly requiredDuringSchedulingIgnoredDuringExecution?: {
          readonly nodeSelectorTerms: readonly {
            readonly matchFields?: readonly { readonly values?: readonly string[] }[];
          }[];
        };
      };
    };
  };
  readonly status: {
    readonly containerStatuses?: readonly {
      readonly restartCount: number;
      readonly state: { readonly running?: { readonly startedAt: string } };
    }[];
  };
}

/** As much of a KmAgent. */
export interface SeenKmAgent {
  readonly metadata: { readonly resourceVersion: string };
  readonly status?: {
    readonly rollout?: { readonly phase?: string; readonly template?: string; readonly stable?: string };
  };
}

type Seen<T> = Pick<Sighting<T>, "object" | "deleted">;

/** One pod that the API server was asked to delete. */
export interface Deletion {
  readonly pod: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/** One pod's life. */
export interface Life {
  readonly pod: string;
  readonly revision: string;
  readonly restarts: number;
}

const REVISION = "kloudmate.com/revision";

/**
 * The nodes that were down by our doing right after each of these deletions. A node is down from there on until a pod lives on it
 * whose container has run for `bakeMs` without a restart.
 */
export function downAfterEach(
  seen: readonly Seen<SeenPod>[],
  deletions: readonly Deletion[],
  bakeMs: number,
): readonly (readonly string[])[] {
  const nodes = nodesOf(seen);
  const deletedAt = new Map(deletions.map(({ pod, at }) => [pod, at]));
  const living = new Map<string, SeenPod>();
  const going = new Set<string>();
  let down: string[] = [];
  const after: string[][] = [];
  for (const { object, deleted } of inOrder(seen)) {
    const { name, uid, deletionTimestamp } = object.metadata;
    if (!deleted && deletionTimestamp === undefined) {
      living.set(uid, object);
      continue;
    }
    living.delete(uid);
    const at = deletedAt.get(name);
    if (at === undefined || going.has(uid)) continue;
    going.add(uid);
    const isUp = (node: string) =>
      living.values().some((pod) => nodes.get(pod.metadata.uid) === node && hasRunFor(bakeMs, pod, at));
    down = [...new Set([...down.filter((node) => !isUp(node)), nodes.get(uid) ?? name])];
    after.push(down);
  }
  return after;
}

function hasRunFor(bakeMs: number, { status }: SeenPod, at: number): boolean {
  const [container] = status.containerStatuses ?? [];
  const startedAt = container?.state.running?.startedAt;
  return container?.restartCount === 0 && startedAt !== undefined && Date.parse(startedAt) + bakeMs <= at;
}

/** The pods that lived on each node, in the order in which they were made. */
export function livesByNode(seen: readonly Seen<SeenPod>[]): Readonly<Record<string, readonly Life[]>> {
  const nodes = nodesOf(seen);
  const lives = new Map<string, Life>();
  for (const { object } of inOrder(seen)) {
    const { name, uid, labels } = object.metadata;
    const restarts = Math.max(lives.get(uid)?.restarts ?? 0, object.status.containerStatuses?.[0]?.restartCount ?? 0);
    lives.set(uid, { pod: name, revision: labels?.[REVISION] ?? "", restarts });
  }
  return Object.fromEntries(
    [...Map.groupBy(lives, ([uid]) => nodes.get(uid) ?? "").entries()].map(([node, of]) => [
      node,
      of.map(([, life]) => life),
    ]),
  );
}

/**
 * Pods of a node that it could have done without: of the revision that the one before had, or of one that it had earlier and left
 * for a proved one. A way back from a revision that was never the template is no such thing.
 */
export function needlessOf(lives: readonly Life[], templates: ReadonlySet<string>): readonly Life[] {
  return lives.filter(({ revision }, at) => {
    const before = lives.slice(0, at);
    const last = before.at(-1)?.revision ?? "";
    return before.some((life) => life.revision === revision) && (last === revision || templates.has(last));
  });
}

/** A moment at which pods of unproved revisions lived. */
export interface Trial {
  readonly nodes: readonly string[];
  readonly revisions: readonly string[];
}

/**
 * The moments at which pods lived whose revision no status had called stable or made the template until then: what is tried at
 * once, and where. What the first status says held from the start.
 */
export function trials(pods: readonly Seen<SeenPod>[], kmagents: readonly Seen<SeenKmAgent>[]): readonly Trial[] {
  const nodes = nodesOf(pods);
  const statuses = inOrder(kmagents);
  const proved = new Set(statuses.slice(0, 1).flatMap(provedBy));
  const living = new Map<string, string>();
  const moments: Trial[] = [];
  let next = 0;
  for (const { object, deleted } of inOrder(pods)) {
    const { uid, labels, deletionTimestamp, resourceVersion } = object.metadata;
    for (; Number(statuses[next]?.object.metadata.resourceVersion) < Number(resourceVersion); next++) {
      for (const revision of statuses.slice(next, next + 1).flatMap(provedBy)) proved.add(revision);
    }
    if (deleted || deletionTimestamp !== undefined) living.delete(uid);
    else living.set(uid, labels?.[REVISION] ?? "");
    const tried = [...living].filter(([, revision]) => !proved.has(revision));
    if (tried.length === 0) continue;
    moments.push({
      nodes: [...new Set(tried.map(([pod]) => nodes.get(pod) ?? pod))],
      revisions: [...new Set(tried.map(([, revision]) => revision))],
    });
  }
  return moments;
}

function provedBy({ object }: Seen<SeenKmAgent>): string[] {
  const { template = "", stable = "" } = object.status?.rollout ?? {};
  return [template, stable].filter((revision) => revision !== "");
}

/** Of pods by UID. One that ended before the scheduler came to it is bound to its node by its affinity. */
function nodesOf(seen: readonly Seen<SeenPod>[]): ReadonlyMap<string, string> {
  return new Map(
    seen.flatMap(({ object: { metadata, spec } }) => {
      const terms = spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
      const node = spec.nodeName ?? terms?.[0]?.matchFields?.[0]?.values?.[0];
      return node === undefined ? [] : [[metadata.uid, node]];
    }),
  );
}

function inOrder<T extends { readonly metadata: { readonly resourceVersion: string } }>(
  seen: readonly Seen<T>[],
): readonly Seen<T>[] {
  return seen.toSorted(
    ({ object: a }, { object: b }) => Number(a.metadata.resourceVersion) - Number(b.metadata.resourceVersion),
  );
}
