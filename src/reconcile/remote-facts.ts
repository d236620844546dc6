import { ANNOTATION } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import type { KubeObject } from "../kube/resource.ts";
import { remoteOutcome } from "../remote/outcome.ts";
import type { Progress } from "../remote/outcome.ts";
import type { RemoteRecord } from "../remote/record.ts";
import type { RolloutState, RolloutStatus } from "../rollout/state.ts";
import type { StatusFacts } from "../status/facts.ts";
import type { Judged } from "./configuration.ts";
import { revisionId } from "./object-id.ts";
import type { KmAgentRecord } from "./project.ts";
import { remoteFindings } from "./remote-refusal.ts";
import type { RemoteStep } from "./remote-step.ts";

/** Before the platform has sent anything, or while nobody looks. */
export const NOTHING_SENT: StatusFacts["remote"] = {
  kind: "none",
  message: "The platform has sent no configuration.",
  last: null,
  told: [],
};

/** What says how far the agents are with the platform's configuration. */
interface Reached {
  readonly kmagent: KmAgentRecord;
  readonly live: ReadonlyMap<string, KubeObject>;
  readonly judged: Judged;
  readonly step: RemoteStep | null;
  readonly rollout: RolloutState | null;
  /** The rollout as it is written. */
  readonly written: RolloutStatus | undefined;
  readonly fleet: FleetHealth | null;
  readonly clusterAgent: StatusFacts["clusterAgent"];
}

const APPLIED: Progress = { kind: "applied", reached: "" };

/** What became of the platform's last configuration, from its record and from where the agents are. */
export function remoteFacts(reached: Reached): StatusFacts["remote"] {
  const { kmagent, step } = reached;
  if (kmagent.spec?.platform.remoteConfig.mode === "Disabled") {
    return { kind: "disabled", message: "Remote configuration is switched off in the spec.", last: null, told: [] };
  }
  if (!step || !kmagent.spec) return NOTHING_SENT;
  const { spec } = kmagent;
  const nodeRecord = step.records["node-agent"];
  const clusterRecord = step.records["cluster-agent"];
  const told = remoteOutcome([
    {
      component: "node-agent",
      record: nodeRecord,
      overridden: spec.config.nodeAgent !== undefined,
      progress: nodeProgress(reached),
      inForce: inForce("node-agent", stableRevision(reached.rollout), reached),
      wait: step.waits["node-agent"],
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
            wait: step.waits["cluster-agent"],
          },
        ]
      : []),
  ]);
  return told;
}

function nodeProgress({ kmagent, judged, step, rollout, written, fleet }: Reached): Progress {
  const wanted = judged.kind === "valid" ? judged.desired.nodeAgent : null;
  const rejected = (written?.rejected ?? []).find(({ revision }) => revision === wanted?.revision);
  const record = step?.records["node-agent"];
  const [finding] = remoteFindings("node-agent", judged);
  if (finding) return { ...finding, kind: "refused" };
  if (rejected) return failure(record, rejected, isHeld(rollout ?? written, rejected.revision));
  if (!wanted || !rollout || !fleet) return provedOr(record, underWay(kmagent, ""));
  // An earlier target may be on its way back while this one waits for its turn.
  const goesBack = rollout.phase === "RolledBack" || rollout.phase === "RollingBack";
  if (goesBack && rollout.target === wanted.revision) return failure(record, rollout, false);
  // What is rolled out isn't what is wanted while that waits for its turn, or while the KmAgent is paused.
  const updated = rollout.target === wanted.revision ? rollout.updated : 0;
  const reached = ` on ${updated} of ${fleet.counts.desired} nodes`;
  const there = rollout.phase === "Complete" && rollout.target === wanted.revision;
  if (there) return { kind: "applied", reached };
  return provedOr(record, underWay(kmagent, reached));
}

function clusterProgress({ kmagent, judged, step, clusterAgent }: Reached): Progress {
  const wanted = judged.kind === "valid" ? judged.desired.clusterAgent?.revision : undefined;
  const record = step?.records["cluster-agent"];
  const [finding] = remoteFindings("cluster-agent", judged);
  if (finding) return { ...finding, kind: "refused" };
  if (wanted === undefined || clusterAgent === null || clusterAgent.kind === "disabled") {
    return provedOr(record, underWay(kmagent, ""));
  }
  const { record: rollout } = clusterAgent;
  if (rollout === null) {
    const isThere = clusterAgent.kind === "present" && clusterAgent.ready && clusterAgent.revision === wanted;
    return isThere ? APPLIED : underWay(kmagent, "");
  }
  const rejected = rollout.rejected.find(({ revision }) => revision === wanted);
  if (rejected) return failure(record, rejected, isHeld(rollout, wanted));
  const there = rollout.phase === "Complete" && rollout.target === wanted;
  return there ? APPLIED : provedOr(record, underWay(kmagent, ""));
}

function underWay({ spec }: KmAgentRecord, reached: string): Progress {
  return { kind: spec?.paused === true ? "paused" : "moving", reached };
}

/** Whether a revision failed and nobody takes it back. */
function isHeld(
  rollout: { readonly phase?: string | undefined; readonly target?: string | undefined } | undefined,
  revision: string,
): boolean {
  return rollout?.phase === "Stalled" && rollout.target === revision;
}

function failure(
  record: RemoteRecord | undefined,
  { reason, message }: { readonly reason: string; readonly message: string },
  held: boolean,
): Progress {
  return provedOr(record, { kind: held ? "failed" : "rolledBack", why: `${reason}: ${message}` });
}

/**
 * A configuration that was proved once stays in force while another change, such as an image, is tried, where that one fails, and
 * while nothing can be made of the spec.
 */
function provedOr(record: RemoteRecord | undefined, unproved: Progress): Progress {
  const isProved = record?.accepted != null && record.accepted.hash === record.proved?.hash;
  return isProved ? APPLIED : unproved;
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
  const annotations = live.get(revisionId(kmagent, component, revision))?.metadata.annotations;
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
