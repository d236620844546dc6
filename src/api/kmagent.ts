import { z } from "zod";
import { NODE_AGENT_RULES, clusterAgent, nodeAgent } from "./agents.ts";
import { CONDITION_TYPES } from "./conditions.ts";
import { countOrPercent, dataKey, duration, form, meta, notLonger, objectName, text } from "./fields.ts";
import { httpUrl, platform } from "./platform.ts";

/*
 * The single source of the KmAgent: types, defaults, the CRD and the API reference all come from these schemas.
 * Defaults are constants only: what depends on the release, such as images, the operator resolves by itself, for a default
 * that the API server once wrote into a resource stays there for ever.
 */

const configMapKey = (description: string) =>
  z
    .object({ name: objectName("Name of a ConfigMap in the same namespace."), key: dataKey("Key of its data.") })
    .meta(meta({ description, mapType: "atomic" }));

const componentConfig = (description: string) =>
  z
    .object({
      inline: text(262_144, "The collector configuration itself, as YAML.").optional(),
      configMapKeyRef: configMapKey("A ConfigMap's key that holds the collector configuration.").optional(),
    })
    .meta(
      meta({
        description,
        rules: [
          {
            rule: "has(self.inline) != has(self.configMapKeyRef)",
            message: "set inline or configMapKeyRef, one of the two",
          },
        ],
      }),
    );

const feature = (description: string) => z.boolean().default(true).meta(meta({ description }));

const config = z
  .object({
    features: z
      .object({
        logs: feature("Container logs."),
        metrics: feature("Metrics of hosts and kubelets."),
        traces: feature("An OTLP receiver on each node."),
      })
      .prefault({})
      .meta(
        meta({
          description: "Signals that the default configuration collects; one that is off is refused from remote too.",
        }),
      ),
    nodeAgent: componentConfig(
      "Collector configuration of the node agents, in place of the default and of any remote one.",
    ).optional(),
    clusterAgent: componentConfig(
      "Collector configuration of the cluster agent, in place of the default and of any remote one.",
    ).optional(),
  })
  .prefault({})
  .meta(
    meta({
      description:
        "Collector configuration: what is given here, else an accepted remote one, else the built-in default.",
    }),
  );

const health = z
  .object({
    interval: duration("How often each agent's health endpoint is asked.", "1s", "1h").default("30s"),
    timeout: duration("How long one answer may take; not longer than interval.", "100ms", "30s").default("2s"),
    failureThreshold: z
      .int()
      .min(1)
      .max(100)
      .default(3)
      .meta(
        meta({ description: "Misses in a row that turn a running collector into a stopped one.", format: "int32" }),
      ),
    startupGrace: duration("How long a node that has just become Ready counts as starting.", "0s", "1h").default("2m"),
    maxUnhealthy: countOrPercent(
      "More unhealthy or uncovered nodes than this make Ready False; a percentage is rounded down.",
      0,
    ).default("10%"),
  })
  .prefault({})
  .meta(meta({ description: "How the health of the agents is judged." }));

const rollout = z
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

const componentTypes = (description: string) =>
  z
    .array(
      form(
        {
          max: 64,
          pattern: /^[a-zA-Z][0-9a-zA-Z_]*$/,
          message: "must be a component's type: letters, digits and _ only, beginning with a letter",
        },
        "A component type, such as otlp.",
      ),
    )
    .max(256)
    .default([])
    .meta(meta({ description, listType: "set" }));

/** `spec` of a KmAgent, with every default in place once parsed. */
export const KmAgentSpec = z
  .object({
    clusterName: form(
      {
        max: 63,
        pattern: /^[A-Za-z0-9][A-Za-z0-9._-]*$/,
        message: "must begin with a letter or digit and hold letters, digits, - _ and . only",
      },
      "The cluster's identity on the platform.",
    ),
    apiKeySecretRef: z
      .object({ name: objectName("Name of a Secret in the same namespace."), key: dataKey("Key of its data.") })
      .meta(meta({ description: "The Secret's key that holds the KloudMate API key.", mapType: "atomic" })),
    collectorEndpoint: httpUrl(
      "Where the agents export to, by OTLP over HTTP. An http URL is taken and warned of, for the API key travels in clear text.",
      "https://otel.kloudmate.com:4318",
    ).default("https://otel.kloudmate.com:4318"),
    proxy: z
      .object({
        httpsProxy: httpUrl("Proxy of outgoing calls.", "http://proxy.example.com:3128").optional(),
        noProxy: text(2048, "Comma-separated hosts, domains and CIDRs that need no proxy.").optional(),
      })
      .optional()
      .meta(meta({ description: "Proxy for the operator's calls to the platform and for the collectors alike." })),
    caBundleRef: configMapKey(
      "A ConfigMap's key with PEM certificates that are trusted besides the system's.",
    ).optional(),
    platform,
    distribution: z
      .enum(["kloudmate", "contrib", "custom"])
      .default("kloudmate")
      .meta(
        meta({
          description:
            "Which components the image holds. It chooses the default configuration and what the guard knows.",
        }),
      ),
    components: z
      .object({
        receivers: componentTypes("Types of receivers in the image."),
        processors: componentTypes("Types of processors in the image."),
        exporters: componentTypes("Types of exporters in the image."),
        extensions: componentTypes("Types of extensions in the image."),
        connectors: componentTypes("Types of connectors in the image."),
      })
      .optional()
      .meta(meta({ description: "The components of a custom distribution." })),
    nodeAgent,
    clusterAgent,
    config,
    health,
    rollout,
    paused: z
      .boolean()
      .default(false)
      .meta(
        meta({
          description:
            "Changes nothing in the cluster while true; goes on observing and reporting, and says what it would change.",
        }),
      ),
  })
  .meta(
    meta({
      description: "What is wanted.",
      rules: [
        ...NODE_AGENT_RULES,
        notLonger("health.timeout", "health.interval", "must not be longer than health.interval"),
        {
          rule: "(self.distribution == 'custom') == has(self.components)",
          message: "distribution custom needs components, and the other distributions have none",
          fieldPath: ".components",
        },
        {
          rule: "self.rollout.strategy == 'Staged' || self.platform.remoteConfig.mode == 'Disabled'",
          message:
            "remote configuration needs rollout.strategy Staged; set platform.remoteConfig.mode to Disabled for RollingUpdate",
          fieldPath: ".rollout.strategy",
        },
      ],
    }),
  );

const timestamp = (description: string) =>
  z
    .string()
    .max(40)
    .meta(meta({ description, format: "date-time" }));
const count = (description: string) =>
  z
    .int()
    .min(0)
    .meta(meta({ description, format: "int32" }));

const nodeFinding = z
  .object({
    node: text(253, "Name of the node."),
    since: timestamp("When this began."),
    reason: text(64, "Reason in one word; the operations reference explains each."),
    message: text(1100, "What is wrong, and what to do."),
  })
  .meta(meta({ description: "One node." }));

const condition = z
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

/** `status` of a KmAgent as the operator writes it. Bounded: it holds 64 KiB at most with 5,000 nodes. */
export const KmAgentStatus = z
  .object({
    observedGeneration: z
      .int()
      .min(0)
      .meta(meta({ description: "Generation of the spec that this status speaks of.", format: "int64" })),
    conditions: z
      .array(condition)
      .max(16)
      .meta(meta({ description: "Conditions by type.", listType: "map", mapKeys: ["type"] })),
    nodes: z
      .object({
        desired: count("Nodes that should have an agent."),
        healthy: count("Nodes whose agent and collector run."),
        unhealthy: count("Nodes whose agent or collector doesn't run."),
        updating: count("Nodes whose pod is being replaced."),
        uncovered: count("Nodes that should have an agent and have none."),
        starting: count("Nodes that are too young to be judged."),
        notReady: count("Nodes that Kubernetes itself calls not ready."),
        leaving: count("Nodes that are being drained or deleted."),
        excluded: count("Nodes outside the node selector, and virtual ones."),
      })
      .partial()
      .meta(meta({ description: "Counts of nodes." })),
    unhealthyNodes: z
      .array(nodeFinding)
      .max(20)
      .meta(meta({ description: "The worst 20 unhealthy nodes.", listType: "map", mapKeys: ["node"] })),
    uncoveredNodes: z
      .array(nodeFinding)
      .max(20)
      .meta(meta({ description: "The worst 20 nodes without an agent.", listType: "map", mapKeys: ["node"] })),
    config: z
      .object({
        source: z
          .enum(["Spec", "Remote", "Default"])
          .meta(meta({ description: "Where the configuration in force comes from.", openEnum: true })),
        revision: text(64, "Revision that is in force."),
        since: timestamp("Since when it is in force."),
        lastRemote: z
          .object({
            hash: text(64, "Hash of the last remote configuration."),
            verdict: z
              .enum(["Accepted", "Refused", "Overridden", "RolledBack"])
              .meta(meta({ description: "What became of it.", openEnum: true })),
            rule: text(64, "Rule that refused it."),
            path: text(512, "Where in the document."),
            message: text(1100, "The reason, and how to mend it."),
            since: timestamp("When it was judged."),
          })
          .partial()
          .meta(meta({ description: "Verdict on the last remote configuration." })),
      })
      .partial()
      .meta(meta({ description: "The configuration in force, and why." })),
    rollout: z
      .object({
        phase: z
          .enum(["Install", "Canary", "Progressing", "Complete", "RollingBack", "RolledBack", "Stalled"])
          .meta(meta({ description: "Phase of the rollout.", openEnum: true })),
        phaseSince: timestamp("Since when it is in that phase."),
        target: text(64, "Revision that is being rolled out."),
        stable: text(64, "Last revision that was proved."),
        canaries: z
          .array(text(253, "Name of a node."))
          .max(64)
          .meta(meta({ description: "Nodes that prove the target.", listType: "set" })),
        inFlight: z
          .array(
            z
              .object({
                node: text(253, "Name of the node."),
                podUID: text(64, "UID of the pod that was deleted for it."),
              })
              .meta(meta({ description: "One node." })),
          )
          .max(500)
          .meta(meta({ description: "Nodes whose pod is being replaced.", listType: "map", mapKeys: ["node"] })),
        updated: count("Nodes at the target."),
        failed: count("Nodes that failed at the target."),
        waitingFor: z
          .object({ gate: text(64, "Name of the gate."), message: text(1100, "What it waits for.") })
          .meta(meta({ description: "What the rollout waits for." })),
        rejected: z
          .array(
            z
              .object({
                revision: text(64, "Revision."),
                reason: text(64, "Reason in one word."),
                message: text(512, "Why it failed, and where."),
                since: timestamp("When it was rejected."),
              })
              .meta(meta({ description: "One revision." })),
          )
          .max(20)
          .meta(meta({ description: "The newest 20 revisions that failed.", listType: "atomic" })),
      })
      .partial()
      .meta(meta({ description: "The rollout under way, or the last one." })),
    clusterAgent: z
      .object({
        ready: z.boolean().meta(meta({ description: "Whether the cluster agent is ready." })),
        revision: text(64, "Revision of its configuration."),
        reason: text(64, "Reason in one word where it isn't ready."),
        message: text(1100, "What is wrong."),
      })
      .partial()
      .meta(meta({ description: "The cluster agent." })),
    platformURL: text(512, "Where reports go in fact."),
    operatorVersion: text(64, "Version of the operator that wrote this."),
    versions: z
      .object({
        nodeAgentImage: text(512, "Image of the node agents."),
        clusterAgentImage: text(512, "Image of the cluster agent."),
        collector: text(64, "Version of the collector, where the image tells it."),
      })
      .partial()
      .meta(meta({ description: "What runs." })),
  })
  .partial()
  .meta(meta({ description: "What is." }));

/** What a user writes: defaults may be missing. */
export type KmAgentSpecInput = z.input<typeof KmAgentSpec>;
/** A spec with every default in place. */
export type KmAgentSpec = z.output<typeof KmAgentSpec>;
/** The status as written. Fields that nothing is known about are absent. */
export type KmAgentStatus = z.output<typeof KmAgentStatus>;
/** One condition, as in Kubernetes' API conventions. */
export type Condition = z.output<typeof condition>;
/** One entry of `unhealthyNodes` and `uncoveredNodes`. */
export type NodeFinding = z.output<typeof nodeFinding>;

/** A KmAgent as the API server gives it, reduced to what the operator uses. `spec` is parsed, `status` is the last one written. */
export interface KmAgent {
  readonly name: string;
  readonly namespace: string;
  readonly uid: string;
  readonly generation: number;
  readonly resourceVersion: string;
  /** RFC 3339. */
  readonly creationTimestamp: string;
  readonly deleting: boolean;
  readonly annotations: Readonly<Record<string, string>>;
  readonly spec: KmAgentSpec;
  readonly status: KmAgentStatus;
}
