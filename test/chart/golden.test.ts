import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { parse, stringify } from "yaml";
import { render } from "./helm.ts";

const GOLDEN = join(import.meta.dirname, "golden");
const cases = readdirSync(GOLDEN).flatMap((file) => /^(.+)\.values\.yaml$/.exec(file)?.[1] ?? []);

describe("what the chart makes", () => {
  // The CRD has a golden file of its own: crds/.
  test.each(cases)(
    "of %s.values.yaml is what stands in %s.expected.yaml; UPDATE_GOLDEN=1 writes it anew",
    async (name) => {
      const args = ["--values", join(GOLDEN, `${name}.values.yaml`)];
      const objects = (await render({ args })).filter(({ kind }) => kind !== "CustomResourceDefinition");
      const file = join(GOLDEN, `${name}.expected.yaml`);
      const text = objects.map((object) => stringify(object, { lineWidth: 0 })).join("---\n");
      if (process.env["UPDATE_GOLDEN"]) writeFileSync(file, text);
      expect(text.split("---\n").map((one) => parse(one) as unknown)).toEqual(
        readFileSync(file, "utf8")
          .split("---\n")
          .map((one) => parse(one) as unknown),
      );
    },
  );
});
