import type { Base } from "./documents.ts";

/** A KmAgent at the edge of what the API server takes, one change away from a plain one. */
export interface Accepted {
  readonly name: string;
  readonly from: Base;
  readonly at: string;
  readonly to: unknown;
}

const row = (name: string, from: Base, at: string, to: unknown): Accepted => ({ name, from, at, to });
const listOf = <T>(length: number, item: (index: number) => T): T[] =>
  Array.from({ length }, (_, index) => item(index));

/** Every accepted document of the table. */
// prettier-ignore
export const ACCEPTED: readonly Accepted[] = [
  row("a name of 40 characters", "smallest", "metadata.name", "a".repeat(40)),
  row("a name of one character", "smallest", "metadata.name", "a"),
  row("a cluster name of 63 characters", "smallest", "spec.clusterName", `C${".".repeat(31)}${"_".repeat(31)}`),
  row("a cluster name of one digit", "smallest", "spec.clusterName", "7"),
  row("the longest name of a Secret", "smallest", "spec.apiKeySecretRef.name", `${"a".repeat(126)}.${"b".repeat(126)}`),
  row("an http endpoint, which is warned of", "smallest", "spec.collectorEndpoint", "http://collector.observability:4318"),
  row("an endpoint by IPv6 address with a path", "smallest", "spec.collectorEndpoint", "https://[fd00::1]:4318/otlp"),
  row("check-ins in integer seconds", "smallest", "spec.platform.configCheckInterval", 5),
  row("check-ins in a mixed duration", "smallest", "spec.platform.configCheckInterval", "1h0m0.5s"),
  row("check-ins once a day", "smallest", "spec.platform.configCheckInterval", 86_400),
  row("no time between remote rollouts", "smallest", "spec.platform.remoteConfig.minInterval", "0s"),
  row("hosts by name, IPv4 and IPv6", "smallest", "spec.platform.remoteConfig.allowedExporterHosts", [
    "a",
    "10.0.0.1",
    "fd00::1",
    "::1",
  ]),
  row("as many hosts as are taken", "smallest", "spec.platform.remoteConfig.allowedReceiverHosts", listOf(32, (index) => `h${index}`)),
  row("no unhealthy node at all", "smallest", "spec.health.maxUnhealthy", 0),
  row("0% unhealthy", "smallest", "spec.health.maxUnhealthy", "0%"),
  row("100% at once", "smallest", "spec.rollout.maxUnavailable", "100%"),
  row("5000 canaries", "smallest", "spec.rollout.canary", 5000),
  row("a timeout as long as the interval", "everything", "spec.health.timeout", "20s"),
  row("a timeout as long as the interval, in other units", "everything", "spec.health.timeout", "0.02m18.8s"),
  row("an empty list of tolerations, so the default isn't taken", "smallest", "spec.nodeAgent.tolerations", []),
  row("an empty node selector, so the default isn't taken", "smallest", "spec.nodeAgent.nodeSelector", {}),
  row("a toleration of everything", "smallest", "spec.nodeAgent.tolerations", [{ operator: "Exists" }]),
  row("empty environment", "smallest", "spec.nodeAgent.env", []),
  row("64 variables", "smallest", "spec.nodeAgent.env", listOf(64, (index) => ({ name: `V${index}`, value: "" }))),
  row("an image with registry, port, tag and digest", "smallest", "spec.nodeAgent.image", `registry.example.com:5000/a/b_c/d-e:1.2.0@sha256:${"a".repeat(64)}`),
  row("an image with a digest alone", "smallest", "spec.nodeAgent.image", `km-kube-agent@sha256:${"0".repeat(64)}`),
  row("an image with latest and a digest, which tells the version", "smallest", "spec.nodeAgent.image", `km-kube-agent:latest@sha256:${"0".repeat(64)}`),
  row("quantities as integers and exponents", "smallest", "spec.nodeAgent.resources", {
    requests: { cpu: 1, memory: "128e6" },
    limits: { cpu: "1000m" },
  }),
  row("a label's value of 63 characters and an empty one", "smallest", "spec.nodeAgent.podLabels", {
    a: "b".repeat(63),
    c: "",
  }),
  row("a label with the longest key", "smallest", "spec.nodeAgent.podLabels", {
    [`${"a".repeat(253)}/${"b".repeat(63)}`]: "x",
  }),
  row("Baseline with a volume that is no host path", "baseline", "spec.nodeAgent.extraVolumes", [
    { name: "a", emptyDir: {} },
  ]),
  row("Baseline with dropped capabilities", "baseline", "spec.nodeAgent.securityContext", {
    capabilities: { drop: ["ALL"] },
  }),
  row("parts of Kubernetes' own API kept as written, to the last unknown field", "smallest", "spec.nodeAgent.affinity", { fromTheFuture: [{ a: 1 }] }),
  row("the cluster agent off", "smallest", "spec.clusterAgent.enabled", false),
  row("a custom distribution without any component", "custom", "spec.components", {}),
  row("a configuration of 256 KiB", "smallest", "spec.config.nodeAgent", { inline: "#".repeat(262_144) }),
  row("an empty configuration, which only the operator can judge", "smallest", "spec.config.nodeAgent", { inline: "" }),
  row("remote configuration off with the staged strategy", "smallest", "spec.platform.remoteConfig.mode", "Disabled"),
];
