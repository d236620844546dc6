import { BOUND } from "../api/bounds.ts";
import { share } from "../api/duration.ts";
import { chooseCanaries } from "./canaries.ts";
import { canaryVerdict } from "./canary-gate.ts";
import { installGate } from "./install-gate.ts";
import { isProvedByNode } from "./pod-verdict.ts";
import type { PodFault } from "./pod-verdict.ts";
import { enter, followRetry, isRejected, KEY_REJECTED, reject, rejectionOf } from "./record.ts";
import type { RolloutRecord } from "./record.ts";
import type { Waiting } from "./state.ts";
import { templateGate } from "./template-gate.ts";
import { desiredCount } from "./view.ts";
import type { RolloutNode, RolloutView } from "./view.ts";
import {
  canFail,
  failures,
  followReplacements,
  isOutdated,
  openSlots,
  settling,
  slotsHeld,
  windowOf,
  withinWindow,
  withoutIdle,
} from "./window.ts";

/** Where a rollout goes next, what it waits for there, and how many nodes failed. */
export interface Advance {
  readonly record: RolloutRecord;
  readonly waiting: Waiting | null;
  readonly failed: number;
}

/**
 * One step of the machine that `docs/rollout.md` draws: from what is written down and what is seen to what is to be written
 * down next. It does nothing by itself; `permittedActs` tells what a record that is written allows.
 */
export function advance(before: RolloutRecord, view: RolloutView): Advance {
  if (view.paused) return { record: before, waiting: null, failed: 0 };
  const record = followReplacements(followRetry(before, view.retry), view);
  switch (record.phase) {
    case "Install":
      return install(record, view);
    case "Canary":
      return canary(record, view);
    case "Progressing":
      return progress(record, view);
    case "Complete":
    case "RolledBack":
      return rest(record, view);
    case "RollingBack":
      return goBack(record, view);
    case "Stalled":
      return stalled(record, view);
    default:
      return record.phase satisfies never;
  }
}

const at = (record: RolloutRecord, waiting: Waiting | null = null, failed = 0): Advance => ({
  record,
  waiting,
  failed,
});

/**
 * Nothing was ever stable: the template is the target, without a canary. Where every node runs the template and one has proved it,
 * it is one to go back to, so that a newer target goes through a canary, though other nodes keep the installation from its end.
 */
function install(before: RolloutRecord, view: RolloutView): Advance {
  const { wanted, now } = view;
  // What is in the cluster counts: a record may have been written whose template never was.
  const template = view.liveTemplate ?? before.template;
  const isEverywhere = !view.nodes.some((node) => isOutdated(node, { ...before, template }));
  if (wanted !== template && isEverywhere && isProvedByNode(template, view)) {
    return turnTo({ ...before, template, stable: template }, view);
  }
  const record = enter(before, { target: wanted, template: wanted, inFlight: before.inFlight }, now);
  const waiting = installGate(record, view);
  if (waiting === null) return at(enter(record, { phase: "Complete", stable: wanted }, now));
  return at(openSlots(record, view), waiting);
}

/** Turns to what is wanted, from a phase in which nothing is under way. */
function turnTo(from: RolloutRecord, view: RolloutView): Advance {
  const { wanted, now } = view;
  const before = withoutIdle(from, view);
  if (isHalted(before, view)) return halt(before, view);
  if (isRejected(before, wanted)) return settleRejected(before, view);
  if (before.stable === "") return install(enter(before, { phase: "Install", canaries: [] }, now), view);
  if (wanted === before.template || wanted === before.stable) {
    // Proved already: what runs elsewhere is moved without a canary.
    const record = enter(before, { phase: "Progressing", target: wanted, template: wanted, canaries: [] }, now);
    return move(record, view);
  }
  // Another target's canaries that are still down go on as this one's, and get their time anew.
  const inFlight = before.inFlight.map((each) =>
    before.canaries.includes(each.node) ? { ...each, since: now } : each,
  );
  const record = enter(before, { phase: "Canary", target: wanted, template: soundTemplate(before), inFlight }, now);
  return at(withCanaries(record, view), { gate: "CanaryStarting", message: "the canary is about to start" });
}

/**
 * What new pods start while another revision is tried. One that failed in waves and wasn't taken back makes way for the stable
 * one; not where it failed by its key alone, for the stable one's pods would read that as well.
 */
function soundTemplate(record: RolloutRecord): string {
  const rejection = rejectionOf(record, record.template);
  return rejection === undefined || rejection.reason === KEY_REJECTED ? record.template : record.stable;
}

/** Whether what is wanted failed by its key: whatever is moved reads that key too, so nothing may be. */
function isHalted(record: RolloutRecord, { wanted }: RolloutView): boolean {
  return rejectionOf(record, wanted)?.reason === KEY_REJECTED;
}

function halt(before: RolloutRecord, { wanted, now }: RolloutView, failed = 0): Advance {
  return at(enter(before, { phase: "Stalled", target: wanted, canaries: [] }, now), null, failed);
}

/** What is wanted is rejected: the best that was proved goes on, and the phase says that the wanted one was taken back. */
function settleRejected(before: RolloutRecord, view: RolloutView): Advance {
  const { wanted, now } = view;
  const { template, stable } = before;
  if (template !== stable && !isRejected(before, template)) {
    const record = enter(before, { phase: "Progressing", target: template, canaries: [] }, now);
    return move(record, view);
  }
  const record = enter(before, { phase: "RolledBack", target: wanted, template: stable, canaries: [] }, now);
  return at(openSlots(record, view));
}

function canary(before: RolloutRecord, view: RolloutView): Advance {
  if (view.wanted !== before.target && !isBaking(before, view)) return turnTo(before, view);
  const record = withCanaries(before, view);
  if (record.canaries.length === 0) {
    return at(record, { gate: "NoCanary", message: "no node is there that could prove the revision" });
  }
  const verdicts = view.nodes
    .filter(({ node }) => record.canaries.includes(node))
    .map((node) => {
      const replacement = record.inFlight.find((each) => each.node === node.node);
      return canaryVerdict(node, replacement, record, view);
    });
  const [broken, ...more] = verdicts.flatMap((verdict) => (verdict.kind === "failed" ? [verdict.fault] : []));
  if (broken !== undefined) return fail(record, [broken, ...more], view);
  const unproved = verdicts.find((verdict) => verdict.kind === "waiting");
  if (unproved !== undefined) return at(record, { gate: unproved.gate, message: unproved.message });
  if (view.wanted !== record.target) return turnTo(record, view);
  const notes = verdicts.flatMap((verdict) => (verdict.kind === "passed" && verdict.note !== "" ? [verdict.note] : []));
  const proof = `the canary is proved${notes.length > 0 ? ` (${notes.join("; ")})` : ""}`;
  if (view.settings.approval === "Manual" && view.approve !== record.target) {
    const message = `${proof}; set the annotation kloudmate.com/approve=${record.target} to go on`;
    return at(record, { gate: "Approval", message });
  }
  const inFlight = record.inFlight.filter(({ node }) => !record.canaries.includes(node));
  const proved = enter(record, { phase: "Progressing", template: record.target, canaries: [], inFlight }, view.now);
  return at(proved, { gate: "TemplateOutdated", message: `${proof}, and the DaemonSet's template follows` });
}

/** Whether canaries run the target and are watched: a newer target waits for their verdict, which is near. */
function isBaking({ canaries, target }: RolloutRecord, { nodes }: RolloutView): boolean {
  const baking = nodes.filter((at) => canaries.includes(at.node) && runs(at, target));
  return baking.length > 0 && baking.length === canaries.length;
}

/**
 * The record with its canaries brought up to date, and a replacement begun for each that doesn't run the target, as far as the
 * window has slots. One that has just become a canary makes a new pod of the target too where the one that it has has failed.
 */
function withCanaries(before: RolloutRecord, view: RolloutView): RolloutRecord {
  const canaries = chooseCanaries(before, view);
  const record = { ...before, canaries };
  const held = new Set(record.inFlight.map(({ node }) => node));
  const begun = view.nodes
    .filter(({ node }) => canaries.includes(node) && !held.has(node))
    .filter((node) => isOutdated(node, record) || (!before.canaries.includes(node.node) && isSpent(node)))
    .map(({ node, kind, pod }) => ({
      node,
      podUID: pod?.uid ?? "",
      since: view.now,
      wasFailing: kind !== "healthy" && kind !== "updating",
    }));
  return { ...record, inFlight: [...record.inFlight, ...withinWindow(begun, record, view)] };
}

/** Whether what runs there can't prove anything any more, for it has failed before. */
function isSpent({ kind, pod }: RolloutNode): boolean {
  return kind === "unhealthy" || (pod?.restarts ?? 0) > 0;
}

function progress(record: RolloutRecord, view: RolloutView): Advance {
  const faults = canFail(record) ? failures(record, view) : [];
  const [first, ...more] = faults;
  const isBehind = view.nodes.some((node) => isOutdated(node, record));
  const borne = share(view.settings.maxFailures, desiredCount(view));
  // Failed nodes that fill the window leave no slot to go on with.
  const isFull = isBehind && slotsOf(record, faults) >= windowOf(view);
  if (first !== undefined && (faults.length > borne || isFull)) return fail(record, [first, ...more], view);
  if (isHalted(record, view)) return halt(record, view, faults.length);
  if (view.wanted !== record.target && !isRejected(record, view.wanted)) {
    const open = settling(record, record.target, view).length;
    if (open === 0 || view.wanted === record.stable) return turnTo(record, view);
    const message = `${open} nodes settle before revision ${view.wanted} is tried`;
    return at(record, { gate: "NewerTarget", message }, faults.length);
  }
  if (!isBehind && isProved(record, view)) {
    const { target } = record;
    const done = enter(record, { phase: "Complete", stable: target, canaries: [], inFlight: [] }, view.now);
    return view.wanted === target ? at(done, null, faults.length) : turnTo(done, view);
  }
  return move(record, view, faults.length);
}

/** Slots that failed nodes hold. */
function slotsOf({ inFlight }: RolloutRecord, faults: readonly PodFault[]): number {
  const failed = new Set(faults.map(({ node }) => node));
  return inFlight.filter(({ node }) => failed.has(node)).length;
}

/** Every replacement has come to its end, and one node at least runs the target, where there is any. */
function isProved(record: RolloutRecord, view: RolloutView): boolean {
  if (templateGate(record.template, view) !== null || settling(record, record.target, view).length > 0) return false;
  return desiredCount(view) === 0 || view.nodes.some((node) => runs(node, record.target));
}

function runs({ kind, pod }: RolloutNode, revision: string): boolean {
  return kind === "healthy" && pod?.revision === revision;
}

/** Complete or rolled back: only nodes that return with an older pod are moved, until something else is wanted. */
function rest(record: RolloutRecord, view: RolloutView): Advance {
  const isFreed = record.phase === "RolledBack" && !isRejected(record, record.target);
  if (view.wanted !== record.target || isFreed) return turnTo(record, view);
  return at(openSlots(record, view), null, 0);
}

function goBack(record: RolloutRecord, view: RolloutView): Advance {
  const back = move(record, view);
  const { template, stable } = back.record;
  const isOver = templateGate(template, view) === null && settling(back.record, template, view).length === 0;
  if (!isOver) return back;
  // The wanted one may be another by now; nothing was begun before the way back ended.
  if (template === stable || isRejected(back.record, template)) return turnTo(back.record, view);
  // Nodes that fail at what canaries alone have proved end that rollout before anything else is tried.
  return progress(enter(back.record, { phase: "Progressing", target: template }, view.now), view);
}

function stalled(record: RolloutRecord, view: RolloutView): Advance {
  const rejection = rejectionOf(record, record.target);
  if (view.wanted !== record.target || rejection === undefined) return turnTo(record, view);
  if (!view.settings.autoRollback || rejection.reason === KEY_REJECTED) return at(record);
  return goBackFrom(record, view);
}

/** The target failed: it is remembered as rejected, and taken back unless the settings or its nature forbid that. */
function fail(before: RolloutRecord, faults: readonly [PodFault, ...PodFault[]], view: RolloutView): Advance {
  const { target } = before;
  const [first] = faults;
  const isIrrevocable = view.irrevocable.has(target);
  const others = faults.length > 1 ? ` and ${faults.length - 1} more nodes` : "";
  const said = `${first.node}${others}: ${first.message}`;
  const record = reject(before, {
    revision: target,
    reason: isIrrevocable ? KEY_REJECTED : first.reason,
    message: isIrrevocable ? `${first.reason} on ${said}` : said,
    since: view.now,
    nodes: faults.slice(0, BOUND.rejectionNodes).map(({ node }) => node),
    retried: view.retry === target,
  });
  if (isIrrevocable || !view.settings.autoRollback) {
    return at(enter(record, { phase: "Stalled" }, view.now), null, faults.length);
  }
  return goBackFrom(record, view, faults.length);
}

/** Back to what the template holds, or, where that is what failed, to the stable revision. Slots that are held stay held. */
function goBackFrom(before: RolloutRecord, view: RolloutView, failed = 0): Advance {
  const { target, template, stable } = before;
  const to = { phase: "RollingBack", template: template === target ? stable : template, canaries: [] } as const;
  return move(enter(withoutIdle(before, view), to, view.now), view, failed);
}

/** Begins what the window has slots for, and says what is waited for. */
function move(record: RolloutRecord, view: RolloutView, failed = 0): Advance {
  const next = openSlots(record, view);
  return at(next, moving(next, view), failed);
}

/**
 * What a rollout waits for that has just begun all it may; `null` where nothing is under way, for then every node that can be
 * moved has come to its end.
 */
function moving(record: RolloutRecord, view: RolloutView): Waiting | null {
  const lacking = templateGate(record.template, view);
  if (lacking !== null) return lacking;
  if (record.inFlight.length === 0) return null;
  const outdated = view.nodes.filter((node) => isOutdated(node, record)).length;
  const held = slotsHeld(record, view);
  const desired = desiredCount(view);
  const down = view.nodes.filter(({ kind }) => kind === "notReady").length;
  const skipped = down > 0 ? `; ${down} are down and follow when they return` : "";
  return {
    gate: held >= windowOf(view) ? "Window" : "NodesOutdated",
    message: `${outdated} of ${desired} nodes don't run revision ${record.template} yet, and ${held} of ${windowOf(view)} slots are held${skipped}`,
  };
}
