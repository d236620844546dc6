import { KmAgentSpec, KmAgentStatus } from "./kmagent.ts";
import { GROUP, VERSION } from "./labels.ts";
import { structuralSchema } from "./structural-schema.ts";
import type { StructuralSchema } from "./structural-schema.ts";

/** A column that `kubectl get` prints; those of priority 1 only with `-o wide`. */
export interface PrinterColumn {
  readonly name: string;
  readonly type: "string" | "integer" | "date";
  readonly description: string;
  readonly jsonPath: string;
  readonly priority?: 1;
}

/** The part of Kubernetes' CustomResourceDefinition (apiextensions.k8s.io/v1) that we write. */
export interface CustomResourceDefinition {
  readonly apiVersion: "apiextensions.k8s.io/v1";
  readonly kind: "CustomResourceDefinition";
  readonly metadata: { readonly name: string };
  readonly spec: {
    readonly group: string;
    readonly scope: "Namespaced";
    readonly names: {
      readonly kind: string;
      readonly listKind: string;
      readonly plural: string;
      readonly singular: string;
      readonly shortNames: readonly string[];
      readonly categories: readonly string[];
    };
    readonly versions: readonly [
      {
        readonly name: string;
        readonly served: true;
        readonly storage: true;
        readonly subresources: { readonly status: Readonly<Record<string, never>> };
        readonly additionalPrinterColumns: readonly PrinterColumn[];
        readonly schema: { readonly openAPIV3Schema: StructuralSchema };
      },
    ];
  };
}

/** The longest name of a KmAgent: what is made from it, with component and revision, still fits into 63 characters. */
export const NAME_MAX = 40;

const condition = (type: string, field: "status" | "reason" | "message") =>
  `.status.conditions[?(@.type=="${type}")].${field}`;

/** What `kubectl get kma` shows. */
export const PRINTER_COLUMNS: readonly PrinterColumn[] = [
  { name: "Ready", type: "string", description: "Whether all is well.", jsonPath: condition("Ready", "status") },
  {
    name: "Nodes",
    type: "integer",
    description: "Nodes that should have an agent.",
    jsonPath: ".status.nodes.desired",
  },
  {
    name: "Healthy",
    type: "integer",
    description: "Nodes whose agent and collector run.",
    jsonPath: ".status.nodes.healthy",
  },
  {
    name: "Unhealthy",
    type: "integer",
    description: "Nodes whose agent or collector doesn't run.",
    jsonPath: ".status.nodes.unhealthy",
    priority: 1,
  },
  {
    name: "Uncovered",
    type: "integer",
    description: "Nodes without an agent.",
    jsonPath: ".status.nodes.uncovered",
    priority: 1,
  },
  { name: "Revision", type: "string", description: "Revision in force.", jsonPath: ".status.config.revision" },
  {
    name: "Source",
    type: "string",
    description: "Where the configuration in force comes from.",
    jsonPath: ".status.config.source",
    priority: 1,
  },
  { name: "Rollout", type: "string", description: "Phase of the rollout.", jsonPath: ".status.rollout.phase" },
  {
    name: "Platform",
    type: "string",
    description: "Whether the platform takes our reports.",
    jsonPath: condition("PlatformConnected", "reason"),
  },
  {
    name: "Reason",
    type: "string",
    description: "Why Ready is what it is.",
    jsonPath: condition("Ready", "reason"),
    priority: 1,
  },
  {
    name: "Message",
    type: "string",
    description: "What is wrong, where, and what to do.",
    jsonPath: condition("Ready", "message"),
    priority: 1,
  },
  { name: "Age", type: "date", description: "Since when it exists.", jsonPath: ".metadata.creationTimestamp" },
];

/** The CustomResourceDefinition of KmAgent, made from the zod schemas. */
export function customResourceDefinition(): CustomResourceDefinition {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `kmagents.${GROUP}` },
    spec: {
      group: GROUP,
      scope: "Namespaced",
      names: {
        kind: "KmAgent",
        listKind: "KmAgentList",
        plural: "kmagents",
        singular: "kmagent",
        shortNames: ["kma"],
        categories: ["kloudmate"],
      },
      versions: [
        {
          name: VERSION,
          served: true,
          storage: true,
          subresources: { status: {} },
          additionalPrinterColumns: PRINTER_COLUMNS,
          schema: { openAPIV3Schema: rootSchema() },
        },
      ],
    },
  };
}

/** The schema of a whole KmAgent. */
export function rootSchema(): StructuralSchema {
  return {
    description: "KmAgent asks for a KloudMate agent, an OpenTelemetry Collector, on every node of the cluster.",
    type: "object",
    required: ["spec"],
    properties: {
      apiVersion: { description: "Version of the API that this object is written in.", type: "string" },
      kind: { description: "Kind of this object: KmAgent.", type: "string" },
      // Named only so that the rule below can point at it: a structural schema may say no more of metadata.
      metadata: { type: "object", properties: { name: { type: "string" } } },
      spec: structuralSchema(KmAgentSpec),
      status: structuralSchema(KmAgentStatus),
    },
    "x-kubernetes-validations": [
      {
        rule: `self.metadata.name.size() <= ${NAME_MAX}`,
        message: `must have at most ${NAME_MAX} characters, for the names of what is made from it are longer`,
        fieldPath: ".metadata.name",
      },
    ],
  };
}
