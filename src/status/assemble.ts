import { BOUND } from "../api/bounds.ts";
import type { KmAgentStatus } from "../api/kmagent.ts";
import { timestamp } from "../api/time.ts";
import type { FleetHealth } from "../health/fleet-health.ts";
import type { ReplicaRecord } from "../rollout/replica-record.ts";
import { boundStatus } from "./bound.ts";
import { judgeConditions } from "./conditions.ts";
import type { ClusterAgentFacts, StatusFacts } from "./facts.ts";
import { nodeFinding } from "./node-findings.ts";
import { rejectionStatus, rolloutStatus } from "./rollout-status.ts";
import { setConditions } from "./set-condition.ts";
import { statusText } from "./status-text.ts";

/**
 * The status that a pass leads to. Pure and idempotent: the same facts on the status that they made give the same status,
 * whatever the time, so a comparison tells whether there is anything to write. Where a pass couldn't look (`null` facts), what
 * was seen before stays, and its condition says Unknown. `mask` hides the values of referenced Secrets.
 */
export function assembleStatus(
  facts: StatusFacts,
  previous: KmAgentStatus,
  now: number,
  mask: (text: string) => string,
): KmAgentStatus {
  const { fleet, rollout } = facts;
  const config = configStatus(facts, previous.config, now, mask);
  const rolloutPart = rollout === null ? previous.rollout : rolloutStatus(rollout, previous.rollout, now);
  const clusterAgent =
    facts.clusterAgent === null ? previous.clusterAgent : clusterAgentStatus(facts.clusterAgent, mask);
  return boundStatus({
    observedGeneration: facts.generation,
    conditions: setConditions(judgeConditions(facts), previous.conditions ?? [], facts.generation, now, mask),
    ...(fleet === null ? seenBefore(previous) : nodesStatus(fleet)),
    ...(config && { config }),
    ...(rolloutPart && { rollout: rolloutPart }),
    ...(clusterAgent && { clusterAgent }),
    platformURL: facts.platformURL,
    operatorVersion: facts.operatorVersion,
    // An empty map in place of fields that were ours becomes null on the API server, which its own schema refuses.
    ...(Object.keys(facts.versions).length > 0 && { versions: facts.versions }),
  });
}

function nodesStatus({ counts, worstUnhealthy, worstUncovered }: FleetHealth) {
  const { desired, healthy, unhealthy, updating, uncovered, starting, notReady, leaving, excluded } = counts;
  return {
    nodes: { desired, healthy, unhealthy, updating, uncovered, starting, notReady, leaving, excluded },
    unhealthyNodes: worstUnhealthy.map(nodeFinding),
    uncoveredNodes: worstUncovered.map(nodeFinding),
  };
}

function seenBefore({ nodes, unhealthyNodes, uncoveredNodes }: KmAgentStatus) {
  return {
    ...(nodes && { nodes }),
    ...(unhealthyNodes && { unhealthyNodes }),
    ...(uncoveredNodes && { uncoveredNodes }),
  };
}

/** `since` moves with the revision or its source. */
function configStatus(
  { inForce, remote }: StatusFacts,
  previous: KmAgentStatus["config"],
  now: number,
  mask: (text: string) => string,
): KmAgentStatus["config"] {
  const lastRemote = lastRemoteStatus(remote.last, mask);
  if (inForce === null) return lastRemote ? { ...previous, lastRemote } : previous;
  const { source, revision } = inForce;
  const isSame = previous?.source === source && previous.revision === revision && previous.since !== undefined;
  return {
    source,
    revision,
    since: isSame ? previous.since : timestamp(now),
    ...(lastRemote && { lastRemote }),
  };
}

/** Path and message hold keys of a document that anybody may have written; the rest may come from a ConfigMap that somebody changed. */
function lastRemoteStatus(last: StatusFacts["remote"]["last"], mask: (text: string) => string) {
  if (last === null) return undefined;
  const { hash, verdict, rule, path, message, since } = last;
  return {
    hash: statusText(hash, mask, BOUND.word),
    verdict,
    ...(rule !== "" && { rule: statusText(rule, mask, BOUND.word) }),
    ...(path !== "" && { path: statusText(path, mask, BOUND.path) }),
    ...(message !== "" && { message: statusText(message, mask) }),
    since: timestamp(since),
  };
}

function clusterAgentStatus(facts: ClusterAgentFacts, mask: (text: string) => string): KmAgentStatus["clusterAgent"] {
  if (facts.kind === "disabled") return undefined;
  const { record } = facts;
  if (facts.kind === "missing") return record ? { ready: false, ...recordStatus(record) } : undefined;
  const { ready, revision, reason, message } = facts;
  return {
    ready,
    ...(revision !== "" && { revision }),
    ...(!ready && reason !== "" && { reason }),
    ...(!ready && message !== "" && { message: statusText(message, mask) }),
    ...(record && recordStatus(record)),
  };
}

/** In whole, for the next leader goes on from it. */
function recordStatus({ phase, phaseSince, target, stable, rejected }: ReplicaRecord) {
  return {
    phase,
    phaseSince: timestamp(phaseSince),
    target,
    ...(stable !== "" && { stable }),
    ...(rejected.length > 0 && { rejected: rejected.map(rejectionStatus) }),
  };
}
