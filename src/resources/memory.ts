/**
 * The soft limit of Go's garbage collector for a container with that limit in bytes: 80 %, so that it collects harder before the
 * kernel kills; null where there is no limit.
 */
export function goMemoryLimit(limit: number | null): string | null {
  return limit === null ? null : `${Math.floor((limit * 0.8) / 2 ** 20)}MiB`;
}
