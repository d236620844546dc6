import { isSameType, nameIn, typeOf } from "../../components.ts";
import type { Distribution } from "../../components.ts";
import { MEMORY_LIMITER } from "../../defaults/building-blocks.ts";
import { pipelinesOf } from "../../pipelines.ts";
import { at, below, isList, isMap } from "../../yaml-value.ts";
import type { YamlMap, YamlValue } from "../../yaml-value.ts";
import type { RemoteRule } from "../rule.ts";

const isLimiter = (id: string) => isSameType(typeOf(id), "memory_limiter");

/** A limiter that is there stands first: what comes before it would take memory without limit. */
export const limiterFirst: RemoteRule = (document, { distribution }) => {
  if (nameIn(distribution, "processors", "memory_limiter") === undefined) return [];
  return pipelinesOf(document).flatMap(({ id, processors }) =>
    processors[0] !== undefined && isLimiter(processors[0])
      ? []
      : [
          {
            rule: "memory_limiter",
            path: below(below("service.pipelines", id), "processors"),
            message: "must have memory_limiter as its first processor",
          },
        ],
  );
};

/** Puts the operator's own limiter first into every pipeline that has none; where there is one, its author has placed it. */
export function withLimiter(document: YamlMap, distribution: Distribution): YamlMap {
  const type = nameIn(distribution, "processors", "memory_limiter");
  const processors = at(document, "processors") ?? null;
  const service = at(document, "service");
  const pipelines = at(service, "pipelines");
  // Malformed sections are left to the guard.
  if (type === undefined || (processors !== null && !isMap(processors)) || !isMap(service) || !isMap(pipelines))
    return document;
  const given = Object.keys(processors ?? {}).find(isLimiter);
  const id = given ?? type;
  const limited = Object.entries(pipelines).map(([name, pipeline]): [string, YamlValue] => {
    const listed = at(pipeline, "processors") ?? [];
    if (!isMap(pipeline) || !isList(listed)) return [name, pipeline];
    if (listed.some((entry) => typeof entry === "string" && isLimiter(entry))) return [name, pipeline];
    return [name, { ...pipeline, processors: [id, ...listed] }];
  });
  if (limited.every(([name, pipeline]) => pipeline === pipelines[name])) return document;
  return {
    ...document,
    processors: given === undefined ? { ...processors, [id]: MEMORY_LIMITER[1] } : processors,
    service: { ...service, pipelines: Object.fromEntries(limited) },
  };
}
