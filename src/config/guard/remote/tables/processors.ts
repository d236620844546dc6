import {
  all,
  data,
  duration,
  either,
  flag,
  found,
  intervalOrOff,
  list,
  mapOf,
  matching,
  number,
  oneOf,
  record,
  text,
  timeout,
  whole,
  zeroOr,
} from "../shape.ts";
import type { Shape } from "../shape.ts";
import { isMap } from "../../../yaml-value.ts";
import { PLAIN_VARIABLES } from "../variables.ts";
import { countedMetrics, filter, matchProperties } from "./matching.ts";
import { memoryLimiter } from "./memory-limiter.ts";
import { metricsTransform } from "./metrics-transform.ts";
import { attributeActions } from "./attribute-actions.ts";
import { errorMode } from "./error-mode.ts";

const name = text(256);
/** Whether the rest of it is right, the collector itself says. */
const statement = all(text(8_192), matching(/^\s*[a-z]\w*\s*\(/, 'a statement, such as set(log.body, "x")'));
const conditions = list(text(8_192), 256);

/** A variable whose value a component reads by itself, without `${…}`. */
const variableName = oneOf(...PLAIN_VARIABLES);
/** Who signs in at the Kubernetes API: the pod. The other ways read files of the node. */
export const authType = oneOf("serviceAccount", "none");

const batch: Shape = all(
  record({
    // 0 sends at once; a timer of nearly nothing would go off all the time.
    timeout: zeroOr(0.1, 300),
    send_batch_size: whole(0, 100_000),
    send_batch_max_size: whole(0, 100_000),
    metadata_keys: list(name, 8),
    metadata_cardinality_limit: whole(1, 1_000),
  }),
  (value, path) => {
    const { send_batch_size: size = 8_192, send_batch_max_size: most } = isMap(value) ? value : {};
    return typeof size === "number" && typeof most === "number" && most > 0 && most < size
      ? found("limits", `${path}.send_batch_max_size`, "must not be less than send_batch_size")
      : [];
  },
);

const fieldRules = list(
  record({
    tag_name: name,
    key: name,
    key_regex: text(1_024),
    from: oneOf("pod", "namespace", "node", "deployment", "statefulset", "daemonset", "job"),
  }),
  64,
);
const fieldFilters = list(
  record({ key: name, value: name, op: oneOf("", "equals", "not-equals", "exists", "does-not-exist") }),
  64,
);

const k8sattributes = record({
  auth_type: authType,
  passthrough: flag,
  wait_for_metadata: flag,
  wait_for_metadata_timeout: timeout,
  extract: record({
    metadata: list(name, 64),
    annotations: fieldRules,
    labels: fieldRules,
    otel_annotations: flag,
  }),
  filter: record({
    node: name,
    node_from_env_var: variableName,
    namespace: name,
    fields: fieldFilters,
    labels: fieldFilters,
  }),
  pod_association: list(
    record({
      sources: list(record({ from: oneOf("resource_attribute", "connection"), name }, { required: ["from"] }), 8),
    }),
    32,
  ),
  exclude: record({ pods: list(record({ name: text(1_024) }, { required: ["name"] }), 64) }),
});

const attributeSwitches = mapOf(record({ enabled: flag }, { required: ["enabled"] }), 64);

/** Detectors that ask nobody but the pod itself and the Kubernetes API. The others dial a cloud's metadata service. */
const DETECTORS = ["env", "system", "k8snode", "kubeadm"];
/** The others, by the names of their settings in the collector's contrib distribution. */
const OTHER_DETECTORS = new Set([
  ...["aks", "azure", "azurecontainerapps", "ec2", "ecs", "eks", "elasticbeanstalk", "gcp", "lambda"],
  ...["akamai", "alibaba_ecs", "digitalocean", "hetzner", "heroku", "ibmcloud_classic", "ibmcloud_vpc", "nova"],
  ...["oraclecloud", "scaleway", "tencent_cvm", "upcloud", "vultr", "consul", "docker", "openshift"],
]);
const DETECTOR_HINT =
  "isn't a detector that a remote configuration may use: it asks a service outside of the pod, or reads files";
const resourcedetection = record(
  {
    detectors: list(
      (value, path) =>
        typeof value === "string" && DETECTORS.includes(value)
          ? []
          : found(
              "refused",
              path,
              `must be ${DETECTORS.join(" or ")}: other detectors ask a cloud's metadata service or read files`,
            ),
      4,
    ),
    override: flag,
    // Without one the collector, which tries again until then, refuses to start.
    timeout: duration(0.1, 3_600),
    refresh_interval: intervalOrOff,
    system: record({ hostname_sources: list(oneOf("os"), 1), resource_attributes: attributeSwitches }),
    k8snode: record({ auth_type: authType, node_from_env_var: variableName, resource_attributes: attributeSwitches }),
    kubeadm: record({ auth_type: authType, resource_attributes: attributeSwitches }),
  },
  { hint: (key) => (OTHER_DETECTORS.has(key) ? DETECTOR_HINT : undefined) },
);

const contextStatements = list(
  either(
    statement,
    record(
      {
        context: oneOf("resource", "scope", "span", "spanevent", "metric", "datapoint", "log", "profile"),
        conditions,
        statements: list(statement, 256, 1),
        error_mode: errorMode,
      },
      { required: ["statements"] },
    ),
  ),
  128,
);

/** Processors that a remote configuration may use. None of them reads files or dials anybody but the Kubernetes API. */
export const PROCESSORS: Readonly<Record<string, Shape>> = {
  batch,
  memorylimiter: memoryLimiter,
  k8sattributes,
  resourcedetection,
  resource: record({ attributes: attributeActions }, { required: ["attributes"] }),
  attributes: record(
    { actions: attributeActions, include: matchProperties, exclude: matchProperties },
    { required: ["actions"] },
  ),
  transform: record({
    error_mode: errorMode,
    flatten_data: flag,
    trace_statements: contextStatements,
    metric_statements: contextStatements,
    log_statements: contextStatements,
  }),
  filter,
  groupbyattrs: record({ keys: list(name, 32) }),
  groupbytrace: record({ wait_duration: duration(0, 60), num_traces: whole(1, 100_000), num_workers: whole(1, 8) }),
  cumulativetodelta: record({
    // Stale series are looked for as often as that.
    max_staleness: intervalOrOff,
    initial_value: oneOf("auto", "keep", "drop"),
    include: countedMetrics,
    exclude: countedMetrics,
  }),
  deltatorate: record({ metrics: list(name, 256) }),
  metricstransform: metricsTransform,
  probabilisticsampler: record({
    sampling_percentage: number(0, 100),
    hash_seed: whole(0, 4_294_967_295),
    mode: oneOf("hash_seed", "proportional", "equalizing"),
    fail_closed: flag,
    sampling_precision: whole(1, 14),
    attribute_source: oneOf("traceID", "record"),
    from_attribute: name,
    sampling_priority: name,
  }),
  redaction: data,
  span: data,
};
