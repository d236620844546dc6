import { compareResourceVersions } from "../kube/resource.ts";
import type { KubeObject } from "../kube/resource.ts";

/*
 * Why expectations: a watch tells of our own write some milliseconds after the write itself. A pass that runs in between
 * sees the past, and would take it for somebody's drift or for a deletion, and write again. So whatever is compared must
 * first be known to be at least as new as the answer to our last write.
 */

/**
 * Whether what the cache holds of an object (`undefined`: nothing, then `cacheVersion` tells how current the cache is) may
 * be older than our last write of it. Versions that can't be compared count as new, which costs one needless apply at worst.
 */
export function isBehind(live: KubeObject | undefined, cacheVersion: string, answer: KubeObject): boolean {
  const seen = live?.metadata.resourceVersion ?? cacheVersion;
  return (compareResourceVersions(seen, answer.metadata.resourceVersion ?? "") ?? 0) < 0;
}
