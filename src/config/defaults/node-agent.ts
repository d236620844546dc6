import { nameIn } from "../components.ts";
import { ownLogDirectories } from "../own-logs.ts";
import type { AgentIdentity } from "../own-logs.ts";
import type { YamlMap, YamlValue } from "../yaml-value.ts";
import {
  assemble,
  BATCH,
  clusterResource,
  HOST_ROOT,
  K8S_ATTRIBUTES,
  MEMORY_LIMITER,
  OTLP_RECEIVER,
  STORAGE_DIRECTORY,
} from "./building-blocks.ts";
import type { Block, DefaultInput, PipelineBlock } from "./building-blocks.ts";

/** What the node agent's default depends on besides. */
export interface NodeDefaultInput extends DefaultInput, AgentIdentity {
  /** `Baseline` pods see nothing of the node's file system and hold no port of it, so they collect metrics only. */
  readonly profile: "Full" | "Baseline";
  readonly hostNetwork: boolean;
}

/** The node agent's configuration where neither the spec nor the platform gives one. It names only what the image holds. */
export function nodeAgentDefault(input: NodeDefaultInput): YamlMap {
  const pipelines = [...metrics(input), ...(input.profile === "Full" ? [...containerLogs(input), ...otlp(input)] : [])];
  return assemble(input.distribution, pipelines, input.profile === "Full" && input.features.logs ? [FILE_STORAGE] : []);
}

/** Keeps the positions in log files on the node, so that a restart of the agent neither loses nor repeats a line. */
const FILE_STORAGE: Block = ["file_storage", { directory: STORAGE_DIRECTORY, timeout: "1s" }];

/**
 * What the image can tell of its host without asking the Kubernetes API. `host.name` isn't asked for: in a pod it would be the
 * pod's name.
 */
const RESOURCE_DETECTION: Block = [
  "resourcedetection",
  {
    detectors: ["env", "system"],
    override: false,
    system: {
      resource_attributes: {
        "host.arch": { enabled: true },
        "host.id": { enabled: false },
        "host.name": { enabled: false },
        "os.type": { enabled: true },
      },
    },
    timeout: "5s",
  },
];

function metrics(input: NodeDefaultInput): PipelineBlock[] {
  if (!input.features.metrics) return [];
  return [
    {
      id: "metrics/hostmetrics",
      receivers: [hostMetrics(input)],
      processors: [
        MEMORY_LIMITER,
        RESOURCE_DETECTION,
        nodeResource(input),
        // By this the platform tells the hosts of clusters from others.
        ["resource/hostmetrics", { attributes: [{ action: "insert", key: "is.k8s.node", value: "yes" }] }],
        BATCH,
      ],
    },
    { id: "metrics/kubeletstats", receivers: [KUBELET_STATS], processors: workloadProcessors(input) },
  ];
}

/**
 * Under `Baseline` only what `/proc` tells of the whole machine inside a container too. `network` needs the node's network:
 * elsewhere it would give the pod's own traffic for the node's.
 */
function hostMetrics(input: NodeDefaultInput): Block {
  const machine = { cpu: {}, load: {}, memory: {} };
  if (input.profile === "Baseline") return ["hostmetrics", { collection_interval: "60s", scrapers: machine }];
  const scrapers: YamlMap = {
    ...machine,
    disk: {},
    filesystem: {
      exclude_fs_types: {
        fs_types: [
          ...[
            "autofs",
            "binfmt_misc",
            "bpf",
            "cgroup",
            "cgroup2",
            "configfs",
            "debugfs",
            "devpts",
            "devtmpfs",
            "fusectl",
          ],
          ...["hugetlbfs", "mqueue", "nsfs", "overlay", "proc", "procfs", "pstore", "securityfs", "squashfs", "sysfs"],
          ...["tmpfs", "tracefs"],
        ],
        match_type: "strict",
      },
      exclude_mount_points: {
        match_type: "regexp",
        mount_points: ["^/(dev|proc|sys|run)($|/)", "^/var/lib/(kubelet|containerd|docker|containers)/"],
      },
    },
    ...(input.hostNetwork && { network: {} }),
    paging: {},
    process: {
      // What belongs to other users isn't readable without CAP_SYS_PTRACE.
      mute_process_all_errors: true,
    },
    processes: {},
    system: {},
  };
  return ["hostmetrics", { collection_interval: "60s", root_path: HOST_ROOT, scrapers }];
}

/**
 * Kubelet's own figures of node, pods and containers. Its serving certificate is self-signed unless a cluster's owner set up
 * rotation, so it isn't verified; the connection stays on the node.
 */
const KUBELET_STATS: Block = [
  "kubeletstats",
  {
    auth_type: "serviceAccount",
    collection_interval: "30s",
    endpoint: "https://${env:KM_NODE_HOST_IP}:10250",
    insecure_skip_verify: true,
    metric_groups: ["node", "pod", "container", "volume"],
  },
];

function containerLogs(input: NodeDefaultInput): PipelineBlock[] {
  if (!input.features.logs) return [];
  const storage = nameIn(input.distribution, "extensions", "file_storage");
  const settings: Record<string, YamlValue> = {
    include: ["/var/log/pods/*/*/*.log"],
    // Its own pods' logs are left out, or a failing export would feed itself.
    exclude: [`${ownLogDirectories(input)}*.log`, "/var/log/pods/**/*.gz"],
    include_file_name: false,
    include_file_path: true,
    max_log_size: "1MiB",
    poll_interval: "1s",
    // With kept positions, what was written while no agent ran is read from its beginning.
    start_at: storage === undefined ? "end" : "beginning",
    ...(storage !== undefined && { storage }),
    retry_on_failure: { enabled: true },
    operators: LOG_OPERATORS,
  };
  return [
    { id: "logs/containers", receivers: [["filelog/containers", settings]], processors: workloadProcessors(input) },
  ];
}

/** Takes the runtime's line apart, then a JSON body, then level and trace context. A line that fits none passes as it is. */
const LOG_OPERATORS: readonly YamlMap[] = [
  { type: "container", id: "container", max_log_size: 1_048_576, on_error: "send_quiet" },
  {
    type: "json_parser",
    id: "json",
    if: 'type(body) == "string" && body matches "^\\\\s*{.*}\\\\s*$"',
    parse_to: "attributes.km_json",
    on_error: "send_quiet",
  },
  {
    type: "severity_parser",
    id: "severity",
    if: 'attributes.km_json != nil && type(attributes.km_json.level) == "string"',
    parse_from: "attributes.km_json.level",
    on_error: "send_quiet",
  },
  {
    type: "trace_parser",
    id: "trace",
    if: 'attributes.km_json != nil && type(attributes.km_json.trace_id) == "string" && type(attributes.km_json.span_id) == "string"',
    trace_id: { parse_from: "attributes.km_json.trace_id" },
    span_id: { parse_from: "attributes.km_json.span_id" },
    on_error: "send_quiet",
  },
  // The body still holds it all.
  { type: "remove", id: "tidy", if: "attributes.km_json != nil", field: "attributes.km_json" },
];

/** What workloads of the node send themselves. A signal that is switched off has no pipeline here either. */
function otlp(input: NodeDefaultInput): PipelineBlock[] {
  const { features } = input;
  if (!features.traces) return [];
  const signals = ["traces", ...(features.metrics ? ["metrics"] : []), ...(features.logs ? ["logs"] : [])];
  return signals.map((signal) => ({
    id: `${signal}/otlp`,
    receivers: [OTLP_RECEIVER],
    processors: workloadProcessors(input),
  }));
}

function workloadProcessors(input: NodeDefaultInput): Block[] {
  const [id, settings] = K8S_ATTRIBUTES;
  const ownNode: Block = [id, { ...settings, filter: { node_from_env_var: "KM_NODE_NAME" } }];
  return [MEMORY_LIMITER, ownNode, nodeResource(input), BATCH];
}

/** Cluster and node. A node that is called `10234` would come out of the environment as a number, so it is made text. */
function nodeResource(input: NodeDefaultInput): Block {
  const attributes = ["k8s.node.name", "host.name"].flatMap((key) => [
    { action: "insert", key, value: "${env:KM_NODE_NAME}" },
    { action: "convert", key, converted_type: "string" },
  ]);
  return clusterResource(input.clusterName, attributes);
}
