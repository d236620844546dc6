import { createHash } from "node:crypto";
import { DEFAULT_SCALAR_STYLE_RULES, dump, SCALAR_STYLE } from "js-yaml";
import type { ScalarStyleRule } from "js-yaml";
import { KmError } from "../api/errors.ts";
import type { KmAgentSpec } from "../api/kmagent.ts";
import { desiredObjects } from "../resources/desired.ts";
import type { DesiredInput } from "../resources/desired.ts";
import { readKmAgentFile } from "./kmagent-file.ts";
import type { KmAgentFile } from "./kmagent-file.ts";

/** What the operator's own flags give: images and ServiceAccounts. */
export type RenderSettings = Pick<DesiredInput, "release" | "serviceAccounts">;

/** The API key counts into a revision by an HMAC whose secret only the operator in the cluster has. */
const HMAC_PLACEHOLDER = "0".repeat(64);

const HEAD = `# What the operator would make of this KmAgent. Names with a revision differ from those in a cluster: the API key's HMAC and the
# owner's uid are placeholders here.
`;

/** JSON in single quotes: it has none of its own, and needs no backslashes there. */
const quoteJson: ScalarStyleRule = (layout) => {
  const isPossible = (layout.allowedStylesMask & (1 << SCALAR_STYLE.SINGLE_QUOTED)) !== 0;
  const isJson = layout.style === SCALAR_STYLE.DOUBLE_QUOTED && layout.node.value.includes('"');
  if (isPossible && isJson) layout.style = SCALAR_STYLE.SINGLE_QUOTED;
};
const STYLE_RULES = [...Object.values(DEFAULT_SCALAR_STYLE_RULES), quoteJson];

/** Every object that the operator would make of the KmAgent in a file, as YAML. Throws a `KmError` where it would make none. */
export async function renderKmAgent(file: string, settings: RenderSettings, signal: AbortSignal): Promise<string> {
  const given = await readKmAgentFile(file, signal);
  const { spec } = given.kmagent;
  const desired = desiredObjects({
    kmagent: given.kmagent,
    referenced: {
      apiKeyHmac: HMAC_PLACEHOLDER,
      configTexts: {
        nodeAgent: referenced(given, spec.config.nodeAgent?.configMapKeyRef, "spec.config.nodeAgent.configMapKeyRef"),
        clusterAgent: referenced(
          given,
          spec.config.clusterAgent?.configMapKeyRef,
          "spec.config.clusterAgent.configMapKeyRef",
        ),
      },
      caBundleHash: hash(referenced(given, spec.caBundleRef, "spec.caBundleRef")),
    },
    ...settings,
    restartedAt: { nodeAgent: null, clusterAgent: null },
    remote: null,
    kubernetesMinor: null,
  });
  if (!desired.ok) throw new KmError("InvalidSpec", desired.message);
  const objects = desired.objects.map((object) =>
    dump(object, { lineWidth: -1, noRefs: true, quoteStyle: "double", scalarStyleRules: STYLE_RULES }),
  );
  return `${HEAD}---\n${objects.join("---\n")}`;
}

/** What a reference leads to: a ConfigMap in the same file, for there is no cluster to ask. */
function referenced({ configMaps }: KmAgentFile, reference: KmAgentSpec["caBundleRef"], path: string): string | null {
  if (!reference) return null;
  const text = configMaps.get(reference.name)?.[reference.key];
  if (text !== undefined) return text;
  throw new KmError(
    "NotFound",
    `${path} names key ${reference.key} of ConfigMap ${reference.name}; put that ConfigMap into the same file`,
  );
}

function hash(text: string | null): string | null {
  return text === null ? null : createHash("sha256").update(text).digest("hex");
}
