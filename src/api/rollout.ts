import * as z from "zod";
import { countOrPercent, duration, meta } from "./fields.ts";

/** `spec.rollout`. */
export const rollout = z
  .object({
    strategy: z
      .enum(["Staged", "RollingUpdate"])
      .default("Staged")
      .meta(
        meta({
          description: "Staged proves a change on a canary and rolls back by itself; RollingUpdate is Kubernetes' own.",
        }),
      ),
    canary: countOrPercent("Nodes that prove a change first.", 1).default(1),
    bakeTime: duration("How long a new pod must stay healthy to count as proved.", "0s", "24h").default("30s"),
    maxUnavailable: countOrPercent(
      "Nodes that may be without an agent at once because of a rollout; at least one.",
      1,
    ).default("10%"),
    maxFailures: countOrPercent(
      "Failed nodes after the canary that a rollout bears; a percentage is rounded down.",
      0,
    ).default("1%"),
    progressDeadline: duration("How long a new pod may take to become healthy.", "10s", "24h").default("5m"),
    autoRollback: z
      .boolean()
      .default(true)
      .meta(meta({ description: "Whether a failed rollout goes back by itself, or stops and waits." })),
    approval: z
      .enum(["Automatic", "Manual"])
      .default("Automatic")
      .meta(
        meta({
          description:
            "Manual waits after the canary for the annotation kloudmate.com/approve with the revision as value.",
        }),
      ),
  })
  .prefault({})
  .meta(meta({ description: "How changes of the agents reach the nodes." }));
