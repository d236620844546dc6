import type { Finding } from "../finding.ts";
import { pipelinesOf } from "../pipelines.ts";
import { at, below, isList, isMap } from "../yaml-value.ts";
import type { YamlMap } from "../yaml-value.ts";
import type { Rule } from "./rule.ts";

/** What pipelines and the service name is defined; and a connector is used at both of its ends. */
export const references: Rule = (document) => [
  ...pipelineReferences(document),
  ...extensionReferences(document),
  ...connectorEnds(document),
];

function pipelineReferences(document: YamlMap): Finding[] {
  return pipelinesOf(document).flatMap((pipeline) =>
    (["receivers", "processors", "exporters"] as const).flatMap((part) =>
      pipeline[part]
        .filter(
          (id) => !isDefined(document, part, id) && (part === "processors" || !isDefined(document, "connectors", id)),
        )
        .map((id) => {
          const listed = at(document, "service", "pipelines", pipeline.id, part);
          const index = isList(listed) ? listed.indexOf(id) : 0;
          return {
            rule: "references",
            path: below(below(below("service.pipelines", pipeline.id), part), index),
            message: `names ${id}, which isn't defined in ${part}${part === "processors" ? "" : " or connectors"}`,
          };
        }),
    ),
  );
}

function extensionReferences(document: YamlMap): Finding[] {
  const enabled = at(document, "service", "extensions") ?? [];
  if (!isList(enabled))
    return [{ rule: "references", path: "service.extensions", message: "must be a list of extension ids" }];
  return enabled.flatMap((id, index) => {
    const path = below("service.extensions", index);
    if (typeof id !== "string") return [{ rule: "references", path, message: "must be an extension id" }];
    if (!isDefined(document, "extensions", id)) {
      return [{ rule: "references", path, message: `names ${id}, which isn't defined in extensions` }];
    }
    return [];
  });
}

function connectorEnds(document: YamlMap): Finding[] {
  const connectors = at(document, "connectors");
  const pipelines = pipelinesOf(document);
  return Object.keys(isMap(connectors) ? connectors : {}).flatMap((id) => {
    const exports = pipelines.some((pipeline) => pipeline.exporters.includes(id));
    const receives = pipelines.some((pipeline) => pipeline.receivers.includes(id));
    if (exports === receives) return [];
    const missing = exports ? "receivers" : "exporters";
    return [
      {
        rule: "references",
        path: below("connectors", id),
        message: `must stand among the ${missing} of a pipeline too`,
      },
    ];
  });
}

function isDefined(document: YamlMap, section: string, id: string): boolean {
  return at(document, section, id) !== undefined;
}
