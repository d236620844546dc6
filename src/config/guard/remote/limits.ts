import { memoryLimitOf } from "../../../api/agent-resources.ts";
import type { KmAgentSpec } from "../../../api/kmagent.ts";
import type { Component } from "../../../api/labels.ts";
import type { Distribution } from "../../components.ts";
import { distributionOf } from "../../components.ts";
import type { AgentIdentity } from "../../own-logs.ts";

/** What a KmAgent allows a remote configuration. */
export interface RemoteLimits {
  /** `spec.collectorEndpoint`: where exporters may send, and what `${env:KM_COLLECTOR_ENDPOINT}` stands for. */
  readonly collectorEndpoint: string;
  /** Hosts besides the collector endpoint's to which exporters may send. */
  readonly exporterHosts: readonly string[];
  /** Hosts that receivers may dial. */
  readonly receiverHosts: readonly string[];
  /** Signals that are switched on. */
  readonly features: KmAgentSpec["config"]["features"];
  /** Bytes of memory that each component's container may use at most; null where the spec sets no limit. */
  readonly memory: Readonly<Record<Component, number | null>>;
}

/** The part of a spec that a remote configuration is judged by. */
type JudgingSpec = Pick<
  KmAgentSpec,
  "collectorEndpoint" | "platform" | "config" | "distribution" | "components" | "nodeAgent" | "clusterAgent"
>;

/** What a KmAgent says to the guard. */
export function guardSettings({ namespace, name, spec }: AgentIdentity & { readonly spec: JudgingSpec }): {
  readonly distribution: Distribution;
  readonly limits: RemoteLimits;
  readonly agent: AgentIdentity;
} {
  const { allowedExporterHosts, allowedReceiverHosts } = spec.platform.remoteConfig;
  return {
    distribution: distributionOf(spec),
    agent: { namespace, name },
    limits: {
      collectorEndpoint: spec.collectorEndpoint,
      exporterHosts: allowedExporterHosts,
      receiverHosts: allowedReceiverHosts,
      features: spec.config.features,
      memory: {
        "node-agent": memoryLimitOf(spec, "node-agent"),
        "cluster-agent": memoryLimitOf(spec, "cluster-agent"),
      },
    },
  };
}
