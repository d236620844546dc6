/** What a reason means to a person, and what that person can do; the operations reference is generated from these. */
export interface Explanation {
  readonly meaning: string;
  readonly action: string;
}

/** Reasons of one node's state; they stand in `status.unhealthyNodes` and `uncoveredNodes`, in `/nodes`, metrics and events. */
export const NODE_REASONS = {
  Healthy: { meaning: "The agent's container runs and the collector answers 200.", action: "Nothing." },
  KubeletReportsReady: {
    meaning: "The operator couldn't reach the collector, but kubelet's own probe can; kubelet's word is used.",
    action: "Allow TCP 13133 from the operator's pod to the agents' pods, in NetworkPolicies and firewalls.",
  },
  CollectorExited: {
    meaning: "The collector's process ended with an error; the message holds its exit code and last words.",
    action: "Read the message, then `kubectl logs --previous` of the pod. Often it is the configuration.",
  },
  CollectorExitedCleanly: {
    meaning:
      "The collector's process ended with exit code 0, which a collector never should; KloudMate's image does so on a bad configuration.",
    action: "Read `kubectl logs --previous` of the pod.",
  },
  OOMKilled: {
    meaning: "The container used more memory than its limit and was killed.",
    action: "Raise `nodeAgent.resources.limits.memory`, or collect less.",
  },
  ImagePullFailed: {
    meaning: "The image can't be pulled.",
    action: "Check `nodeAgent.image` and `imagePullSecrets`, and that nodes reach the registry.",
  },
  ContainerCreateFailed: {
    meaning: "Kubelet can't create the container, for instance because a Secret or a mount is missing.",
    action: "Read the message; it is kubelet's own.",
  },
  PodStarting: { meaning: "The pod is being started.", action: "Wait; the reason changes if it fails." },
  NotStarted: {
    meaning: "The pod's container doesn't run, longer than `health.startupGrace` after the pod was made.",
    action: "`kubectl describe pod` tells what kubelet waits for: often a volume, an image or the pod network.",
  },
  PodTerminating: { meaning: "The pod is being deleted.", action: "Wait; a new one follows." },
  PodFailed: {
    meaning: "The pod failed as a whole.",
    action: "Read the message; it is kubelet's own. Where kubelet names no cause, the pod's events may.",
  },
  Evicted: {
    meaning: "Kubelet evicted the pod because the node ran out of a resource.",
    action: "Free the resource that the message names, or give the agent a priority class.",
  },
  Unresponsive: {
    meaning: "The collector gives no answer within `health.timeout`.",
    action: "It hangs or starves for CPU: look at its limits and logs. Kubelet's liveness probe restarts it.",
  },
  HealthCheckFailed: {
    meaning: "The collector answers, but not 200.",
    action: "It is starting, stopping or failing: read its logs.",
  },
  ConnectionRefused: {
    meaning: "Nothing listens on port 13133 of the pod.",
    action: "The collector hangs in its start, or its configuration has no `health_check` extension on 13133.",
  },
  ConnectionFailed: {
    meaning: "The pod's address can't be reached.",
    action: "Check the node's network and NetworkPolicies.",
  },
  ResponseTooLarge: {
    meaning: "The answer on port 13133 is over 64 KiB, so no collector's.",
    action: "Find out what listens there.",
  },
  Redirected: {
    meaning: "The answer on port 13133 is a redirect, which isn't followed.",
    action: "Find out what listens there.",
  },
  BadResponse: {
    meaning: "The answer on port 13133 isn't HTTP.",
    action: "Find out what listens there.",
  },
  ReadinessFailed: {
    meaning: "Kubelet's own readiness probe fails, and the operator has no answer of its own to set against it.",
    action: "Read the collector's logs; `kubectl describe pod` holds the probe's words.",
  },
  NodeNotReady: {
    meaning: "Kubernetes calls the node NotReady: its kubelet doesn't report.",
    action: "Mend the node. A collector that still answers goes on working.",
  },
  Starting: {
    meaning: "The node is Ready for less than `health.startupGrace`, or its pod is new.",
    action: "Wait.",
  },
  Leaving: { meaning: "The node is being drained or deleted.", action: "Nothing." },
  Excluded: {
    meaning: "The node is outside `nodeAgent.nodeSelector` or affinity, or is a virtual one.",
    action: "Nothing, or widen the selector.",
  },
  TaintNotTolerated: {
    meaning: "A taint keeps the agent away.",
    action: "Add a toleration to `nodeAgent.tolerations`, or remove the taint.",
  },
  InsufficientResources: {
    meaning: "The node has no room for the agent.",
    action: "Free the resource that the message names, lower the requests, or set `nodeAgent.priorityClassName`.",
  },
  PortConflict: {
    meaning: "Another pod holds a host port that the agent needs.",
    action: "Free the port, or switch `nodeAgent.hostPorts` off.",
  },
  Unschedulable: {
    meaning: "The scheduler finds no way to run the pod on its node.",
    action: "Read the message; it is the scheduler's own.",
  },
  PodSecurityViolation: {
    meaning: "The namespace's Pod Security level refuses the agent's pods.",
    action:
      "Label the namespace `pod-security.kubernetes.io/enforce=privileged`, or set `nodeAgent.profile: Baseline`.",
  },
  QuotaExceeded: {
    meaning: "A ResourceQuota of the namespace leaves no room for the agent's pods.",
    action: "Raise the quota that the message names.",
  },
  AdmissionDenied: {
    meaning: "An admission policy refuses the agent's pods.",
    action: "Read the message; it is the policy's own.",
  },
  PodInvalid: {
    meaning: "The API server takes no pod with what the spec says of it, such as a label, a volume or an affinity.",
    action: "Mend the field of `spec.nodeAgent` that the message's path comes from.",
  },
  ServiceAccountMissing: {
    meaning: "The agents' ServiceAccount doesn't exist.",
    action: "The chart makes it: run `helm upgrade` again.",
  },
  NotDeployed: {
    meaning: "The operator itself makes no agent pods as things are; the message quotes the condition that says why.",
    action: "Do what the KmAgent's conditions say.",
  },
  PodMissing: {
    meaning: "The node has no pod and nothing that Kubernetes tells explains it.",
    action: "Look at the DaemonSet's events: `kubectl describe daemonset`.",
  },
} as const satisfies Record<string, Explanation>;

/** Reason of one node's state. */
export type NodeReason = keyof typeof NODE_REASONS;

/** Reasons of conditions. Where a node's reason says it best, a condition's message quotes it. */
export const CONDITION_REASONS = {
  Pending: { meaning: "Nothing is known yet; the operator has just begun with this resource.", action: "Wait." },
  AllHealthy: { meaning: "Every node that should have a working agent has one.", action: "Nothing." },
  WithinTolerance: {
    meaning: "Some nodes are unhealthy or uncovered, but not more than `health.maxUnhealthy`.",
    action: "Look at `status.unhealthyNodes` and `uncoveredNodes`.",
  },
  TooManyUnhealthy: {
    meaning: "More nodes are unhealthy or uncovered than `health.maxUnhealthy` allows.",
    action: "Look at `status.unhealthyNodes` and `uncoveredNodes`.",
  },
  NoNodes: { meaning: "No node is selected.", action: "Check `nodeAgent.nodeSelector` and affinity." },
  NodesNotReady: {
    meaning: "Kubernetes calls every selected node NotReady, so nothing can be said of their agents.",
    action: "Mend the nodes.",
  },
  UnhealthyNodes: {
    meaning: "Some nodes' agents or collectors don't run.",
    action: "Look at `status.unhealthyNodes`.",
  },
  UncoveredNodes: { meaning: "Some nodes have no agent.", action: "Look at `status.uncoveredNodes`." },
  ProbesBlocked: {
    meaning: "The operator reaches no agent at all, though kubelet calls them ready; kubelet's word is used.",
    action: "Allow TCP 13133 from the operator's pod to the agents' pods, in NetworkPolicies and firewalls.",
  },
  AllCovered: { meaning: "Every selected node has an agent.", action: "Nothing." },
  Valid: { meaning: "The configuration can be used.", action: "Nothing." },
  InsecureEndpoint: {
    meaning: "The configuration can be used, but an endpoint is plain http, so the API key travels in clear text.",
    action: "Use an https URL.",
  },
  InvalidSpec: {
    meaning: "The spec asks for something that can't be.",
    action: "Mend the field that the message names.",
  },
  InvalidConfig: {
    meaning: "A collector configuration is refused by the guard.",
    action: "Mend the place that the message names.",
  },
  SecretNotFound: {
    meaning: "The Secret of `apiKeySecretRef` doesn't exist.",
    action: "Create it; the message holds the command.",
  },
  SecretKeyNotFound: { meaning: "The Secret has no such key, or it is empty.", action: "Add the key to the Secret." },
  SecretNotReadable: {
    meaning: "The operator may not read this Secret.",
    action:
      "Add its name to the chart's `secretNames` value, beside those that are there; the message holds the command.",
  },
  ConfigMapNotFound: { meaning: "A referenced ConfigMap doesn't exist.", action: "Create it." },
  ConfigMapNotReadable: {
    meaning: "The operator may not read ConfigMaps of its namespace.",
    action: "Give it back the right that the chart grants; the message names it.",
  },
  ConfigMapKeyNotFound: { meaning: "A referenced ConfigMap has no such key.", action: "Add the key." },
  RolledOut: { meaning: "Every node runs the revision that is wanted.", action: "Nothing." },
  FieldOverridden: {
    meaning:
      "Somebody sets a field of ours back each time, so the operator leaves it as it is; the message names field and value.",
    action: "Change the policy or the spec so that both want the same.",
  },
  Updating: { meaning: "Nodes are being moved to the revision that is wanted.", action: "Wait." },
  WaitingForApproval: {
    meaning: "The canary is proved, and `rollout.approval` is Manual.",
    action: "Set the annotation `kloudmate.com/approve` to the revision.",
  },
  RolledBack: {
    meaning: "The last target failed and is being taken back, or was; of the cluster agent: the pod before it goes on.",
    action: "Mend the cause in the message, or set the annotation `kloudmate.com/retry` to the revision.",
  },
  RolloutFailed: {
    meaning: "The target failed, and `rollout.autoRollback` is false: everything stays as it is.",
    action: "Mend the cause in the message, set `rollout.autoRollback`, or the annotation `kloudmate.com/retry`.",
  },
  Paused: { meaning: "`spec.paused` is set; the message says what would change.", action: "Set it to false to go on." },
  Disabled: { meaning: "This is switched off in the spec.", action: "Nothing." },
  NoneReceived: { meaning: "The platform has sent no configuration.", action: "Nothing." },
  Applied: { meaning: "What the platform sent last is in force.", action: "Nothing." },
  Refused: {
    meaning: "What the platform sent last is refused by the guard, at once or since the spec allows less.",
    action: "Mend the place that the message names.",
  },
  OverriddenBySpec: {
    meaning: "The spec's own configuration goes before a remote one.",
    action: "Remove it from the spec to let the platform's apply.",
  },
  Applying: {
    meaning: "What the platform sent last was accepted and is being rolled out, or `spec.paused` holds it.",
    action: "Wait, or set `spec.paused` to false.",
  },
  Waiting: {
    meaning:
      "What the platform sent last was accepted and waits until `platform.remoteConfig.minInterval` is over, or until a first revision is proved to which it could be taken back.",
    action: "Wait, or set a shorter interval.",
  },
  Flowing: { meaning: "Collectors deliver what they receive.", action: "Nothing." },
  Idle: { meaning: "Collectors receive nothing, so there is nothing to deliver.", action: "Check the receivers." },
  NotObserved: {
    meaning: "No collector's own counters could be read, or they tell nothing yet.",
    action:
      "Wait two minutes. Then: allow TCP 8888 from the operator's pod to the agents' pods, in NetworkPolicies and firewalls; a configuration of your own may have switched the counters off.",
  },
  EndpointFailing: {
    meaning: "Exports fail on every node that sends: it is the endpoint's fault or the way to it.",
    action: "Check `collectorEndpoint`, proxy, certificates and API key.",
  },
  ExportsFailing: {
    meaning: "Exports fail on some nodes and succeed on others; the message says which exporter and since when.",
    action: "Look at those nodes' network and their collectors' logs; `/nodes` lists all of them.",
  },
  Available: { meaning: "The cluster agent is ready.", action: "Nothing." },
  Unavailable: { meaning: "The cluster agent isn't ready.", action: "Read the message, then its pod's logs." },
  Connected: { meaning: "The platform took our last report.", action: "Nothing." },
  NotContacted: { meaning: "No report has been sent yet.", action: "Wait." },
  Unauthorized: { meaning: "The platform doesn't take the API key.", action: "Put a valid key into the Secret." },
  Unreachable: {
    meaning: "The platform can't be reached.",
    action: "Check DNS, proxy, firewall and `platform.endpoint`; the message says which.",
  },
  Throttled: { meaning: "The platform asks us to slow down; reports follow later.", action: "Nothing." },
  PlatformError: { meaning: "The platform answers with an error.", action: "Wait, or tell KloudMate." },
  BadAnswer: {
    meaning: "What answers isn't the platform.",
    action: "Check `platform.endpoint` and proxies on the way.",
  },
  NameConflict: {
    meaning: "An object of the name that we need belongs to somebody else, and is left untouched.",
    action: "Remove or rename it; the message holds the command.",
  },
  NodeOverlap: {
    meaning: "An older KmAgent of the namespace selects the same nodes.",
    action: "Make their `nodeAgent.nodeSelector` disjoint.",
  },
  ApplyRefused: {
    meaning: "The API server refuses what the spec leads to.",
    action: "Mend the field that the message names.",
  },
  Forbidden: {
    meaning: "The operator lacks a right that it needs.",
    action: "Upgrade the chart; the message names the right.",
  },
  RevisionLost: {
    meaning: "Nodes should go back to a revision whose ConfigMap somebody deleted, and no process remembers it.",
    action: "Set the spec to what it was before the last change, or to something else.",
  },
  ApiKeyRejected: {
    meaning: "A rotated API key or CA bundle doesn't work, and neither is rolled back: every pod reads the new one.",
    action: "Put a valid key into the Secret, or a valid bundle into its ConfigMap.",
  },
  ApplyFailed: { meaning: "The API server can't be reached or fails; it is tried again.", action: "Wait." },
} as const satisfies Record<string, Explanation>;

/** Reason of a condition. */
export type ConditionReason = keyof typeof CONDITION_REASONS;

/** Whether a text that another release may have written is a reason of ours. */
export function isConditionReason(reason: string): reason is ConditionReason {
  return Object.hasOwn(CONDITION_REASONS, reason);
}

/** Reasons of events, which tell of transitions only. */
export const EVENT_REASONS = {
  DriftRepaired: {
    meaning: "Somebody changed a field of ours, and it was set back.",
    action: "Change the KmAgent in its place.",
  },
  NodeUnhealthy: {
    meaning: "A node's agent or collector stopped; the message says why.",
    action: "See the node's reason.",
  },
  NodeRecovered: { meaning: "A node's agent and collector run again.", action: "Nothing." },
  NodeUncovered: { meaning: "A node has no agent; the message says why.", action: "See the node's reason." },
  RemoteConfigAccepted: {
    meaning: "A configuration that the platform sent passed the guard.",
    action: "Nothing; the rollout follows.",
  },
  RemoteConfigRefused: {
    meaning:
      "A configuration that the platform sent was refused, or one that counts is since the spec changed; the message names rule and place.",
    action:
      "Mend it on the platform, or allow it in the spec and set the annotation `kloudmate.com/retry` to its hash.",
  },
  RestartRequested: { meaning: "The platform asked for a restart of the collectors.", action: "Nothing." },
  NodeCovered: { meaning: "A node that had no agent has one.", action: "Nothing." },
  RolloutStarted: { meaning: "A change is tried, on canaries or by the cluster agent.", action: "Nothing." },
  RolloutWaits: {
    meaning: "The canary is proved, and `rollout.approval` is Manual.",
    action: "Set the annotation that the message names.",
  },
  RolloutProgressing: { meaning: "The canaries proved a change; it goes to the nodes in waves.", action: "Nothing." },
  RolloutCompleted: {
    meaning: "A change runs on every node that can be moved, or as the cluster agent, and is stable.",
    action: "Nothing.",
  },
  RollbackStarted: {
    meaning: "A change failed and is taken back; the message says where and why.",
    action: "Mend the cause.",
  },
  RolledBack: {
    meaning: "The revision before runs again everywhere, or goes on as the cluster agent; the message says why.",
    action: "Mend the cause, or set the annotation `kloudmate.com/retry` to the revision.",
  },
  RolloutStalled: {
    meaning: "A change failed, and by `rollout.autoRollback` or its nature isn't taken back.",
    action: "Mend the cause that the message names.",
  },
  ConditionChanged: {
    meaning: "A condition changed; the message says which and why.",
    action: "See the condition's reason.",
  },
} as const satisfies Record<string, Explanation>;

/** Reason of an event. */
export type EventReason = keyof typeof EVENT_REASONS;
