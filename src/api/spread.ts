/**
 * A place from 0 up to 1 that is always the same for `id`, so that thousands of nodes come spread evenly over an interval:
 * FNV-1a, and a round of mixing, for its high bits hardly differ between worker-1 and worker-2.
 */
export function spread(id: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < id.length; i++) hash = Math.imul(hash ^ id.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}
