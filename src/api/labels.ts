/** The API group of the custom resource, and the prefix of our labels and annotations. */
export const GROUP = "kloudmate.com";
/** The served and stored version. */
export const VERSION = "v1alpha1";
/** `apiVersion` of a KmAgent. */
export const API_VERSION = `${GROUP}/${VERSION}`;
/** The field manager of every server-side apply. */
export const FIELD_MANAGER = "kmagent-operator";

/** What all objects of ours are part of; the value of `app.kubernetes.io/name`. */
export const APP_NAME = "km-agent";
/** Name of the agent's container: the first one of its pod. */
export const AGENT_CONTAINER = "km-agent";

/** The two components that a KmAgent makes; the value of `app.kubernetes.io/component`. */
export type Component = "node-agent" | "cluster-agent";

/** Labels by their meaning; keys as the recommended labels of Kubernetes name them. */
export const LABEL = {
  name: "app.kubernetes.io/name",
  instance: "app.kubernetes.io/instance",
  component: "app.kubernetes.io/component",
  managedBy: "app.kubernetes.io/managed-by",
  /** On pods that the DaemonSet controller made: its own name for their template. */
  templateHash: "controller-revision-hash",
  /** On pods: the revision that their template carries. */
  revision: `${GROUP}/revision`,
} as const;

/** Annotations by their meaning. */
export const ANNOTATION = {
  /** On the KmAgent: lets a rollout that waits after its canary go on, with the revision as value. */
  approve: `${GROUP}/approve`,
  /** On the KmAgent: tries a rejected revision again. */
  retry: `${GROUP}/retry`,
  /** On a revision's ConfigMap: `accepted`, `stable` or `rejected`. */
  state: `${GROUP}/state`,
  /** On a revision's ConfigMap: RFC 3339 time of that state. */
  stateSince: `${GROUP}/state-since`,
  /** On a revision's ConfigMap: why it is in that state. */
  stateReason: `${GROUP}/state-reason`,
  /** On a revision's ConfigMap: the whole hash, for names of revisions could be equal by chance. */
  revisionHash: `${GROUP}/revision-hash`,
  /** On a revision's ConfigMap: the origin of its configuration: `spec`, `remote` or `default`. */
  source: `${GROUP}/config-source`,
  /** In a pod template: when a restart that the platform asked for began. */
  restartRequested: `${GROUP}/restart-requested`,
  /** On the ConfigMap of remote configurations: hash of the one that was accepted; on a revision's: hash of the one it holds. */
  remoteHash: `${GROUP}/remote-hash`,
  /** There: RFC 3339 time since when it counts. */
  remoteSince: `${GROUP}/remote-since`,
  /** There: hash of the last one that was proved; a rollback leads to it. */
  remoteProved: `${GROUP}/remote-proved`,
  /** There: RFC 3339 time from when on that one counted. */
  remoteProvedSince: `${GROUP}/remote-proved-since`,
  /** There: hash of a newer one that waits for `remoteConfig.minInterval`. */
  remoteWaiting: `${GROUP}/remote-waiting`,
  /** There: RFC 3339 time since when that one waits. */
  remoteWaitingSince: `${GROUP}/remote-waiting-since`,
  /** There: RFC 3339 time of the last restart that the platform asked for. */
  remoteRestartedAt: `${GROUP}/remote-restarted-at`,
  /** There: `true` where another restart waits. */
  remoteRestartWaits: `${GROUP}/remote-restart-waits`,
  /** There: hash of the configuration that the platform sent last. */
  remoteHeard: `${GROUP}/remote-heard`,
  /** There: what the platform's last answer asked for. */
  remoteAsked: `${GROUP}/remote-asked`,
  /** There: the retry that was done last. */
  remoteRetried: `${GROUP}/remote-retried`,
  /** What `kubectl rollout restart` sets in a pod template. */
  restartedAt: "kubectl.kubernetes.io/restartedAt",
} as const;

/** The labels that select the pods of one component of one KmAgent. */
export function selectorLabels(instance: string, component: Component): Record<string, string> {
  return { [LABEL.name]: APP_NAME, [LABEL.instance]: instance, [LABEL.component]: component };
}

/** All labels that an object of ours carries. */
export function objectLabels(instance: string, component: Component): Record<string, string> {
  return { ...selectorLabels(instance, component), [LABEL.managedBy]: FIELD_MANAGER };
}
