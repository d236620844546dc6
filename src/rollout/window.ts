import { share } from "../api/duration.ts";
import { faultOf, isBaked } from "./pod-verdict.ts";
import type { PodFault } from "./pod-verdict.ts";
import type { Replacement, RolloutRecord } from "./record.ts";
import { desiredCount, isMovable } from "./view.ts";
import type { RolloutNode, RolloutView } from "./view.ts";

/** Bytes that replacements may take in the status, which has 64 KiB for everything. */
const RECORD_BYTES = 24_576;
/** What one of them takes besides its node's name. */
const REPLACEMENT_BYTES = 110;

/** Nodes by name. */
type ByName = ReadonlyMap<string, RolloutNode>;

/** The revision that a node is to run: canaries the target while it is tried, all others what the DaemonSet makes. */
export function goalOf(node: string, { phase, canaries, target, template }: RolloutRecord): string {
  return phase === "Canary" && canaries.includes(node) ? target : template;
}

/** How many nodes may be without an agent at once by our doing: `maxUnavailable` of them, at least one. */
export function windowOf(view: RolloutView): number {
  return Math.max(1, share(view.settings.maxUnavailable, desiredCount(view)));
}

/** Whether a failure ends a rollout that is under way: not while going back or where there is nothing to go back to. */
export function canFail({ phase, target, stable, template }: RolloutRecord): boolean {
  return phase === "Progressing" && stable !== "" && target !== stable && template === target;
}

/**
 * Follows the replacements that are under way. One ends when its node's new pod is baked, or when the node is down, leaves or
 * is gone: nodes that are down hold no slot. Where a pod of a wrong revision came instead, it is replaced in the same slot.
 * A replacement whose new pod fails holds its slot as long as failures count, for its node is down by our doing; on a node
 * that failed before it is over.
 */
export function followReplacements(record: RolloutRecord, nodes: ByName, view: RolloutView): RolloutRecord {
  const inFlight = record.inFlight.flatMap((replacement): Replacement[] => {
    const at = nodes.get(replacement.node);
    if (at === undefined || !isMovable(at)) return at?.kind === "starting" ? [replacement] : [];
    const goal = goalOf(replacement.node, record);
    const { pod } = at;
    const isCanary = record.phase === "Canary" && record.canaries.includes(replacement.node);
    if (pod?.revision === goal && !pod.deleting) {
      if (isCanary) return [replacement];
      if (isBaked(at, view)) return [];
      return faultOf(at, view) !== null && (replacement.wasFailing || !canFail(record)) ? [] : [replacement];
    }
    // One that recovered meanwhile would be taken down outside the window.
    if (replacement.wasFailing && at.kind === "healthy") return [];
    if (pod === null || pod.deleting || pod.uid === replacement.podUID) return [replacement];
    return [{ ...replacement, podUID: pod.uid }];
  });
  const isSame =
    inFlight.length === record.inFlight.length && inFlight.every((each, at) => each === record.inFlight[at]);
  return withinSlots(isSame ? record : { ...record, inFlight }, nodes, view);
}

/** The record without replacements that hold no node down: those that aren't begun, and those whose new pod is baked already. */
export function withoutIdle(record: RolloutRecord, view: RolloutView): RolloutRecord {
  const nodes = new Map(view.nodes.map((node) => [node.node, node]));
  const inFlight = record.inFlight.filter(({ node }) => {
    const at = nodes.get(node);
    return at === undefined || !isBaked(at, view);
  });
  return { ...record, inFlight };
}

/** Calls off replacements whose pod still works, the newest first, while a window that became smaller has no slot for them. */
function withinSlots(record: RolloutRecord, nodes: ByName, view: RolloutView): RolloutRecord {
  let over = slotsHeld(record, view) - windowOf(view);
  if (over <= 0) return record;
  const inFlight = record.inFlight.toReversed().filter(({ node, wasFailing }) => {
    const at = nodes.get(node);
    return wasFailing || at === undefined || !isBaked(at, view) || over-- <= 0;
  });
  return inFlight.length === record.inFlight.length ? record : { ...record, inFlight: inFlight.toReversed() };
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

/**
 * Begins further replacements, as many as the window has slots for. Nodes that fail anyway are replaced outside it: nothing is
 * lost there, and the next revision may be what mends them. The record's room bounds both.
 */
export function openSlots(record: RolloutRecord, view: RolloutView): RolloutRecord {
  if (view.liveTemplate !== record.template || !view.templateSeen) return record;
  const held = new Set(record.inFlight.map(({ node }) => node));
  let free = windowOf(view) - slotsHeld(record, view);
  let room = RECORD_BYTES - record.inFlight.reduce((sum, { node }) => sum + node.length + REPLACEMENT_BYTES, 0);
  const begun: Replacement[] = [];
  for (const at of inOrder(view.nodes.filter((node) => isOutdated(node, record) && !held.has(node.node)))) {
    const wasFailing = at.kind === "unhealthy" || at.kind === "uncovered";
    room -= at.node.length + REPLACEMENT_BYTES;
    if (room < 0) break;
    if (!wasFailing && free <= 0) continue;
    if (!wasFailing) free -= 1;
    begun.push({ node: at.node, podUID: at.pod?.uid ?? "", since: null, wasFailing });
  }
  return begun.length === 0 ? record : { ...record, inFlight: [...record.inFlight, ...begun] };
}

/** Replacements that took a working node down; a canary that is baked is up again, though it goes on being watched. */
export function slotsHeld(record: RolloutRecord, view: RolloutView): number {
  const { phase, canaries, inFlight } = record;
  const proving = new Map(
    phase !== "Canary" ? [] : view.nodes.filter(({ node }) => canaries.includes(node)).map((node) => [node.node, node]),
  );
  return inFlight.filter(({ node, podUID, wasFailing }) => {
    const at = proving.get(node);
    const isUpAgain = at !== undefined && at.pod?.uid !== podUID && isBaked(at, view);
    return !wasFailing && !isUpAgain;
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
export function failures(record: RolloutRecord, nodes: ByName, view: RolloutView): PodFault[] {
  const replaced = new Map(record.inFlight.map((replacement) => [replacement.node, replacement]));
  const found: PodFault[] = [];
  for (const at of nodes.values()) {
    const replacement = replaced.get(at.node);
    const runsTarget = at.pod !== null && at.pod.revision === record.target && !at.pod.deleting;
    const isWitness =
      replacement === undefined
        ? runsTarget && at.pod.answered && at.kind === "unhealthy"
        : !replacement.wasFailing && (runsTarget || at.pod === null);
    const fault = isWitness ? faultOf(at, view) : null;
    if (fault !== null) found.push(fault);
  }
  return found;
}
