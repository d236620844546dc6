import { BOUND } from "../api/bounds.ts";
import { isBaked, isProvedByNode } from "./pod-verdict.ts";
import { isRejected, KEY_REJECTED, rejectionOf } from "./record.ts";
import type { Replacement, RolloutRecord } from "./record.ts";
import { isMovable } from "./view.ts";
import type { RolloutNode, RolloutView } from "./view.ts";
import { withinRoom } from "./window.ts";

/**
 * The record of a rollout whose status is lost, or was never written: made from the DaemonSet's template, which never holds an
 * unproved revision, and from what the revisions' annotations say. Canaries are found again by what their pods run.
 */
export function recoverRecord(view: RolloutView): RolloutRecord {
  const { wanted, liveTemplate, noted, now } = view;
  const stable = noted.stable === "" ? provedByNodes(view) : noted.stable;
  const isFirst = stable === "" && liveTemplate === null;
  const inFlight = isFirst ? [] : unsettled(view);
  const rejected = noted.rejected.slice(0, BOUND.rejections);
  const blank = { phaseSince: now, stable, canaries: [], inFlight, rejected };
  const template = liveTemplate ?? stable;
  if (stable === "") return { ...blank, phase: "Install", target: wanted, template: wanted };
  const kept = [wanted, template].find((revision) => wasKept(revision, view));
  if (kept !== undefined) return { ...blank, phase: "Stalled", target: kept, template };
  if (template === stable && (wanted === stable || isRejected(noted, wanted))) {
    return { ...blank, phase: "Complete", target: stable, template };
  }
  if (template === stable) {
    const canaries = view.nodes.filter(({ pod }) => pod?.revision === wanted).map(({ node }) => node);
    return { ...blank, phase: "Canary", target: wanted, template, canaries };
  }
  if (isRejected(noted, template)) return { ...blank, phase: "RollingBack", target: template, template: stable };
  return { ...blank, phase: "Progressing", target: template, template };
}

/** Whether a revision failed and wasn't taken back: never by its key, and else by the settings where something of it is left. */
function wasKept(revision: string, { noted, settings, liveTemplate, nodes }: RolloutView): boolean {
  const rejection = rejectionOf(noted, revision);
  if (rejection === undefined) return false;
  const isLeft = liveTemplate === revision || nodes.some(({ pod }) => pod?.revision === revision);
  return rejection.reason === KEY_REJECTED || (!settings.autoRollback && isLeft);
}

/**
 * Nodes whose pods are being replaced, or haven't proved anything yet, hold slots: it may have been us who began that. All of them,
 * though the window has fewer: which of them we began nobody can tell.
 */
function unsettled(view: RolloutView): Replacement[] {
  const replacements = view.nodes
    .filter((at) => at.kind === "updating" || isUnproved(at, view))
    .map(({ node }) => ({ node, podUID: "", since: view.now, wasFailing: false }));
  return withinRoom(replacements);
}

/** A pod that isn't baked; one of the template's that fails is somebody else's doing. */
function isUnproved(at: RolloutNode, view: RolloutView): boolean {
  if (!isMovable(at) || at.pod === null || isBaked(at, view)) return false;
  return at.kind === "healthy" || at.pod.revision !== view.liveTemplate;
}

/** Without a note, a template that isn't wanted any more is taken for stable where a node has proved it. */
function provedByNodes(view: RolloutView): string {
  const template = view.liveTemplate ?? "";
  return template !== view.wanted && isProvedByNode(template, view) ? template : "";
}
