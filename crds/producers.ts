import { stringify } from "yaml";
import { customResourceDefinition } from "../src/api/crd.ts";
import { conditionsPage } from "./conditions-page.ts";
import { flagsPage } from "./flags-page.ts";
import { guardPage } from "./guard-page.ts";
import { kmagentPage } from "./kmagent-page.ts";
import { metricsPage } from "./metrics-page.ts";
import { valuesPage } from "./values-page.ts";

/** A generated file: its path from the top of the project, and its content, which is the same for the same code. */
export interface Producer {
  readonly path: string;
  readonly content: () => string;
}

/** Every file that `make generate` writes. A new one is one more line here. */
export const PRODUCERS: readonly Producer[] = [
  { path: "crds/kloudmate.com_kmagents.yaml", content: crdFile },
  // Helm reads only what lies below the chart, so the chart has a copy.
  { path: "helm/kmagent-operator/files/kmagents.yaml", content: crdFile },
  { path: "docs/reference/kmagent.md", content: kmagentPage },
  { path: "docs/reference/conditions.md", content: conditionsPage },
  { path: "docs/reference/metrics.md", content: metricsPage },
  { path: "docs/reference/values.md", content: valuesPage },
  { path: "docs/reference/guard.md", content: guardPage },
  { path: "docs/reference/flags.md", content: flagsPage },
];

function crdFile(): string {
  const yaml = stringify(customResourceDefinition(), { lineWidth: 0, aliasDuplicateObjects: false });
  return `# Generated from src/api by \`make generate\`; change it there.\n${yaml}`;
}
