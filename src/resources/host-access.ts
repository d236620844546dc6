import type { KmAgentSpec } from "../api/kmagent.ts";
import { usesType } from "../config/pipelines.ts";
import type { YamlMap } from "../config/yaml-value.ts";

/** What a node agent's pod needs of its node; nothing that its configuration doesn't use. */
export interface HostAccess {
  /** The node's root, read-only, for `hostmetrics`. */
  readonly rootFileSystem: boolean;
  /** The logs of all containers, read-only, for `filelog`. They belong to root, so the container runs as root. */
  readonly containerLogs: boolean;
  /** Where file_storage writes: on the node, so that log positions outlive the pod; in the pod; nowhere. */
  readonly storage: "node" | "pod" | "none";
  /** The OTLP ports of the node. */
  readonly otlpPorts: boolean;
  /** Port 13133 of the node's loopback. */
  readonly healthPort: boolean;
}

/** Decides from the configuration in force and the profile. `Baseline` has no access at all. */
export function hostAccess(spec: KmAgentSpec, document: YamlMap): HostAccess {
  const { profile, hostNetwork, hostPorts } = spec.nodeAgent;
  const full = profile === "Full";
  const containerLogs = full && usesType(document, "receivers", "filelog");
  const stores = usesType(document, "extensions", "file_storage");
  return {
    rootFileSystem: full && usesType(document, "receivers", "hostmetrics"),
    containerLogs,
    // The directory on the node belongs to root, so only an agent that is root for its logs can write there.
    storage: !stores ? "none" : containerLogs ? "node" : "pod",
    // A port that nothing listens on isn't claimed; on the node's own network there is nothing to map.
    otlpPorts: full && !hostNetwork && hostPorts.otlp && usesType(document, "receivers", "otlp"),
    healthPort: full && !hostNetwork && hostPorts.health,
  };
}
