import * as z from "zod";
import { duration, durationOrSeconds, form, meta, text } from "./fields.ts";

/** An http or https URL that holds nothing secret; `example` tells a user what one looks like. */
export const httpUrl = (description: string, example: string) =>
  text(512, description, [
    {
      rule: "isURL(self) && url(self).getScheme() in ['http', 'https'] && url(self).getHostname() != ''",
      message: `must be an http or https URL with a host, such as ${example}`,
    },
    {
      rule: "!self.contains('@')",
      message: "must hold no user or password: anybody who may read the KmAgent would see them",
    },
    { rule: "!self.contains('?') && !self.contains('#')", message: "must have no query and no fragment" },
  ]);

// No isIP() here: Kubernetes 1.29 doesn't know it yet.
const hostList = (description: string) =>
  z
    .array(
      form(
        {
          max: 253,
          pattern: /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?|[0-9a-f]{0,4}(:[0-9a-f]{0,4}){2,7})$/,
          message: "must be a lower-case host name or an IP address, without scheme, port, brackets or path",
        },
        "A host name or an address, without port.",
      ),
    )
    .max(32)
    .default([])
    .meta(meta({ description, listType: "set" }));

const nodeReports = z
  .object({
    enabled: z
      .boolean()
      .default(true)
      .meta(meta({ description: "Whether each node's status is reported." })),
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
  .meta(meta({ description: "The nine-field status of each node." }));

const remoteConfig = z
  .object({
    mode: z
      .enum(["Apply", "Disabled"])
      .default("Apply")
      .meta(
        meta({
          description:
            "Whether configurations that the platform sends are applied. Apply needs rollout.strategy Staged.",
        }),
      ),
    minInterval: duration(
      "Least time between two remote rollouts; the newest configuration wins.",
      "0s",
      "24h",
    ).default("5m"),
    allowedExporterHosts: hostList(
      "Hosts besides the collector endpoint's to which a remote configuration may export.",
    ),
    allowedReceiverHosts: hostList("Hosts that receivers of a remote configuration may dial."),
  })
  .prefault({})
  .meta(meta({ description: "Configurations that the platform sends." }));

/** `spec.platform`. */
export const platform = z
  .object({
    endpoint: httpUrl(
      "Where the cluster checks in and node reports go. It is never derived from another URL. An http URL is taken and warned of, for the API key travels in clear text.",
      "https://api.kloudmate.com/agents/config-check",
    ).default("https://api.kloudmate.com/agents/config-check"),
    configCheckInterval: durationOrSeconds(
      "How often the cluster checks in: a duration, or a whole number of seconds.",
      5,
      86_400,
    ).default("60s"),
    nodeReports,
    remoteConfig,
  })
  .prefault({})
  .meta(meta({ description: "How the operator talks to the KloudMate platform." }));
