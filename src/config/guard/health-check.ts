import { HEALTH_PORT } from "../../api/ports.ts";
import { nameIn, typeOf } from "../components.ts";
import { HEALTH_ENDPOINT } from "../defaults/building-blocks.ts";
import type { Finding } from "../finding.ts";
import { componentsInUse } from "../pipelines.ts";
import { at, below } from "../yaml-value.ts";
import type { YamlValue } from "../yaml-value.ts";
import type { Rule } from "./rule.ts";

/** Spellings of the health endpoint: on every address, or on the pod's own. */
const EVERYWHERE = new RegExp(String.raw`^(0\.0\.0\.0|\[::\]|\$\{(env:)?(KM_POD_IP|MY_POD_IP)\})?:${HEALTH_PORT}$`);

/** The health endpoint answers plain `GET /` on 13133: probes, the operator and people on the node all ask there. */
export const healthCheck: Rule = (document, { distribution }) => {
  if (distribution.complete && nameIn(distribution, "extensions", "health_check") === undefined) {
    const message =
      "the image has no health_check extension, so nobody could tell whether its collector works; use one that has";
    return [finding("extensions.health_check", message)];
  }
  const found = componentsInUse(document, "extensions").filter(([id]) => typeOf(id) === "health_check");
  if (found.length === 0) return [finding("service.extensions", "must switch the health_check extension on")];
  const [, ...more] = found;
  const twice = more.map(([id]) =>
    finding(below("extensions", id), "listens where another health_check does; switch one off"),
  );
  return [...twice, ...found.flatMap(([id, settings]) => judge(settings, below("extensions", id)))];
};

function judge(settings: YamlValue, path: string): Finding[] {
  const endpoint = at(settings, "endpoint");
  const urlPath = at(settings, "path") ?? "/";
  return [
    ...(typeof endpoint === "string" && EVERYWHERE.test(endpoint)
      ? []
      : [finding(below(path, "endpoint"), `must be ${HEALTH_ENDPOINT}, for the probes ask there`)]),
    ...(urlPath === "/" ? [] : [finding(below(path, "path"), "must be /, for the probes ask there")]),
    ...((at(settings, "tls") ?? null) === null
      ? []
      : [finding(below(path, "tls"), "must be absent: the probes use plain HTTP")]),
  ];
}

function finding(path: string, message: string): Finding {
  return { rule: "health_check", path, message };
}
