import type { NodeReason } from "../../src/api/reasons.ts";
import type { AgentPod, Ground, NodeObject } from "./ground.ts";
import { takePort, takeRoom } from "./takers.ts";

/** How the agents of these tests are asked for their health; the budget of a fault that only probes can see follows from it. */
export const HEALTH = { interval: "2s", timeout: "1s", failureThreshold: 3, startupGrace: "5s" } as const;

/**
 * When a fault begins to be visible, from which the time to its notice is counted, and how long that may take:
 * - `order`: once it is given, and only probes see it: interval × threshold + timeout.
 * - `pod`, `node`: with the first version of the pod or node that shows it: a second.
 */
export type Visible =
  | { readonly by: "order"; readonly budgetMs: number }
  | { readonly by: "pod"; readonly budgetMs: number; readonly shows: (pod: AgentPod, deleted: boolean) => boolean }
  | { readonly by: "node"; readonly budgetMs: number; readonly shows: (node: NodeObject) => boolean };

/** One way in which a node's agent can fail, and what a person would say of it. */
export interface NodeFault {
  /** A sentence's second half: "a node whose …". */
  readonly name: string;
  readonly strike: (ground: Ground) => Promise<void>;
  readonly cure: (ground: Ground) => Promise<void>;
  readonly visible: Visible;
  readonly list: "unhealthyNodes" | "uncoveredNodes";
  readonly reason: NodeReason;
  /** The message in status and event. */
  readonly message: RegExp;
  /** What is told where kubelet itself may say the one or the other, for two of its parts race. */
  readonly orElse?: { readonly reason: NodeReason; readonly message: RegExp };
  /** It cures itself before a status or report need be written; event and recovery tell of it. */
  readonly passing?: true;
  /** What the platform is told; the text is `message`'s own where none is given. */
  readonly platform: {
    readonly agent: "Running" | "Stopped";
    readonly collector: "Running" | "Stopped";
    readonly error: RegExp;
  };
}

const AFTER_POD_MS = 1_000;
/** A pod that finds no place may be waiting for the one before it to give up its port. */
const PLACING_MS = 5_000;
const BY_PROBES: Visible = { by: "order", budgetMs: 2_000 * 3 + 1_000 };

/** An order that a healthy collector takes back by another one. */
function probed(order: string): Pick<NodeFault, "strike" | "cure" | "visible" | "list"> {
  return {
    strike: (ground) => ground.order(order),
    cure: (ground) => ground.order("healthy"),
    visible: BY_PROBES,
    list: "unhealthyNodes",
  };
}

/** An order that ends the process, again after each restart, until somebody replaces the pod. */
function fatal(order: string): Pick<NodeFault, "strike" | "cure" | "visible" | "list"> {
  return {
    strike: (ground) => ground.order(order),
    cure: (ground) => ground.deletePod(),
    visible: {
      by: "pod",
      budgetMs: AFTER_POD_MS,
      shows: ({ status }) =>
        status.containerStatuses?.some(
          ({ state, restartCount }) => state.terminated !== undefined || restartCount > 0,
        ) ?? false,
    },
    list: "unhealthyNodes",
  };
}

const unschedulable = ({ status }: AgentPod): boolean =>
  status.conditions?.some(({ type, reason }) => type === "PodScheduled" && reason === "Unschedulable") ?? false;

/** A silent collector in a process that runs. */
const silent = (error: RegExp): NodeFault["platform"] => ({ agent: "Running", collector: "Stopped", error });
/** No process at all, or none that is ours. */
const stopped = (error: RegExp): NodeFault["platform"] => ({ agent: "Stopped", collector: "Stopped", error });

/**
 * All faults, in rounds: the faults of a round strike at once, each a node of its own. Of the collectors that give no answer
 * there is never more than one beside one that does: were all of them silent, the network would be the finding.
 */
export const ROUNDS: readonly (readonly NodeFault[])[] = [
  [
    {
      name: "collector ends with exit code 1",
      ...fatal("exit:1"),
      reason: "CollectorExited",
      message: /ended with exit code 1.*told to exit with 1/,
      // Between two runs of a crash loop the process may be up for a moment.
      platform: stopped(/exit code 1[^]*told to exit with 1/),
    },
    {
      name: "collector answers 503",
      ...probed("status:503"),
      reason: "HealthCheckFailed",
      message: /answers HTTP 503 on port 13133/,
      platform: silent(/answers HTTP 503/),
    },
    {
      name: "collector hangs (SIGSTOP)",
      strike: (ground) => ground.signal("SIGSTOP"),
      cure: (ground) => ground.signal("SIGCONT"),
      visible: BY_PROBES,
      list: "unhealthyNodes",
      reason: "Unresponsive",
      message: /gives no answer on port 13133 in time/,
      platform: silent(/gives no answer/),
    },
  ],
  [
    {
      name: "collector redirects",
      ...probed("redirect:http://example.com/"),
      reason: "Redirected",
      message: /answers with a redirect \(HTTP 302\)/,
      platform: silent(/redirect \(HTTP 302\)/),
    },
    {
      name: "collector refuses connections",
      ...probed("refuse"),
      reason: "ConnectionRefused",
      message: /nothing listens on port 13133/i,
      platform: silent(/nothing listens on port 13133/),
    },
    {
      name: "collector ends with exit code 0",
      ...fatal("exit:0"),
      reason: "CollectorExitedCleanly",
      message: /ended with exit code 0/,
      platform: stopped(/exit code 0[^]*told to exit with 0/),
    },
  ],
  [
    {
      name: "collector answers 1 GB",
      ...probed("huge"),
      reason: "ResponseTooLarge",
      message: /is over 64 KiB/,
      platform: silent(/over 64 KiB/),
    },
    {
      name: "collector eats more memory than its limit",
      ...fatal("oom"),
      reason: "OOMKilled",
      message: /more memory than its limit.*resources\.limits\.memory/,
      platform: stopped(/more memory than its limit/),
    },
    {
      name: "collector answers slowly",
      ...probed("slow:10s"),
      reason: "Unresponsive",
      message: /gives no answer on port 13133 in time/,
      platform: silent(/gives no answer/),
    },
  ],
  [
    {
      name: "collector speaks no HTTP",
      ...probed("garbage"),
      reason: "BadResponse",
      message: /isn't HTTP/,
      platform: silent(/isn't HTTP/),
    },
    {
      name: "collector trickles its answer for ever",
      ...probed("trickle"),
      reason: "Unresponsive",
      message: /gives no answer on port 13133 in time/,
      platform: silent(/gives no answer/),
    },
    {
      name: "registry can't be reached, so that the image can't be pulled",
      async strike(ground) {
        await ground.exec("iptables", "-I", "OUTPUT", ...toRegistry(ground), "-j", "REJECT");
        await ground.deletePod();
      },
      async cure(ground) {
        await ground.exec("iptables", "-D", "OUTPUT", ...toRegistry(ground), "-j", "REJECT");
        // Kubelet would try again by itself, with a delay that grows.
        await ground.deletePod();
      },
      visible: {
        by: "pod",
        budgetMs: AFTER_POD_MS,
        shows: ({ status }) =>
          status.containerStatuses?.some(({ state }) => state.waiting?.reason.includes("ImagePull")) ?? false,
      },
      list: "unhealthyNodes",
      reason: "ImagePullFailed",
      message: /image can't be pulled.*connect/,
      platform: stopped(/image can't be pulled/),
    },
  ],
  [
    {
      name: "pod is evicted by kubelet, for it fills a volume beyond its limit",
      async strike(ground) {
        await ground.order("ignore-term");
        await fillVolume(ground);
      },
      // The DaemonSet controller replaces it at once, with a new volume.
      passing: true,
      cure: () => Promise.resolve(),
      visible: { by: "pod", budgetMs: AFTER_POD_MS, shows: ({ status }) => status.reason === "Evicted" },
      list: "unhealthyNodes",
      reason: "Evicted",
      message: /Kubelet evicted the pod: .*EmptyDir volume "fault" exceeds the limit/,
      platform: stopped(/Kubelet evicted the pod/),
    },
    {
      name: "ground is full: a pod of higher priority takes the agent's room",
      strike: (ground) => takeRoom(ground),
      cure: (ground) => leaveAgain(ground, "room-taker"),
      visible: { by: "pod", budgetMs: PLACING_MS + AFTER_POD_MS, shows: unschedulable },
      list: "uncoveredNodes",
      reason: "InsufficientResources",
      message: /no room for the agent.*Insufficient cpu/,
      platform: stopped(/Insufficient cpu/),
    },
    {
      name: "host port is taken by another pod",
      strike: (ground) => takePort(ground),
      cure: (ground) => leaveAgain(ground, "port-taker"),
      visible: { by: "pod", budgetMs: PLACING_MS + AFTER_POD_MS, shows: unschedulable },
      list: "uncoveredNodes",
      reason: "PortConflict",
      message: /another pod holds a host port/i,
      platform: stopped(/host port/),
    },
  ],
  [
    {
      name: "taint (NoExecute) isn't tolerated",
      async strike({ world, node }) {
        await world.kubectl(["taint", "node", node, "test.kloudmate.com/dedicated=db:NoExecute"]);
      },
      async cure({ world, node }) {
        await world.kubectl(["taint", "node", node, "test.kloudmate.com/dedicated-"]);
      },
      visible: {
        by: "pod",
        budgetMs: AFTER_POD_MS,
        shows: ({ metadata }, deleted) => deleted || metadata.deletionTimestamp !== undefined,
      },
      list: "uncoveredNodes",
      reason: "TaintNotTolerated",
      message: /the taint test\.kloudmate\.com\/dedicated=db:NoExecute/,
      platform: stopped(/the taint test\.kloudmate\.com\/dedicated=db:NoExecute/),
    },
    {
      name: "kubelet is stopped, while its collector goes on",
      strike: ({ world, node }) => world.cluster.stopKubelet(node, world.signal),
      cure: ({ world, node }) => world.cluster.startKubelet(node, world.signal),
      visible: {
        by: "node",
        budgetMs: AFTER_POD_MS,
        shows: ({ status }) => status.conditions.some(({ type, status: is }) => type === "Ready" && is === "Unknown"),
      },
      list: "unhealthyNodes",
      reason: "NodeNotReady",
      message: /NotReady \(its kubelet doesn't report\), yet the collector answers/,
      platform: { agent: "Running", collector: "Running", error: /^$/ },
    },
    {
      name: "pod is evicted by kubelet, and its collector obeys and ends with exit code 0",
      strike: fillVolume,
      // The DaemonSet controller replaces it at once, with a new volume.
      passing: true,
      cure: () => Promise.resolve(),
      visible: {
        by: "pod",
        budgetMs: AFTER_POD_MS,
        shows: ({ status }) => /^(Succeeded|Failed)$/.test(status.phase ?? ""),
      },
      list: "unhealthyNodes",
      reason: "PodFailed",
      message: /Kubelet ended the pod, as it does when it evicts one/,
      // Where the API server heard of the eviction before the container had ended, the pod is Failed and not Succeeded.
      orElse: {
        reason: "Evicted",
        message: /Kubelet evicted the pod: Usage of EmptyDir volume "fault" exceeds the limit/,
      },
      platform: stopped(/Kubelet ended the pod/),
    },
  ],
  [
    {
      name: "namespace got Pod Security `baseline`, so that its next pod is refused",
      async strike(ground) {
        await podSecurity(ground, "baseline");
        await ground.deletePod();
      },
      cure: (ground) => podSecurity(ground, "privileged"),
      // What keeps a pod away is asked 5 s after the last one has gone: a pod that is replaced is missing, too.
      visible: { by: "pod", budgetMs: 5_000 + AFTER_POD_MS, shows: (_pod, deleted) => deleted },
      list: "uncoveredNodes",
      reason: "PodSecurityViolation",
      message: /violates PodSecurity "baseline/,
      platform: stopped(/violates PodSecurity/),
    },
  ],
];

/** Beyond the limit of the fleet's own volume; kubelet looks every ten seconds. */
async function fillVolume(ground: Ground): Promise<void> {
  const { metadata } = await ground.pod();
  const volume = `/var/lib/kubelet/pods/${metadata.uid}/volumes/kubernetes.io~empty-dir/fault`;
  await ground.exec("dd", "if=/dev/zero", `of=${volume}/filler`, "bs=1M", "count=16", "status=none");
}

function toRegistry({ world }: Ground): string[] {
  const [host = "", port = ""] = (world.cluster.registry?.host ?? "").split(":");
  return ["-p", "tcp", "-d", host, "--dport", port];
}

async function podSecurity({ world, operator }: Ground, level: string): Promise<void> {
  const label = `pod-security.kubernetes.io/enforce=${level}`;
  await world.kubectl(["label", "namespace", operator.namespace, label, "--overwrite"]);
}

async function leaveAgain({ world }: Ground, pod: string): Promise<void> {
  await world.kubectl([
    "delete",
    "pod",
    pod,
    "-n",
    "default",
    "--ignore-not-found",
    "--grace-period=1",
    "--wait=false",
  ]);
}
