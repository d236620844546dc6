const FACTORS: Readonly<Record<string, number>> = {
  ...{ m: 1e-3, "": 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 },
  ...{ Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 },
};

/** Bytes of a Kubernetes quantity of memory, or null where it is none. */
export function bytesOf(quantity: string | number): number | null {
  const match = /^\+?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$/.exec(
    String(quantity),
  );
  const factor = FACTORS[match?.[3] ?? ""];
  if (!match || factor === undefined) return null;
  return Math.floor(Number(`${match[1] ?? ""}${match[2] ?? ""}`) * factor);
}

/**
 * The soft limit of Go's garbage collector for a container with that limit: 80 %, so that it collects harder before the
 * kernel kills; null where there is no limit that could be held.
 */
export function goMemoryLimit(limit: string | number | undefined): string | null {
  const bytes = limit === undefined ? null : bytesOf(limit);
  return bytes === null || bytes === 0 ? null : `${Math.floor((bytes * 0.8) / 2 ** 20)}MiB`;
}
