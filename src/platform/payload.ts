import type { CheckInRequest, NodeReport, RunState } from "./wire.ts";
import { versionsOf } from "./versions.ts";
import type { Distribution } from "./versions.ts";

/** What is known of one node; a part of `health/node-health.ts`' verdict. */
export interface ReportedNode {
  readonly node: string;
  readonly kind: string;
  readonly agent: RunState;
  readonly collector: RunState;
  readonly reason: string;
  readonly message: string;
  readonly lastError: string;
  readonly image: string;
  readonly os: string;
  readonly architecture: string;
}

/** A sentence that is told once. Another text of the same `id` is no other news. */
export interface News {
  readonly id: string;
  readonly text: string;
}

/** What the cluster's check-in says besides the nodes. */
export interface ClusterReport {
  readonly logsEnabled: boolean;
  /** What became of the cluster's configuration while that isn't over or isn't well; it goes before what is wrong with the nodes. */
  readonly lastError: string;
  /** What became of it in the end: told until the platform has taken it once, for a success is no standing error. */
  readonly news: News | null;
  /** The node agent's image that is wanted now: its tag gives the versions. */
  readonly image: string;
}

/** How nodes are named on the platform. */
export interface Naming {
  readonly clusterName: string;
  /** `ClusterAndNode` keeps apart the nodes of many clusters that are all called worker-1. */
  readonly hostname: "Node" | "ClusterAndNode";
}

/**
 * A node's identity on the platform. Cluster and node are joined by a slash, for neither may hold one, so no two pairs give the
 * same name.
 */
export function hostnameOf(node: string, naming: Naming): string {
  return naming.hostname === "Node" ? node : `${naming.clusterName}/${node}`;
}

/** The nine fields for one node. The error text is there exactly while something is stopped, whatever is known of it. */
export function nodeReport(node: ReportedNode, naming: Naming, distribution: Distribution): NodeReport {
  const versions = versionsOf(node.image, distribution);
  const stopped = node.agent === "Stopped" || node.collector === "Stopped";
  return {
    is_docker: false,
    hostname: hostnameOf(node.node, naming),
    platform: node.os,
    architecture: node.architecture,
    agent_version: versions.agent,
    collector_version: versions.collector,
    agent_status: node.agent,
    collector_status: node.collector,
    last_error_message: stopped ? errorOf(node) : "",
  };
}

function errorOf({ lastError, message, reason }: ReportedNode): string {
  return [lastError, message, reason].find((text) => text !== "") ?? "The collector is stopped.";
}

/** A last report for an agent that was taken away on purpose: `why` begins with "Removed:", which no failure's text does. */
export function removedReport(last: NodeReport, why: string): NodeReport {
  return { ...last, agent_status: "Stopped", collector_status: "Stopped", last_error_message: `Removed: ${why}` };
}

/** The operator itself, which speaks for the cluster. */
export interface OperatorIdentity {
  readonly version: string;
  readonly architecture: string;
}

/** The cluster's check-in. The collector is Running while at least one node's agent and collector run. */
export function checkInRequest(
  nodes: readonly ReportedNode[],
  cluster: ClusterReport,
  clusterName: string,
  distribution: Distribution,
  operator: OperatorIdentity,
): CheckInRequest {
  const works = nodes.some(({ agent, collector }) => agent === "Running" && collector === "Running");
  return {
    agent_status: "Running",
    agent_version: operator.version,
    apm_enabled: false,
    architecture: operator.architecture,
    collector_status: works ? "Running" : "Stopped",
    collector_version: versionsOf(cluster.image, distribution).collector,
    hostname: clusterName,
    k8s_deployments: [],
    last_error_message: [cluster.lastError, cluster.news?.text ?? "", nodesError(nodes)]
      .filter((text) => text !== "")
      .join(" "),
    logs_enabled: cluster.logsEnabled,
    namespaces: null,
    platform: "k8s",
  };
}

/** The last check-in of a cluster whose KmAgent was deleted. */
export function removedCheckIn(last: CheckInRequest, why: string): CheckInRequest {
  return { ...last, agent_status: "Stopped", collector_status: "Stopped", last_error_message: `Removed: ${why}` };
}

const NAMED = 5;

/** The nodes without a working agent in one sentence, the first five by name; empty where there are none. */
function nodesError(nodes: readonly ReportedNode[]): string {
  const wanted = nodes.filter(({ kind }) => kind !== "excluded");
  if (wanted.length === 0) return "No node is selected for an agent.";
  const broken = wanted.filter(({ kind }) => kind === "unhealthy" || kind === "uncovered" || kind === "notReady");
  if (broken.length === 0) return "";
  const named = broken.slice(0, NAMED).map(({ node, reason }) => `${node} (${reason})`);
  const more = broken.length > NAMED ? ` and ${broken.length - NAMED} more` : "";
  return `${broken.length} of ${wanted.length} nodes have no working agent: ${named.join(", ")}${more}.`;
}
