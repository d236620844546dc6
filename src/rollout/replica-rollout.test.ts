import { describe, expect, test } from "@jest/globals";
import type { KmAgentStatus } from "../api/kmagent.ts";
import { timestamp } from "../api/time.ts";
import type { ReplicaRecord } from "./replica-record.ts";
import { advanceReplica, replicaRollout } from "./replica-rollout.ts";
import type { ReplicaPod, ReplicaView } from "./replica-view.ts";

const NOW = Date.parse("2026-11-28T12:00:00Z");
const BEGAN = NOW - 60_000;

function view(of: Partial<ReplicaView> = {}): ReplicaView {
  return {
    wanted: "bad",
    liveTemplate: "bad",
    templateSeen: true,
    isComplete: false,
    podless: null,
    pods: [pod()],
    restorable: new Set(["good"]),
    noted: { stable: "good", rejected: [] },
    isIrrevocable: false,
    retry: "",
    paused: false,
    settings: { bakeMs: 30_000, deadlineMs: 300_000, autoRollback: true },
    now: NOW,
    ...of,
  };
}

function pod(of: Partial<ReplicaPod> = {}): ReplicaPod {
  return {
    revision: "bad",
    node: "n1",
    nodeReady: true,
    createdAt: BEGAN,
    ready: false,
    ended: null,
    trouble: null,
    ...of,
  };
}

function record(of: Partial<ReplicaRecord> = {}): ReplicaRecord {
  return { phase: "Trying", phaseSince: BEGAN, target: "bad", stable: "good", rejected: [], ...of };
}

const ENDED = { reason: "CollectorExited", message: "exit code 1: no such thing", at: NOW - 1_000, isSilent: false };
const SILENT = { ...ENDED, reason: "CollectorExitedCleanly", isSilent: true };
const REJECTION = {
  revision: "bad",
  reason: "CollectorExited",
  message: "exit code 1: no such thing",
  since: NOW,
  nodes: ["n1"],
  retried: false,
};
const late = { now: NOW + 300_000 };

interface Row {
  readonly name: string;
  readonly from?: Partial<ReplicaRecord>;
  readonly seen?: Partial<ReplicaView>;
  readonly to: Readonly<Record<string, unknown>>;
}

const rolledBack = { phase: "RolledBack", target: "bad", stable: "good" } as const;
const trying = { phase: "Trying", target: "bad", stable: "good", rejected: [] } as const;

const PHASES: Readonly<Record<string, readonly Row[]>> = {
  "what is tried": [
    { name: "goes on while its pod starts", to: trying },
    {
      name: "goes on while its pod is Ready, and watched",
      seen: { ...late, pods: [pod({ ready: true })] },
      to: trying,
    },
    {
      name: "has failed where its pod is Ready whenever somebody looks, but never for long enough",
      seen: { now: BEGAN + 630_000, pods: [pod({ ready: true })] },
      to: { ...rolledBack, rejected: [expect.objectContaining({ reason: "ProgressDeadlineExceeded" })] },
    },
    {
      name: "has twice the deadline where its pod is Ready",
      seen: { now: BEGAN + 629_999, pods: [pod({ ready: true })] },
      to: trying,
    },
    {
      name: "is stable once Kubernetes calls its pod available and the old one is gone",
      seen: { isComplete: true },
      to: { phase: "Complete", target: "bad", stable: "bad", phaseSince: NOW },
    },
    {
      name: "isn't proved by the availability of another template's pod",
      seen: { isComplete: true, liveTemplate: "good" },
      to: trying,
    },
    {
      name: "leaves stable what became so after another was wanted, before the template moved",
      from: { target: "newer" },
      seen: { wanted: "newer", isComplete: true, liveTemplate: "bad" },
      to: { phase: "Trying", target: "newer", stable: "bad" },
    },
    {
      name: "isn't proved where it has failed and is about to be taken back",
      from: { phase: "RolledBack", rejected: [REJECTION] },
      seen: { isComplete: true },
      to: rolledBack,
    },
    {
      name: "has failed at once where its collector ended, in its words",
      seen: { pods: [pod({ ended: ENDED })] },
      to: { ...rolledBack, rejected: [REJECTION] },
    },
    {
      name: "has failed where its collector ended once and runs again",
      seen: { pods: [pod({ ready: true, ended: ENDED })] },
      to: { ...rolledBack, rejected: [REJECTION] },
    },
    {
      name: "waits three seconds for the words of a collector that ended without an error",
      seen: { pods: [pod({ ended: SILENT })] },
      to: trying,
    },
    {
      name: "doesn't wait for them any longer",
      seen: { pods: [pod({ ended: SILENT })], now: NOW + 2_000 },
      to: rolledBack,
    },
    {
      name: "doesn't wait for them past the deadline, whatever the node's clock says",
      seen: { pods: [pod({ ended: { ...SILENT, at: NOW + 9_999_999 } })], ...late },
      to: rolledBack,
    },
    {
      name: "has failed where its pod isn't ready at the deadline",
      seen: { now: BEGAN + 300_000 },
      to: { ...rolledBack, rejected: [expect.objectContaining({ reason: "ProgressDeadlineExceeded" })] },
    },
    { name: "hasn't failed before the deadline", seen: { now: BEGAN + 299_999 }, to: trying },
    {
      name: "has failed at the deadline for what keeps its pod from starting",
      seen: { ...late, pods: [pod({ trouble: { reason: "ImagePullFailed", message: "no such image" } })] },
      to: { rejected: [expect.objectContaining({ reason: "ImagePullFailed", message: "no such image" })] },
    },
    {
      name: "gives a pod that may still start until the deadline",
      seen: { pods: [pod({ trouble: { reason: "ImagePullFailed", message: "no such image" } })] },
      to: trying,
    },
    {
      name: "gives a pod that took the place of an evicted one its time anew",
      seen: { now: BEGAN + 300_000, pods: [pod({ createdAt: BEGAN + 250_000 })] },
      to: trying,
    },
    {
      name: "has failed where its new pod's collector ended, though the node's clock is behind",
      seen: { pods: [pod({ ended: { ...ENDED, at: BEGAN - 60_000 } })] },
      to: rolledBack,
    },
    {
      name: "isn't to blame for a node that is down",
      seen: { ...late, pods: [pod({ nodeReady: false, ended: ENDED })] },
      to: trying,
    },
    {
      name: "is judged by its newest pod",
      seen: { pods: [pod({ createdAt: NOW }), pod({ ended: ENDED })] },
      to: trying,
    },
    {
      name: "isn't judged by the old pod",
      seen: { pods: [pod({ revision: "good", ended: ENDED })] },
      to: trying,
    },
    {
      name: "isn't judged before Kubernetes has acted upon its template",
      seen: { templateSeen: false, pods: [pod({ ended: ENDED })] },
      to: trying,
    },
    {
      name: "isn't judged while the Deployment holds another template",
      seen: { liveTemplate: "good", pods: [pod({ ended: ENDED })] },
      to: trying,
    },
    {
      name: "has failed at the deadline where its pod is refused",
      seen: { ...late, pods: [], podless: { reason: "QuotaExceeded", message: "no room", isOverdue: false } },
      to: { ...rolledBack, rejected: [expect.objectContaining({ reason: "QuotaExceeded", nodes: [] })] },
    },
    {
      name: "waits until the deadline for a pod that is refused",
      seen: { pods: [], podless: { reason: "QuotaExceeded", message: "no room", isOverdue: false } },
      to: trying,
    },
    {
      name: "has failed where Kubernetes gave up on having a pod",
      seen: { pods: [], podless: { reason: "ProgressDeadlineExceeded", message: "none", isOverdue: true } },
      to: rolledBack,
    },
    { name: "has all the time where it has no pod and nobody says why", seen: { ...late, pods: [] }, to: trying },
    {
      name: "makes way at once for what is wanted in its place",
      seen: { wanted: "newer", pods: [pod({ ended: ENDED })] },
      to: { phase: "Trying", target: "newer", stable: "good", phaseSince: NOW, rejected: [] },
    },
    {
      name: "is stable before what is wanted next is tried, where the old pod is gone",
      seen: { wanted: "newer", isComplete: true },
      to: { phase: "Trying", target: "newer", stable: "bad" },
    },
    {
      name: "is given up where the stable one is wanted again",
      seen: { wanted: "good" },
      to: { phase: "Complete", target: "good", stable: "good" },
    },
    {
      name: "isn't taken back with autoRollback false, and waits for a person",
      seen: { pods: [pod({ ended: ENDED })], settings: { bakeMs: 1, deadlineMs: 1, autoRollback: false } },
      to: { phase: "Stalled", target: "bad", rejected: [REJECTION] },
    },
    {
      name: "isn't taken back where it differs by the API key alone",
      seen: { pods: [pod({ ended: ENDED })], isIrrevocable: true },
      to: {
        phase: "Stalled",
        rejected: [{ ...REJECTION, reason: "ApiKeyRejected", message: "CollectorExited: exit code 1: no such thing" }],
      },
    },
    {
      name: "goes on as an install where nobody knows any more what was stable",
      seen: { restorable: new Set(), pods: [pod({ ended: ENDED })] },
      to: { phase: "Install", target: "bad", stable: "", rejected: [] },
    },
  ],
  "a first installation": [
    {
      name: "is never taken back",
      from: { phase: "Install", stable: "" },
      seen: { ...late, pods: [pod({ ended: ENDED })] },
      to: { phase: "Install", target: "bad", stable: "", rejected: [] },
    },
    {
      name: "follows what is wanted",
      from: { phase: "Install", stable: "" },
      seen: { wanted: "newer" },
      to: { phase: "Install", target: "newer", phaseSince: NOW },
    },
    {
      name: "is over once its pod is available",
      from: { phase: "Install", stable: "" },
      seen: { isComplete: true },
      to: { phase: "Complete", stable: "bad" },
    },
  ],
  "what was rolled back": [
    {
      name: "isn't tried again while it is wanted",
      from: { phase: "RolledBack", rejected: [REJECTION] },
      seen: { liveTemplate: "good", isComplete: true, pods: [] },
      to: { ...rolledBack, phaseSince: BEGAN },
    },
    {
      name: "isn't tried again after another was wanted",
      from: { phase: "Complete", target: "good", rejected: [REJECTION] },
      seen: { liveTemplate: "good" },
      to: rolledBack,
    },
    {
      name: "is tried again where the annotation names it",
      from: { phase: "RolledBack", rejected: [REJECTION] },
      seen: { liveTemplate: "good", retry: "bad" },
      to: { ...trying, phaseSince: NOW },
    },
    {
      name: "remembers that the annotation named it, where it fails again",
      seen: { retry: "bad", pods: [pod({ ended: ENDED })] },
      to: { ...rolledBack, rejected: [{ ...REJECTION, retried: true }] },
    },
    {
      name: "leaves stable what the Deployment holds, though its ConfigMap is gone",
      from: { phase: "RolledBack", rejected: [REJECTION] },
      seen: { wanted: "newer", liveTemplate: "good", restorable: new Set() },
      to: { phase: "Trying", target: "newer", stable: "good" },
    },
    {
      name: "isn't tried a third time by the same annotation",
      from: { phase: "RolledBack", rejected: [{ ...REJECTION, retried: true }] },
      seen: { liveTemplate: "good", retry: "bad" },
      to: rolledBack,
    },
    {
      name: "makes way for another that is wanted",
      from: { phase: "RolledBack", rejected: [REJECTION] },
      seen: { wanted: "newer", liveTemplate: "good" },
      to: { phase: "Trying", target: "newer", rejected: [REJECTION] },
    },
  ],
  "what failed and wasn't taken back": [
    {
      name: "stays as it is",
      from: { phase: "Stalled", rejected: [REJECTION] },
      seen: { settings: { bakeMs: 1, deadlineMs: 1, autoRollback: false }, pods: [pod({ ended: ENDED })] },
      to: { phase: "Stalled", phaseSince: BEGAN },
    },
    {
      name: "is taken back once autoRollback is true",
      from: { phase: "Stalled", rejected: [REJECTION] },
      to: { ...rolledBack, phaseSince: NOW },
    },
    {
      name: "isn't taken back even then where it differs by the API key alone",
      from: { phase: "Stalled", rejected: [{ ...REJECTION, reason: "ApiKeyRejected" }] },
      to: { phase: "Stalled" },
    },
    {
      name: "is stable where its pod came right by itself",
      from: { phase: "Stalled", rejected: [REJECTION] },
      seen: { isComplete: true },
      to: { phase: "Complete", stable: "bad", rejected: [] },
    },
    {
      name: "makes way for another that is wanted",
      from: { phase: "Stalled", rejected: [REJECTION] },
      seen: { wanted: "newer" },
      to: { phase: "Trying", target: "newer" },
    },
    {
      name: "isn't blamed, at a retry, for ends from before",
      from: { phase: "Trying", phaseSince: NOW },
      seen: { pods: [pod({ ended: ENDED })] },
      to: trying,
    },
    {
      name: "has its time anew at a retry, though its pod was there before",
      from: { phase: "Trying", phaseSince: NOW },
      seen: { now: NOW + 299_999 },
      to: trying,
    },
    {
      name: "is blamed, at a retry, for an end since",
      from: { phase: "Trying", phaseSince: NOW - 2_000 },
      seen: { pods: [pod({ ended: ENDED })] },
      to: rolledBack,
    },
  ],
};

describe.each(Object.entries(PHASES))("a rollout with one replica: %s", (_, rows) => {
  test.each(rows)("$name", ({ from, seen, to }) => {
    expect(advanceReplica(record(from), view(seen))).toMatchObject(to);
  });
});

function written(of: Partial<ReplicaRecord> = {}): NonNullable<KmAgentStatus["clusterAgent"]> {
  const { phase, phaseSince, target, stable, rejected } = record(of);
  return {
    phase,
    phaseSince: timestamp(phaseSince),
    target,
    ...(stable !== "" && { stable }),
    rejected: rejected.map((each) => ({ ...each, since: timestamp(each.since), nodes: [...each.nodes] })),
  };
}

describe("the Deployment's template", () => {
  test.each<{ name: string; status?: Partial<ReplicaRecord>; seen?: Partial<ReplicaView>; template: string }>([
    { name: "is what is tried", template: "bad" },
    {
      name: "stays while the failure of what it holds isn't written",
      seen: { pods: [pod({ ended: ENDED })] },
      template: "bad",
    },
    {
      name: "is the stable one once the failure is written",
      status: { phase: "RolledBack", rejected: [REJECTION] },
      seen: { pods: [pod({ ended: ENDED })] },
      template: "good",
    },
    {
      name: "stays while what is to be tried isn't written",
      status: { phase: "Complete", target: "good" },
      seen: { liveTemplate: "good" },
      template: "good",
    },
    { name: "stays with what failed while nobody takes it back", status: { phase: "Stalled" }, template: "bad" },
    {
      name: "is that of the record where the Deployment is lost",
      status: { phase: "Complete", target: "good" },
      seen: { liveTemplate: null },
      template: "good",
    },
    {
      name: "is what is wanted where nothing was ever stable",
      status: { phase: "Install", stable: "" },
      template: "bad",
    },
    {
      name: "stays as it is while the KmAgent is paused",
      seen: { paused: true, pods: [pod({ ended: ENDED })] },
      template: "bad",
    },
  ])("$name", ({ status, seen, template }) => {
    expect(replicaRollout(written(status), view(seen)).template).toBe(template);
  });

  test("doesn't move while the KmAgent is paused, and neither does the record", () => {
    const step = replicaRollout(written(), view({ paused: true, wanted: "newer", isComplete: true }));
    expect(step.record).toEqual(record());
    expect(step.nextAt).toBeNull();
  });
});

describe("when the status is lost", () => {
  test.each<{ name: string; seen: Partial<ReplicaView>; to: Partial<ReplicaRecord>; template: string }>([
    {
      name: "what is available is stable, whatever was noted",
      seen: { wanted: "newest", liveTemplate: "newer", isComplete: true },
      to: { phase: "Trying", target: "newest", stable: "newer" },
      template: "newer",
    },
    {
      name: "what is tried goes on being tried, in the time that its pod has left",
      seen: {},
      to: { phase: "Trying", target: "bad", stable: "good", phaseSince: BEGAN },
      template: "bad",
    },
    {
      name: "what was rejected and still stands in the template is taken back",
      seen: { noted: { stable: "good", rejected: [REJECTION] } },
      to: { phase: "RolledBack", target: "bad", stable: "good", rejected: [REJECTION] },
      template: "good",
    },
    {
      name: "what was rejected stays in the template where nothing is taken back by itself",
      seen: { noted: { stable: "good", rejected: [REJECTION] }, settings: { ...view().settings, autoRollback: false } },
      to: { phase: "Stalled", target: "bad", stable: "good" },
      template: "bad",
    },
    {
      name: "what was rejected for its key stays in the template",
      seen: { noted: { stable: "good", rejected: [{ ...REJECTION, reason: "ApiKeyRejected" }] } },
      to: { phase: "Stalled", target: "bad", stable: "good" },
      template: "bad",
    },
    {
      name: "what was rejected isn't stable though it is available",
      seen: { isComplete: true, noted: { stable: "good", rejected: [REJECTION] } },
      to: { phase: "RolledBack", stable: "good" },
      template: "good",
    },
    {
      name: "what was rejected isn't tried again",
      seen: { liveTemplate: "good", noted: { stable: "good", rejected: [REJECTION] } },
      to: { phase: "RolledBack", stable: "good" },
      template: "good",
    },
    {
      name: "a Deployment that is lost as well gets what was stable back",
      seen: { liveTemplate: null, pods: [] },
      to: { phase: "Trying", target: "bad", stable: "good" },
      template: "good",
    },
    {
      name: "the revision of a pod that works counts as stable where nothing is noted",
      seen: { noted: { stable: "", rejected: [] }, pods: [pod(), pod({ revision: "good", ready: true })] },
      to: { phase: "Trying", target: "bad", stable: "good" },
      template: "bad",
    },
    {
      name: "nothing is known, and what is wanted is installed",
      seen: { noted: { stable: "", rejected: [] } },
      to: { phase: "Install", target: "bad", stable: "" },
      template: "bad",
    },
  ])("$name", ({ seen, to, template }) => {
    const step = replicaRollout(undefined, view(seen));
    expect(step.record).toMatchObject(to);
    expect(step.template).toBe(template);
  });
});

describe("a one-replica rollout looks again", () => {
  test.each<{ name: string; seen?: Partial<ReplicaView>; status?: Partial<ReplicaRecord>; at: number | null }>([
    { name: "at the deadline of its pod", at: BEGAN + 300_000 },
    {
      name: "when a pod that is Ready now and then is given up",
      seen: { now: BEGAN + 300_000, pods: [pod({ ready: true })] },
      at: BEGAN + 630_000,
    },
    { name: "when the last words must have come", seen: { pods: [pod({ ended: SILENT })] }, at: NOW + 2_000 },
    { name: "at the deadline of the try where it has no pod", seen: { pods: [] }, at: BEGAN + 300_000 },
    { name: "never by itself while it rests", status: { phase: "Complete", target: "bad", stable: "bad" }, at: null },
  ])("$name", ({ seen, status, at }) => {
    expect(replicaRollout(written(status), view(seen)).nextAt).toBe(at);
  });
});
