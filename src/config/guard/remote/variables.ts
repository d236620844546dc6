/** The API key's variable. */
export const API_KEY = "KM_API_KEY";

/** Variables that a remote configuration may refer to anywhere: what the operator gives each agent, and nothing secret. */
export const PLAIN_VARIABLES: readonly string[] = [
  "KM_COLLECTOR_ENDPOINT",
  "KM_CLUSTER_NAME",
  "KM_NODE_NAME",
  "KM_NODE_HOST_IP",
  "KM_POD_NAME",
  "KM_POD_IP",
  "KM_AGENT_VERSION",
  "POD_NAMESPACE",
  "DEPLOYMENT_MODE",
];
