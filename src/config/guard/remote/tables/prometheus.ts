import { receiverEndpoint } from "../places.ts";
import {
  all,
  bytes,
  flag,
  found,
  interval,
  list,
  mapOf,
  matching,
  oneOf,
  record,
  secondsOf,
  text,
  whole,
} from "../shape.ts";
import type { Shape } from "../shape.ts";
import { isSameType, typeOf } from "../../../components.ts";
import { at, isList, isMap } from "../../../yaml-value.ts";
import type { YamlMap, YamlValue } from "../../../yaml-value.ts";

/** Prometheus has durations of its own: whole numbers, from the longest unit to the shortest. */
const prometheusInterval: Shape = (value, path, scope) => {
  const wrong = interval(value, path, scope);
  if (wrong.length > 0) return wrong;
  return typeof value === "string" && /^([0-9]+h)?([0-9]+m)?([0-9]+s)?([0-9]+ms)?$/.test(value)
    ? []
    : found("settings", path, "must be a duration of whole numbers, such as 1m30s");
};

/** A scrape that may take longer than the time between two is refused by Prometheus. */
const timely: Shape = (value, path) => {
  const { scrape_interval: every, scrape_timeout: limit } = isMap(value) ? value : {};
  return (secondsOf(limit) ?? 0) > (secondsOf(every) ?? Infinity)
    ? found("limits", `${path}.scrape_timeout`, "must not be more than scrape_interval")
    : [];
};

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

/** Prometheus itself replaces `$NAME` and `${NAME}` in these by any variable of the process, and `$$` leaves it a dollar sign. */
const externalLabels: Shape = (value, path, scope) => [
  ...Object.entries(isMap(value) ? value : {}).flatMap(([name, label]) =>
    typeof label === "string" && label.includes("$$")
      ? found("environment", `${path}.${name}`, "must hold no $$: Prometheus would read variables by it")
      : [],
  ),
  ...targetLabels(value, path, scope),
];

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

const scrape = all(
  record(
    {
      job_name: text(256),
      scrape_interval: prometheusInterval,
      scrape_timeout: prometheusInterval,
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
        record({ targets: list(receiverEndpoint([""]), 256, 1), labels: targetLabels }, { required: ["targets"] }),
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
      hint: () =>
        "isn't a setting that a remote configuration may use: targets are named in static_configs, without discovery, relabelling or credentials",
    },
  ),
  timely,
);

/**
 * Says in each scrape that redirects aren't followed, where it says nothing: Prometheus follows them otherwise, and whoever answers
 * would choose the next host.
 */
export function withoutRedirects(document: YamlMap): YamlMap {
  const receivers = at(document, "receivers");
  if (!isMap(receivers)) return document;
  const settled = Object.entries(receivers).map(([id, settings]): [string, YamlValue] => {
    const config = at(settings, "config");
    const scrapes = at(config, "scrape_configs");
    if (!isSameType(typeOf(id), "prometheus") || !isMap(settings) || !isMap(config) || !isList(scrapes))
      return [id, settings];
    const quiet = scrapes.map((scrape) =>
      isMap(scrape) && !Object.hasOwn(scrape, "follow_redirects") ? { ...scrape, follow_redirects: false } : scrape,
    );
    return [id, { ...settings, config: { ...config, scrape_configs: quiet } }];
  });
  return { ...document, receivers: Object.fromEntries(settled) };
}

/** `prometheus`: plain targets on hosts that the KmAgent allows. */
export const PROMETHEUS: Shape = record(
  {
    config: record(
      {
        global: all(
          record({
            scrape_interval: prometheusInterval,
            scrape_timeout: prometheusInterval,
            evaluation_interval: prometheusInterval,
            external_labels: externalLabels,
          }),
          timely,
        ),
        scrape_configs: list(scrape, 64, 1),
      },
      {
        required: ["scrape_configs"],
        hint: () => "isn't a setting that a remote configuration may use; static_configs below scrape_configs are",
      },
    ),
    trim_metric_suffixes: flag,
    use_start_time_metric: flag,
    start_time_metric_regex: text(1_024),
    report_extra_scrape_metrics: flag,
  },
  { required: ["config"] },
);
