import { downAfterEach, livesByNode } from "./pod-history.ts";
import type { Deletion, SeenPod } from "./pod-history.ts";

/** One change of what the agents run, as far as it says which pods may go for it. One node may be down at a time. */
export interface Change {
  readonly kind: "rollout" | "rollback";
  /** The revision that is brought to the nodes, or that is taken back. */
  readonly target: string;
  readonly bakeMs: number;
  /** How many nodes it may touch: all of them, or the canary and the one that fails. */
  readonly touches: number;
  /** Whether the operator died in between. */
  readonly wasKilled: boolean;
}

/**
 * What deletions did that no change needs, in sentences: pods deleted twice, pods of what is wanted, second nodes taken down.
 */
export function harmOf(
  seen: Parameters<typeof downAfterEach>[0],
  deletions: readonly Deletion[],
  { kind, target, bakeMs, touches, wasKilled }: Change,
): readonly string[] {
  const names = deletions.map(({ pod }) => pod);
  const twice = names.filter((name, at) => names.indexOf(name) < at).map((name) => `${name} was deleted again`);
  const down = downAfterEach(seen, deletions, bakeMs)
    .filter((nodes) => nodes.length > 1)
    .map((nodes) => `${nodes.join(" and ")} were down at once`);
  let touched = 0;
  const needless = Object.entries(livesByNode(seen)).flatMap(([node, lives]) => {
    const gone = lives.filter(({ pod }) => names.includes(pod));
    const ofTarget = gone.filter(({ revision }) => revision === target).length;
    const ofOthers = gone.length - ofTarget;
    if (gone.length > 0) touched += 1;
    // Where the operator dies between the canary's pods, Kubernetes makes one of the old revision, which makes way in its turn.
    const isCanary = lives.some(({ pod }) => pod.includes(`-${target}-`));
    return [
      ...(ofOthers > (isCanary && wasKilled ? 2 : 1) ? [`${ofOthers} pods of ${node} made way for the target's`] : []),
      ...(ofTarget > (kind === "rollback" ? 1 : 0) ? [`${ofTarget} pods of ${node} went that ran the target`] : []),
    ];
  });
  const wide = touched === touches ? [] : [`${touched} nodes were touched, and not ${touches}`];
  return [...twice, ...down, ...needless, ...wide];
}

/** Whether the watch has shown each of these deletions. */
export function areSeen(
  seen: readonly { readonly object: SeenPod; readonly deleted: boolean }[],
  deletions: readonly Deletion[],
): boolean {
  const going = new Set(
    seen
      .filter(({ object, deleted }) => deleted || object.metadata.deletionTimestamp !== undefined)
      .map(({ object }) => object.metadata.name),
  );
  return deletions.every(({ pod }) => going.has(pod));
}
