import { AGENT_CONTAINER } from "../api/labels.ts";

/** Whose agents a configuration is for. */
export interface AgentIdentity {
  /** Namespace and name of the KmAgent. */
  readonly namespace: string;
  readonly name: string;
}

/** Where a node keeps the logs of pods, a directory for each. */
export const POD_LOGS = "/var/log/pods/";
/** Links to the same files, all in one directory. */
export const CONTAINER_LOGS = "/var/log/containers/";

/** The directories of the agents' own logs below `/var/log/pods/`, as a glob that ends in a slash. */
export function ownLogDirectories({ namespace, name }: AgentIdentity): string {
  return `${POD_LOGS}${namespace}_${name}-*_*/${AGENT_CONTAINER}/`;
}

/** The agents' own logs among the links in `/var/log/containers/`, as a glob. */
export function ownLogLinks({ namespace, name }: AgentIdentity): string {
  return `${CONTAINER_LOGS}${name}-*_${namespace}_${AGENT_CONTAINER}-*`;
}
