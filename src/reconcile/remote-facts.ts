import { milliseconds } from "../api/duration.ts";
import { ANNOTATION } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import type { KubeObject } from "../kube/resource.ts";
import { dueAt } from "../remote/heed.ts";
import { remoteOutcome } from "../remote/outcome.ts";
import type { Progress } from "../remote/outcome.ts";
import type { RemoteRecord } from "../remote/record.ts";
import { configMapName } from "../resources/names.ts";
import type { RolloutState } from "../rollout/state.ts";
import type { StatusFacts } from "../status/facts.ts";
import type { Judged } from "./configuration.ts";
import type { KmAgentRecord } from "./project.ts";
import type { RemoteStep } from "./remote-step.ts";

/** Before the platform has sent anything, or while nobody looks. */
export const NOTHING_SENT: StatusFacts["remote"] = {
  kind: "none",
  message: "The platform has sent no configuration.",
  last: null,
};

/** What says how far the agents are with the platform's configuration. */
interface Reached {
  readonly kmagent: KmAgentRecord;
  readonly live: ReadonlyMap<string, KubeObject>;
  readonly judged: Judged;
  readonly step: RemoteStep | null;
  readonly rollout: RolloutState | null;
  readonly fleet: FleetHealth | null;
  readonly clusterAgent: StatusFacts["clusterAgent"];
}

const MOVING: Progress = { kind: "moving", reached: "" };

/** What became of the platform's last configuration, from its record and from where the agents are. */
export function remoteFacts(reached: Reached): StatusFacts["remote"] {
  const { kmagent, step } = reached;
  if (kmagent.spec?.platform.remoteConfig.mode === "Disabled") {
    return { kind: "disabled", message: "Remote configuration is switched off in the spec.", last: null };
  }
  if (!step || !kmagent.spec) return NOTHING_SENT;
  const { spec } = kmagent;
  const minIntervalMs = milliseconds(spec.platform.remoteConfig.minInterval);
  const nodeRecord = step.records["node-agent"];
  const clusterRecord = step.records["cluster-agent"];
  const told = remoteOutcome([
    {
      component: "node-agent",
      record: nodeRecord,
      overridden: spec.config.nodeAgent !== undefined,
      progress: nodeProgress(reached),
      inForce: inForce("node-agent", stableRevision(reached.rollout), reached),
      dueAt: dueAt(nodeRecord, minIntervalMs),
    },
    // Nothing can be said of an agent that is switched off; its record is kept for when it comes back.
    ...(spec.clusterAgent.enabled
      ? [
          {
            component: "cluster-agent" as const,
            record: clusterRecord,
            overridden: spec.config.clusterAgent !== undefined,
            progress: clusterProgress(reached),
            inForce: inForce("cluster-agent", clusterRevision(reached), reached),
            dueAt: dueAt(clusterRecord, minIntervalMs),
          },
        ]
      : []),
  ]);
  return told;
}

function nodeProgress({ kmagent, judged, step, rollout, fleet }: Reached): Progress {
  const wanted = judged.kind === "valid" ? judged.desired.nodeAgent : null;
  const rejected = (kmagent.status.rollout?.rejected ?? []).find(({ revision }) => revision === wanted?.revision);
  const record = step?.records["node-agent"];
  if (rejected) return failure(record, rejected);
  if (!wanted || !rollout || !fleet) return MOVING;
  // An earlier target may be on its way back while this one waits for its turn.
  const goesBack = rollout.phase === "RolledBack" || rollout.phase === "RollingBack";
  if (goesBack && rollout.target === wanted.revision) {
    return failure(record, rollout);
  }
  const reached = ` on ${rollout.updated} of ${fleet.counts.desired} nodes`;
  const there = rollout.phase === "Complete" && rollout.target === wanted.revision;
  return { kind: there ? "applied" : "moving", reached };
}

function clusterProgress({ judged, step, clusterAgent }: Reached): Progress {
  const wanted = judged.kind === "valid" ? judged.desired.clusterAgent?.revision : undefined;
  if (wanted === undefined || clusterAgent === null || clusterAgent.kind === "disabled") return MOVING;
  const { record } = clusterAgent;
  if (record === null) {
    const isThere = clusterAgent.kind === "present" && clusterAgent.ready && clusterAgent.revision === wanted;
    return { kind: isThere ? "applied" : "moving", reached: "" };
  }
  const rejected = record.rejected.find(({ revision }) => revision === wanted);
  if (rejected) return failure(step?.records["cluster-agent"], rejected);
  return { kind: record.phase === "Complete" && record.target === wanted ? "applied" : "moving", reached: "" };
}

/** A configuration that was proved once is in what holds, too: another change failed, and it stays in force. */
function failure(
  record: RemoteRecord | undefined,
  { reason, message }: { readonly reason: string; readonly message: string },
): Progress {
  const isProved = record?.accepted != null && record.accepted.hash === record.proved?.hash;
  return isProved ? { kind: "applied", reached: "" } : { kind: "rolledBack", why: `${reason}: ${message}` };
}

/** What agents run that were proved: the target once it is everywhere, else the revision before. */
function stableRevision(rollout: RolloutState | null): string {
  if (!rollout) return "";
  return rollout.phase === "Complete" ? rollout.target : rollout.stable;
}

/** What the cluster agent runs that was proved; without a record, what its template holds. */
function clusterRevision({ clusterAgent }: Reached): string {
  if (clusterAgent === null || clusterAgent.kind === "disabled") return "";
  return clusterAgent.record?.stable ?? (clusterAgent.kind === "present" ? clusterAgent.revision : "");
}

/** What a revision holds is noted on its ConfigMap, so it is known after a restart and after a rollback too. */
function inForce(component: Component, revision: string, { kmagent, live }: Reached): string {
  const annotations = live.get(`ConfigMap ${configMapName(kmagent.name, component, revision)}`)?.metadata.annotations;
  const hash = annotations?.[ANNOTATION.remoteHash];
  if (hash !== undefined) return `Configuration ${hash} stays in force.`;
  switch (annotations?.[ANNOTATION.source]) {
    case "spec":
      return "The spec's configuration stays in force.";
    case "default":
      return "The built-in configuration stays in force.";
    default:
      return "What runs stays.";
  }
}
