import { KINDS } from "../components.ts";
import { at, below, isMap } from "../yaml-value.ts";
import type { Rule } from "./rule.ts";

const KNOWN: readonly string[] = [...KINDS, "service"];
const KNOWN_IN_SERVICE = ["extensions", "pipelines", "telemetry"];

/** Only sections that a collector knows, each of them a map: a misspelt one would be refused at start, on the node. */
export const sections: Rule = (document) => [
  ...Object.keys(document)
    .filter((name) => !KNOWN.includes(name))
    .map((name) => ({
      rule: "sections",
      path: below("", name),
      message: `isn't a section of a collector configuration; known are ${KNOWN.join(", ")}`,
    })),
  ...Object.entries(document)
    .filter(([name, value]) => KNOWN.includes(name) && value !== null && !isMap(value))
    .map(([name]) => ({ rule: "sections", path: name, message: "must be a map" })),
  ...Object.keys(mapOrEmpty(at(document, "service")))
    .filter((name) => !KNOWN_IN_SERVICE.includes(name))
    .map((name) => ({
      rule: "sections",
      path: below("service", name),
      message: `isn't a part of the service section; known are ${KNOWN_IN_SERVICE.join(", ")}`,
    })),
];

function mapOrEmpty(value: ReturnType<typeof at>) {
  return isMap(value) ? value : {};
}
