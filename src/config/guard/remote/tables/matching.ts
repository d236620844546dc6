import { flag, list, matching, oneOf, record, scalar, text, whole } from "../shape.ts";
import type { Shape } from "../shape.ts";
import { variants } from "../variants.ts";
import { errorMode } from "./error-mode.ts";

/*
 * What processors match telemetry by: the conditions of `filter`, and the older `include` and `exclude` that `attributes`, `filter`
 * and `cumulativetodelta` have in common.
 */

const matchType = oneOf("strict", "regexp");
const patterns = list(text(1_024), 256);
const regexpCache = record({ cacheenabled: flag, cachemaxnumentries: whole(0, 10_000) });
/** A pattern is a text; compared with are values of any type. */
const matchedAttributes = (value: Shape) => list(record({ key: text(256), value }, { required: ["key"] }), 64);
const byMatchType = (fields: (attributes: Shape) => Readonly<Record<string, Shape>>) => {
  const shape = (value: Shape) => record({ match_type: matchType, ...fields(matchedAttributes(value)) });
  return variants("match_type", { strict: shape(scalar), regexp: shape(text(1_024)) });
};
const severity = matching(/^(TRACE|DEBUG|INFO|WARN|ERROR|FATAL)[2-4]?$/i, "a severity, such as INFO");

/** What spans are matched by. */
const spanFields = (attributes: Shape): Readonly<Record<string, Shape>> => ({
  regexp: regexpCache,
  services: patterns,
  span_names: patterns,
  span_kinds: list(
    oneOf(...["INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER"].map((kind) => `SPAN_KIND_${kind}`)),
    8,
  ),
  attributes,
  resources: attributes,
  libraries: list(record({ name: text(256), version: text(256) }, { required: ["name"] }), 64),
});
const spanMatch = byMatchType(spanFields);

/** Spans, logs or metrics by their properties; which of these a pipeline may use depends on its signal. */
export const matchProperties: Shape = byMatchType((attributes) => ({
  ...spanFields(attributes),
  log_bodies: patterns,
  log_severity_texts: patterns,
  log_severity_number: record({ min: whole(0, 24), match_undefined: flag }),
  metric_names: patterns,
}));

/** Metrics by name, as `cumulativetodelta` counts them. */
export const countedMetrics: Shape = record({
  metrics: patterns,
  match_type: matchType,
  metric_types: list(oneOf("sum", "histogram", "exponentialhistogram"), 8),
  regexp: regexpCache,
});

const metricMatch = byMatchType((attributes) => ({
  regexp: regexpCache,
  metric_names: patterns,
  resource_attributes: attributes,
}));
const logMatch = byMatchType((attributes) => ({
  resource_attributes: attributes,
  record_attributes: attributes,
  severity_texts: patterns,
  severity_number: record({ min: severity, match_undefined: flag }),
  bodies: patterns,
}));
const conditions = list(text(8_192), 256);

/** `filter`: what it drops, by conditions and by the older lists. */
export const filter: Shape = record({
  error_mode: errorMode,
  traces: record({ resource: conditions, span: conditions, spanevent: conditions }),
  metrics: record({
    resource: conditions,
    metric: conditions,
    datapoint: conditions,
    include: metricMatch,
    exclude: metricMatch,
    regexp: regexpCache,
  }),
  logs: record({ resource: conditions, log_record: conditions, include: logMatch, exclude: logMatch }),
  spans: record({ include: spanMatch, exclude: spanMatch }),
});
