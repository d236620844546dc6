import { membersOf } from "../api/json.ts";
import type { JsonObject } from "../api/json.ts";
import { KmAgentSpec, KmAgentStatus } from "../api/kmagent.ts";
import type { KmAgent } from "../api/kmagent.ts";
import type {
  ContainerObservation,
  NodeObservation,
  PodObservation,
  Taint,
  Termination,
} from "../health/observation.ts";
import { AGENT_CONTAINER, LABEL } from "../api/labels.ts";
import { parseTimestamp } from "../api/time.ts";
import { METRICS_PORT_NAME } from "../resources/pod.ts";

/*
 * Takes from the API server's pods and nodes the few fields in use, so that thousands of them fit into little memory.
 * The JSON is read leniently: what is missing becomes empty, and nothing here throws.
 */

/** A node as the cache keeps it; pods and probes are joined to it in `gather`. */
export type NodeRecord = Omit<NodeObservation, "pod" | "isMakingWay" | "failedPod" | "probe" | "exports"> & {
  readonly key: string;
  readonly uid: string;
};

/** A pod as the cache keeps it. */
export interface PodRecord extends PodObservation {
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  /** UID of the controlling owner; empty where there is none. */
  readonly ownerUid: string;
  /** Name of that owner. */
  readonly ownerName: string;
  /** The node that it runs on, or, where it isn't scheduled, the only one that its affinity allows. */
  readonly node: string;
  readonly instance: string;
  readonly component: string;
  /** Kubernetes' own name of the template that the DaemonSet controller made it from; empty on a canary's pod. */
  readonly templateHash: string;
}

/** A KmAgent as the cache keeps it. `spec` is null where it can't be parsed, and `invalid` then says where and why. */
export interface KmAgentRecord extends Omit<KmAgent, "spec"> {
  readonly key: string;
  readonly spec: KmAgentSpec | null;
  readonly invalid: string;
}

/** A KmAgent of the API server as a record. A status that isn't ours to read counts as none. */
export function projectKmAgent(raw: unknown): KmAgentRecord {
  const object = membersOf(raw);
  const metadata = membersOf(object["metadata"]);
  const spec = KmAgentSpec.safeParse(object["spec"]);
  const status = KmAgentStatus.safeParse(object["status"] ?? {});
  const name = text(metadata["name"]);
  const namespace = text(metadata["namespace"]);
  return {
    key: `${namespace}/${name}`,
    name,
    namespace,
    uid: text(metadata["uid"]),
    generation: typeof metadata["generation"] === "number" ? metadata["generation"] : 0,
    resourceVersion: text(metadata["resourceVersion"]),
    creationTimestamp: text(metadata["creationTimestamp"]),
    deleting: metadata["deletionTimestamp"] !== undefined,
    annotations: strings(metadata["annotations"], (value) => value),
    spec: spec.success ? spec.data : null,
    invalid: spec.success
      ? ""
      : spec.error.issues.map((issue) => `spec.${issue.path.join(".")}: ${issue.message}`).join("; "),
    status: status.success ? status.data : {},
  };
}

/** A node of the API server as a record. */
export function projectNode(raw: unknown, intern: Intern): NodeRecord {
  const node = membersOf(raw);
  const metadata = membersOf(node["metadata"]);
  const info = membersOf(membersOf(node["status"])["nodeInfo"]);
  const ready = list(membersOf(node["status"])["conditions"]).find((condition) => condition["type"] === "Ready");
  const status = ready?.["status"];
  return {
    key: text(metadata["name"]),
    name: text(metadata["name"]),
    uid: text(metadata["uid"]),
    labels: strings(metadata["labels"], intern),
    taints: list(membersOf(node["spec"])["taints"]).map((entry) => taint(entry, intern)),
    os: intern(text(info["operatingSystem"])),
    architecture: intern(text(info["architecture"])),
    ready: ready
      ? {
          status: status === "True" || status === "False" ? status : "Unknown",
          since: time(ready["lastTransitionTime"]),
          // What kubelet complains of may count seconds, and is new each time.
          message: status === "True" ? intern(text(ready["message"])) : text(ready["message"]),
        }
      : null,
    createdAt: time(metadata["creationTimestamp"]),
    deleting: metadata["deletionTimestamp"] !== undefined,
  };
}

/** A pod of the API server as a record. */
export function projectPod(raw: unknown, intern: Intern): PodRecord {
  const pod = membersOf(raw);
  const metadata = membersOf(pod["metadata"]);
  const spec = membersOf(pod["spec"]);
  const status = membersOf(pod["status"]);
  const labels = membersOf(metadata["labels"]);
  const owner = list(metadata["ownerReferences"]).find((reference) => reference["controller"] === true);
  const conditions = list(status["conditions"]);
  const scheduled = conditions.find((condition) => condition["type"] === "PodScheduled");
  const container = list(spec["containers"]).find((candidate) => candidate["name"] === AGENT_CONTAINER);
  const containerStatus = list(status["containerStatuses"]).find((candidate) => candidate["name"] === AGENT_CONTAINER);
  const namespace = intern(text(metadata["namespace"]));
  const name = text(metadata["name"]);
  return {
    key: `${namespace}/${name}`,
    namespace,
    name,
    uid: text(metadata["uid"]),
    ownerUid: intern(text(owner?.["uid"])),
    ownerName: intern(text(owner?.["name"])),
    node: text(spec["nodeName"]) || intendedNode(spec),
    instance: intern(text(labels[LABEL.instance])),
    component: intern(text(labels[LABEL.component])),
    templateHash: intern(text(labels[LABEL.templateHash])),
    revision: intern(text(labels[LABEL.revision])),
    createdAt: time(metadata["creationTimestamp"]),
    placedAt: time(scheduled?.["status"] === "True" ? scheduled["lastTransitionTime"] : metadata["creationTimestamp"]),
    deleting: metadata["deletionTimestamp"] !== undefined,
    phase: phase(status["phase"]),
    reason: intern(text(status["reason"])),
    message: text(status["message"]),
    ready: conditions.some((condition) => condition["type"] === "Ready" && condition["status"] === "True"),
    unschedulable: scheduled?.["status"] === "False" ? text(scheduled["message"]) : "",
    ip: text(status["podIP"]),
    metricsPort: metricsPort(container),
    image: intern(text(container?.["image"])),
    container: containerStatus ? containerObservation(containerStatus) : null,
  };
}

/** The agent's container names the port of the collector's own metrics where its configuration has one. */
function metricsPort(container: JsonObject | undefined): number | null {
  const port = list(container?.["ports"]).find((candidate) => candidate["name"] === METRICS_PORT_NAME);
  return typeof port?.["containerPort"] === "number" ? port["containerPort"] : null;
}

/** A DaemonSet's pod is bound to its node by an affinity to the node's name before the scheduler has spoken. */
function intendedNode(spec: JsonObject): string {
  const required = membersOf(
    membersOf(membersOf(spec["affinity"])["nodeAffinity"])["requiredDuringSchedulingIgnoredDuringExecution"],
  );
  for (const term of list(required["nodeSelectorTerms"])) {
    for (const match of list(term["matchFields"])) {
      const values = match["values"];
      if (match["key"] === "metadata.name" && Array.isArray(values)) return text(values[0]);
    }
  }
  return "";
}

function containerObservation(status: JsonObject): ContainerObservation {
  const state = membersOf(status["state"]);
  const restarts = typeof status["restartCount"] === "number" ? status["restartCount"] : 0;
  const lastTerminated = membersOf(status["lastState"])["terminated"];
  const last = lastTerminated === undefined ? null : termination(membersOf(lastTerminated));
  if (state["terminated"] !== undefined)
    return { state: "terminated", restarts, last: termination(membersOf(state["terminated"])) };
  if (state["running"] !== undefined) {
    return { state: "running", startedAt: time(membersOf(state["running"])["startedAt"]), restarts, last };
  }
  const waiting = membersOf(state["waiting"]);
  return { state: "waiting", reason: text(waiting["reason"]), message: text(waiting["message"]), restarts, last };
}

function termination(of: JsonObject): Termination {
  return {
    exitCode: typeof of["exitCode"] === "number" ? of["exitCode"] : -1,
    signal: typeof of["signal"] === "number" ? of["signal"] : null,
    reason: text(of["reason"]),
    message: text(of["message"]),
    finishedAt: time(of["finishedAt"]),
  };
}

function taint(of: JsonObject, intern: Intern): Taint {
  const effect = of["effect"];
  return {
    key: intern(text(of["key"])),
    value: intern(text(of["value"])),
    effect: effect === "NoExecute" || effect === "PreferNoSchedule" ? effect : "NoSchedule",
  };
}

function phase(value: unknown): PodObservation["phase"] {
  switch (value) {
    case "Pending":
    case "Running":
    case "Succeeded":
    case "Failed":
      return value;
    default:
      return "Unknown";
  }
}

function list(value: unknown): JsonObject[] {
  return Array.isArray(value) ? value.map(membersOf) : [];
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function strings(value: unknown, intern: Intern): Record<string, string> {
  return Object.fromEntries(Object.entries(membersOf(value)).map(([key, entry]) => [intern(key), intern(text(entry))]));
}

function time(value: unknown): number {
  return parseTimestamp(value) ?? 0;
}

/** Gives one copy of each short string that thousands of objects share. */
export type Intern = (value: string) => string;

/** An `Intern` with a bounded memory of its own; past the bound strings are kept as they come. */
export function createIntern(): Intern {
  const known = new Map<string, string>();
  return (value) => {
    if (value.length > 256 || value === "") return value;
    const copy = known.get(value);
    if (copy !== undefined) return copy;
    if (known.size < 20_000) known.set(value, value);
    return value;
  };
}
