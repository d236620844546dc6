import type { Base } from "./documents.ts";

/** A KmAgent that the API server refuses: one change away from an accepted one. */
export interface Refused {
  readonly name: string;
  readonly from: Base;
  /** Where the change is. */
  readonly at: string;
  /** What stands there then; `undefined` takes it away. */
  readonly to: unknown;
  /** The path of the field that the answer names. */
  readonly field: string;
  /** Words of the answer, where more than one rule could have refused it. */
  readonly says?: string;
}

const listOf = (length: number, item: (index: number) => unknown): unknown[] =>
  Array.from({ length }, (_, index) => item(index));
const mapOf = (length: number): Record<string, string> =>
  Object.fromEntries(listOf(length, (index) => [`key-${index}`, "value"]) as [string, string][]);

/** Shorthand: refused at the very place of the change. */
const row = (name: string, from: Base, at: string, to: unknown, says?: string, field = at): Refused => ({
  name,
  from,
  at,
  to,
  field,
  ...(says !== undefined && { says }),
});

// prettier-ignore
const identity: readonly Refused[] = [
  row("a name of 41 characters", "smallest", "metadata.name", "a".repeat(41), "must have at most 40 characters"),
  row("a name that is no object's name", "smallest", "metadata.name", "Km_Agent"),
  row("no spec", "smallest", "spec", undefined, "Required value"),
  row("no cluster name", "smallest", "spec.clusterName", undefined, "Required value"),
  row("an empty cluster name", "smallest", "spec.clusterName", "", "must begin with a letter or digit"),
  row("a cluster name of 64 characters", "smallest", "spec.clusterName", "c".repeat(64), "may not be more than 63"),
  row("a cluster name with a blank", "smallest", "spec.clusterName", "prod eu", "must begin with a letter or digit"),
  row("a cluster name that begins with a hyphen", "smallest", "spec.clusterName", "-prod"),
  row("a cluster name with two lines", "smallest", "spec.clusterName", "prod\neu"),
  row("a number as cluster name", "smallest", "spec.clusterName", 7, "must be of type string"),
  row("no API key", "smallest", "spec.apiKeySecretRef", undefined, "Required value"),
  row("an API key in place of a reference to it", "smallest", "spec.apiKeySecretRef", "sk_secret", "must be of type object"),
  row("an API key's Secret without key", "smallest", "spec.apiKeySecretRef.key", undefined, "Required value"),
  row("an API key's Secret without name", "smallest", "spec.apiKeySecretRef.name", undefined, "Required value"),
  row("a Secret's name in capitals", "smallest", "spec.apiKeySecretRef.name", "Credentials", "must be an object's name"),
  row("a Secret's name of 254 characters", "smallest", "spec.apiKeySecretRef.name", "a".repeat(254)),
  row("a Secret's key with a slash", "smallest", "spec.apiKeySecretRef.key", "api/key", "must be a key of data"),
];

// prettier-ignore
const unknownFields: readonly Refused[] = [
  row("a misspelt field of spec", "smallest", "spec.colectorEndpoint", "https://otel.example.com", "unknown field"),
  row("a misspelt field below", "smallest", "spec.health.intervall", "5s", "unknown field"),
  row("a misspelt field in a list", "everything", "spec.nodeAgent.tolerations[0].efect", "NoSchedule", "unknown field"),
  row("a field beside spec", "smallest", "sepc", {}, "unknown field"),
];

// prettier-ignore
const endpoints: readonly Refused[] = [
  row("an endpoint without scheme", "smallest", "spec.collectorEndpoint", "otel.example.com:4318", "must be an http or https URL"),
  row("an endpoint of another scheme", "smallest", "spec.collectorEndpoint", "ftp://otel.example.com", "must be an http or https URL"),
  row("an endpoint without host", "smallest", "spec.collectorEndpoint", "https://:4318", "must be an http or https URL"),
  row("an empty endpoint", "smallest", "spec.collectorEndpoint", "", "must be an http or https URL"),
  row("an endpoint with user and password", "smallest", "spec.collectorEndpoint", "https://user:secret@otel.example.com", "must hold no user"),
  row("an endpoint with a query", "smallest", "spec.collectorEndpoint", "https://otel.example.com?key=secret", "must have no query"),
  row("an endpoint with a fragment", "smallest", "spec.collectorEndpoint", "https://otel.example.com#x", "must have no query and no fragment"),
  row("an endpoint of 513 characters", "smallest", "spec.collectorEndpoint", `https://otel.example.com/${"a".repeat(488)}`),
  row("a platform endpoint with a user", "smallest", "spec.platform.endpoint", "https://user@api.example.com", "must hold no user"),
  row("a proxy without scheme", "everything", "spec.proxy.httpsProxy", "proxy:3128", "such as http://proxy.example.com:3128"),
  row("a proxy with password", "everything", "spec.proxy.httpsProxy", "http://a:b@proxy:3128", "must hold no user"),
  row("a CA bundle without key", "everything", "spec.caBundleRef.key", undefined, "Required value"),
  row("an allowed host with scheme", "everything", "spec.platform.remoteConfig.allowedExporterHosts[0]", "https://otel.example.com", "must be a lower-case host name"),
  row("an allowed host with port", "everything", "spec.platform.remoteConfig.allowedReceiverHosts[0]", "10.0.0.7:9090", "must be a lower-case host name"),
  row("an IPv6 address in brackets", "everything", "spec.platform.remoteConfig.allowedExporterHosts[0]", "[fd00::1]", "must be a lower-case host name"),
  row("an allowed host twice", "smallest", "spec.platform.remoteConfig.allowedExporterHosts", ["a.example.com", "a.example.com"], "Duplicate value", "spec.platform.remoteConfig.allowedExporterHosts[1]"),
  row("33 allowed hosts", "smallest", "spec.platform.remoteConfig.allowedExporterHosts", listOf(33, (index) => `h${index}`), "at most 32 items"),
];

// prettier-ignore
const times: readonly Refused[] = [
  row("a duration without unit", "smallest", "spec.health.interval", "30", "must be a duration from 1s to 1h"),
  row("a duration of an unknown unit", "smallest", "spec.health.interval", "1d", "must be a duration from 1s to 1h"),
  row("a negative duration", "smallest", "spec.health.interval", "-30s", "must be a duration from 1s to 1h"),
  row("an empty duration", "smallest", "spec.health.interval", "", "must be a duration from 1s to 1h"),
  row("a duration too large for any clock", "smallest", "spec.rollout.bakeTime", `${"9".repeat(31)}h`),
  row("a number where only a duration is taken", "smallest", "spec.health.interval", 30, "must be of type string"),
  row("an interval below its bound", "smallest", "spec.health.interval", "999ms", "must be a duration from 1s to 1h"),
  row("an interval above its bound", "smallest", "spec.health.interval", "61m", "must be a duration from 1s to 1h"),
  row("a timeout longer than the interval", "everything", "spec.health.timeout", "21s", "must not be longer than health.interval"),
  row("a timeout below its bound", "smallest", "spec.health.timeout", "99ms", "must be a duration from 100ms to 30s"),
  row("a check-in of 4 seconds as a number", "smallest", "spec.platform.configCheckInterval", 4, "from 5s to 86400s"),
  row("a check-in of 4 seconds as a duration", "smallest", "spec.platform.configCheckInterval", "4s", "from 5s to 86400s"),
  row("a check-in of seconds in quotes", "smallest", "spec.platform.configCheckInterval", "60", "from 5s to 86400s"),
  row("a check-in of more than a day", "smallest", "spec.platform.configCheckInterval", 86_401, "from 5s to 86400s"),
  row("a check-in of true", "smallest", "spec.platform.configCheckInterval", true, "must be of type integer,string"),
  row("a node report every second", "smallest", "spec.platform.nodeReports.interval", "1s", "must be a duration from 5s to 24h"),
  row("more than a day between remote rollouts", "smallest", "spec.platform.remoteConfig.minInterval", "25h", "must be a duration from 0s to 24h"),
  row("a bake of more than a day", "smallest", "spec.rollout.bakeTime", "24h1s", "must be a duration from 0s to 24h"),
  row("a startup grace above its bound", "smallest", "spec.health.startupGrace", "61m", "must be a duration from 0s to 1h"),
  row("a progress deadline below its bound", "smallest", "spec.rollout.progressDeadline", "9s", "must be a duration from 10s to 24h"),
  row("a grace period of 0", "smallest", "spec.nodeAgent.terminationGracePeriodSeconds", 0, "greater than or equal to 1"),
  row("a grace period of 601", "smallest", "spec.nodeAgent.terminationGracePeriodSeconds", 601, "less than or equal to 600"),
  row("a grace period as a duration", "smallest", "spec.nodeAgent.terminationGracePeriodSeconds", "30s", "must be of type integer"),
  row("a failure threshold of 0", "smallest", "spec.health.failureThreshold", 0, "greater than or equal to 1"),
  row("a failure threshold of 2.5", "smallest", "spec.health.failureThreshold", 2.5, "must be of type integer"),
];

// prettier-ignore
const shares: readonly Refused[] = [
  row("101%", "smallest", "spec.health.maxUnhealthy", "101%", "a percentage from 0% to 100%"),
  row("a percentage with a fraction", "smallest", "spec.health.maxUnhealthy", "1.5%", "a percentage from 0% to 100%"),
  row("a negative number of nodes", "smallest", "spec.health.maxUnhealthy", -1, "a whole number from 0"),
  row("a number in quotes", "smallest", "spec.rollout.maxFailures", "3", "a percentage from 0% to 100%"),
  row("a canary of no node", "smallest", "spec.rollout.canary", 0, "a whole number from 1"),
  row("a canary of 0%", "smallest", "spec.rollout.canary", "0%", "a percentage from 1% to 100%"),
  row("no node unavailable at all", "smallest", "spec.rollout.maxUnavailable", 0, "a whole number from 1"),
  row("5001 nodes", "smallest", "spec.rollout.maxUnavailable", 5001, "from 1 to 5000"),
];

// prettier-ignore
const choices: readonly Refused[] = [
  row("an unknown strategy", "smallest", "spec.rollout.strategy", "Recreate", "supported values"),
  row("a word in lower case", "smallest", "spec.rollout.strategy", "staged", "supported values"),
  row("an unknown distribution", "smallest", "spec.distribution", "core", "supported values"),
  row("an unknown profile", "smallest", "spec.nodeAgent.profile", "Restricted", "supported values"),
  row("an unknown mode of remote configuration", "smallest", "spec.platform.remoteConfig.mode", "Enabled", "supported values"),
  row("an unknown approval", "smallest", "spec.rollout.approval", "None", "supported values"),
  row("a host name rule that isn't there", "smallest", "spec.platform.nodeReports.hostname", "FQDN", "supported values"),
  row("a DNS policy that needs what can't be said here", "smallest", "spec.nodeAgent.dnsPolicy", "None", "supported values"),
  row("a word in place of true", "smallest", "spec.paused", "yes", "must be of type boolean"),
  row("RollingUpdate with remote configuration", "rollingUpdate", "spec.platform.remoteConfig.mode", "Apply", "set platform.remoteConfig.mode to Disabled", "spec.rollout.strategy"),
  row("RollingUpdate alone", "smallest", "spec.rollout.strategy", "RollingUpdate", "set platform.remoteConfig.mode to Disabled"),
  row("custom without components", "custom", "spec.components", undefined, "distribution custom needs components"),
  row("components of a distribution that has its own", "custom", "spec.distribution", "contrib", "the other distributions have none", "spec.components"),
  row("a component with an instance's name", "custom", "spec.components.receivers[0]", "otlp/2", "must be a component's type"),
  row("a component twice", "custom", "spec.components.receivers", ["otlp", "otlp"], "Duplicate value", "spec.components.receivers[1]"),
  row("257 components", "custom", "spec.components.receivers", listOf(257, (index) => `r${index}`), "at most 256 items"),
];

// prettier-ignore
const pods: readonly Refused[] = [
  row("an image without tag", "smallest", "spec.nodeAgent.image", "registry.example.com:5000/km-kube-agent", "must be an image with a tag or a digest"),
  row("the image latest", "smallest", "spec.nodeAgent.image", "km-kube-agent:latest", "must not be latest"),
  row("the cluster agent's image latest", "smallest", "spec.clusterAgent.image", "km-kube-agent:latest", "must not be latest"),
  row("an image with a short digest", "smallest", "spec.nodeAgent.image", "km-kube-agent@sha256:abc", "must be an image with a tag or a digest"),
  row("an image with a URL's scheme", "smallest", "spec.nodeAgent.image", "https://registry.example.com/a:1", "must be an image with a tag or a digest"),
  row("an image in capitals", "smallest", "spec.nodeAgent.image", "registry.example.com/Agent:1", "must be an image with a tag or a digest"),
  row("an unknown pull policy", "smallest", "spec.nodeAgent.imagePullPolicy", "Sometimes", "supported values"),
  row("a pull secret that is only a name", "smallest", "spec.nodeAgent.imagePullSecrets", ["registry"], "must be of type object", "spec.nodeAgent.imagePullSecrets[0]"),
  row("a pull secret twice", "smallest", "spec.nodeAgent.imagePullSecrets", [{ name: "a" }, { name: "a" }], "Duplicate value", "spec.nodeAgent.imagePullSecrets[1]"),
  row("a quantity that is none", "everything", "spec.nodeAgent.resources.limits.memory", "512 MB", "must be a quantity", "spec.nodeAgent.resources.limits[memory]"),
  row("a request above its limit", "everything", "spec.nodeAgent.resources.requests.memory", "1Gi", "must not be more than the limit", "spec.nodeAgent.resources.requests"),
  row("7 resources", "smallest", "spec.nodeAgent.resources.limits", mapOf(7), "at most 6 items"),
  row("33 entries of a node selector", "smallest", "spec.nodeAgent.nodeSelector", mapOf(33), "at most 32 items"),
  row("a number in a node selector", "smallest", "spec.nodeAgent.nodeSelector", { gpu: 1 }, "must be of type string", "spec.nodeAgent.nodeSelector.gpu"),
  row("a toleration without key or operator", "everything", "spec.nodeAgent.tolerations[0]", { effect: "NoSchedule" }, "must be Exists where no key is set", "spec.nodeAgent.tolerations[0].operator"),
  row("a toleration of existence with a value", "everything", "spec.nodeAgent.tolerations[0].operator", "Exists", "must be empty with operator Exists", "spec.nodeAgent.tolerations[0].value"),
  row("toleration seconds without NoExecute", "everything", "spec.nodeAgent.tolerations[1].effect", "NoSchedule", "must be NoExecute where tolerationSeconds is set"),
  row("an unknown taint effect", "everything", "spec.nodeAgent.tolerations[0].effect", "NoRun", "supported values"),
  row("65 tolerations", "smallest", "spec.nodeAgent.tolerations", listOf(65, () => ({ operator: "Exists" })), "at most 64 items"),
  row("a variable that the operator sets", "everything", "spec.nodeAgent.env[0].name", "KM_API_KEY", "the operator's own"),
  row("a variable that the operator sets, on the cluster agent", "everything", "spec.clusterAgent.env[0].name", "GOMEMLIMIT", "the operator's own"),
  row("a variable with a blank", "everything", "spec.nodeAgent.env[0].name", "A B", "must be a variable's name"),
  row("a variable without name", "everything", "spec.nodeAgent.env[0].name", undefined, "Required value"),
  row("a variable twice", "everything", "spec.nodeAgent.env[1].name", "GOGC", "Duplicate value", "spec.nodeAgent.env[1]"),
  row("a variable with value and source", "everything", "spec.nodeAgent.env[1].value", "x", "set value or valueFrom, not both", "spec.nodeAgent.env[1]"),
  row("a variable's value that is a number", "everything", "spec.nodeAgent.env[0].value", 80, "must be of type string"),
  row("65 variables", "smallest", "spec.nodeAgent.env", listOf(65, (index) => ({ name: `V${index}` })), "at most 64 items"),
  row("a label of ours", "smallest", "spec.nodeAgent.podLabels", { "app.kubernetes.io/name": "mine" }, "these keys aren't free"),
  row("a label below our domain", "smallest", "spec.nodeAgent.podLabels", { "kloudmate.com/revision": "x" }, "these keys aren't free"),
  row("a label of ours, on the cluster agent", "smallest", "spec.clusterAgent.podLabels", { "pod-template-hash": "x" }, "these keys aren't free"),
  row("a label's value with a blank", "smallest", "spec.nodeAgent.podLabels", { team: "a b" }, "label values are at most 63"),
  row("a label's value of 64 characters", "smallest", "spec.nodeAgent.podLabels", { team: "a".repeat(64) }, "may not be more than 63", "spec.nodeAgent.podLabels.team"),
  row("33 labels", "smallest", "spec.nodeAgent.podLabels", mapOf(33), "at most 32 items"),
  row("an annotation below our domain", "smallest", "spec.nodeAgent.podAnnotations", { "kloudmate.com/state": "x" }, "the operator's own"),
  row("a volume without name", "everything", "spec.nodeAgent.extraVolumes[0].name", undefined, "Required value"),
  row("a volume's name with a dot", "everything", "spec.nodeAgent.extraVolumes[0].name", "a.b", "must be a volume's name"),
  row("a volume twice", "everything", "spec.nodeAgent.extraVolumes[1].name", "journal", "Duplicate value", "spec.nodeAgent.extraVolumes[1]"),
  row("a volume of ours", "everything", "spec.nodeAgent.extraVolumes[0].name", "config", "these names are the operator's own"),
  row("a mount at a relative path", "everything", "spec.nodeAgent.extraVolumeMounts[0].mountPath", "data", "must be an absolute path"),
  row("a mount over the configuration", "everything", "spec.nodeAgent.extraVolumeMounts[0].mountPath", "/etc/kmagent/x", "must not be at or below /etc/kmagent"),
  row("a mount without path", "everything", "spec.nodeAgent.extraVolumeMounts[0].mountPath", undefined, "Required value"),
  row("33 volumes", "smallest", "spec.nodeAgent.extraVolumes", listOf(33, (index) => ({ name: `v${index}` })), "at most 32 items"),
  row("an affinity that is a list", "smallest", "spec.nodeAgent.affinity", [], "must be of type object"),
  row("privileged in the security context", "everything", "spec.nodeAgent.securityContext.privileged", true, "set nodeAgent.privileged in its place"),
];

// prettier-ignore
const ties: readonly Refused[] = [
  row("OTLP host ports beside hostNetwork", "hostNetwork", "spec.nodeAgent.hostPorts.otlp", true, "must be off with hostNetwork"),
  row("hostNetwork beside OTLP host ports", "everything", "spec.nodeAgent.hostNetwork", true, "must be off with hostNetwork", "spec.nodeAgent.hostPorts.otlp"),
  row("Baseline with hostNetwork", "baseline", "spec.nodeAgent.hostNetwork", true, "profile Baseline allows no hostNetwork"),
  row("Baseline with a privileged container", "baseline", "spec.nodeAgent.privileged", true, "profile Baseline allows no privileged"),
  row("Baseline with OTLP host ports", "baseline", "spec.nodeAgent.hostPorts.otlp", true, "profile Baseline allows no host ports"),
  row("Baseline with a host path", "baseline", "spec.nodeAgent.extraVolumes", [{ name: "root", hostPath: { path: "/" } }], "profile Baseline allows no hostPath"),
  row("Baseline with a capability", "baseline", "spec.nodeAgent.securityContext", { capabilities: { add: ["SYS_ADMIN"] } }, "profile Baseline allows no added capabilities", "spec.nodeAgent.securityContext.capabilities.add"),
  row("a configuration both inline and from a ConfigMap", "everything", "spec.config.nodeAgent.configMapKeyRef", { name: "collector", key: "node.yaml" }, "set inline or configMapKeyRef", "spec.config.nodeAgent"),
  row("a configuration from nowhere", "everything", "spec.config.nodeAgent.inline", undefined, "set inline or configMapKeyRef", "spec.config.nodeAgent"),
  row("a configuration from a ConfigMap without key", "everything", "spec.config.clusterAgent.configMapKeyRef.key", undefined, "Required value"),
  row("a configuration as a list of lines", "everything", "spec.config.nodeAgent.inline", ["receivers: {}"], "must be of type string"),
  row("a configuration of more than 256 KiB", "everything", "spec.config.nodeAgent.inline", "#".repeat(262_145), "may not be more than 262144"),
];

/** Every refused document of the table. */
export const REFUSED: readonly Refused[] = [
  ...identity,
  ...unknownFields,
  ...endpoints,
  ...times,
  ...shares,
  ...choices,
  ...pods,
  ...ties,
];
