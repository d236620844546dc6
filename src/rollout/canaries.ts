import { BOUND } from "../api/bounds.ts";
import { share } from "../api/duration.ts";
import type { RolloutRecord } from "./record.ts";
import { desiredCount, isMovable } from "./view.ts";
import type { RolloutNode, RolloutView } from "./view.ts";

/**
 * The nodes that prove a target: as many as `rollout.canary` says and at least one of each architecture in use. Canaries that
 * can still prove something stay. New ones are, in this order, nodes that already run the target or some other revision that
 * isn't the template's (they are disturbed already), those that the last target broke, then any healthy one; where no agent is
 * healthy, any node that Kubernetes calls Ready.
 */
export function chooseCanaries(record: RolloutRecord, view: RolloutView): string[] {
  const able = view.nodes.filter((node) => isMovable(node));
  const chosen = able.filter(({ node }) => record.canaries.includes(node));
  const candidates = ranked(able, record);
  const architectures = new Set(chosen.map(({ architecture }) => architecture));
  for (const candidate of candidates) {
    if (architectures.has(candidate.architecture)) continue;
    architectures.add(candidate.architecture);
    chosen.push(candidate);
  }
  const count = Math.max(1, share(view.settings.canary, desiredCount(view)));
  for (const candidate of candidates) {
    if (chosen.length >= count) break;
    if (!chosen.includes(candidate)) chosen.push(candidate);
  }
  return chosen.slice(0, BOUND.canaries).map(({ node }) => node);
}

/** Those that can be canaries, the best first; the order of names decides between equals, so a crash changes no choice. */
function ranked(able: readonly RolloutNode[], record: RolloutRecord): RolloutNode[] {
  const broken = new Set(record.rejected[0]?.nodes ?? []);
  const rank = ({ node, kind, pod }: RolloutNode) => {
    if (pod === null || pod.deleting) return null;
    if (pod.revision === record.target) return 0;
    if (pod.revision !== record.template) return 1;
    if (kind !== "healthy") return 4;
    return broken.has(node) ? 2 : 3;
  };
  const rankedNodes = able.flatMap((node) => {
    const place = rank(node);
    return place === null ? [] : [{ node, place }];
  });
  const best = rankedNodes.some(({ place }) => place < 4) ? rankedNodes.filter(({ place }) => place < 4) : rankedNodes;
  return best.toSorted((a, b) => a.place - b.place || (a.node.node < b.node.node ? -1 : 1)).map(({ node }) => node);
}
