import { z } from "zod";
import {
  countOrPercent,
  dataKey,
  duration,
  durationOrSeconds,
  meta,
  objectName,
  passThrough,
  passThroughList,
  stringMap,
  text,
} from "./fields.ts";
import { CONDITION_TYPES } from "./conditions.ts";

/*
 * The single source of the KmAgent: types, defaults, the CRD and the API reference all come from these schemas.
 * Defaults are constants only: what depends on the release, such as images, the operator resolves by itself, for a default
 * that the API server once wrote into a resource stays there for ever.
 */

const RESERVED_LABELS = [
  "app.kubernetes.io/name",
  "app.kubernetes.io/instance",
  "app.kubernetes.io/component",
  "app.kubernetes.io/managed-by",
  "controller-revision-hash",
  "pod-template-generation",
];

/** Environment variables that the operator itself sets in the agents' containers. */
export const RESERVED_ENV = [
  "KM_API_KEY",
  "KM_COLLECTOR_ENDPOINT",
  "KM_CLUSTER_NAME",
  "KM_NODE_NAME",
  "KM_NODE_HOST_IP",
  "KM_POD_NAME",
  "KM_POD_IP",
  "KM_AGENT_VERSION",
  "KM_CONFIG_CHECK_INTERVAL",
  "DEPLOYMENT_MODE",
  "POD_NAMESPACE",
  "CONFIGMAP_NAME",
  "HTTPS_PROXY",
  "NO_PROXY",
  "SSL_CERT_FILE",
  "GOMEMLIMIT",
] as const;

const quoted = (words: readonly string[]) => `[${words.map((word) => `'${word}'`).join(", ")}]`;

const httpUrl = (description: string) =>
  text(512, description, [
    {
      rule: "isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != ''",
      message: "must be an http or https URL with a host, such as https://otel.kloudmate.com:4318",
    },
    { rule: "!self.contains('@')", message: "must hold no user or password; the API key goes into a Secret" },
    { rule: "!self.contains('?') && !self.contains('#')", message: "must have no query and no fragment" },
  ]);

const image = text(
  512,
  "Image reference with a tag or digest. Where it isn't set the operator takes the one that it was released with, and shows it in status.",
  [
    {
      rule: "self.matches('^[a-zA-Z0-9][a-zA-Z0-9._:/-]*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|@sha256:[0-9a-f]{64})$')",
      message: "must name a tag or a digest, such as registry.example.com/km-kube-agent:1.2.0",
    },
    {
      rule: "!self.endsWith(':latest')",
      message: "must not be latest: nobody could tell which version runs where; name a version or a digest",
    },
  ],
);

const imagePullPolicy = z
  .enum(["Always", "IfNotPresent", "Never"])
  .meta(meta({ description: "When kubelet pulls the image. Where it isn't set, IfNotPresent." }));

const imagePullSecrets = z
  .array(z.object({ name: objectName("Name of a Secret in the same namespace.") }))
  .max(16)
  .meta(meta({ description: "Secrets for a private registry.", listType: "atomic" }));

const quantities = (description: string) =>
  z
    .record(
      z.string(),
      z.union([z.string().max(32), z.int()]).meta(
        meta({
          description: "A Kubernetes quantity.",
          intOrString: true,
          rules: [{ rule: "isQuantity(string(self))", message: "must be a quantity, such as 100m or 256Mi" }],
        }),
      ),
    )
    .meta({ ...meta({ description }), maxProperties: 16 });

const resources = z
  .object({
    requests: quantities("What the scheduler reserves.").optional(),
    limits: quantities("What the container may use at most.").optional(),
  })
  .meta(meta({ description: "Requests and limits of the container. Where it isn't set, small ones that fit the default configuration." }));

const tolerations = z
  .array(
    z.object({
      key: text(316, "Taint key; empty with operator Exists matches all.").optional(),
      operator: z.enum(["Exists", "Equal"]).optional().meta(meta({ description: "How key and value are compared; Equal where not set." })),
      value: text(63, "Taint value.").optional(),
      effect: z
        .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
        .optional()
        .meta(meta({ description: "Taint effect; all where not set." })),
      tolerationSeconds: z
        .int()
        .min(-9007199254740991)
        .max(9007199254740991)
        .optional()
        .meta(meta({ description: "How long a NoExecute taint is tolerated.", format: "int64" })),
    }),
  )
  .max(64);

const nodeSelector = (description: string) => stringMap(description, 32, 63);

const env = z
  .array(
    z
      .object({
        name: z
          .string()
          .min(1)
          .max(128)
          .regex(/^[-._a-zA-Z][-._a-zA-Z0-9]*$/)
          .meta(meta({ description: "Name of the variable." })),
        value: text(4096, "Plain value. Put secrets into a Secret and use valueFrom.").optional(),
        valueFrom: passThrough("A Kubernetes EnvVarSource.").optional(),
      })
      .meta({
        "x-kubernetes-validations": [
          { rule: "!(has(self.value) && has(self.valueFrom))", message: "set value or valueFrom, not both" },
        ],
      }),
  )
  .max(64)
  .meta(
    meta({
      description: "Further environment variables of the container.",
      listType: "map",
      mapKeys: ["name"],
      rules: [
        {
          rule: `self.all(e, !(e.name in ${quoted(RESERVED_ENV)}))`,
          message: `the operator sets these itself: ${RESERVED_ENV.join(", ")}`,
        },
      ],
    }),
  );

const podLabels = stringMap("Further labels of the pods.", 32, 63, [
  {
    rule: `self.all(key, !(key in ${quoted(RESERVED_LABELS)}) && !key.startsWith('kloudmate.com/'))`,
    message: `these keys are the operator's own: ${RESERVED_LABELS.join(", ")} and all below kloudmate.com/`,
  },
  {
    rule: "self.all(key, key.size() <= 317 && self[key].matches('^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'))",
    message: "label values are at most 63 of A-Z a-z 0-9 - _ . and begin and end with a letter or digit",
  },
]);

const podAnnotations = stringMap("Further annotations of the pods.", 32, 4096, [
  {
    rule: "self.all(key, !key.startsWith('kloudmate.com/'))",
    message: "annotations below kloudmate.com/ are the operator's own",
  },
]);

const componentConfig = (description: string) =>
  z
    .object({
      inline: text(262_144, "The collector configuration itself, as YAML.").optional(),
      configMapKeyRef: z
        .object({ name: objectName("Name of a ConfigMap in the same namespace."), key: dataKey("Key of its data.") })
        .optional()
        .meta(meta({ description: "A ConfigMap's key that holds the collector configuration." })),
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

const hostList = (description: string) =>
  z
    .array(
      text(253, "A host name or an address, without port.", [
        {
          rule: "self.matches('^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$') || isIP(self)",
          message: "must be a lower-case host name or an IP address, without scheme, port or path",
        },
      ]),
    )
    .max(32)
    .default([])
    .meta(meta({ description, listType: "set" }));

const platform = z
  .object({
    endpoint: httpUrl(
      "Where the cluster checks in and node reports go. It is never derived from another URL. An http URL is taken and warned of, for the API key travels in clear text.",
    ).default("https://api.kloudmate.com/agents/config-check"),
    configCheckInterval: durationOrSeconds("How often the cluster checks in.", 5, 86_400).default("60s"),
    nodeReports: z
      .object({
        enabled: z.boolean().default(true).meta(meta({ description: "Whether each node's status is reported." })),
        interval: duration("How often an unchanged node is reported.", "5s", "24h").default("60s"),
        hostname: z
          .enum(["Node", "ClusterAndNode"])
          .default("Node")
          .meta(
            meta({
              description:
                "The identity of a node on the platform: its name, or cluster and name where many clusters have nodes of the same name.",
            }),
          ),
      })
      .prefault({})
      .meta(meta({ description: "The nine-field status of each node." })),
    remoteConfig: z
      .object({
        mode: z
          .enum(["Apply", "Disabled"])
          .default("Apply")
          .meta(meta({ description: "Whether configurations that the platform sends are applied. Apply needs rollout.strategy Staged." })),
        minInterval: duration("Least time between two remote rollouts; the newest configuration wins.", "0s", "24h").default("5m"),
        allowedExporterHosts: hostList("Hosts besides the collector endpoint's to which a remote configuration may export."),
        allowedReceiverHosts: hostList("Hosts that receivers of a remote configuration may dial."),
      })
      .prefault({})
      .meta(meta({ description: "Configurations that the platform sends." })),
  })
  .prefault({})
  .meta(meta({ description: "How the operator talks to the KloudMate platform." }));

const hostPorts = z
  .object({
    health: z
      .boolean()
      .default(true)
      .meta(meta({ description: "Binds 13133 on the node's loopback, so that `curl http://localhost:13133/` works on the node." })),
    otlp: z
      .boolean()
      .default(false)
      .meta(meta({ description: "Binds 4317 and 4318 on the node, so that workloads can send to their node's address." })),
  })
  .prefault({})
  .meta(meta({ description: "Ports of the node that lead to the agent." }));

const nodeAgent = z
  .object({
    profile: z
      .enum(["Full", "Baseline"])
      .default("Full")
      .meta(
        meta({
          description:
            "Full reads host paths and may bind host ports. Baseline has no host path, host port or added capability, so it gives metrics only; it is for namespaces under Pod Security baseline.",
        }),
      ),
    image: image.optional(),
    imagePullPolicy: imagePullPolicy.optional(),
    imagePullSecrets: imagePullSecrets.optional(),
    resources: resources.optional(),
    nodeSelector: nodeSelector("Nodes that get an agent.").default({ "kubernetes.io/os": "linux" }),
    tolerations: tolerations
      .default([{ operator: "Exists" }])
      .meta(meta({ description: "Taints that keep no agent away. All are tolerated by default: a node without an agent is a blind spot.", listType: "atomic" })),
    affinity: passThrough("A Kubernetes Affinity.").optional(),
    priorityClassName: objectName("Name of a PriorityClass.").optional(),
    env: env.optional(),
    extraVolumes: passThroughList("Further Kubernetes Volumes of the pods.", 32).optional(),
    extraVolumeMounts: passThroughList("Further Kubernetes VolumeMounts of the container.", 32).optional(),
    podLabels: podLabels.optional(),
    podAnnotations: podAnnotations.optional(),
    securityContext: passThrough("A Kubernetes SecurityContext, merged over the operator's own, for instance for seLinuxOptions.").optional(),
    dnsPolicy: z
      .enum(["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"])
      .optional()
      .meta(meta({ description: "DNS policy of the pods. Where it isn't set, ClusterFirst, or ClusterFirstWithHostNet with hostNetwork." })),
    hostNetwork: z.boolean().default(false).meta(meta({ description: "Whether the pods use the node's own network." })),
    hostPorts,
    privileged: z.boolean().default(false).meta(meta({ description: "Whether the container is privileged; only eBPF receivers need it." })),
    terminationGracePeriodSeconds: z
      .int()
      .min(1)
      .max(600)
      .default(30)
      .meta(meta({ description: "Seconds that a stopping agent has to flush its telemetry.", format: "int64" })),
  })
  .prefault({})
  .meta(
    meta({
      description: "The agent on every node: a DaemonSet.",
      rules: [
        {
          rule: "!(self.hostNetwork && self.hostPorts.otlp)",
          message: "hostPorts.otlp must be off with hostNetwork: the agent then listens on the node's own ports",
          fieldPath: ".hostPorts.otlp",
        },
        {
          rule: "self.profile != 'Baseline' || !self.hostNetwork",
          message: "profile Baseline allows no hostNetwork",
          fieldPath: ".hostNetwork",
        },
        {
          rule: "self.profile != 'Baseline' || !self.privileged",
          message: "profile Baseline allows no privileged container",
          fieldPath: ".privileged",
        },
        {
          rule: "self.profile != 'Baseline' || !self.hostPorts.otlp",
          message: "profile Baseline allows no host ports",
          fieldPath: ".hostPorts.otlp",
        },
        {
          rule: "self.profile != 'Baseline' || !has(self.extraVolumes) || self.extraVolumes.all(v, !('hostPath' in v))",
          message: "profile Baseline allows no hostPath volumes",
          fieldPath: ".extraVolumes",
        },
      ],
    }),
  );

const clusterAgent = z
  .object({
    enabled: z.boolean().default(true).meta(meta({ description: "Whether there is a cluster agent." })),
    image: image.optional(),
    imagePullPolicy: imagePullPolicy.optional(),
    imagePullSecrets: imagePullSecrets.optional(),
    resources: resources.optional(),
    nodeSelector: nodeSelector("Nodes on which it may run.").default({ "kubernetes.io/os": "linux" }),
    tolerations: tolerations.default([]).meta(meta({ description: "Taints that it tolerates.", listType: "atomic" })),
    affinity: passThrough("A Kubernetes Affinity.").optional(),
    priorityClassName: objectName("Name of a PriorityClass.").optional(),
    env: env.optional(),
    podLabels: podLabels.optional(),
    podAnnotations: podAnnotations.optional(),
  })
  .prefault({})
  .meta(meta({ description: "The one agent for the cluster as a whole: a Deployment with one replica." }));

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
      .meta(meta({ description: "Signals that the default configuration collects; one that is off is refused from remote too." })),
    nodeAgent: componentConfig("Collector configuration of the node agents, in place of the default and of any remote one.").optional(),
    clusterAgent: componentConfig("Collector configuration of the cluster agent, in place of the default and of any remote one.").optional(),
  })
  .prefault({})
  .meta(meta({ description: "Collector configuration: what is given here, else an accepted remote one, else the built-in default." }));

const health = z
  .object({
    interval: duration("How often each agent's health endpoint is asked.", "1s", "1h").default("30s"),
    timeout: duration("How long one answer may take.", "100ms", "30s").default("2s"),
    failureThreshold: z
      .int()
      .min(1)
      .max(100)
      .default(3)
      .meta(meta({ description: "Misses in a row that turn a running collector into a stopped one.", format: "int32" })),
    startupGrace: duration("How long a node that has just become Ready counts as starting.", "0s", "1h").default("2m"),
    maxUnhealthy: countOrPercent("More unhealthy or uncovered nodes than this make Ready False; a percentage is rounded down.", 0).default("10%"),
  })
  .prefault({})
  .meta(
    meta({
      description: "How the health of the agents is judged.",
      rules: [
        {
          rule: "duration(self.timeout) <= duration(self.interval)",
          message: "must not be longer than health.interval",
          fieldPath: ".timeout",
        },
      ],
    }),
  );

const rollout = z
  .object({
    strategy: z
      .enum(["Staged", "RollingUpdate"])
      .default("Staged")
      .meta(meta({ description: "Staged proves a change on a canary and rolls back by itself; RollingUpdate is Kubernetes' own." })),
    canary: countOrPercent("Nodes that prove a change first.", 1).default(1),
    bakeTime: duration("How long a new pod must stay healthy to count as proved.", "0s", "24h").default("30s"),
    maxUnavailable: countOrPercent("Nodes that may be without an agent at once because of a rollout; at least one.", 1).default("10%"),
    maxFailures: countOrPercent("Failed nodes after the canary that a rollout bears; a percentage is rounded down.", 0).default("1%"),
    progressDeadline: duration("How long a new pod may take to become healthy.", "10s", "24h").default("5m"),
    autoRollback: z.boolean().default(true).meta(meta({ description: "Whether a failed rollout goes back by itself, or stops and waits." })),
    approval: z
      .enum(["Automatic", "Manual"])
      .default("Automatic")
      .meta(meta({ description: "Manual waits after the canary for the annotation kloudmate.com/approve with the revision as value." })),
  })
  .prefault({})
  .meta(meta({ description: "How changes of the agents reach the nodes." }));

/** `spec` of a KmAgent, with every default in place once parsed. */
export const KmAgentSpec = z
  .object({
    clusterName: z
      .string()
      .min(1)
      .max(63)
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/)
      .meta(meta({ description: "The cluster's identity on the platform." })),
    apiKeySecretRef: z
      .object({ name: objectName("Name of a Secret in the same namespace."), key: dataKey("Key of its data.") })
      .meta(meta({ description: "The Secret's key that holds the KloudMate API key." })),
    collectorEndpoint: httpUrl(
      "Where the agents export to, by OTLP over HTTP. An http URL is taken and warned of, for the API key travels in clear text.",
    ).default("https://otel.kloudmate.com:4318"),
    proxy: z
      .object({
        httpsProxy: httpUrl("Proxy of outgoing calls.").optional(),
        noProxy: text(2048, "Comma-separated hosts, domains and CIDRs that need no proxy.").optional(),
      })
      .optional()
      .meta(meta({ description: "Proxy for the operator's calls to the platform and for the collectors alike." })),
    caBundleRef: z
      .object({ name: objectName("Name of a ConfigMap in the same namespace."), key: dataKey("Key of its data.") })
      .optional()
      .meta(meta({ description: "A ConfigMap's key with PEM certificates that are trusted besides the system's." })),
    platform,
    distribution: z
      .enum(["kloudmate", "contrib", "custom"])
      .default("kloudmate")
      .meta(meta({ description: "Which components the image holds. It chooses the default configuration and what the guard knows." })),
    components: z
      .object(
        Object.fromEntries(
          (["receivers", "processors", "exporters", "extensions", "connectors"] as const).map((kind) => [
            kind,
            z
              .array(text(64, "A component type, such as otlp."))
              .max(256)
              .default([])
              .meta(meta({ description: `Types of ${kind} in the image.`, listType: "set" })),
          ]),
        ) as Record<"receivers" | "processors" | "exporters" | "extensions" | "connectors", z.ZodDefault<z.ZodArray<z.ZodString>>>,
      )
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
      .meta(meta({ description: "Changes nothing in the cluster while true; goes on observing and reporting, and says what it would change." })),
  })
  .meta(
    meta({
      description: "What is wanted.",
      rules: [
        {
          rule: "(self.distribution == 'custom') == has(self.components)",
          message: "distribution custom needs components, and the other distributions have none",
          fieldPath: ".components",
        },
        {
          rule: "self.rollout.strategy == 'Staged' || self.platform.remoteConfig.mode == 'Disabled'",
          message: "remote configuration needs rollout.strategy Staged; set platform.remoteConfig.mode to Disabled for RollingUpdate",
          fieldPath: ".rollout.strategy",
        },
      ],
    }),
  );

const timestamp = (description: string) => z.string().max(40).meta(meta({ description, format: "date-time" }));
const count = (description: string) => z.int().min(0).meta(meta({ description, format: "int32" }));

const nodeFinding = z.object({
  node: text(253, "Name of the node."),
  since: timestamp("When this began."),
  reason: text(64, "Reason in one word; the operations reference explains each."),
  message: text(1100, "What is wrong, and what to do."),
});

const condition = z.object({
  type: z.enum(CONDITION_TYPES).meta(meta({ description: "Type of the condition." })),
  status: z.enum(["True", "False", "Unknown"]).meta(meta({ description: "Whether it holds." })),
  observedGeneration: z.int().min(0).meta(meta({ description: "Generation of the resource that this speaks of.", format: "int64" })),
  lastTransitionTime: timestamp("When status changed last."),
  reason: text(64, "Reason in one word; the operations reference explains each."),
  message: text(4096, "What is wrong, where, and what to do."),
});

/** `status` of a KmAgent as the operator writes it. Bounded: it holds 64 KiB at most with 5,000 nodes. */
export const KmAgentStatus = z
  .object({
    observedGeneration: z.int().min(0).meta(meta({ description: "Generation of the spec that this status speaks of.", format: "int64" })),
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
        excluded: count("Nodes outside the node selector, and virtual ones."),
      })
      .partial()
      .meta(meta({ description: "Counts of nodes." })),
    unhealthyNodes: z.array(nodeFinding).max(20).meta(meta({ description: "The worst 20 unhealthy nodes.", listType: "map", mapKeys: ["node"] })),
    uncoveredNodes: z.array(nodeFinding).max(20).meta(meta({ description: "The worst 20 nodes without an agent.", listType: "map", mapKeys: ["node"] })),
    config: z
      .object({
        source: z.enum(["Spec", "Remote", "Default"]).meta(meta({ description: "Where the configuration in force comes from." })),
        revision: text(64, "Revision that is in force."),
        since: timestamp("Since when it is in force."),
        lastRemote: z
          .object({
            hash: text(64, "Hash of the last remote configuration."),
            verdict: z.enum(["Accepted", "Refused", "Overridden", "RolledBack"]).meta(meta({ description: "What became of it." })),
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
          .meta(meta({ description: "Phase of the rollout." })),
        phaseSince: timestamp("Since when it is in that phase."),
        target: text(64, "Revision that is being rolled out."),
        stable: text(64, "Last revision that was proved."),
        canaries: z.array(text(253, "Name of a node.")).max(64).meta(meta({ description: "Nodes that prove the target.", listType: "set" })),
        inFlight: z
          .array(z.object({ node: text(253, "Name of the node."), podUID: text(64, "UID of the pod that was deleted for it.") }))
          .max(500)
          .meta(meta({ description: "Nodes whose pod is being replaced.", listType: "map", mapKeys: ["node"] })),
        updated: count("Nodes at the target."),
        failed: count("Nodes that failed at the target."),
        waitingFor: z
          .object({ gate: text(64, "Name of the gate."), message: text(1100, "What it waits for.") })
          .meta(meta({ description: "What the rollout waits for." })),
        rejected: z
          .array(
            z.object({
              revision: text(64, "Revision."),
              reason: text(64, "Reason in one word."),
              message: text(512, "Why it failed, and where."),
              since: timestamp("When it was rejected."),
            }),
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
