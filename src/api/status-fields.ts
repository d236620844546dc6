import * as z from "zod";
import { BOUND } from "./bounds.ts";
import { CONDITION_TYPES } from "./conditions.ts";
import { meta, text } from "./fields.ts";

/** An RFC 3339 time. */
const timestamp = (description: string) =>
  z
    .string()
    .max(40)
    .meta(meta({ description, format: "date-time" }));
/** A number of nodes. */
export const count = (description: string) =>
  z
    .int()
    .min(0)
    .meta(meta({ description, format: "int32" }));

/** One entry of `status.unhealthyNodes` and `status.uncoveredNodes`. */
export const nodeFinding = z
  .object({
    node: text(253, "Name of the node."),
    since: timestamp("When this began."),
    reason: text(64, "Reason in one word; the operations reference explains each."),
    message: text(BOUND.message, "What is wrong, and what to do."),
  })
  .meta(meta({ description: "One node." }));

/** One entry of `status.conditions`. */
export const condition = z
  .object({
    type: z.enum(CONDITION_TYPES).meta(meta({ description: "Type of the condition.", openEnum: true })),
    status: z.enum(["True", "False", "Unknown"]).meta(meta({ description: "Whether it holds." })),
    observedGeneration: z
      .int()
      .min(0)
      .meta(meta({ description: "Generation of the resource that this speaks of.", format: "int64" })),
    lastTransitionTime: timestamp("When status changed last."),
    reason: text(64, "Reason in one word; the operations reference explains each."),
    message: text(4096, "What is wrong, where, and what to do."),
  })
  .meta(meta({ description: "One condition." }));

/** `status.config`. */
export const configInForce = z
  .object({
    source: z
      .enum(["Spec", "Remote", "Default"])
      .meta(meta({ description: "Where the configuration in force comes from.", openEnum: true })),
    revision: text(64, "Revision that is in force."),
    since: timestamp("Since when it is in force."),
    lastRemote: z
      .object({
        hash: text(BOUND.word, "Hash of the last remote configuration."),
        verdict: z
          .enum(["Accepted", "Refused", "Overridden", "Failed", "RolledBack"])
          .meta(meta({ description: "What became of it.", openEnum: true })),
        rule: text(BOUND.word, "Rule that refused it."),
        path: text(BOUND.path, "Where in the document."),
        message: text(BOUND.message, "The reason, and how to mend it."),
        since: timestamp("When it was judged."),
      })
      .partial()
      .meta(meta({ description: "Verdict on the last remote configuration." })),
  })
  .partial()
  .meta(meta({ description: "The configuration in force, and why." }));

/** One entry of `status.rollout.rejected` and `status.clusterAgent.rejected`. */
const rejection = z
  .object({
    revision: text(64, "Revision."),
    reason: text(64, "Reason in one word."),
    message: text(BOUND.rejectionMessage, "Why it failed, and where."),
    since: timestamp("When it was rejected."),
    nodes: z
      .array(text(253, "Name of a node."))
      .max(BOUND.rejectionNodes)
      .optional()
      .meta(meta({ description: "Where it failed, the first few.", listType: "atomic" })),
    retried: z
      .boolean()
      .optional()
      .meta(meta({ description: "Whether the retry annotation named it when it failed." })),
  })
  .meta(meta({ description: "One revision." }));

/** `status.rollout`. */
export const rolloutProgress = z
  .object({
    phase: z
      .enum(["Install", "Canary", "Progressing", "Complete", "RollingBack", "RolledBack", "Stalled"])
      .meta(meta({ description: "Phase of the rollout.", openEnum: true })),
    phaseSince: timestamp("Since when it is in that phase."),
    target: text(64, "Revision that is being rolled out."),
    stable: text(64, "Last revision that was proved."),
    template: text(64, "Revision that new pods start with: never one that isn't proved, but the first."),
    canaries: z
      .array(text(253, "Name of a node."))
      .max(BOUND.canaries)
      .meta(meta({ description: "Nodes that prove the target.", listType: "set" })),
    inFlight: z
      .array(
        z
          .object({
            node: text(253, "Name of the node."),
            podUID: text(64, "UID of the pod that was deleted for it."),
            since: timestamp("When this began, of a canary.").optional(),
            wasFailing: z
              .boolean()
              .optional()
              .meta(meta({ description: "Whether the node failed before: then this takes nothing down." })),
          })
          .meta(meta({ description: "One node." })),
      )
      .max(500)
      .meta(meta({ description: "Nodes whose pod is being replaced.", listType: "map", mapKeys: ["node"] })),
    updated: count("Nodes at the target."),
    failed: count("Nodes that failed at the target."),
    waitingFor: z
      .object({ gate: text(64, "Name of the gate."), message: text(BOUND.message, "What it waits for.") })
      .meta(meta({ description: "What the rollout waits for." })),
    rejected: z
      .array(rejection)
      .max(BOUND.rejections)
      .meta(meta({ description: `The newest ${BOUND.rejections} revisions that failed.`, listType: "atomic" })),
  })
  .partial()
  .meta(meta({ description: "The rollout under way, or the last one." }));

/** `status.clusterAgent`. */
export const clusterAgentState = z
  .object({
    ready: z.boolean().meta(meta({ description: "Whether the cluster agent is ready." })),
    revision: text(64, "Revision that new pods start with."),
    reason: text(64, "Reason in one word where it isn't ready."),
    message: text(BOUND.message, "What is wrong."),
    phase: z
      .enum(["Install", "Trying", "Complete", "RolledBack", "Stalled"])
      .meta(meta({ description: "Phase of its rollout.", openEnum: true })),
    phaseSince: timestamp("Since when it is in that phase."),
    target: text(64, "Revision that is tried, in force, or that failed."),
    stable: text(64, "Last revision that was proved."),
    rejected: z
      .array(rejection)
      .max(BOUND.clusterAgentRejections)
      .meta(
        meta({ description: `The newest ${BOUND.clusterAgentRejections} revisions that failed.`, listType: "atomic" }),
      ),
  })
  .partial()
  .meta(meta({ description: "The cluster agent." }));
