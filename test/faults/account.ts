import { PODS, resourcePath } from "../../src/kube/resource.ts";
import { eventually } from "../eventually.ts";
import type { PlatformRow } from "../installation/platform-process.ts";
import type { KmAgentObject } from "../installation/world.ts";
import type { AgentPod, EventObject, Ground, Watches } from "./ground.ts";
import type { NodeFault } from "./node-faults.ts";

/** What was said of one fault, by whom, and after how long. */
export interface Account {
  readonly fault: string;
  readonly node: string;
  readonly reason: string;
  /** The message in the status. */
  readonly message: string;
  /** Milliseconds since the fault was visible, until each of them told of it; null for what a passing fault may not reach. */
  readonly noticedAfter: { readonly event: number; readonly status: number | null; readonly platform: number | null };
  /** Milliseconds since the cure, until event and platform told of it. */
  readonly recoveredAfter: { readonly event: number; readonly platform: number };
}

/** How long anything is waited for; budgets are judged from the account. */
const PATIENCE = { withinMs: 90_000 };

/** The finding about a node that a status lists, if any. */
export function findingOf(kmagent: KmAgentObject, node: string) {
  const { unhealthyNodes = [], uncoveredNodes = [] } = kmagent.status ?? {};
  return [...unhealthyNodes, ...uncoveredNodes].find((finding) => finding.node === node);
}

/** The text of the operator's metrics, as a person gets it through the API server. */
export async function metricsOf({ world, operator }: Pick<Ground, "world" | "operator">): Promise<string> {
  const { kubectl, api } = world;
  const { namespace } = operator;
  const labelSelector = "app.kubernetes.io/name=kmagent-operator";
  const [pod] = await api.list(resourcePath(PODS, namespace), { labelSelector });
  const name = pod?.metadata.name ?? "";
  const { stdout } = await kubectl(["get", "--raw", `/api/v1/namespaces/${namespace}/pods/${name}:8080/proxy/metrics`]);
  return stdout;
}

/** Makes a fault, waits until status, event, metrics and platform tell of it, cures it, and waits until all of them have heard. */
export async function accountOf(fault: NodeFault, ground: Ground, watches: Watches): Promise<Account> {
  await ground.ready();
  const struckAt = Date.now();
  let notice: Notice;
  try {
    await fault.strike(ground);
    notice = await noticeOf(fault, ground, watches, { beganAt: struckAt, endedAt: Date.now() });
  } catch (error) {
    // The next round finds its ground as this one did.
    await fault.cure(ground);
    throw error;
  }
  const { toldAt, ...noticed } = notice;
  // What passes by itself may be over by the time that it is told of.
  const curedAt = fault.passing ? toldAt : Date.now();
  await fault.cure(ground);
  const recoveredAfter = await recoveryOf(ground, watches, curedAt);
  return { fault: fault.name, node: ground.node, ...noticed, recoveredAfter };
}

/** While it was being struck. */
interface Strike {
  readonly beganAt: number;
  readonly endedAt: number;
}

type Notice = Pick<Account, "reason" | "message" | "noticedAfter"> & { readonly toldAt: number };

async function noticeOf(fault: NodeFault, ground: Ground, watches: Watches, strike: Strike): Promise<Notice> {
  const { node } = ground;
  const { beganAt } = strike;
  const { list, reason, message, orElse, passing = false } = fault;
  const told = list === "uncoveredNodes" ? "NodeUncovered" : "NodeUnhealthy";
  const [event, status, row] = await Promise.all([
    eventOf(
      watches,
      node,
      [told],
      beganAt,
      orElse ? new RegExp(`${message.source}|${orElse.message.source}`) : message,
    ),
    passing
      ? null
      : watches.kmagent.first(
          `status.${list} names ${node} with ${reason}`,
          beganAt,
          ({ object }) =>
            (object.status?.[list] ?? []).some(
              (finding) => finding.node === node && finding.reason === reason && message.test(finding.message),
            ),
          PATIENCE.withinMs,
        ),
    passing ? null : rowOf(ground, beganAt, fault.platform),
    passing ? null : seriesOf(ground, `reason="${reason}"`),
  ]);
  const visibleAt = await visibleSince(fault, node, strike, watches);
  // Two watches of the same change may differ by a moment either way.
  const after = (at: number): number => Math.max(0, at - visibleAt);
  return {
    reason: orElse?.message.test(event.object.message) === true ? orElse.reason : reason,
    message: event.object.message,
    toldAt: event.at,
    noticedAfter: { event: after(event.at), status: status && after(status.at), platform: row && after(row.at) },
  };
}

async function recoveryOf(ground: Ground, watches: Watches, curedAt: number): Promise<Account["recoveredAfter"]> {
  const { node } = ground;
  const [event, row] = await Promise.all([
    eventOf(watches, node, ["NodeRecovered", "NodeCovered"], curedAt, /runs/),
    rowOf(ground, curedAt, { agent: "Running", collector: "Running", error: /^$/ }),
    eventually(
      `status doesn't name ${node} any more`,
      () => {
        const newest = watches.kmagent.seen.at(-1);
        return newest !== undefined && findingOf(newest.object, node) === undefined ? true : undefined;
      },
      PATIENCE,
    ),
    noSeriesOf(ground),
  ]);
  return { event: event.at - curedAt, platform: row.at - curedAt };
}

async function eventOf(watches: Watches, node: string, reasons: readonly string[], sinceMs: number, message: RegExp) {
  const tells = (event: EventObject) =>
    reasons.includes(event.reason) && event.message.startsWith(`${node}: `) && message.test(event.message);
  return await watches.events
    .first(
      `an event ${reasons.join(" or ")} tells of ${node}: ${message}`,
      sinceMs,
      ({ object, deleted }) => !deleted && tells(object),
      PATIENCE.withinMs,
    )
    .catch((error: unknown) => {
      const others = watches.events.seen.filter(({ object, at }) => at >= sinceMs && object.message.includes(node));
      const told = others.map(({ object, at }) => `${new Date(at).toISOString()} ${object.reason} ${object.message}`);
      const pods = podsOf(watches, node, sinceMs);
      throw new Error(
        `${String(error)}; what was told of it: ${told.join("; ") || "nothing"}; its pods meanwhile: ${pods.join("; ") || "none changed"}`,
        { cause: error },
      );
    });
}

/** What the node's pods showed, one line for each version that says something else: without it nobody knows whether the fault came at all. */
function podsOf(watches: Watches, node: string, sinceMs: number): string[] {
  const lines = watches.pods.seen
    .filter(({ object, at }) => at >= sinceMs && boundTo(object, node))
    .map(({ object, deleted, at }) => ({ at, line: podLine(object, deleted) }));
  return lines
    .filter(({ line }, index) => lines[index - 1]?.line !== line)
    .map(({ at, line }) => `${new Date(at).toISOString()} ${line}`);
}

function podLine({ metadata, status }: AgentPod, deleted: boolean): string {
  const { phase = "no phase", reason, conditions, containerStatuses } = status;
  const placed = conditions?.find(({ type }) => type === "PodScheduled");
  const words = [
    metadata.name,
    phase,
    reason,
    placed?.status === "False" ? placed.reason : undefined,
    ...(containerStatuses ?? []).map(
      ({ state, ready, restartCount }) =>
        `${JSON.stringify(state)}${ready ? " ready" : ""}${restartCount > 0 ? ` after ${restartCount} restarts` : ""}`,
    ),
    metadata.deletionTimestamp === undefined ? undefined : "being deleted",
    deleted ? "gone" : undefined,
  ];
  return words.filter((word) => word !== undefined).join(" ");
}

async function rowOf(
  { operator, node }: Ground,
  sinceMs: number,
  { agent, collector, error }: NodeFault["platform"],
): Promise<PlatformRow> {
  return await eventually(
    `the platform has ${node}'s agent as ${agent}, its collector as ${collector}, with ${error}`,
    async () => {
      const row = await operator.platform.row(node);
      const { agent_status, collector_status, last_error_message } = row?.body ?? {};
      const holds = agent_status === agent && collector_status === collector && error.test(String(last_error_message));
      if (row !== undefined && holds && row.at >= sinceMs) return row;
      throw new Error(JSON.stringify(row?.body));
    },
    PATIENCE,
  );
}

async function seriesOf(ground: Ground, label: string): Promise<void> {
  const series = new RegExp(`^kmagent_node_status\\{[^}]*node="${ground.node}"[^}]*${label}[^}]*\\} 1$`, "m");
  await eventually(
    `metrics show ${ground.node} with ${label}`,
    async () => series.test(await metricsOf(ground)) || undefined,
    { ...PATIENCE, everyMs: 1_000 },
  );
}

async function noSeriesOf(ground: Ground): Promise<void> {
  const series = new RegExp(`^kmagent_node_status\\{[^}]*node="${ground.node}"`, "m");
  await eventually(
    `metrics show ${ground.node} no more`,
    async () => !series.test(await metricsOf(ground)) || undefined,
    { ...PATIENCE, everyMs: 1_000 },
  );
}

/** How far one watch may be behind another, milliseconds. */
const LAG_MS = 10_000;

/** When the first version of the pod or node that shows the fault came by. */
async function visibleSince(
  { visible, name }: NodeFault,
  node: string,
  strike: Strike,
  watches: Watches,
): Promise<number> {
  const { beganAt, endedAt } = strike;
  switch (visible.by) {
    case "order":
      return endedAt;
    case "pod": {
      const shown = await watches.pods.first(
        `a pod of ${node} shows it: ${name}`,
        beganAt,
        ({ object, deleted }) => boundTo(object, node) && visible.shows(object, deleted),
        LAG_MS,
      );
      return shown.at;
    }
    case "node": {
      const shown = await watches.nodes.first(
        `${node} shows it: ${name}`,
        beganAt,
        ({ object }) => object.metadata.name === node && visible.shows(object),
        LAG_MS,
      );
      return shown.at;
    }
    default:
      return visible satisfies never;
  }
}

/** A DaemonSet's pod that isn't placed yet names its node in its affinity. */
function boundTo(pod: { readonly spec: { readonly nodeName?: string } }, node: string): boolean {
  return (
    pod.spec.nodeName === node || (pod.spec.nodeName === undefined && JSON.stringify(pod.spec).includes(`"${node}"`))
  );
}
