import { receiverEndpoint } from "../places.ts";
import { bytes, flag, found, interval, list, mapOf, matching, oneOf, record, text, whole } from "../shape.ts";
import type { Shape } from "../shape.ts";
import { isMap } from "../../../yaml-value.ts";

const label = matching(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "the name of a label");
const most = whole(0, 1_000_000);

/** Labels of targets. Those that begin with `__` say where the scrape goes. */
const targetLabels: Shape = (value, path, scope) => {
  if (!isMap(value)) return found("settings", path, "must be a map of labels");
  return [
    ...Object.keys(value).flatMap((name) =>
      name.startsWith("__") ? found("hosts", `${path}.${name}`, "must be absent: it leads the scrape elsewhere") : [],
    ),
    ...mapOf(text(256), 64)(value, path, scope),
  ];
};

/** What is done with samples once they are there. */
const metricRelabelling = list(
  record({
    source_labels: list(label, 16),
    separator: text(16),
    regex: text(4_096),
    modulus: whole(1, 1_000_000),
    target_label: label,
    replacement: text(1_024),
    action: oneOf(
      "replace",
      "keep",
      "drop",
      "hashmod",
      "labelmap",
      "labeldrop",
      "labelkeep",
      "lowercase",
      "uppercase",
      "keepequal",
      "dropequal",
    ),
  }),
  128,
);

const scrape = record(
  {
    job_name: text(256),
    scrape_interval: interval,
    scrape_timeout: interval,
    metrics_path: matching(/^\/[A-Za-z0-9._~/-]{0,512}$/, "a plain path, such as /metrics"),
    scheme: oneOf("http", "https"),
    honor_labels: flag,
    honor_timestamps: flag,
    enable_compression: flag,
    follow_redirects: (value, path) =>
      value === false
        ? []
        : found("hosts", path, "must be false or absent: whoever answers would choose the next host"),
    static_configs: list(
      record({ targets: list(receiverEndpoint(""), 256, 1), labels: targetLabels }, { required: ["targets"] }),
      64,
      1,
    ),
    metric_relabel_configs: metricRelabelling,
    sample_limit: most,
    label_limit: most,
    label_name_length_limit: most,
    label_value_length_limit: most,
    target_limit: most,
    body_size_limit: bytes(67_108_864),
  },
  {
    required: ["job_name", "static_configs"],
    hint: "isn't a setting that a remote configuration may use: targets are named in static_configs, without discovery, relabelling or credentials",
  },
);

/** `prometheus`: plain targets on hosts that the KmAgent allows. */
export const PROMETHEUS: Shape = record(
  {
    config: record(
      {
        global: record({
          scrape_interval: interval,
          scrape_timeout: interval,
          evaluation_interval: interval,
          external_labels: targetLabels,
        }),
        scrape_configs: list(scrape, 64, 1),
      },
      {
        required: ["scrape_configs"],
        hint: "isn't a setting that a remote configuration may use; static_configs below scrape_configs are",
      },
    ),
    trim_metric_suffixes: flag,
    use_start_time_metric: flag,
    start_time_metric_regex: text(1_024),
    report_extra_scrape_metrics: flag,
  },
  { required: ["config"] },
);
