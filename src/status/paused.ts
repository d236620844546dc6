import type { StatusFacts } from "./facts.ts";
import { holds } from "./verdict.ts";
import type { ConditionVerdict } from "./verdict.ts";

/** Changes that the message names. */
const NAMED = 5;

/** `Paused`: there only while `spec.paused` is set; it says what would be changed. */
export function paused({ spec, wouldChange }: StatusFacts): ConditionVerdict | null {
  if (spec?.paused !== true) return null;
  if (wouldChange.length === 0) return holds("Paused", "Paused", "Paused by spec.paused; nothing would be changed.");
  const more = wouldChange.length - NAMED;
  const named = wouldChange.slice(0, NAMED).join("; ");
  return holds("Paused", "Paused", `Paused by spec.paused; it would: ${named}${more > 0 ? ` and ${more} more` : ""}.`);
}
