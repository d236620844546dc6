import { ANNOTATION, LABEL } from "../api/labels.ts";
import type { KubeObject } from "../kube/resource.ts";

/** ConfigMaps that are kept besides those in use, for a look back. */
const KEPT = 3;
/** Rejected ones that are kept besides: their annotations outlive a lost status. */
const KEPT_REJECTED = 5;

/** What decides which revisions' ConfigMaps may go. */
export interface GarbageFacts {
  /** Our ConfigMaps of one component. */
  readonly configMaps: readonly KubeObject[];
  /** Names that the wanted and the live pod templates hold. */
  readonly named: ReadonlySet<string>;
  /** Revisions of pods that live, also of those that are being deleted. */
  readonly liveRevisions: ReadonlySet<string>;
}

/**
 * ConfigMaps that nothing needs: not named by a template, not used by a pod that lives, and older than the newest three,
 * or five of those that were rejected.
 * A ConfigMap without a revision label can't be judged and stays.
 */
export function garbage({ configMaps, named, liveRevisions }: GarbageFacts): KubeObject[] {
  const unused = configMaps.filter((configMap) => {
    const revision = configMap.metadata.labels?.[LABEL.revision];
    return revision !== undefined && !named.has(configMap.metadata.name) && !liveRevisions.has(revision);
  });
  const age = (configMap: KubeObject) => configMap.metadata.creationTimestamp ?? "";
  const newestFirst = unused.toSorted(
    (a, b) => age(b).localeCompare(age(a)) || a.metadata.name.localeCompare(b.metadata.name),
  );
  const isRejected = (configMap: KubeObject) => configMap.metadata.annotations?.[ANNOTATION.state] === "rejected";
  const [rejected, others] = [newestFirst.filter(isRejected), newestFirst.filter((each) => !isRejected(each))];
  return [...others.slice(KEPT), ...rejected.slice(KEPT_REJECTED)];
}
