import { judgeRemote } from "../../src/config/remote.ts";
import type { JudgedConfig } from "../../src/config/remote.ts";
import { isList, isMap } from "../../src/config/yaml-value.ts";
import type { YamlMap, YamlValue } from "../../src/config/yaml-value.ts";
import { LOCAL_CONTEXT, OTHER_VALUES, SAMPLES } from "./everything.ts";
import type { Sample } from "./everything.ts";

/** One setting of a component with another value. */
export interface Variation {
  readonly sample: Sample;
  /** Where the value stands, such as `processors.batch.timeout`. */
  readonly place: string;
  readonly settings: YamlMap;
}

/** Every setting of every component, and every part of one, with values of every other type. */
export function variations(): Variation[] {
  return SAMPLES.flatMap((sample) =>
    placesOf(sample.settings).flatMap((path) =>
      OTHER_VALUES.flatMap((value): Variation[] => {
        const kind = kindOf(value);
        if (kind !== "number" && kind === kindOf(valueAt(sample.settings, path))) return [];
        const settings = withAt(sample.settings, path, value);
        const place = `${sample.kind}.${sample.type}.${path.join(".")}`;
        return isMap(settings) ? [{ sample, place, settings }] : [];
      }),
    ),
  );
}

/** Components that a document holds once: their ports and their directory are one. */
const SINGLE = ["otlp", "health_check", "file_storage"];

/** A document that uses all of some components, each in a pipeline of its own. */
export function documentWith(parts: readonly { readonly sample: Sample; readonly settings: YamlMap }[]): YamlMap {
  const sections: Record<Sample["kind"], Record<string, YamlValue>> = {
    extensions: { health_check: {}, file_storage: { directory: "/var/lib/kmagent" } },
    receivers: { otlp: { protocols: { grpc: { endpoint: "0.0.0.0:4317" } } } },
    processors: { memory_limiter: { check_interval: "1s", limit_percentage: 80 } },
    exporters: { nop: {} },
    connectors: {},
  };
  const pipelines = parts.map(({ sample: { kind, type, signal }, settings }, n): [string, YamlValue] => {
    const id = kind === "extensions" || (kind === "receivers" && SINGLE.includes(type)) ? type : `${type}/${String(n)}`;
    sections[kind][id] = settings;
    const limiter = kind === "processors" && type === "memory_limiter" ? [id] : ["memory_limiter"];
    return [
      `${signal}/${String(n)}`,
      {
        receivers: [kind === "receivers" ? id : "otlp"],
        processors: kind === "processors" && type !== "memory_limiter" ? [...limiter, id] : limiter,
        exporters: [kind === "exporters" ? id : "nop"],
      },
    ];
  });
  return {
    ...sections,
    service: { extensions: ["health_check", "file_storage"], pipelines: Object.fromEntries(pipelines) },
  };
}

/** Judges a document as the platform's, for the tests' own collector. */
export function judgeLocal(document: YamlMap): JudgedConfig {
  return judgeRemote(document, LOCAL_CONTEXT);
}

/** As many documents as that at most that the guard accepts, and that hold between them every variation that it accepts. */
export function acceptedDocuments(count: number): { readonly text: string; readonly places: readonly string[] }[] {
  const accepted = variations().filter(({ sample, settings }) => judgeLocal(documentWith([{ sample, settings }])).ok);
  // Two variations of a component that a document holds once can't share a document.
  const single = accepted.filter(({ sample }) => SINGLE.includes(sample.type) && sample.kind !== "exporters");
  const others = accepted.filter((variation) => !single.includes(variation));
  const groups = Array.from({ length: Math.max(count, single.length) }, (_, n) => [
    ...single.slice(n, n + 1),
    ...others.filter((_variation, index) => index % count === n),
  ]).filter((group) => group.length > 0);
  return groups.map((group) => {
    const verdict = judgeLocal(documentWith(group));
    if (!verdict.ok) throw new Error(`accepted one by one and refused together: ${JSON.stringify(verdict.findings)}`);
    return { text: verdict.text, places: group.map(({ place }) => place) };
  });
}

/** Every place below a value, as a path of keys. */
function placesOf(value: YamlValue, path: readonly string[] = []): (readonly string[])[] {
  const inner: readonly (readonly [string, YamlValue])[] = isList(value)
    ? value.map((entry, index) => [String(index), entry] as const)
    : isMap(value)
      ? Object.entries(value)
      : [];
  return inner.flatMap(([key, entry]) => [[...path, key], ...placesOf(entry, [...path, key])]);
}

/** The types that JSON knows; whole numbers and others are one. */
function kindOf(value: YamlValue): string {
  if (value === null) return "null";
  return isList(value) ? "list" : typeof value === "bigint" ? "number" : typeof value;
}

function valueAt(value: YamlValue, path: readonly string[]): YamlValue {
  return path.reduce<YamlValue>(
    (found, key) => (isList(found) ? found[Number(key)] : isMap(found) ? found[key] : null) ?? null,
    value,
  );
}

function withAt(value: YamlValue, [key, ...rest]: readonly string[], other: YamlValue): YamlValue {
  if (key === undefined) return other;
  if (isList(value)) return value.map((entry, index) => (String(index) === key ? withAt(entry, rest, other) : entry));
  if (!isMap(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, entry]) => [name, name === key ? withAt(entry, rest, other) : entry]),
  );
}
