import { canonicalType } from "../../components.ts";

/** Why well-known components are never taken from the platform, by type. They may all be used in a configuration of the spec. */
export const NEVER_REMOTE: Readonly<Record<string, string>> = {
  httpcheck: "it asks any host that it is told to",
  receiver_creator: "it makes receivers out of what it finds at run time",
  pprof: "it opens a port that shows the process's memory",
  zpages: "it opens a port of its own",
  file: "it writes files",
  netflow: "it listens on a port that the operator doesn't open",
  syslog: "it listens on a port that the operator doesn't open",
  fluentforward: "it listens on a port that the operator doesn't open",
  sqlquery: "it runs statements of the configuration's choice",
  oracledb: "its connection string may name any host",
  mongodbatlas: "it asks hosts that don't stand in its settings",
  awscloudwatch: "it asks hosts that don't stand in its settings, with the node's own rights",
  awscloudwatchmetrics: "it asks hosts that don't stand in its settings, with the node's own rights",
  awscontainerinsightreceiver: "it asks the cloud's metadata service",
  awsecscontainermetrics: "it asks the cloud's metadata service",
  azuremonitor: "it asks hosts that don't stand in its settings",
  googlecloudmonitoring: "it asks hosts that don't stand in its settings, with the node's own rights",
  k8slog: "it reads files of the node outside of the container logs",
  ebpfreceiver: "it needs a privileged pod",
  isolationforest: "its use of memory has no bound that could be checked",
  journald: "it runs a program of the node",
  docker_stats: "it talks to the container runtime's socket",
};

const REASONS = new Map(Object.entries(NEVER_REMOTE).map(([type, why]) => [canonicalType(type), why]));

/** The sentence for a component that a remote configuration may not use. */
export function refusalOf(type: string): string {
  const why = REASONS.get(canonicalType(type));
  const because = why === undefined ? "" : `: ${why}`;
  return `isn't a component that a remote configuration may use${because}; remove it, or set the configuration in spec.config`;
}
