/**
 * Condition types of a KmAgent. The first nine are positive (True is good) and always present; `Reconciling`, `Stalled` and
 * `Paused` are there only while they are true, as kstatus and Kubernetes' API conventions want it.
 */
export const CONDITION_TYPES = [
  "Ready",
  "ConfigValid",
  "AgentsAvailable",
  "NodesCovered",
  "RolloutComplete",
  "RemoteConfigApplied",
  "TelemetryFlowing",
  "ClusterAgentAvailable",
  "PlatformConnected",
  "Reconciling",
  "Stalled",
  "Paused",
] as const;

/** One of the twelve types. */
export type ConditionType = (typeof CONDITION_TYPES)[number];

/** What each condition says when it is True; the operations reference is made of it. */
export const CONDITION_MEANING: Readonly<Record<ConditionType, string>> = {
  Ready:
    "The summary: the configuration is valid, nothing is stalled or rolled back, and no more than `health.maxUnhealthy` of the nodes are unhealthy or uncovered.",
  ConfigValid: "The spec and the collector configuration in force can be used.",
  AgentsAvailable: "Every agent that should run does, and its collector answers.",
  NodesCovered: "Every node that should have an agent has one.",
  RolloutComplete: "Every node runs the revision that is wanted.",
  RemoteConfigApplied: "The last configuration that the platform sent is in force, or none was sent.",
  TelemetryFlowing: "Collectors deliver what they receive.",
  ClusterAgentAvailable:
    "The cluster agent is healthy, or is switched off; its reason tells also of a revision that failed while the one before goes on.",
  PlatformConnected: "The platform takes our reports. It never makes Ready False: agents work without the platform.",
  Reconciling: "The cluster is being changed towards what is wanted.",
  Stalled: "Something keeps the operator from making what is wanted, and only a person can mend it.",
  Paused: "`spec.paused` is set: nothing in the cluster is changed.",
};
