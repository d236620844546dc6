import * as z from "zod";
import { AGENT_VARIABLES } from "./agent-variables.ts";
import { form, meta, objectName, passThrough, stringMap, text } from "./fields.ts";
import { GROUP, LABEL } from "./labels.ts";

/*
 * Fields that both agents' pods have in common. They follow Kubernetes' own names and forms, so that what people know of pods
 * holds here.
 */

/** Labels that the operator, the DaemonSet controller or the Deployment controller sets on the agents' pods. */
const RESERVED_LABELS = [
  LABEL.name,
  LABEL.instance,
  LABEL.component,
  LABEL.managedBy,
  LABEL.templateHash,
  "pod-template-generation",
  "pod-template-hash",
];

/** What a user may not call a variable of the agents. */
const VARIABLE_NAMES = AGENT_VARIABLES.map(({ name }) => name);

/** Names of the volumes that the operator itself gives the agents' pods. */
export const RESERVED_VOLUMES = [
  "config",
  "tmp",
  "ca-bundle",
  "host-root",
  "pod-logs",
  "container-logs",
  "storage",
] as const;

const quoted = (words: readonly string[]) => `[${words.map((word) => `'${word}'`).join(", ")}]`;

/** An image that says which version it is. */
export const image = form(
  {
    max: 512,
    pattern:
      /^(([A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:]+\])(:[0-9]+)?[/])?[a-z0-9]+([._-]+[a-z0-9]+)*([/][a-z0-9]+([._-]+[a-z0-9]+)*)*(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127}|(:[A-Za-z0-9_][A-Za-z0-9._-]{0,127})?@sha256:[0-9a-f]{64})$/,
    message: "must be an image with a tag or a digest, such as registry.example.com/km-kube-agent:1.2.0",
  },
  "Image with a tag or a digest. Where it isn't set the operator takes the one that it was released with, and shows it in status.",
  [
    {
      rule: "!self.endsWith(':latest')",
      message: "must not be latest: nobody could tell which version runs where; name a version or a digest",
    },
  ],
);

/** As in a container. */
export const imagePullPolicy = z
  .enum(["Always", "IfNotPresent", "Never"])
  .meta(meta({ description: "When kubelet pulls the image. Where it isn't set, IfNotPresent." }));

/** As in a pod. */
export const imagePullSecrets = z
  .array(
    z
      .object({ name: objectName("Name of a Secret in the same namespace.") })
      .meta(meta({ description: "One Secret.", mapType: "atomic" })),
  )
  .max(16)
  .meta(meta({ description: "Secrets for a private registry.", listType: "map", mapKeys: ["name"] }));

// Six at most: with more, Kubernetes 1.29 finds the rule that compares requests with limits too costly.
const quantities = (description: string) =>
  z
    .record(
      z.string(),
      z.union([z.string().max(32), z.int()]).meta(
        meta({
          description: "A Kubernetes quantity, such as 100m or 256Mi.",
          intOrString: true,
          rules: [{ rule: "isQuantity(string(self))", message: "must be a quantity, such as 100m or 256Mi" }],
        }),
      ),
    )
    .meta(meta({ description, maxProperties: 6 }));

/** As in a container. */
export const resources = z
  .object({
    requests: quantities("What the scheduler reserves.").optional(),
    limits: quantities("What the container may use at most.").optional(),
  })
  .meta(
    meta({
      description:
        "Requests and limits of the container. Where it isn't set, small ones that fit the default configuration.",
      rules: [
        {
          rule: "!has(self.requests) || !has(self.limits) || self.requests.all(name, !(name in self.limits) || !isQuantity(string(self.requests[name])) || !isQuantity(string(self.limits[name])) || quantity(string(self.requests[name])).compareTo(quantity(string(self.limits[name]))) <= 0)",
          message: "must not be more than the limit",
          fieldPath: ".requests",
        },
      ],
    }),
  );

/** As in a pod. */
export const tolerations = (description: string) =>
  z
    .array(
      z
        .object({
          key: text(317, "Taint key; empty with operator Exists matches all.").optional(),
          operator: z
            .enum(["Exists", "Equal"])
            .optional()
            .meta(meta({ description: "How key and value are compared; Equal where not set." })),
          value: text(63, "Taint value.").optional(),
          effect: z
            .enum(["NoSchedule", "PreferNoSchedule", "NoExecute"])
            .optional()
            .meta(meta({ description: "Taint effect; all where not set." })),
          tolerationSeconds: z
            .int()
            .optional()
            .meta(
              meta({
                description: "How long a NoExecute taint is tolerated; for ever where not set.",
                format: "int64",
              }),
            ),
        })
        .meta(
          meta({
            description: "One toleration.",
            rules: [
              {
                rule: "(has(self.key) && self.key != '') || (has(self.operator) && self.operator == 'Exists')",
                message: "must be Exists where no key is set",
                fieldPath: ".operator",
              },
              {
                rule: "!has(self.operator) || self.operator != 'Exists' || !has(self.value) || self.value == ''",
                message: "must be empty with operator Exists",
                fieldPath: ".value",
              },
              {
                rule: "!has(self.tolerationSeconds) || (has(self.effect) && self.effect == 'NoExecute')",
                message: "must be NoExecute where tolerationSeconds is set",
                fieldPath: ".effect",
              },
            ],
          }),
        ),
    )
    .max(64)
    .meta(meta({ description, listType: "atomic" }));

/** As in a pod: replaced whole, so that a selector of one's own isn't merged with the default one. */
export const nodeSelector = (description: string) => stringMap(description, 32, 63, { mapType: "atomic" });

/** As in a pod. */
export const affinity = passThrough("A Kubernetes Affinity.");

/** As in a pod. */
export const priorityClassName = objectName("Name of a PriorityClass.");

/** As in a container, but for the names that the operator sets. */
export const env = z
  .array(
    z
      .object({
        name: form(
          {
            max: 128,
            pattern: /^[-._a-zA-Z][-._a-zA-Z0-9]*$/,
            message: "must be a variable's name: letters, digits, - _ and . only, not beginning with a digit",
          },
          "Name of the variable.",
          [
            {
              rule: `!(self in ${quoted(VARIABLE_NAMES)})`,
              message: `these names are the operator's own: ${VARIABLE_NAMES.join(", ")}`,
            },
          ],
        ),
        value: text(4096, "Plain value. Put secrets into a Secret and use valueFrom.").optional(),
        valueFrom: passThrough("A Kubernetes EnvVarSource.").optional(),
      })
      .meta(
        meta({
          description: "One variable.",
          rules: [{ rule: "!(has(self.value) && has(self.valueFrom))", message: "set value or valueFrom, not both" }],
        }),
      ),
  )
  .max(64)
  .meta(meta({ description: "Further environment variables of the container.", listType: "map", mapKeys: ["name"] }));

/** As in a pod's metadata, but for the keys that the operator sets. */
export const podLabels = stringMap("Further labels of the pods.", 32, 63, {
  rules: [
    {
      rule: `self.all(key, !(key in ${quoted(RESERVED_LABELS)}) && !key.startsWith('${GROUP}/'))`,
      message: `these keys aren't free: ${RESERVED_LABELS.join(", ")} and all below ${GROUP}/`,
    },
    {
      rule: "self.all(key, key.size() <= 317 && self[key].matches(r'^([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?$'))",
      message: "label values are at most 63 of A-Z a-z 0-9 - _ . and begin and end with a letter or digit",
    },
  ],
});

/** As in a pod's metadata, but for the keys that the operator sets. */
export const podAnnotations = stringMap("Further annotations of the pods.", 32, 4096, {
  rules: [
    {
      rule: `self.all(key, !key.startsWith('${GROUP}/'))`,
      message: `annotations below ${GROUP}/ are the operator's own`,
    },
  ],
});

/** As in a pod. What a rule speaks of is declared; the rest is passed through, and a dry-run apply judges it. */
export const extraVolumes = z
  .array(
    z
      .looseObject({
        name: form(
          {
            max: 63,
            pattern: /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/,
            message:
              "must be a volume's name: lower-case letters, digits and - only, beginning and ending with a letter or digit",
          },
          "Name of the volume.",
          [
            {
              rule: `!(self in ${quoted(RESERVED_VOLUMES)})`,
              message: `these names are the operator's own: ${RESERVED_VOLUMES.join(", ")}`,
            },
          ],
        ),
        hostPath: passThrough("A Kubernetes HostPathVolumeSource; not with profile Baseline.").optional(),
      })
      .meta(meta({ description: "A Kubernetes Volume.", preserveUnknown: true })),
  )
  .max(32)
  .meta(meta({ description: "Further volumes of the pods.", listType: "map", mapKeys: ["name"] }));

/** As in a container. */
export const extraVolumeMounts = z
  .array(
    z
      .looseObject({
        name: text(63, "Name of the volume."),
        mountPath: text(1024, "Path in the container.", [
          {
            rule: "self.startsWith('/') && self != '/' && !self.contains(':')",
            message: "must be an absolute path below /, without a colon",
          },
          {
            rule: "self != '/etc/kmagent' && !self.startsWith('/etc/kmagent/')",
            message: "must not be at or below /etc/kmagent, where the collector's configuration is",
          },
        ]),
      })
      .meta(meta({ description: "A Kubernetes VolumeMount.", preserveUnknown: true })),
  )
  .max(32)
  .meta(meta({ description: "Further mounts of the container.", listType: "map", mapKeys: ["mountPath"] }));

/** As in a container. What a rule speaks of is declared; the rest is passed through, and a dry-run apply judges it. */
export const securityContext = z
  .looseObject({
    privileged: z
      .boolean()
      .optional()
      .meta(meta({ description: "Not here: nodeAgent.privileged says it, so that it is said once." })),
    capabilities: z
      .looseObject({
        add: z
          .array(text(64, "Name of a capability, such as SYS_PTRACE."))
          .max(64)
          .optional()
          .meta(
            meta({
              description: "Capabilities to add to those that the enabled features need; not with profile Baseline.",
              listType: "atomic",
            }),
          ),
      })
      .optional()
      .meta(meta({ description: "A Kubernetes Capabilities.", preserveUnknown: true })),
  })
  .meta(
    meta({
      description: "A Kubernetes SecurityContext, merged over the operator's own, for instance for seLinuxOptions.",
      preserveUnknown: true,
      rules: [
        {
          rule: "!has(self.privileged) || !self.privileged",
          message: "set nodeAgent.privileged in its place",
          fieldPath: ".privileged",
        },
      ],
    }),
  );
