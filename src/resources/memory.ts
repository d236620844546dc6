import { parseQuantity } from "../api/quantity.ts";

/**
 * The soft limit of Go's garbage collector for a container with that limit: 80 %, so that it collects harder before the
 * kernel kills; null where there is no limit that could be held.
 */
export function goMemoryLimit(limit: string | number | undefined): string | null {
  const bytes = Math.floor(parseQuantity(limit) ?? 0);
  return bytes <= 0 ? null : `${Math.floor((bytes * 0.8) / 2 ** 20)}MiB`;
}
