import { isSameType, typeOf } from "./components.ts";
import type { Kind } from "./components.ts";
import { at, isList, isMap } from "./yaml-value.ts";
import type { YamlMap, YamlValue } from "./yaml-value.ts";

/** One pipeline of a document, as far as it is well formed: what isn't a list of texts counts as empty. */
export interface Pipeline {
  /** Such as `metrics/hostmetrics`. */
  readonly id: string;
  readonly receivers: readonly string[];
  readonly processors: readonly string[];
  readonly exporters: readonly string[];
}

/** The pipelines of a document in its own order. */
export function pipelinesOf(document: YamlMap): Pipeline[] {
  const pipelines = at(document, "service", "pipelines");
  if (!isMap(pipelines)) return [];
  return Object.entries(pipelines).map(([id, pipeline]) => ({
    id,
    receivers: texts(at(pipeline, "receivers")),
    processors: texts(at(pipeline, "processors")),
    exporters: texts(at(pipeline, "exporters")),
  }));
}

/** The extensions that a document switches on. */
export function enabledExtensions(document: YamlMap): string[] {
  return texts(at(document, "service", "extensions"));
}

/** Ids and settings of the components of a class that the service uses; those that are only defined aren't started. */
export function componentsInUse(document: YamlMap, kind: Exclude<Kind, "connectors">): [string, YamlValue][] {
  const ids =
    kind === "extensions" ? enabledExtensions(document) : pipelinesOf(document).flatMap((pipeline) => pipeline[kind]);
  return [...new Set(ids)].map((id) => [id, at(document, kind, id) ?? null]);
}

/** Whether the service uses a component of one of the types, by its old name or its new one. */
export function usesType(document: YamlMap, kind: Exclude<Kind, "connectors">, ...types: readonly string[]): boolean {
  return componentsInUse(document, kind).some(([id]) => types.some((type) => isSameType(type, typeOf(id))));
}

/** The texts of a list; everything else is left out. */
function texts(value: YamlValue | undefined): string[] {
  return isList(value) ? value.filter((entry) => typeof entry === "string") : [];
}
