import * as z from "zod";
import { NODE_AGENT_RULES, clusterAgent, nodeAgent } from "./agents.ts";
import { BOUND } from "./bounds.ts";
import { config } from "./collector-config.ts";
import { configMapKey, dataKey, form, meta, objectName, text } from "./fields.ts";
import { HEALTH_RULES, health } from "./health.ts";
import { httpUrl, platform } from "./platform.ts";
import { rollout } from "./rollout.ts";
import { clusterAgentState, condition, configInForce, count, nodeFinding, rolloutProgress } from "./status-fields.ts";

/*
 * The single source of the KmAgent: types, defaults, the CRD and the API reference all come from these schemas.
 * Defaults are constants only: what depends on the release, such as images, the operator resolves by itself, for a default
 * that the API server once wrote into a resource stays there for ever.
 */

const componentTypes = (description: string) =>
  z
    .array(
      form(
        {
          max: 63,
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
      description: "What is wanted of the agents. clusterName and apiKeySecretRef must be set; all else has a default.",
      rules: [
        ...NODE_AGENT_RULES,
        ...HEALTH_RULES,
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
      .max(BOUND.listedNodes)
      .meta(
        meta({ description: `The worst ${BOUND.listedNodes} unhealthy nodes.`, listType: "map", mapKeys: ["node"] }),
      ),
    uncoveredNodes: z
      .array(nodeFinding)
      .max(BOUND.listedNodes)
      .meta(
        meta({
          description: `The worst ${BOUND.listedNodes} nodes without an agent.`,
          listType: "map",
          mapKeys: ["node"],
        }),
      ),
    config: configInForce,
    rollout: rolloutProgress,
    clusterAgent: clusterAgentState,
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
  .meta(meta({ description: "What is: written by the operator, and by nobody else." }));

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
