import { KINDS } from "../../components.ts";
import type { Finding } from "../../finding.ts";
import { at, below, isList, isMap } from "../../yaml-value.ts";
import type { YamlValue } from "../../yaml-value.ts";
import type { RemoteRule } from "../rule.ts";

/** Most components of a class, most pipelines, most components of one pipeline. */
const MAX_COMPONENTS = 512;
const MAX_PIPELINES = 64;
const MAX_IN_PIPELINE = 64;

/**
 * How many parts a configuration may have. It is judged before anything else, and alone where it fails: the other rules compare
 * parts with each other, which would take long for tens of thousands.
 */
export const bounds: RemoteRule = (document) => [
  ...KINDS.flatMap((kind) => atMost(MAX_COMPONENTS, "components", at(document, kind), kind)),
  ...atMost(MAX_COMPONENTS, "sections", document, ""),
  ...atMost(MAX_COMPONENTS, "parts", at(document, "service"), "service"),
  ...atMost(MAX_IN_PIPELINE, "extensions", at(document, "service", "extensions"), "service.extensions"),
  ...pipelineBounds(at(document, "service", "pipelines")),
];

function pipelineBounds(pipelines: YamlValue | undefined): Finding[] {
  const path = "service.pipelines";
  const many = atMost(MAX_PIPELINES, "pipelines", pipelines, path);
  if (many.length > 0 || !isMap(pipelines)) return many;
  return Object.entries(pipelines).flatMap(([id, pipeline]) => {
    const place = below(path, id);
    const parts = isMap(pipeline) ? Object.entries(pipeline) : [];
    if (parts.length > MAX_IN_PIPELINE) return atMost(MAX_IN_PIPELINE, "parts", pipeline, place);
    return parts.flatMap(([part, ids]) => atMost(MAX_IN_PIPELINE, "components", ids, below(place, part)));
  });
}

function atMost(most: number, what: string, value: YamlValue | undefined, path: string): Finding[] {
  const count = isList(value) ? value.length : isMap(value) ? Object.keys(value).length : 0;
  return count <= most ? [] : [{ rule: "limits", path, message: `must have at most ${most} ${what}` }];
}
