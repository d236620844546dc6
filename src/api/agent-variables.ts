/** A variable of the agents' containers that isn't the user's to set. */
export interface AgentVariable {
  readonly name: string;
  /** Whether the operator sets it, where there is something to set it to: a proxy, a CA bundle, a limit of memory. */
  readonly isSet: boolean;
  /** Whether a remote configuration may refer to it anywhere: it holds nothing secret. */
  readonly isPlain: boolean;
}

/** All of them. What `environment` sets and what the guard lets through follows from here. */
export const AGENT_VARIABLES: readonly AgentVariable[] = [
  { name: "KM_API_KEY", isSet: true, isPlain: false },
  { name: "KM_COLLECTOR_ENDPOINT", isSet: true, isPlain: true },
  { name: "KM_CLUSTER_NAME", isSet: true, isPlain: true },
  { name: "KM_NODE_NAME", isSet: true, isPlain: true },
  { name: "KM_NODE_HOST_IP", isSet: true, isPlain: true },
  { name: "KM_POD_NAME", isSet: true, isPlain: true },
  { name: "KM_POD_IP", isSet: true, isPlain: true },
  // KloudMate's image sets it itself, to its own version, whatever the pod says; with other images it is empty.
  { name: "KM_AGENT_VERSION", isSet: false, isPlain: true },
  { name: "KM_CONFIG_CHECK_INTERVAL", isSet: true, isPlain: false },
  { name: "DEPLOYMENT_MODE", isSet: true, isPlain: true },
  { name: "POD_NAMESPACE", isSet: true, isPlain: true },
  { name: "CONFIGMAP_NAME", isSet: true, isPlain: false },
  { name: "HTTPS_PROXY", isSet: true, isPlain: false },
  { name: "NO_PROXY", isSet: true, isPlain: false },
  // Nobody sets it: with it Go reads that file in the place of the system's bundle.
  { name: "SSL_CERT_FILE", isSet: false, isPlain: false },
  { name: "SSL_CERT_DIR", isSet: true, isPlain: false },
  { name: "GOMEMLIMIT", isSet: true, isPlain: false },
];
