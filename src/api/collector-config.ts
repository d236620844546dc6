import * as z from "zod";
import { BOUND } from "./bounds.ts";
import { configMapKey, meta, text } from "./fields.ts";

const componentConfig = (description: string) =>
  z
    .object({
      inline: text(BOUND.configuration, "The collector configuration itself, as YAML.").optional(),
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

/** `spec.config`. */
export const config = z
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
