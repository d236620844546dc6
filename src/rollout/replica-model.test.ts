import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import { runs } from "../../test/properties.ts";
import type { KmAgentStatus } from "../api/kmagent.ts";
import { timestamp } from "../api/time.ts";
import { rejectionStatus } from "../status/rollout-status.ts";
import type { ReplicaRecord } from "./replica-record.ts";
import { replicaRollout } from "./replica-rollout.ts";
import type { ReplicaPod, ReplicaView } from "./replica-view.ts";

/* The machine beside a Deployment that behaves as Kubernetes' does, through random histories. */

const SECOND = 1_000;
const BAKE_MS = 4 * SECOND;
const DEADLINE_MS = 30 * SECOND;
/** What becomes of a revision's pods, by its first letter. */
const REVISIONS = ["good1", "good2", "good3", "dies", "hangs"] as const;
type Revision = (typeof REVISIONS)[number];

interface ModelPod {
  readonly revision: string;
  readonly createdAt: number;
  readonly endedAt: number | null;
}

const isGood = (revision: string) => revision.startsWith("good");

/** A cluster with one Deployment, its pods, what is written of it, and what a person wants. */
class Model {
  now = Date.parse("2026-11-28T12:00:00Z");
  wanted: Revision;
  status: KmAgentStatus["clusterAgent"];
  template: string | null = null;
  pods: ModelPod[] = [];
  autoRollback = true;
  paused = false;
  /** Revisions that were ever available: the only ones that may be stable. */
  readonly proved = new Set<string>();
  /** Revisions whose pods were ever ready, which must do where a status was lost. */
  readonly worked = new Set<string>();
  isLost = false;

  constructor(wanted: Revision) {
    this.wanted = wanted;
  }

  isReady({ revision, createdAt }: ModelPod): boolean {
    return isGood(revision) && this.now >= createdAt + 2 * SECOND;
  }

  isAvailable(pod: ModelPod): boolean {
    return isGood(pod.revision) && this.now >= pod.createdAt + 2 * SECOND + BAKE_MS;
  }

  /** Kubernetes: a pod of the template, and the old one until that is available. */
  kubernetes(): void {
    this.now += SECOND;
    const { template } = this;
    if (template === null) return;
    this.pods = this.pods.map((pod) =>
      pod.revision === "dies" && pod.endedAt === null && this.now > pod.createdAt + SECOND
        ? { ...pod, endedAt: this.now }
        : pod,
    );
    const current = this.pods.find(({ revision }) => revision === template);
    if (current === undefined) this.pods.unshift({ revision: template, createdAt: this.now, endedAt: null });
    const isUp = current !== undefined && this.isAvailable(current);
    // Of the others one is kept, a ready one where there is any, and none once the new one is available.
    const others = this.pods.filter(({ revision }) => revision !== template);
    const kept = isUp ? undefined : (others.find((pod) => this.isReady(pod)) ?? others[0]);
    this.pods = this.pods.filter((pod) => pod.revision === template || pod === kept);
    if (isUp) this.proved.add(template);
    for (const pod of this.pods) if (this.isReady(pod)) this.worked.add(pod.revision);
  }

  /** One pass; `cut` ends the process before the status (1) or before the template (2) is written. */
  operator(cut: number): void {
    const { record, template } = replicaRollout(this.status, this.view());
    if (cut === 1) return;
    this.status = statusOf(record);
    if (cut !== 2 && !this.paused) this.template = template;
  }

  view(): ReplicaView {
    const { template, now } = this;
    const current = this.pods.find(({ revision }) => revision === template);
    const pods = this.pods.map((pod): ReplicaPod => {
      const { revision, createdAt, endedAt } = pod;
      const ended =
        endedAt === null ? null : { reason: "CollectorExited", message: "exit 1", at: endedAt, isSilent: false };
      return { revision, node: "n", nodeReady: true, createdAt, ready: this.isReady(pod), ended, trouble: null };
    });
    return {
      wanted: this.wanted,
      liveTemplate: template,
      templateSeen: current !== undefined,
      isComplete: current !== undefined && this.isAvailable(current) && this.pods.length === 1,
      podless: null,
      pods,
      restorable: new Set(REVISIONS),
      noted: { stable: this.status?.stable ?? "", rejected: [] },
      isIrrevocable: false,
      retry: "",
      paused: this.paused,
      settings: { bakeMs: BAKE_MS, deadlineMs: DEADLINE_MS, autoRollback: this.autoRollback },
      now,
    };
  }
}

function statusOf({ phase, phaseSince, target, stable, rejected }: ReplicaRecord): KmAgentStatus["clusterAgent"] {
  return {
    phase,
    phaseSince: timestamp(phaseSince),
    target,
    ...(stable !== "" && { stable }),
    rejected: rejected.map(rejectionStatus),
  };
}

type Happening =
  | { readonly kind: "want"; readonly revision: Revision }
  | { readonly kind: "pass"; readonly cut: number }
  | { readonly kind: "loseStatus" | "pause" | "goOn" | "holdBack" | "takeBack" | "evict" };

const happening: fc.Arbitrary<Happening> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant("pass" as const), cut: fc.constantFrom(0, 0, 0, 1, 2) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("want" as const), revision: fc.constantFrom(...REVISIONS) }) },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("loseStatus", "pause", "goOn", "holdBack", "takeBack", "evict")
      .map((kind) => ({ kind })),
  },
);

function happen(model: Model, it: Happening): void {
  switch (it.kind) {
    case "want":
      model.wanted = it.revision;
      break;
    case "pass":
      model.operator(it.cut);
      break;
    case "loseStatus":
      // The notes on the ConfigMaps outlive it; the model keeps the one that matters.
      model.status = model.status?.stable === undefined ? undefined : { stable: model.status.stable };
      model.isLost = true;
      break;
    case "pause":
    case "goOn":
      model.paused = it.kind === "pause";
      break;
    case "holdBack":
    case "takeBack":
      model.autoRollback = it.kind === "takeBack";
      break;
    case "evict":
      model.pods = model.pods.map((pod) => (isGood(pod.revision) ? { ...pod, createdAt: model.now } : pod));
      break;
    default:
      it satisfies never;
  }
  model.kubernetes();
}

describe("a one-replica rollout, through any history", () => {
  test("calls nothing stable that wasn't proved, never takes the agent away, and ends", () => {
    fc.assert(
      fc.property(fc.constantFrom(...REVISIONS), fc.array(happening, { maxLength: 60 }), (first, history) => {
        const model = new Model(first);
        let wasStable = false;
        for (const it of history) {
          happen(model, it);
          const { phase, target, stable = "" } = model.status ?? {};
          wasStable ||= stable !== "";
          if (stable !== "") expect(model.isLost ? model.worked : model.proved).toContain(stable);
          // Once there was an agent that was proved, there is one that is, or that was evicted and comes again.
          if (model.proved.size > 0) expect(model.pods.some(({ revision }) => isGood(revision))).toBe(true);
          const rejected = (model.status?.rejected ?? []).map(({ revision }) => revision);
          if (phase === "Trying") expect(rejected).not.toContain(target);
        }
        Object.assign(model, { paused: false, autoRollback: true });
        for (let second = 0; second < 120; second += 1) happen(model, { kind: "pass", cut: 0 });
        const { phase, target, stable = "" } = model.status ?? {};
        expect(target).toBe(model.wanted);
        if (isGood(model.wanted)) expect([phase, stable, model.template]).toEqual(["Complete", target, target]);
        else expect(phase).toBe(stable === "" ? "Install" : "RolledBack");
        if (wasStable) expect(stable).not.toBe("");
        if (phase === "RolledBack") expect(model.pods.map(({ revision }) => revision)).toEqual([stable]);
      }),
      { numRuns: runs(2_000), endOnFailure: true },
    );
  });
});
