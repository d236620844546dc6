import { milliseconds } from "../api/duration.ts";
import { ANNOTATION } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import type { KmAgent } from "../api/kmagent.ts";
import { guardSettings } from "../config/guard/remote/limits.ts";
import type { KubeObject } from "../kube/resource.ts";
import { heldConfigMap, readHeld, rfc3339 } from "../remote/held.ts";
import { COMPONENTS, NO_RECORD, NO_RECORDS } from "../remote/record.ts";
import type { RemoteRecord, RemoteRecords } from "../remote/record.ts";
import { decideRemote } from "../remote/remote.ts";
import type { RemoteDecision } from "../remote/remote.ts";
import type { DesiredInput } from "../resources/desired.ts";
import { remoteConfigMapName } from "../resources/names.ts";
import type { EventNote } from "./condition-events.ts";
import { hasSpec } from "./configuration.ts";
import { ownership } from "./ownership.ts";
import type { Snapshot } from "./snapshot.ts";

/** What a pass makes of the platform's answers. */
export interface RemoteStep extends RemoteDecision {
  /** The ConfigMaps that hold the records. */
  readonly objects: readonly KubeObject[];
  /** What counts for the agents, where the spec doesn't go before it; `null` while remote configuration is switched off. */
  readonly wish: DesiredInput["remote"];
  /** Components for which the spec goes before it, or that are switched off. */
  readonly without: ReadonlySet<Component>;
}

/** Takes the platform's answers; `null` while the spec can't be read, and then they wait. */
export function remoteStep(snapshot: Snapshot, now: number): RemoteStep | null {
  const { kmagent, answers } = snapshot;
  if (!hasSpec(kmagent)) return null;
  const { remoteConfig } = kmagent.spec.platform;
  const records = snapshot.memory.remote ?? readRecords(snapshot);
  const off = remoteConfig.mode === "Disabled";
  const decided: RemoteDecision = off
    ? { records, notes: [], nextAt: null }
    : decideRemote(
        {
          records,
          answers,
          guard: guardSettings(kmagent.spec),
          settings: {
            minIntervalMs: milliseconds(remoteConfig.minInterval),
            retry: kmagent.annotations[ANNOTATION.retry] ?? "",
            generation: kmagent.generation,
          },
          rolledBack: { "node-agent": isRolledBack(snapshot), "cluster-agent": isReplicaRejected(snapshot) },
        },
        now,
      );
  return {
    ...decided,
    objects: COMPONENTS.flatMap((component) => {
      const held = heldConfigMap(kmagent, component, decided.records[component]);
      return held ? [{ ...held }] : [];
    }),
    wish: off
      ? null
      : { nodeAgent: wishOf(decided.records["node-agent"]), clusterAgent: wishOf(decided.records["cluster-agent"]) },
    without: new Set(COMPONENTS.filter((component) => isWithout(kmagent, component))),
  };
}

/** Whether what is wanted now has been tried and taken back. */
function isRolledBack({ kmagent, memory }: Snapshot): boolean {
  const { phase, rejected = [] } = kmagent.status.rollout ?? {};
  const wanted = memory.rendered?.desired.ok === true ? memory.rendered.desired.nodeAgent.revision : undefined;
  return phase === "RollingBack" || phase === "RolledBack" || rejected.some(({ revision }) => revision === wanted);
}

/** Whether the revision that is wanted of the cluster agent has failed. */
function isReplicaRejected({ kmagent, memory }: Snapshot): boolean {
  const wanted = memory.rendered?.desired.ok === true ? memory.rendered.desired.clusterAgent?.revision : undefined;
  return (kmagent.status.clusterAgent?.rejected ?? []).some(({ revision }) => revision === wanted);
}

function wishOf({ accepted, restartedAt }: RemoteRecord): NonNullable<DesiredInput["remote"]>["nodeAgent"] {
  return {
    config: accepted && { text: accepted.text, hash: accepted.hash },
    restartedAt: restartedAt === null ? null : rfc3339(restartedAt),
  };
}

/** What is held in the cluster. A ConfigMap of that name that isn't ours says nothing. */
function readRecords({ kmagent, live }: Snapshot): RemoteRecords {
  const read = (component: Component): RemoteRecord => {
    const object = live.get(`ConfigMap ${remoteConfigMapName(kmagent.name, component)}`);
    return object && ownership(object, kmagent).kind === "ours" ? readHeld(object) : NO_RECORD;
  };
  return { ...NO_RECORDS, "node-agent": read("node-agent"), "cluster-agent": read("cluster-agent") };
}

function isWithout({ spec }: KmAgent, component: Component): boolean {
  if (component === "node-agent") return spec.config.nodeAgent !== undefined;
  return spec.config.clusterAgent !== undefined || !spec.clusterAgent.enabled;
}

const WHOSE: Readonly<Record<Component, string>> = {
  "node-agent": "the node agents",
  "cluster-agent": "the cluster agent",
};

/** What a pass did with answers, as events. */
export function remoteEvents(step: RemoteStep | null): EventNote[] {
  return (step?.notes ?? []).flatMap((note): EventNote[] => {
    const whose = WHOSE[note.component];
    switch (note.kind) {
      case "accepted":
        return [
          {
            type: "Normal",
            reason: "RemoteConfigAccepted",
            message: `Configuration ${note.hash} of ${whose} counts from now on.`,
          },
        ];
      case "waits":
        return [
          {
            type: "Normal",
            reason: "RemoteConfigAccepted",
            message: `Configuration ${note.hash} of ${whose} waits for platform.remoteConfig.minInterval until ${rfc3339(note.until)}.`,
          },
        ];
      case "refused": {
        const { hash, rule, path, message } = note.refused;
        const place = path === "" ? "" : `${path}: `;
        const more = note.findings > 1 ? ` (and ${note.findings - 1} more)` : "";
        return [
          {
            type: "Warning",
            reason: "RemoteConfigRefused",
            message: `Configuration ${hash} of ${whose}: ${place}${message} [rule ${rule}]${more}`,
          },
        ];
      }
      case "restart":
        return [{ type: "Normal", reason: "RestartRequested", message: `The platform asked to restart ${whose}.` }];
      case "restartWaits":
      case "same":
      case "unasked":
        return [];
      default:
        return note satisfies never;
    }
  });
}
