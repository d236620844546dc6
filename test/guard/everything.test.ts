import { expect, test } from "@jest/globals";
import { KINDS } from "../../src/config/components.ts";
import { allowedSettings, allowedTypes } from "../../src/config/guard/remote/settings.ts";
import type { Shape } from "../../src/config/guard/remote/shape.ts";
import { isList, isMap } from "../../src/config/yaml-value.ts";
import type { YamlValue } from "../../src/config/yaml-value.ts";
import { LOCAL_CONTEXT, SAMPLES } from "./everything.ts";

/** Settings whose only value is one that can't stand beside others, or needs a file of the node. */
const LEFT_OUT = [
  "receivers.hostmetrics.root_path",
  "receivers.filelog.operators.ignore_quotes",
  "receivers.filelog.operators.is_last_entry",
  "receivers.filelog.operators.regex_name",
  // The health endpoint speaks plain HTTP: another rule refuses it.
  "extensions.healthcheck.tls",
];

/** Paths of settings that a shape lets through and no sample has. */
function missing(fields: Readonly<Record<string, Shape>>, samples: readonly YamlValue[], path: string): string[] {
  const maps = samples.flatMap((sample) => (isList(sample) ? sample : [sample])).filter(isMap);
  return Object.entries(fields).flatMap(([key, shape]) => {
    const found = maps.flatMap((map) => (Object.hasOwn(map, key) ? [map[key] ?? null] : []));
    const place = `${path}.${key}`;
    if (found.length > 0) return missing(shape.fields ?? {}, found, place);
    // What is never allowed isn't a setting; whatever one says there is refused.
    return shape(null, place, { ...LOCAL_CONTEXT, document: {} }).some(({ rule }) => rule === "refused") ? [] : [place];
  });
}

test("the samples have every setting that the tables allow in components of the tests' collector", () => {
  const unseen = KINDS.flatMap((kind) =>
    allowedTypes(kind).flatMap((type) => {
      const samples = SAMPLES.filter((sample) => sample.kind === kind && sample.type.replaceAll("_", "") === type);
      if (samples.length === 0) return [];
      return missing(
        allowedSettings(kind, type),
        samples.map(({ settings }) => settings),
        `${kind}.${type}`,
      );
    }),
  );
  expect(unseen.filter((place) => !LEFT_OUT.includes(place))).toEqual([]);
});
