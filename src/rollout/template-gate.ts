import type { Waiting } from "./state.ts";
import type { RolloutView } from "./view.ts";

/**
 * What the DaemonSet still lacks to make pods of a revision; `null` where every pod that it makes from now on carries it. Until
 * then nothing is deleted, for what came instead would be of another revision.
 */
export function templateGate(
  revision: string,
  { liveTemplate, templateSeen }: Pick<RolloutView, "liveTemplate" | "templateSeen">,
): Waiting | null {
  if (liveTemplate === null) return { gate: "DaemonSetMissing", message: "the DaemonSet isn't there yet" };
  if (liveTemplate !== revision) {
    return { gate: "TemplateOutdated", message: `the DaemonSet's template isn't at revision ${revision} yet` };
  }
  return templateSeen
    ? null
    : { gate: "NotObserved", message: "Kubernetes hasn't acted upon the DaemonSet's newest template yet" };
}
