import { milliseconds } from "../api/duration.ts";
import { ANNOTATION } from "../api/labels.ts";
import type { Component } from "../api/labels.ts";
import type { KmAgent } from "../api/kmagent.ts";
import { timestamp } from "../api/time.ts";
import { summary } from "../config/finding.ts";
import { guardSettings } from "../config/guard/remote/limits.ts";
import type { KubeObject } from "../kube/resource.ts";
import { heldConfigMap, readHeld } from "../remote/held.ts";
import { describeWait } from "../remote/note.ts";
import { COMPONENTS, NO_RECORD, NO_RECORDS } from "../remote/record.ts";
import type { RemoteRecord, RemoteRecords } from "../remote/record.ts";
import { decideRemote, NO_WAITS } from "../remote/remote.ts";
import type { ComponentNote, RemoteDecision, RemoteFacts } from "../remote/remote.ts";
import { blameBoth, learn } from "../remote/tried.ts";
import type { DesiredInput } from "../resources/desired.ts";
import { remoteConfigMapName } from "../resources/names.ts";
import type { EventNote } from "./condition-events.ts";
import { hasSpec, judgeConfiguration } from "./configuration.ts";
import { NO_MEMORY } from "./memory.ts";
import type { KmAgentMemory } from "./memory.ts";
import { ownership } from "./ownership.ts";
import { isOff, isWantedRejected, triedOn, unprovedUntil } from "./remote-tried.ts";
import type { Snapshot } from "./snapshot.ts";
import { writtenTrial } from "./written.ts";

/** What a pass makes of the platform's answers. */
export interface RemoteStep extends RemoteDecision {
  /** The ConfigMaps that hold the records. */
  readonly objects: readonly KubeObject[];
  /** What counts for the agents, where the spec doesn't go before it; `null` while remote configuration is switched off. */
  readonly wish: DesiredInput["remote"];
  /** Revisions that were taken back with the platform's configuration, while the platform still wants that; else empty. */
  readonly takenBack: Readonly<Record<Component, string>>;
  /** Components for which the spec goes before it, or that are switched off. */
  readonly without: ReadonlySet<Component>;
}

/** Takes the platform's answers; `null` while the spec can't be read, and then they wait. */
export function remoteStep(snapshot: Snapshot, now: number): RemoteStep | null {
  const { kmagent, answers, memory } = snapshot;
  if (!hasSpec(kmagent)) return null;
  const held = memory.remote ?? readRecords(snapshot);
  const off = takesNone(kmagent);
  const learnt = off ? { records: held, notes: [] } : learnFromRollouts(snapshot, held);
  // What has just been taken back is what was wanted.
  const isStuck = (component: Component) =>
    !learnt.notes.some((note) => note.component === component) && isWantedRejected(component, snapshot);
  const decided: RemoteDecision = off
    ? { ...learnt, waits: NO_WAITS }
    : decideRemote(factsOf({ kmagent, memory }, { records: learnt.records, answers, isStuck }), now);
  return {
    ...decided,
    // Of a component that is switched off there is nothing to restart, though the wish is kept for when it is on again.
    notes: [...learnt.notes, ...decided.notes].filter(
      ({ kind, component }) => !(isOff(kmagent, component) && (kind === "restart" || kind === "restartWaits")),
    ),
    objects: COMPONENTS.flatMap((component) => {
      const held = heldConfigMap(kmagent, component, decided.records[component]);
      return held ? [{ ...held }] : [];
    }),
    wish: off ? null : wishesOf(decided.records),
    takenBack: {
      "node-agent": off ? "" : takenBack(decided.records["node-agent"]),
      "cluster-agent": off ? "" : takenBack(decided.records["cluster-agent"]),
    },
    without: new Set(COMPONENTS.filter((component) => isWithout(kmagent, component))),
  };
}

/**
 * What the rollouts say of the configurations that count. Whether one failed alone is seen from what is wanted without it:
 * where that is what held before, nothing else was changed.
 */
function learnFromRollouts(snapshot: Snapshot, records: RemoteRecords): Pick<RemoteDecision, "records" | "notes"> {
  const retry = snapshot.kmagent.annotations[ANNOTATION.retry] ?? "";
  let after = records;
  const notes: ComponentNote[] = [];
  for (const component of COMPONENTS) {
    const learnt = learn(after[component], triedOn(component, snapshot, after[component].accepted), retry);
    if (learnt.record === after[component]) continue;
    after = { ...after, [component]: learnt.record };
    notes.push(...learnt.notes.map((note) => ({ ...note, component })));
    if (learnt.notes.length > 0 && !failedAlone(component, snapshot, after)) {
      after = { ...after, [component]: blameBoth(learnt.record) };
    }
  }
  return { records: after, notes };
}

function failedAlone(component: Component, snapshot: Snapshot, records: RemoteRecords): boolean {
  const { judged } = judgeConfiguration(snapshot, wishesOf(records));
  if (judged.kind !== "valid") return true;
  const { nodeAgent, clusterAgent } = judged.desired;
  const { stable = "", template = "" } = writtenTrial(component, snapshot) ?? {};
  const wanted = component === "node-agent" ? nodeAgent : clusterAgent;
  return wanted === null || wanted.revision === stable || wanted.revision === template;
}

/** While the platform goes on wanting what was taken back, and nothing else was changed, that stays the rollout's last word. */
function takenBack({ rolledBack: [newest], accepted, heard }: RemoteRecord): string {
  return newest === undefined || heard === accepted?.hash ? "" : newest.revision;
}

function wishesOf(records: RemoteRecords): NonNullable<DesiredInput["remote"]> {
  return { nodeAgent: wishOf(records["node-agent"]), clusterAgent: wishOf(records["cluster-agent"]) };
}

function wishOf({ accepted, restartedAt }: RemoteRecord): NonNullable<DesiredInput["remote"]>["nodeAgent"] {
  return {
    config: accepted && { text: accepted.text, hash: accepted.hash },
    restartedAt: restartedAt === null ? null : timestamp(restartedAt),
  };
}

/**
 * What would count for the agents by what the cluster holds, without a new answer and without what only the running operator
 * knows. `live` holds the KmAgent's ConfigMaps by `objectId`.
 */
export function heldWish(kmagent: KmAgent, live: ReadonlyMap<string, KubeObject>, now: number): DesiredInput["remote"] {
  if (takesNone(kmagent)) return null;
  const known = { kmagent, memory: NO_MEMORY };
  const isStuck = (component: Component) => isWantedRejected(component, known);
  const facts = factsOf(known, { records: readRecords({ kmagent, live }), answers: [], isStuck });
  return wishesOf(decideRemote(facts, now).records);
}

function takesNone({ spec }: KmAgent): boolean {
  return spec.platform.remoteConfig.mode === "Disabled";
}

/** What is heard and held, seen with what the KmAgent says to it. */
function factsOf(
  known: { readonly kmagent: KmAgent; readonly memory: KmAgentMemory },
  given: Pick<RemoteFacts, "records" | "answers"> & { readonly isStuck: (component: Component) => boolean },
): RemoteFacts {
  const { kmagent } = known;
  const { records, answers, isStuck } = given;
  return {
    records,
    answers,
    guard: guardSettings(kmagent),
    settings: {
      minIntervalMs: milliseconds(kmagent.spec.platform.remoteConfig.minInterval),
      retry: kmagent.annotations[ANNOTATION.retry] ?? "",
      generation: kmagent.generation,
    },
    unprovedUntil: {
      "node-agent": unprovedUntil("node-agent", known),
      "cluster-agent": unprovedUntil("cluster-agent", known),
    },
    rolledBack: { "node-agent": isStuck("node-agent"), "cluster-agent": isStuck("cluster-agent") },
  };
}

/** What is held in the cluster. A ConfigMap of that name that isn't ours says nothing. */
function readRecords({
  kmagent,
  live,
}: Pick<Snapshot, "live"> & { readonly kmagent: Pick<KmAgent, "uid" | "name"> }): RemoteRecords {
  const read = (component: Component): RemoteRecord => {
    const object = live.get(`ConfigMap ${remoteConfigMapName(kmagent.name, component)}`);
    return object && ownership(object, kmagent).kind === "ours" ? readHeld(object) : NO_RECORD;
  };
  return { ...NO_RECORDS, "node-agent": read("node-agent"), "cluster-agent": read("cluster-agent") };
}

function isWithout(kmagent: KmAgent, component: Component): boolean {
  const { config } = kmagent.spec;
  if (component === "node-agent") return config.nodeAgent !== undefined;
  return config.clusterAgent !== undefined || isOff(kmagent, component);
}

const WHOSE: Readonly<Record<Component, string>> = {
  "node-agent": "the node agents",
  "cluster-agent": "the cluster agent",
};

/** What a pass did with answers, as events; `paused` where the spec holds back what they ask for. */
export function remoteEvents(step: RemoteStep | null, paused: boolean): EventNote[] {
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
      case "kept":
        return [
          {
            type: "Normal",
            reason: "RemoteConfigAccepted",
            message: `Configuration ${note.hash} of ${whose} is what counts already, so nothing moves.`,
          },
        ];
      case "waits":
        return [
          {
            type: "Normal",
            reason: "RemoteConfigAccepted",
            message: `Configuration ${note.hash} of ${whose} waits for ${describeWait(note.wait)}.`,
          },
        ];
      case "refused": {
        const message = `Configuration ${note.refused.hash} of ${whose}: ${summary(note.refused, note.findings)}`;
        return [{ type: "Warning", reason: "RemoteConfigRefused", message }];
      }
      case "refusedSince": {
        const message = `Configuration ${note.hash} of ${whose} was accepted, and is refused now: ${summary(note, note.findings)}`;
        return [{ type: "Warning", reason: "RemoteConfigRefused", message }];
      }
      case "restart": {
        const when = paused ? "; nothing is restarted until spec.paused is false" : "";
        const message = `The platform asked to restart ${whose}${when}.`;
        return [{ type: "Normal", reason: "RestartRequested", message }];
      }
      // The condition tells of it, with what is in force instead.
      case "rolledBack":
      case "restartWaits":
      case "same":
      case "unasked":
        return [];
      default:
        return note satisfies never;
    }
  });
}
