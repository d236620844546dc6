import { isBaked } from "./pod-verdict.ts";
import type { Rejection, Replacement, RolloutRecord } from "./record.ts";
import { isMovable } from "./view.ts";
import type { RolloutNode, RolloutView } from "./view.ts";
import { windowOf } from "./window.ts";

/**
 * The record of a rollout whose status is lost, or was never written: made from the DaemonSet's template, which never holds an
 * unproved revision, and from what the revisions' annotations say. Canaries are found again by what their pods run.
 */
export function recoverRecord(view: RolloutView): RolloutRecord {
  const { wanted, liveTemplate, noted, now } = view;
  const stable = noted.stable === "" ? provedByNodes(view) : noted.stable;
  const rejected = noted.rejected.map((revision): Rejection => rejection(revision, now));
  const blank = { phaseSince: now, stable, canaries: [], inFlight: stable === "" ? [] : unsettled(view), rejected };
  const template = liveTemplate ?? stable;
  if (stable === "") return { ...blank, phase: "Install", target: wanted, template: wanted };
  if (template === stable && (wanted === stable || noted.rejected.includes(wanted))) {
    return { ...blank, phase: "Complete", target: stable, template };
  }
  if (template === stable) {
    const canaries = view.nodes.filter(({ pod }) => pod?.revision === wanted).map(({ node }) => node);
    return { ...blank, phase: "Canary", target: wanted, template, canaries };
  }
  if (noted.rejected.includes(template)) return { ...blank, phase: "RollingBack", target: template, template: stable };
  return { ...blank, phase: "Progressing", target: template, template };
}

/** Nodes whose pods are being replaced, or that haven't proved what isn't the template's, hold slots: it may have been us who began that. */
function unsettled(view: RolloutView): Replacement[] {
  return view.nodes
    .filter((at) => at.kind === "updating" || isStray(at, view))
    .slice(0, windowOf(view))
    .map(({ node }) => ({ node, podUID: "", since: view.now, wasFailing: false }));
}

function isStray(at: RolloutNode, view: RolloutView): boolean {
  return isMovable(at) && at.pod !== null && at.pod.revision !== view.liveTemplate && !isBaked(at, view);
}

/** Without a note, a template that isn't wanted any more is taken for stable where a node is healthy with it. */
function provedByNodes({ wanted, liveTemplate, nodes }: RolloutView): string {
  const template = liveTemplate ?? "";
  if (template === wanted) return "";
  const proves = nodes.some((node) => node.kind === "healthy" && node.pod?.revision === template);
  return proves ? template : "";
}

function rejection(revision: string, since: number): Rejection {
  const message = "why it failed is lost with the status; its ConfigMap's annotations may tell";
  return { revision, reason: "Unknown", message, since, nodes: [], retried: false };
}
