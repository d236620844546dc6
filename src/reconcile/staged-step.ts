import type { FleetHealth } from "../health/fleet-health.ts";
import type { KubeObject } from "../kube/resource.ts";
import { configMapName } from "../resources/names.ts";
import { stagedRollout } from "../rollout/staged-rollout.ts";
import type { StagedStep } from "../rollout/staged-rollout.ts";
import { isRejected } from "../rollout/record.ts";
import type { RolloutStatus } from "../rollout/state.ts";
import type { RolloutView } from "../rollout/view.ts";
import { hasSpec } from "./configuration.ts";
import type { Judged } from "./configuration.ts";
import type { Write } from "./plan.ts";
import type { RemoteStep } from "./remote-step.ts";
import { sought } from "./remote-tried.ts";
import { rolloutView } from "./rollout-view.ts";
import { actWrites, labelWrites, noteWrites } from "./rollout-writes.ts";
import type { Snapshot } from "./snapshot.ts";
import { stagedObjects, templateOf } from "./staged-objects.ts";
import { writtenRollout } from "./written.ts";

/** What a staged rollout makes of a pass. */
export interface Staged {
  readonly step: StagedStep;
  /** The wanted objects with the template that the DaemonSet may hold now, and the ConfigMaps of all revisions in use. */
  readonly objects: readonly KubeObject[];
  /** What is done to pods now, and what is noted on the revisions' ConfigMaps. */
  readonly writes: readonly Write[];
  /** Names of the ConfigMaps that are needed. */
  readonly needed: readonly string[];
  /** Revision that is wanted. */
  readonly wanted: string;
  /** Revision that the DaemonSet should hold and that nothing holds any more; `null` where there is none. */
  readonly lost: string | null;
}

/**
 * Takes a step of the staged rollout, where the spec asks for one. What our last write said goes before what the cache shows of
 * it. While a spec can't be used, what is under way goes on: a canary that fails is taken back all the same.
 */
export function stageRollout(
  snapshot: Snapshot,
  judged: Judged,
  kept: readonly KubeObject[],
  fleet: FleetHealth | null,
  remote: RemoteStep | null,
  now: number,
): Staged | null {
  const { kmagent } = snapshot;
  if (!hasSpec(kmagent) || kmagent.spec.rollout.strategy !== "Staged" || fleet === null) return null;
  const written = writtenRollout(snapshot);
  const takenBack = remote?.takenBack["node-agent"] ?? "";
  const wanted =
    judged.kind === "valid"
      ? sought("node-agent", judged.desired.nodeAgent.revision, snapshot, takenBack)
      : written?.target;
  if (wanted === undefined) return null;
  const view = rolloutView({ ...snapshot, kmagent }, fleet, wanted, now);
  const isKnown = (revision: string) => templateOf(revision, "node-agent", kept, snapshot) !== null;
  const step = firstStep(written, view, isKnown);
  const { target, stable, template } = step.record;
  const needed = [...new Set([step.template, template, stable, target])].filter((revision) => revision !== "");
  const notes = written === undefined || view.paused ? [] : noteWrites(step.record, "node-agent", snapshot, now);
  const isMoved = view.templateSeen && view.liveTemplate === template && !view.paused;
  const labels = isMoved ? labelWrites(template, snapshot) : [];
  return {
    step,
    objects: stagedObjects(kept, "node-agent", step.template, needed, snapshot),
    writes: [...actWrites(step.acts, kept, snapshot), ...notes, ...labels],
    needed: needed.map((revision) => configMapName(kmagent.name, "node-agent", revision)),
    wanted,
    lost: step.template !== view.liveTemplate && !isKnown(step.template) ? step.template : null,
  };
}

/**
 * The step that can be taken. Where what the DaemonSet should hold is gone, there is no way there: with the DaemonSet gone as
 * well there is nothing left to keep, and else a person may want something else. Either is installed anew.
 */
function firstStep(
  written: RolloutStatus | undefined,
  view: RolloutView,
  isKnown: (revision: string) => boolean,
): StagedStep {
  const step = stagedRollout(written, view);
  if (isKnown(step.template) || step.template === view.liveTemplate) return step;
  const isHopeless = view.liveTemplate !== null && (view.paused || isRejected(step.record, view.wanted));
  if (isHopeless) return step;
  return stagedRollout(undefined, { ...view, noted: { ...view.noted, stable: "" } });
}
