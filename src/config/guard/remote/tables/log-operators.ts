import { at, below, exactJson, isList, isMap } from "../../../yaml-value.ts";
import {
  all,
  data,
  bytes,
  duration,
  either,
  flag,
  found,
  knowing,
  list,
  mapOf,
  matching,
  number,
  oneOf,
  record,
  text,
  together,
  whole,
} from "../shape.ts";
import type { Shape } from "../shape.ts";

/** A part of a record. */
const field = matching(
  /^(?:body|attributes|resource)(?:[.[].{0,500})?$/,
  "a part of the record: body, attributes or resource",
);
const regex = text(4_096);

/**
 * The expression language of log operators has a function `env` that reads any environment variable, the API key too. The word
 * is refused wherever it could be that function: as an attribute's name it follows a dot, or stands in quotes.
 */
const READS_ENVIRONMENT = /os_env_func|\$env|\.\.env\b|(?<![\w.]|["'])env\b|["']env\b(?!["'])/;

/** An expression over a log record. */
export const expression: Shape = (value, path) => {
  if (typeof value !== "string") return found("settings", path, "must be an expression; quote it");
  if (value.length > 4_096) return found("limits", path, "must be at most 4096 characters long");
  return READS_ENVIRONMENT.test(value)
    ? found(
        "environment",
        path,
        "must not use env, which reads variables; write an attribute of that name as attributes.env",
      )
    : [];
};

/** A text that holds an expression where it has `EXPR(…)`. */
const template: Shape = (value, path, scope) =>
  typeof value === "string" && value.includes("EXPR")
    ? expression(value, path, scope)
    : text(4_096)(value, path, scope);
/** Attributes that are added to each record. */
export const addedFields: Shape = mapOf(template, 64);

const outputs: Shape = either(text(128), list(text(128), 16));
/** What stands for one level: a word, a number, or numbers from one to another. */
const level = either(
  text(128),
  whole(0, 1_000_000),
  record({ min: whole(0, 1_000_000), max: whole(0, 1_000_000) }, { required: ["min", "max"] }),
);
const severityFields = {
  parse_from: field,
  preset: oneOf("default", "none"),
  mapping: mapOf(either(list(level, 64), level), 64),
  overwrite_text: flag,
};
const severity = record(severityFields, { required: ["parse_from"] });
const timeFields = {
  parse_from: field,
  layout: text(128),
  layout_type: oneOf("strptime", "gotime", "epoch"),
  location: text(64),
};
const traceParts = {
  trace_id: record({ parse_from: field }),
  span_id: record({ parse_from: field }),
  trace_flags: record({ parse_from: field }),
};
const anyValue: Shape = (value, path, scope) =>
  typeof value === "string" ? template(value, path, scope) : noTemplates(value, path, scope);
/** A structure without expressions: those of `add` stand at its top alone. */
const noTemplates: Shape = (value, path, scope) =>
  exactJson(value).includes("EXPR")
    ? found("environment", path, "must hold no expression below its top")
    : data(value, path, scope);

const TRANSFORMER = {
  id: text(128),
  type: text(64),
  output: outputs,
  on_error: oneOf("send", "send_quiet", "drop", "drop_quiet"),
  if: expression,
};
const PARSER = {
  ...TRANSFORMER,
  parse_from: field,
  parse_to: field,
  body: field,
  timestamp: record(timeFields),
  severity,
  trace: record(traceParts),
  scope_name: record({ parse_from: field }),
};
const logSize = bytes(16_777_216, 1);

/** Settings of each operator, besides those that its kind has in common. What isn't here isn't allowed: files, sockets, outputs. */
const OPERATORS: Readonly<Record<string, Readonly<Record<string, Shape>>>> = {
  container: {
    ...PARSER,
    format: oneOf("", "docker", "crio", "containerd"),
    add_metadata_from_filepath: flag,
    max_log_size: logSize,
  },
  csv_parser: {
    ...PARSER,
    header: text(4_096),
    header_delimiter: text(1),
    header_attribute: text(256),
    delimiter: text(1),
    lazy_quotes: flag,
    ignore_quotes: flag,
  },
  json_parser: { ...PARSER, parse_ints: flag },
  json_array_parser: { ...PARSER, header: text(4_096) },
  key_value_parser: { ...PARSER, delimiter: text(16), pair_delimiter: text(16) },
  regex_parser: { ...PARSER, regex, cache: record({ size: whole(0, 10_000) }) },
  scope_name_parser: { ...TRANSFORMER, parse_from: field },
  severity_parser: { ...TRANSFORMER, ...severityFields },
  syslog_parser: {
    ...PARSER,
    protocol: oneOf("rfc3164", "rfc5424"),
    location: text(64),
    enable_octet_counting: flag,
    allow_skip_pri_header: flag,
    max_octets: whole(1, 1_048_576),
  },
  time_parser: { ...TRANSFORMER, ...timeFields },
  trace_parser: { ...TRANSFORMER, ...traceParts },
  uri_parser: PARSER,
  add: { ...TRANSFORMER, field, value: anyValue },
  assign_keys: { ...TRANSFORMER, field, keys: list(text(256), 256) },
  copy: { ...TRANSFORMER, from: field, to: field },
  filter: { ...TRANSFORMER, expr: expression, drop_ratio: number(0, 1) },
  flatten: { ...TRANSFORMER, field },
  move: { ...TRANSFORMER, from: field, to: field },
  noop: TRANSFORMER,
  recombine: {
    ...TRANSFORMER,
    is_first_entry: expression,
    is_last_entry: expression,
    max_batch_size: whole(1, 10_000),
    max_unmatched_batch_size: whole(1, 10_000),
    combine_field: field,
    combine_with: text(64),
    source_identifier: field,
    overwrite_with: oneOf("oldest", "newest"),
    force_flush_period: duration(0.1, 300),
    max_sources: whole(1, 10_000),
    max_log_size: logSize,
  },
  regex_replace: {
    ...TRANSFORMER,
    field,
    regex,
    regex_name: oneOf("ansi_control_sequences"),
    replace_with: text(1_024),
  },
  remove: { ...TRANSFORMER, field },
  retain: { ...TRANSFORMER, fields: list(field, 256) },
  router: {
    id: text(128),
    type: text(64),
    default: outputs,
    routes: list(record({ expr: expression, output: outputs, attributes: addedFields }, { required: ["expr"] }), 64),
  },
  sanitize_utf8: { ...TRANSFORMER, field },
  unquote: { ...TRANSFORMER, field },
};

const SHAPES = new Map(Object.entries(OPERATORS).map(([type, fields]) => [type, record(fields)] as const));

/** One operator of a log receiver. */
const operator: Shape = knowing(together([...SHAPES.values()]), (value, path, scope) => {
  const type = isMap(value) ? value["type"] : undefined;
  if (typeof type !== "string") return found("settings", `${path}.type`, "must be set");
  const shape = SHAPES.get(type);
  return shape
    ? shape(value, path, scope)
    : found(
        "refused",
        `${path}.type`,
        "isn't an operator that a remote configuration may use; parsers and transformers are",
      );
});

/** What hands records on names another operator of the list. */
const outputsExist: Shape = (value, path) => {
  const given = isList(value) ? value.filter(isMap) : [];
  const ids = new Set(given.flatMap(({ id, type }) => [id, type]));
  return given.flatMap((entry, index) => {
    const { routes, default: rest, output } = entry;
    const named = [output, rest, ...(isList(routes) ? routes.map((route) => at(route, "output")) : [])].flat();
    const missing = named.find((name) => typeof name === "string" && !ids.has(name));
    return missing === undefined
      ? []
      : found("references", below(path, index), "hands records to an operator that isn't in the list");
  });
};

/** Operators of a log receiver. */
export const operators: Shape = all(list(operator, 128), outputsExist);
