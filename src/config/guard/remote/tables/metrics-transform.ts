import { list, mapOf, number, oneOf, record, text } from "../shape.ts";
import type { Shape } from "../shape.ts";
import { nonEmpty, variants } from "../variants.ts";

const name = text(1_024);
const names = list(name, 256);
const labels = mapOf(name, 64);
const aggregation = oneOf("sum", "mean", "min", "max", "count", "median");

/** Settings that every operation may have, whether it uses them or not. */
const OPERATION: Readonly<Record<string, Shape>> = {
  action: name,
  label: name,
  new_label: name,
  label_set: names,
  label_value: name,
  aggregation_type: aggregation,
  aggregated_values: names,
  new_value: name,
  value_actions: list(record({ value: name, new_value: name }), 256),
  experimental_scale: number(-1e18, 1e18),
};
const operation = variants("action", {
  add_label: record(
    { ...OPERATION, new_label: nonEmpty, new_value: nonEmpty },
    { required: ["new_label", "new_value"] },
  ),
  update_label: record({ ...OPERATION, label: nonEmpty }, { required: ["label"] }),
  delete_label_value: record(OPERATION),
  toggle_scalar_data_type: record(OPERATION),
  experimental_scale_value: record(
    { ...OPERATION, experimental_scale: number(1e-18, 1e18) },
    { required: ["experimental_scale"] },
  ),
  aggregate_labels: record(OPERATION),
  aggregate_label_values: record(OPERATION),
});

const TRANSFORM: Readonly<Record<string, Shape>> = {
  include: nonEmpty,
  match_type: oneOf("strict", "regexp"),
  experimental_match_labels: labels,
  action: name,
  new_name: name,
  group_resource_labels: labels,
  aggregation_type: aggregation,
  submatch_case: oneOf("lower", "upper"),
  operations: list(operation, 64),
};
const transform = (needed: Readonly<Record<string, Shape>> = {}) =>
  record({ ...TRANSFORM, ...needed }, { required: ["include", ...Object.keys(needed)] });

/** `metricstransform`: renames, combines and relabels metrics; each action asks for settings of its own. */
export const metricsTransform: Shape = record(
  {
    transforms: list(
      variants("action", {
        insert: transform({ new_name: nonEmpty }),
        update: transform(),
        combine: transform({ new_name: nonEmpty, aggregation_type: aggregation }),
        group: transform({ group_resource_labels: labels }),
      }),
      256,
      1,
    ),
  },
  { required: ["transforms"] },
);
