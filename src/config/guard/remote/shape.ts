import type { Finding } from "../../finding.ts";
import { below, isList, isMap } from "../../yaml-value.ts";
import type { YamlMap, YamlValue } from "../../yaml-value.ts";
import type { RemoteContext } from "../rule.ts";

/** What a value is judged against besides itself. */
export interface Scope extends RemoteContext {
  readonly document: YamlMap;
}

/** What a value must be: everything that is wrong with it. Shapes are built from others, so a table of them reads like the settings. */
export interface Shape {
  (value: YamlValue, path: string, scope: Scope): Finding[];
  /** Settings that may be there, of shapes that know settings by name; the reference and the tests tell of them. */
  readonly fields?: Readonly<Record<string, Shape>>;
}

/** Names the settings that a shape lets through. */
export function knowing(fields: Readonly<Record<string, Shape>>, shape: Shape): Shape {
  return Object.assign((...judged: Parameters<Shape>) => shape(...judged), { fields });
}

/** Settings of several shapes together. */
export function together(shapes: readonly Shape[]): Readonly<Record<string, Shape>> {
  return Object.assign({}, ...shapes.map(({ fields }) => fields)) as Readonly<Record<string, Shape>>;
}

/** A finding of one's own: shapes give the rule that a person can look up. */
export function found(rule: string, path: string, message: string): Finding[] {
  return [{ rule, path, message }];
}

/** A text. Everything that a text may be used for and that must be bounded has a shape of its own. */
export function text(max = 1_024): Shape {
  return (value, path) => {
    if (typeof value !== "string") return found("settings", path, "must be a text");
    return value.length <= max ? [] : found("limits", path, `must be at most ${max} characters long`);
  };
}

/** A text of a certain form; `like` completes "must be". */
export function matching(pattern: RegExp, like: string): Shape {
  return (value, path) =>
    typeof value === "string" && pattern.test(value) ? [] : found("settings", path, `must be ${like}`);
}

/** One of some words. */
export function oneOf(...words: readonly string[]): Shape {
  return (value, path) =>
    typeof value === "string" && words.includes(value) ? [] : found("settings", path, `must be ${words.join(" or ")}`);
}

/** True or false. */
export const flag: Shape = (value, path) =>
  typeof value === "boolean" ? [] : found("settings", path, "must be true or false");

/** Nothing but false: `why` says what true would do. */
export function off(why: string): Shape {
  return (value, path) => (value === false ? [] : found("refused", path, `must be false or absent: ${why}`));
}

/** A whole number within bounds. */
export function whole(min: number, max: number): Shape {
  return (value, path) => {
    if (typeof value === "bigint") return found("limits", path, `must be from ${min} to ${max}`);
    if (typeof value !== "number" || !Number.isInteger(value)) return found("settings", path, "must be a whole number");
    return value >= min && value <= max ? [] : found("limits", path, `must be from ${min} to ${max}`);
  };
}

/** A number within bounds. */
export function number(min: number, max: number): Shape {
  return (value, path) => {
    if (typeof value !== "number" || !Number.isFinite(value)) return found("settings", path, "must be a number");
    return value >= min && value <= max ? [] : found("limits", path, `must be from ${min} to ${max}`);
  };
}

/** Any single value: text, number, flag. */
export const scalar: Shape = (value, path) => {
  if (typeof value === "string")
    return value.length <= 4_096 ? [] : found("limits", path, "must be at most 4096 characters long");
  return typeof value === "number" || typeof value === "bigint" || typeof value === "boolean"
    ? []
    : found("settings", path, "must be a text, a number, true or false");
};

/** Milliseconds of one unit of a Go duration. */
const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};
const DURATION = /^(?:[0-9]{1,9}(?:\.[0-9]{1,9})?(?:ns|us|\u00b5s|ms|s|m|h)){1,6}$/;

/** A Go duration within bounds, given in seconds. A bare number but 0 would be nanoseconds, which nobody means. */
export function duration(min: number, max: number): Shape {
  return timeOf((seconds) => seconds >= min && seconds <= max, `must be from ${min}s to ${max}s`);
}

/** A Go duration that is off, or the collector's own default, where it is 0; else within bounds, given in seconds. */
export function zeroOr(min: number, max: number): Shape {
  const fits = (seconds: number) => seconds === 0 || (seconds >= min && seconds <= max);
  return timeOf(fits, `must be 0, or from ${min}s to ${max}s`);
}

function timeOf(fits: (seconds: number) => boolean, message: string): Shape {
  return (value, path) => {
    const seconds = secondsOf(value);
    if (seconds === null) return found("settings", path, "must be a duration with its unit, such as 10s");
    return fits(seconds) ? [] : found("limits", path, message);
  };
}

/** Seconds of a Go duration; null where a value is none. 0 is the same in every unit, so it needs none. */
export function secondsOf(value: YamlValue | undefined): number | null {
  if (value === 0 || value === "0") return 0;
  if (typeof value !== "string" || !DURATION.test(value)) return null;
  const parts = value.matchAll(/([0-9.]+)(ns|us|\u00b5s|ms|s|m|h)/g);
  return parts.reduce((sum, [, amount = "0", unit = "s"]) => sum + Number(amount) * (UNITS[unit] ?? 0), 0) / 1_000;
}

/** Something that is repeated: once a second at most, or one agent would load its node, and a fleet its API server. */
export const interval = duration(1, 86_400);
/** Something that is repeated where it isn't 0. */
export const intervalOrOff = zeroOr(1, 86_400);
/** A time to wait. */
export const timeout = duration(0, 3_600);

const BYTES = /^([0-9]{1,12})(?:([kmg])i?b?|b)?$/i;

/** A size in bytes, as log receivers take it: a number, or one with a unit. */
export function bytes(max: number, min = 0): Shape {
  return (value, path) => {
    const match = typeof value === "string" ? BYTES.exec(value) : null;
    const amount = match ? Number(match[1]) * 1_024 ** " kmg".indexOf((match[2] ?? " ").toLowerCase()) : value;
    if (typeof amount !== "number" || !Number.isInteger(amount)) {
      return found("settings", path, "must be a size in bytes, such as 1MiB");
    }
    return amount >= min && amount <= max ? [] : found("limits", path, `must be from ${min} to ${max} bytes`);
  };
}

/** A list. */
export function list(of: Shape, max = 256, min = 0): Shape {
  return knowing(of.fields ?? {}, (value, path, scope) => {
    if (!isList(value)) return found("settings", path, "must be a list");
    if (value.length > max) return found("limits", path, `must have at most ${max} entries`);
    if (value.length < min) return found("settings", path, `must have at least ${min} entries`);
    return value.flatMap((entry, index) => of(entry, below(path, index), scope));
  });
}

/** A map whose keys are anybody's. */
export function mapOf(of: Shape, max = 256): Shape {
  return (value, path, scope) => {
    if (!isMap(value)) return found("settings", path, "must be a map");
    const entries = Object.entries(value);
    if (entries.length > max) return found("limits", path, `must have at most ${max} entries`);
    return entries.flatMap(([key, entry]) => of(entry, below(path, key), scope));
  };
}

/** How a record is judged besides its fields. */
interface RecordOptions {
  /** Keys that must be there. */
  readonly required?: readonly string[];
  /** The shape of keys that aren't named; without it they are refused. */
  readonly rest?: Shape;
  /** What one can do about an unknown key; undefined where that is to remove it. */
  readonly hint?: (key: string) => string | undefined;
}

/** Settings by name. An empty section, as in `grpc:`, has none. A key that isn't named is refused. */
export function record(fields: Readonly<Record<string, Shape>>, options: RecordOptions = {}): Shape {
  const known = new Map(Object.entries(fields));
  return knowing(fields, (value, path, scope) => {
    if (value !== null && !isMap(value)) return found("settings", path, "must be a map of settings");
    const settings = value ?? {};
    const missing = (options.required ?? []).filter((key) => !Object.hasOwn(settings, key));
    return [
      ...missing.flatMap((key) => found("settings", below(path, key), "must be set")),
      ...Object.entries(settings).flatMap(([key, entry]) => {
        const shape = known.get(key) ?? options.rest;
        const place = below(path, key);
        return shape
          ? shape(entry, place, scope)
          : found(
              "settings",
              place,
              options.hint?.(key) ?? "isn't a setting that a remote configuration may use; remove it",
            );
      }),
    ];
  });
}

/** The first shape that the value's type fits. */
export function either(...shapes: readonly [Shape, ...Shape[]]): Shape {
  return knowing(together(shapes), (value, path, scope) => {
    const outcomes = shapes.map((shape) => shape(value, path, scope));
    return outcomes.find((findings) => findings.length === 0) ?? outcomes.at(-1) ?? [];
  });
}

/** Every one of some shapes. */
export function all(...shapes: readonly Shape[]): Shape {
  return knowing(together(shapes), (value, path, scope) => shapes.flatMap((shape) => shape(value, path, scope)));
}

/** A key that is known and never allowed; `why` completes "must be absent:". */
export function never(why: string): Shape {
  return (_value, path) => found("refused", path, `must be absent: ${why}`);
}

/** At least one of some keys. */
export function someOf(...keys: readonly string[]): Shape {
  return (value, path) =>
    isMap(value) && keys.some((key) => Object.hasOwn(value, key))
      ? []
      : found("settings", path, `must have ${keys.join(" or ")}`);
}

/** A map with something in it. */
export const filled: Shape = (value, path) =>
  isMap(value) && Object.keys(value).length > 0 ? [] : found("settings", path, "must not be empty");

/** Keys that make a component read files, dial, listen or trust somebody, whichever component it is. */
const REACHING =
  /(_file|_files|_dir|_path|_sd_configs)$|^(file_?name|directory|storage|output_paths|proxy_url|insecure.*|auth|authenticator|credentials|endpoints?|hosts?|address|listen_address|urls?|targets)$/i;
/** Values that lead somewhere by a scheme that no table knows, or that carry a user. */
const LEADING = /^(unix|unix-abstract|dns|xds|passthrough|vsock|file|npipe):|:\/\/[^/\s]*@/i;

/** Plain data, whatever its form: nothing in it may reach out. For parts of settings that are too free for a table of their own. */
export const data: Shape = (value, path, scope) => {
  if (isList(value)) return list(data, 1_024)(value, path, scope);
  if (isMap(value)) {
    const reaching = Object.keys(value).filter((key) => REACHING.test(key));
    return [
      ...reaching.flatMap((key) =>
        found("refused", below(path, key), "must be absent: it reaches out of the component"),
      ),
      ...mapOf(data, 1_024)(value, path, scope),
    ];
  }
  if (value === null) return [];
  if (typeof value === "string" && LEADING.test(value)) {
    return found("refused", path, "must not lead anywhere: no socket, no resolver's scheme, no user in a URL");
  }
  return scalar(value, path, scope);
};
