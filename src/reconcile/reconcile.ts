import { LABEL } from "../api/labels.ts";
import type { KmAgentStatus } from "../api/kmagent.ts";
import { fleetHealth } from "../health/fleet-health.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import { listsAll, rememberedHealth } from "../health/remembered.ts";
import { healthSettings } from "../health/settings.ts";
import { compareResourceVersions } from "../kube/resource.ts";
import type { KubeObject } from "../kube/resource.ts";
import { canonicalJson } from "../resources/revision.ts";
import { assembleStatus } from "../status/assemble.ts";
import { conditionEvents } from "./condition-events.ts";
import type { EventNote } from "./condition-events.ts";
import { hasSpec, judgeConfiguration } from "./configuration.ts";
import type { Judged } from "./configuration.ts";
import { garbage } from "./garbage.ts";
import { holdDependents } from "./dependents.ts";
import { lastValid } from "./last-valid.ts";
import { decideObject, freshMemory } from "./object-decision.ts";
import { objectId, workloadId } from "./object-id.ts";
import { orphanedPods } from "./orphaned-pods.ts";
import { overlap } from "./overlap.ts";
import type { Overlap } from "./overlap.ts";
import { ownership } from "./ownership.ts";
import type { DecidedObject, Plan, Write } from "./plan.ts";
import { revisionOfTemplate } from "./pod-template.ts";
import { podOfTemplate } from "./refusal.ts";
import { NOTHING_SENT } from "./remote-facts.ts";
import { notingRefusals } from "./remote-refusal.ts";
import { remoteEvents, remoteStep } from "./remote-step.ts";
import { rollReplica } from "./replica-step.ts";
import { replicaEvents } from "./replica-events.ts";
import { rolloutEvents } from "./rollout-events.ts";
import type { Snapshot } from "./snapshot.ts";
import { stageRollout } from "./staged-step.ts";
import { statusFacts } from "./status-facts.ts";
import { statusGate } from "./status-gate.ts";
import { statusDueAt } from "./status-repair.ts";
import { trialTime } from "./trial.ts";
import { withheld } from "./withheld.ts";
import { writtenStatus } from "./written.ts";

/** So long a new process reads counters before it takes back what the one before it said of them, milliseconds. */
const WARMING_MS = 180_000;

/**
 * One pass: from everything that was read to everything that is to be written. Pure; `now` is in milliseconds since the
 * epoch, `mask` hides the values of referenced Secrets in foreign text.
 *
 * The order is: what is wanted, what differs, how the fleet is, what to say of it.
 */
export function reconcile(snapshot: Snapshot, now: number, mask: (text: string) => string): Plan {
  const written = withheld(snapshot, writtenStatus(snapshot));
  if (snapshot.kmagent.deleting) return leftAlone(snapshot, written, now, mask);
  const plan = planOf(snapshot, written, now, mask);
  // What keeps agents from being made may have been found just now: then the nodes are judged in its light, and not first without it.
  const found = withheld(snapshot, plan.status);
  return found === written ? plan : planOf(snapshot, found, now, mask);
}

/** The pass, where agents are held back for this reason (see {@link withheld}). */
function planOf(snapshot: Snapshot, withheldFor: string, now: number, mask: (text: string) => string): Plan {
  const { kmagent, memory } = snapshot;
  const answered = remoteStep(snapshot, now);
  const { judged, rendered } = judgeConfiguration(snapshot, answered?.wish ?? null);
  const remote = notingRefusals(answered, judged, snapshot);
  const overlapped = overlap(kmagent, snapshot.siblings, snapshot.nodes);
  const kept = lastValid(snapshot, judged);
  const fleet = judged.kind === "loading" ? null : judgeFleet(snapshot, judged, overlapped, withheldFor, now, mask);
  const staged = kept !== null && !overlapped ? stageRollout(snapshot, judged, kept, fleet, remote, now) : null;
  const nodesStaged = staged?.objects ?? kept;
  const replica =
    nodesStaged !== null && !overlapped ? rollReplica(snapshot, judged, nodesStaged, remote, mask, now) : null;
  const objects = replica?.objects ?? nodesStaged;
  const held = remote?.objects ?? [];
  const all = decideAll(snapshot, [...held, ...(objects !== null && !overlapped ? objects : [])], now);
  const holding = all.slice(0, held.length);
  const decided = all.slice(held.length);
  const paused = kmagent.spec?.paused === true;
  const orphaned = orphanedPods(snapshot, fleet, now);
  const wanted = [
    ...writesOf(decided, now),
    ...(staged?.writes ?? []),
    ...(replica?.writes ?? []),
    ...orphaned.writes,
    ...removals(snapshot, judged, overlapped, [...(staged?.needed ?? []), ...(replica?.needed ?? [])]),
  ];
  const daemonSet = snapshot.live.get(workloadId(kmagent, "node-agent"));
  const trialAt = trialTime(daemonSet, fleet, memory.refusal, now);
  const trial: Write[] = daemonSet && trialAt === now ? [{ kind: "tryPod", object: podOfTemplate(daemonSet) }] : [];
  const warmAt = (memory.begunAt ?? now) + WARMING_MS;
  const warming = now < warmAt;
  const facts = statusFacts({
    snapshot,
    judged,
    overlapped,
    decided: all,
    staged,
    replica,
    fleet,
    warming,
    wanted,
    remote,
  });
  const previous = writtenStatus(snapshot);
  const status = judged.kind === "loading" ? previous : assembleStatus(facts, previous, now, mask);
  const told = tell(snapshot, status, now);
  return {
    // What the platform wants is kept also while paused: it may have said so only once, and no agent is touched by it.
    writes: [...writesOf(holding, now), ...(paused ? [] : wanted), ...trial, ...told.writes],
    events: [...nodeEvents(fleet), ...remoteEvents(remote, paused)],
    statusEvents: told.events,
    fleet,
    rendered,
    podUids: new Set(snapshot.pods.map(({ uid }) => uid)),
    lastValid: objects,
    remote,
    remoteOutcome: facts.remote,
    status,
    nextAt: earliest([
      staged?.step.nextAt ?? null,
      orphaned.nextAt,
      replica?.nextAt ?? null,
      told.at,
      fleet?.nextChangeAt ?? null,
      trialAt,
      warming ? warmAt : null,
      ...Object.values(remote?.waits ?? {}).map((wait) => (wait && Number.isFinite(wait.until) ? wait.until : null)),
      ...all.map(({ decision }) => ("recheckAt" in decision ? decision.recheckAt : null)),
    ]),
  };
}

/**
 * What is made of a KmAgent that is being deleted: owner references take its objects away, and nobody reads its status any more.
 * Its agents are judged on, for it may wait long for the last of them, or for a stranger's finalizer.
 */
function leftAlone(snapshot: Snapshot, withheldFor: string, now: number, mask: (text: string) => string): Plan {
  const fleet = judgeFleet(snapshot, null, null, withheldFor, now, mask);
  return {
    writes: [],
    events: [],
    statusEvents: [],
    fleet,
    podUids: new Set(snapshot.pods.map(({ uid }) => uid)),
    rendered: null,
    lastValid: null,
    remote: null,
    remoteOutcome: NOTHING_SENT,
    status: snapshot.kmagent.status,
    nextAt: fleet?.nextChangeAt ?? null,
  };
}

function decideAll(snapshot: Snapshot, wanted: readonly KubeObject[], now: number): DecidedObject[] {
  const decided = wanted.map((object): DecidedObject => {
    const id = objectId(object);
    const wish = canonicalJson(object);
    const known = snapshot.memory.objects.get(id);
    const memory = known?.wish === wish ? known : freshMemory(wish);
    const decision = decideObject({
      desired: object,
      live: snapshot.live.get(id),
      cacheVersion: snapshot.cacheVersions[object.kind] ?? "",
      memory,
      owner: snapshot.kmagent,
      now,
    });
    // With another wish the answer to the last one is of no use, but it isn't our first look either.
    const changed = decision.kind === "apply" && decision.because === "startup" && known !== undefined;
    return { object, wish, memory, decision: changed ? { ...decision, because: "updated" } : decision };
  });
  return holdDependents(decided);
}

function writesOf(decided: readonly DecidedObject[], now: number): Write[] {
  return decided.flatMap((each) => writeOf(each, now));
}

function writeOf({ object, wish, memory, decision }: DecidedObject, now: number): Write[] {
  switch (decision.kind) {
    case "create":
      return [{ kind: "create", object, wish, memory, at: now }];
    case "apply":
      return [{ kind: "apply", object, wish, uid: decision.uid, because: decision.because, drifted: decision.drifted }];
    case "keep":
    case "wait":
    case "stuck":
    case "foreign":
    case "refused":
      return [];
  }
}

/** A cluster agent that is switched off goes, and so do ConfigMaps that nothing needs. Foreign objects stay. */
function removals(snapshot: Snapshot, judged: Judged, overlapped: Overlap | null, needed: readonly string[]): Write[] {
  if (judged.kind !== "valid" || overlapped) return [];
  const { kmagent, live, pods } = snapshot;
  const { nodeAgent, clusterAgent } = judged.desired;
  const ours = [...live.values()].filter(
    (object) => ownership(object, kmagent).kind === "ours" && object.metadata.deletionTimestamp === undefined,
  );
  const gone = ours.filter((object) => object.kind === "Deployment" && clusterAgent === null);
  const unused = (["node-agent", "cluster-agent"] as const).flatMap((component) =>
    garbage({
      configMaps: ours.filter(
        (object) => object.kind === "ConfigMap" && object.metadata.labels?.[LABEL.component] === component,
      ),
      named: new Set([nodeAgent.configMap, clusterAgent?.configMap ?? "", ...needed, ...templateConfigMaps(snapshot)]),
      liveRevisions: new Set(pods.filter((pod) => pod.component === component).map((pod) => pod.revision)),
    }),
  );
  return [...gone, ...unused].map((object) => ({ kind: "delete", object }));
}

/** ConfigMaps that live pod templates mount: a wish that isn't applied yet must not take them away. */
function templateConfigMaps({ kmagent, live }: Snapshot): string[] {
  const templates = [live.get(workloadId(kmagent, "node-agent")), live.get(workloadId(kmagent, "cluster-agent"))];
  return templates.flatMap((workload) => {
    const spec = workload?.["spec"] as
      { template?: { spec?: { volumes?: { configMap?: { name?: string } }[] } } } | undefined;
    return (spec?.template?.spec?.volumes ?? []).flatMap((volume) => volume.configMap?.name ?? []);
  });
}

function judgeFleet(
  snapshot: Snapshot,
  judged: Judged | null,
  overlapped: Overlap | null,
  withheldFor: string,
  now: number,
  mask: (text: string) => string,
): FleetHealth | null {
  const { kmagent, memory, nodes } = snapshot;
  if (!hasSpec(kmagent)) return null;
  const live = snapshot.live.get(workloadId(kmagent, "node-agent"));
  const liveRevision = revisionOfTemplate(live);
  const isWanted = judged?.kind === "valid" && !kmagent.spec.paused;
  return fleetHealth(
    {
      nodes,
      refusal: memory.refusal === null ? "untried" : memory.refusal.verdict,
      withheld: withheldFor,
      taken: overlapped && { by: overlapped.other, nodes: new Set(overlapped.nodes) },
      remembersAll: memory.health !== null || listsAll(kmagent.status),
      targetRevision: isWanted ? judged.desired.nodeAgent.revision : liveRevision,
    },
    healthSettings(kmagent.spec),
    memory.health ?? rememberedHealth(kmagent.status),
    now,
    mask,
  );
}

interface Told {
  readonly writes: readonly Write[];
  readonly events: readonly EventNote[];
  /** When a held back status is due. */
  readonly at: number | null;
}

const NOTHING_TOLD: Told = { writes: [], events: [], at: null };

/** While the cache is older than our last status, nothing is compared with it: the watch brings the next pass. */
function tell(snapshot: Snapshot, status: KmAgentStatus, now: number): Told {
  const { kmagent, memory } = snapshot;
  const behind = (compareResourceVersions(kmagent.resourceVersion, memory.status?.resourceVersion ?? "") ?? 0) < 0;
  const due = behind ? null : statusDueAt(status, kmagent.status, memory.status, now);
  if (due === null) return NOTHING_TOLD;
  if (due > now) return { ...NOTHING_TOLD, at: due };
  const previous = writtenStatus(snapshot);
  const urgent = status.observedGeneration !== previous.observedGeneration || hasTurned(previous, status);
  const gate = statusGate(memory.status?.at ?? null, urgent, now);
  if (!gate.write) return { ...NOTHING_TOLD, at: gate.at };
  const events = [
    ...rolloutEvents(previous.rollout, status.rollout),
    ...replicaEvents(previous.clusterAgent, status.clusterAgent),
    ...conditionEvents(previous.conditions ?? [], status.conditions ?? []),
  ];
  return { writes: [{ kind: "status", status }], events, at: null };
}

/** Whether a rollout's record changed: what is done next hangs on its being written. */
function hasTurned(before: KmAgentStatus, after: KmAgentStatus): boolean {
  const record = ({ rollout = {}, clusterAgent = {} }: KmAgentStatus) => {
    const { phase, target, stable, template, canaries, inFlight, rejected, waitingFor } = rollout;
    const { phase: replica, target: tried, stable: proved, rejected: failed } = clusterAgent;
    const asks = waitingFor?.gate === "Approval";
    return [
      { phase, target, stable, template, canaries, inFlight, rejected, asks },
      { replica, tried, proved, failed },
    ];
  };
  return canonicalJson(record(before)) !== canonicalJson(record(after));
}

function nodeEvents(fleet: FleetHealth | null): EventNote[] {
  return (fleet?.transitions ?? []).map(({ event, message }) => ({
    type: event === "NodeUnhealthy" || event === "NodeUncovered" ? "Warning" : "Normal",
    reason: event,
    message,
  }));
}

function earliest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null);
  return known.length === 0 ? null : Math.min(...known);
}
