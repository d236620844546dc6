import type { Finding } from "../finding.ts";
import { at, below, isList, isMap } from "../yaml-value.ts";
import type { YamlValue } from "../yaml-value.ts";
import type { Rule } from "./rule.ts";

const SIGNAL = /^(traces|metrics|logs|profiles)(\/[^\s/][^\n]*)?$/;
const PARTS = ["receivers", "processors", "exporters"];
const PATH = "service.pipelines";

/** There is a pipeline, and each has a signal, something to receive from and something to export to. */
export const pipelines: Rule = (document) => {
  const all = at(document, "service", "pipelines");
  if (!isMap(all) || Object.keys(all).length === 0) {
    return [
      finding(
        PATH,
        "has no pipeline, so the collector would have nothing to do; add one, or switch a feature of the default on",
      ),
    ];
  }
  return Object.entries(all).flatMap(([id, pipeline]) => {
    const path = below(PATH, id);
    if (!SIGNAL.test(id))
      return [finding(path, "must be called after a signal: traces, metrics or logs, or logs/name")];
    if (!isMap(pipeline)) return [finding(path, "must be a map with receivers, processors and exporters")];
    return [
      ...Object.keys(pipeline)
        .filter((part) => !PARTS.includes(part))
        .map((part) => finding(below(path, part), `isn't a part of a pipeline; known are ${PARTS.join(", ")}`)),
      ...PARTS.flatMap((part) => listOfIds(at(pipeline, part), below(path, part), part !== "processors")),
    ];
  });
};

function listOfIds(value: YamlValue | undefined, path: string, required: boolean): Finding[] {
  if (value === undefined || value === null || (isList(value) && value.length === 0)) {
    return required ? [finding(path, "must name at least one component")] : [];
  }
  if (!isList(value)) return [finding(path, "must be a list of component ids")];
  const wrong = value.flatMap((id, index) =>
    typeof id === "string" ? [] : [finding(below(path, index), "must be a component id")],
  );
  const twice = value.flatMap((id, index) =>
    value.indexOf(id) < index ? [finding(below(path, index), "stands in this list twice; remove one")] : [],
  );
  return [...wrong, ...twice];
}

function finding(path: string, message: string): Finding {
  return { rule: "pipelines", path, message };
}
