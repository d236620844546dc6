import { share } from "../api/duration.ts";
import { faultOf, isBaked } from "./pod-verdict.ts";
import type { PodFault } from "./pod-verdict.ts";
import type { Replacement, RolloutRecord } from "./record.ts";
import { templateGate } from "./template-gate.ts";
import { desiredCount, isMovable } from "./view.ts";
import type { RolloutNode, RolloutView } from "./view.ts";

/** Bytes that replacements may take in the status, which has 64 KiB for everything. */
const RECORD_BYTES = 24_576;
/** What one of them takes besides its node's name. */
const REPLACEMENT_BYTES = 110;
/** Nodes that fail as they did before, of which so many are kept in mind. */
const REMEMBERED = 50;

/** Whether the target is being tried on a node. */
export function isTried(node: string, { phase, canaries }: RolloutRecord): boolean {
  return phase === "Canary" && canaries.includes(node);
}

/** The revision that a node is to run: canaries the target while it is tried, all others what the DaemonSet makes. */
export function goalOf(node: string, record: RolloutRecord): string {
  return isTried(node, record) ? record.target : record.template;
}

/** How many nodes may be without an agent at once by our doing: `maxUnavailable` of them, at least one. */
export function windowOf(view: RolloutView): number {
  return windowSize(view.settings.maxUnavailable, desiredCount(view));
}

/** `maxUnavailable` of so many nodes, at least one. */
export function windowSize(maxUnavailable: string | number, desired: number): number {
  return Math.max(1, share(maxUnavailable, desired));
}

/** Whether a failure ends a rollout that is under way: not while going back, or to what is stable already. */
export function canFail({ phase, target, stable }: RolloutRecord): boolean {
  return phase === "Progressing" && target !== stable;
}

/**
 * Whether nodes that fail are kept in mind: failures count, or will once the rollout to which this one goes back goes on, or may
 * be taken back later, or there is nothing to go back to.
 */
function keepsFailures(record: RolloutRecord): boolean {
  const { phase, template, stable } = record;
  if (phase === "Install" || phase === "Stalled") return true;
  return canFail(record) || (phase === "RollingBack" && template !== stable);
}

/**
 * Follows the replacements that are under way. One ends when its node's new pod is baked, or when the node is down, leaves or
 * is gone: nodes that are down hold no slot. Where a pod of a wrong revision came instead, it is replaced in the same slot.
 * A replacement whose new pod fails stays as long as failures count: its node is down by our doing and holds a slot, or it
 * failed before, holds none and is to be known for that. Of these only so many are remembered that others have room.
 */
export function followReplacements(record: RolloutRecord, view: RolloutView): RolloutRecord {
  const nodes = new Map(view.nodes.map((node) => [node.node, node]));
  let remembered = REMEMBERED;
  const inFlight = record.inFlight.flatMap((replacement): Replacement[] => {
    const at = nodes.get(replacement.node);
    if (at === undefined || !isMovable(at)) return at?.kind === "starting" ? [replacement] : [];
    const goal = goalOf(replacement.node, record);
    const isCanary = isTried(replacement.node, record);
    const { pod } = at;
    if (pod?.revision === goal && !pod.deleting) {
      if (isCanary) {
        return [at.kind === "healthy" ? { ...replacement, since: null } : replacement];
      }
      if (isBaked(at, view)) return [];
      if (faultOf(at, view) === null) return [replacement];
      return keepsFailures(record) && (!replacement.wasFailing || remembered-- > 0) ? [replacement] : [];
    }
    // One that recovered meanwhile would be taken down outside the window.
    if (replacement.wasFailing && at.kind === "healthy") return [];
    // A canary that was healthy and is gone (evicted, or deleted while nobody looked) gets its time anew.
    const begun = isCanary && replacement.since === null ? { ...replacement, since: view.now } : replacement;
    if (pod === null || pod.deleting) return [begun];
    return [{ ...begun, podUID: pod.uid }];
  });
  return withinSlots({ ...record, inFlight }, view);
}

/** The record without replacements that hold no node down: those that aren't begun, and those whose new pod is baked already. */
export function withoutIdle(record: RolloutRecord, view: RolloutView): RolloutRecord {
  const working = workingNodes(view);
  return { ...record, inFlight: record.inFlight.filter(({ node }) => !working.has(node)) };
}

function workingNodes(view: RolloutView): ReadonlySet<string> {
  return new Set(view.nodes.filter((at) => isBaked(at, view)).map(({ node }) => node));
}

/** Calls off replacements whose pod still works, the newest first, while a window that became smaller has no slot for them. */
function withinSlots(record: RolloutRecord, view: RolloutView): RolloutRecord {
  const working = workingNodes(view);
  let over = slotsHeld(record, view) - windowOf(view);
  const inFlight = record.inFlight
    .toReversed()
    .filter(({ node, wasFailing }) => wasFailing || !working.has(node) || over-- <= 0);
  return { ...record, inFlight: inFlight.toReversed() };
}

/**
 * Whether a node runs a revision that it shouldn't and its pod can be replaced. A way back to a revision that is proved by its
 * canaries alone takes back the failed one only; the rest follows when its rollout goes on, and failures count again.
 */
export function isOutdated(at: RolloutNode, record: RolloutRecord): boolean {
  if (!isMovable(at) || at.pod === null || at.pod.deleting) return false;
  if (record.phase === "RollingBack" && record.template !== record.stable) return at.pod.revision === record.target;
  return at.pod.revision !== goalOf(at.node, record);
}

/** As many of these replacements, from the first, as the status has room for. */
export function withinRoom(replacements: readonly Replacement[]): Replacement[] {
  let room = RECORD_BYTES;
  return replacements.filter(({ node }) => (room -= node.length + REPLACEMENT_BYTES) >= 0);
}

/**
 * Begins further replacements, as many as the window has slots for. Nodes that fail anyway are replaced outside it: nothing is
 * lost there, and the next revision may be what mends them. The record's room bounds both.
 */
export function openSlots(record: RolloutRecord, view: RolloutView): RolloutRecord {
  if (templateGate(record.template, view) !== null) return record;
  const held = new Set(record.inFlight.map(({ node }) => node));
  let free = windowOf(view) - slotsHeld(record, view);
  let room = RECORD_BYTES - record.inFlight.reduce((sum, { node }) => sum + node.length + REPLACEMENT_BYTES, 0);
  const begun: Replacement[] = [];
  for (const at of inOrder(view.nodes.filter((node) => isOutdated(node, record) && !held.has(node.node)))) {
    const wasFailing = at.kind === "unhealthy" || at.kind === "uncovered";
    room -= at.node.length + REPLACEMENT_BYTES;
    // Failing ones come first, so without a slot there is nothing left to begin.
    if (room < 0 || (!wasFailing && free <= 0)) break;
    if (!wasFailing) free -= 1;
    begun.push({ node: at.node, podUID: at.pod?.uid ?? "", since: null, wasFailing });
  }
  return { ...record, inFlight: [...record.inFlight, ...begun] };
}

/** Replacements that took a working node down; a canary that is baked is up again, though it goes on being watched. */
export function slotsHeld(record: RolloutRecord, view: RolloutView): number {
  const upAgain = new Map(
    view.nodes.filter((at) => isTried(at.node, record) && isBaked(at, view)).map(({ node, pod }) => [node, pod?.uid]),
  );
  return record.inFlight.filter(({ node, podUID, wasFailing }) => {
    const uid = upAgain.get(node);
    return !wasFailing && (uid === undefined || uid === podUID);
  }).length;
}

/** Of replacements that are to begin, those for which the window has a slot. */
export function withinWindow(begun: readonly Replacement[], record: RolloutRecord, view: RolloutView): Replacement[] {
  let free = windowOf(view) - slotsHeld(record, view);
  return begun.filter(({ wasFailing }) => wasFailing || free-- > 0);
}

/** Failing nodes first, then those that don't work yet, then by name. */
function inOrder(nodes: readonly RolloutNode[]): RolloutNode[] {
  const rank = ({ kind }: RolloutNode) => (kind === "healthy" ? 2 : kind === "updating" ? 1 : 0);
  return nodes.toSorted((a, b) => rank(a) - rank(b) || (a.node < b.node ? -1 : 1));
}

/**
 * Nodes that failed at the target though they worked before: those of our replacements, and those that had proved it and fail
 * now. A node that failed before, is down, leaves or is too young is no witness.
 */
export function failures(record: RolloutRecord, view: RolloutView): PodFault[] {
  const replaced = new Map(record.inFlight.map((replacement) => [replacement.node, replacement]));
  return view.nodes.flatMap((at) => {
    const replacement = replaced.get(at.node);
    const isWitness =
      replacement === undefined
        ? at.pod !== null && at.pod.answered && at.kind === "unhealthy"
        : !replacement.wasFailing;
    const fault = isWitness ? faultAt(at, record.target, view) : null;
    return fault === null ? [] : [fault];
  });
}

/** Replacements whose outcome is open: what came instead is neither proved nor has it failed. */
export function settling({ inFlight }: RolloutRecord, revision: string, view: RolloutView): Replacement[] {
  const failed = new Set(view.nodes.filter((at) => faultAt(at, revision, view) !== null).map(({ node }) => node));
  return inFlight.filter(({ node }) => !failed.has(node));
}

/** What is wrong with a node's pod of a revision, or with a node that gets none at all. */
function faultAt(at: RolloutNode, revision: string, view: RolloutView): PodFault | null {
  const isThere = at.pod === null || (at.pod.revision === revision && !at.pod.deleting);
  return isThere ? faultOf(at, view) : null;
}
