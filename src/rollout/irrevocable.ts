import type { RolloutRecord } from "./record.ts";

/**
 * The revisions that are tried, wanted or in waves and that no rollback takes back: those that differ by secrets alone (the API key, the
 * CA bundle) from what is stable, or from what new pods are made of. A newer key may come while other changes are on their way,
 * and a pod of any of these revisions reads it.
 */
export function irrevocableRevisions(
  { stable, template, target }: Pick<RolloutRecord, "stable" | "template" | "target">,
  wanted: string,
  differsBySecrets: (one: string, other: string) => boolean,
): ReadonlySet<string> {
  const isIrrevocable = (revision: string) => [stable, template].some((held) => differsBySecrets(held, revision));
  return new Set([target, wanted, template].filter(isIrrevocable));
}
