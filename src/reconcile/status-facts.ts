import { isConditionReason } from "../api/reasons.ts";
import { parseTimestamp, timestamp } from "../api/time.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import { observeRollingUpdate } from "../rollout/observe-rolling-update.ts";
import { readReplicaRecord } from "../rollout/replica-record.ts";
import type { ReplicaRecord } from "../rollout/replica-record.ts";
import type { RolloutState } from "../rollout/state.ts";
import type { StatusFacts } from "../status/facts.ts";
import { clusterAgentFacts } from "./cluster-agent.ts";
import type { Judged } from "./configuration.ts";
import { isAddition } from "./drift.ts";
import type { Difference } from "./drift.ts";
import { inForce } from "./in-force.ts";
import type { ObjectDecision } from "./object-decision.ts";
import { objectId, workloadId } from "./object-id.ts";
import type { Overlap } from "./overlap.ts";
import type { DecidedObject, Write } from "./plan.ts";
import { revisionOfTemplate } from "./pod-template.ts";
import { remoteFacts } from "./remote-facts.ts";
import type { RemoteStep } from "./remote-step.ts";
import { writtenReplica, writtenRollout, writtenStatus } from "./written.ts";
import type { RolledReplica } from "./replica-step.ts";
import type { Snapshot } from "./snapshot.ts";
import type { Staged } from "./staged-step.ts";

/** What one pass found out, to be told in `status`. */
export interface Findings {
  readonly snapshot: Snapshot;
  readonly judged: Judged;
  readonly overlapped: Overlap | null;
  readonly decided: readonly DecidedObject[];
  /** The step of a staged rollout; `null` where Kubernetes rolls out, or nothing is known to be wanted. */
  readonly staged: Staged | null;
  /** The step of the cluster agent's rollout; `null` as above, or where it is switched off. */
  readonly replica: RolledReplica | null;
  readonly fleet: FleetHealth | null;
  /** This process hasn't read the collectors' counters for long enough to say that they tell nothing. */
  readonly warming: boolean;
  /** Writes that are wanted, also while they are held back by a pause. */
  readonly wanted: readonly Write[];
  readonly remote: RemoteStep | null;
}

/** Maps findings to the plain facts that conditions are judged from. */
export function statusFacts(findings: Findings): StatusFacts {
  const { snapshot, judged, decided, fleet, wanted } = findings;
  const { kmagent, live, memory, installation, pods } = snapshot;
  const nodeAgent = inForce("node-agent", snapshot, decided);
  const clusterAgent =
    kmagent.spec?.clusterAgent.enabled === false ? null : inForce("cluster-agent", snapshot, decided);
  const rollout = rolloutFacts(findings);
  const clusterAgentPart: StatusFacts["clusterAgent"] =
    kmagent.spec?.clusterAgent.enabled === false
      ? { kind: "disabled" }
      : clusterAgentFacts(
          live.get(workloadId(kmagent, "cluster-agent")),
          pods.filter((pod) => pod.component === "cluster-agent"),
          replicaRecord(findings),
        );
  return {
    generation: kmagent.generation,
    spec: kmagent.spec,
    fleet,
    configuration: configurationFacts(judged),
    inForce: nodeAgent?.source ? { source: nodeAgent.source, revision: nodeAgent.revision } : null,
    rollout,
    clusterAgent: clusterAgentPart,
    platform: snapshot.platform,
    stalled: stalledFacts(findings),
    failure: memory.failure === "" ? null : { message: memory.failure },
    overridden: decided.flatMap((each) =>
      overriddenOf(each).map((difference) => ({
        added: isAddition(difference),
        object: objectId(each.object),
        path: difference.path,
        value: difference.found,
      })),
    ),
    wouldChange:
      kmagent.spec?.paused === true
        ? [...wanted.map(intention).filter((words) => words !== ""), ...heldRollout(findings), ...heldReplica(findings)]
        : [],
    remote: remoteFacts({
      kmagent,
      live,
      judged,
      step: findings.remote,
      rollout,
      written: writtenRollout(snapshot),
      fleet,
      clusterAgent: clusterAgentPart,
    }),
    telemetry: fleet?.exports ?? null,
    telemetryBefore: findings.warming ? telemetryBefore(snapshot) : null,
    versions: {
      ...(nodeAgent && { nodeAgentImage: nodeAgent.image }),
      ...(clusterAgent && { clusterAgentImage: clusterAgent.image }),
    },
    platformURL: kmagent.spec?.platform.endpoint ?? "",
    operatorVersion: installation.version,
  };
}

/** While it is looked again at an object outside the caches, what was found before still holds. */
function overriddenOf({ decision, memory }: DecidedObject): readonly Difference[] {
  const found = decision.kind === "create" ? memory.left?.decision : decision;
  return found?.kind === "keep" ? found.overridden : [];
}

/** What the status says of telemetry, where it says anything. */
function telemetryBefore(snapshot: Snapshot): StatusFacts["telemetryBefore"] {
  const before = (writtenStatus(snapshot).conditions ?? []).find(({ type }) => type === "TelemetryFlowing");
  if (before === undefined || !isConditionReason(before.reason) || before.reason === "NotObserved") return null;
  const { status, reason, message, lastTransitionTime } = before;
  const since = parseTimestamp(lastTransitionTime) ?? 0;
  return { status, reason, message, byEarlier: since < (snapshot.memory.begunAt ?? Infinity) };
}

function configurationFacts(judged: Judged): StatusFacts["configuration"] {
  switch (judged.kind) {
    case "loading":
      return null;
    case "invalid":
      return { kind: "invalid", reason: judged.reason, message: judged.message };
    case "valid":
      return { kind: "valid", insecureEndpoints: judged.insecureEndpoints };
  }
}

/** What a pause holds back of a staged rollout. */
function heldRollout({ staged }: Findings): string[] {
  if (staged === null) return [];
  const { record } = staged.step;
  const isMoving = record.phase !== "Stalled" && record.inFlight.length > 0;
  const isHeld = staged.wanted !== record.target || isMoving || record.phase === "Canary";
  return isHeld ? [`roll out revision ${staged.wanted}`] : [];
}

/** What a pause holds back of the cluster agent's rollout. */
function heldReplica({ replica }: Findings): string[] {
  if (replica === null) return [];
  const { record, wanted } = replica;
  const isHeld = wanted !== record.target && !record.rejected.some(({ revision }) => revision === wanted);
  return isHeld ? [`roll out revision ${wanted} of the cluster agent`] : [];
}

/** What is written stays written where a pass took no step; a plain rolling update has no record. */
function replicaRecord({ snapshot, replica }: Findings): ReplicaRecord | null {
  if (replica !== null || snapshot.kmagent.spec?.rollout.strategy === "RollingUpdate") return replica?.record ?? null;
  return readReplicaRecord(writtenReplica(snapshot));
}

function rolloutFacts({ snapshot, judged, fleet, staged }: Findings): RolloutState | null {
  if (staged !== null) return staged.step.state;
  if (snapshot.kmagent.spec?.rollout.strategy === "Staged") return null;
  const { kmagent, live } = snapshot;
  const daemonSet = live.get(workloadId(kmagent, "node-agent"));
  if (!fleet || !kmagent.spec || judged.kind !== "valid") return null;
  const templateRevision = revisionOfTemplate(daemonSet);
  const status = daemonSet?.["status"] as { observedGeneration?: number } | undefined;
  return observeRollingUpdate({
    target: kmagent.spec.paused && daemonSet ? templateRevision : judged.desired.nodeAgent.revision,
    fleet,
    daemonSet: daemonSet
      ? {
          generation: daemonSet.metadata.generation ?? 0,
          observedGeneration: status?.observedGeneration ?? 0,
          templateRevision,
        }
      : null,
    maxUnhealthy: kmagent.spec.health.maxUnhealthy,
    previous: writtenRollout(snapshot),
  });
}

function stalledFacts({ snapshot, overlapped, decided, staged }: Findings): StatusFacts["stalled"] {
  if (overlapped) {
    const [first = "", ...more] = overlapped.nodes;
    const others = more.length > 0 ? ` and ${more.length} more` : "";
    return {
      reason: "NodeOverlap",
      message: `KmAgent "${overlapped.other}" is older and selects node ${first}${others} too. Make spec.nodeAgent.nodeSelector of the two disjoint.`,
    };
  }
  for (const { object, memory, decision } of decided) {
    const id = objectId(object);
    // While it is tried again, what was found before still holds: else the condition would come and go with every try.
    const before = decision.kind === "create" || decision.kind === "apply" ? memory : undefined;
    const stuck = decision.kind === "create" ? memory.left?.decision : decision;
    if (stuck?.kind === "stuck") return stuckFacts(id, stuck);
    const owner = decision.kind === "foreign" ? decision.owner : before?.foreign?.owner;
    if (owner !== undefined) {
      const { namespace } = snapshot.kmagent;
      return {
        reason: "NameConflict",
        message: `${id} belongs to ${owner} and is left untouched. Rename this KmAgent, or free the name with: kubectl -n ${namespace} delete ${object.kind.toLowerCase()} ${object.metadata.name}`,
      };
    }
    const refused = decision.kind === "refused" ? decision : before?.refused;
    if (refused) {
      const where = refused.path === "" ? "" : ` at ${refused.path}`;
      return {
        reason: refused.forbidden ? "Forbidden" : "ApplyRefused",
        message: `the API server refuses ${id}${where}: ${refused.message}`,
      };
    }
  }
  return staged?.lost == null ? null : lostFacts(staged.lost);
}

function lostFacts(revision: string) {
  return {
    reason: "RevisionLost",
    message: `The ConfigMap of revision ${revision}, to which the nodes should go back, is gone, and nothing else holds it; nodes keep what they run. Set the spec to what it was before the last change, and it is made anew; or change the spec to something else, which is then installed without a canary.`,
  } as const;
}

function stuckFacts(id: string, { since, finalizers }: Extract<ObjectDecision, { kind: "stuck" }>) {
  const held = finalizers.length > 0 ? `its finalizers hold it: ${finalizers.join(", ")}` : "something holds it";
  return {
    reason: "NameConflict",
    message: `${id} was deleted at ${timestamp(since)} and is still there; ${held}. It is made anew once it is gone.`,
  } as const;
}

/** What a write does, as an infinitive; empty where it changes nothing that a person would ask for. */
function intention(write: Write): string {
  switch (write.kind) {
    case "create":
      return `create ${objectId(write.object)}`;
    case "apply":
      return write.drifted.length > 0
        ? `set back ${write.drifted.map(({ path }) => path).join(", ")} of ${objectId(write.object)}`
        : `update ${objectId(write.object)}`;
    case "delete":
    case "deleteOrphan":
      return `delete ${objectId(write.object)}`;
    case "createPod":
      return `make pod ${objectId(write.object)}`;
    case "annotate":
    case "labelPod":
    case "tryCanary":
    case "tryPod":
    case "status":
      return "";
  }
}
